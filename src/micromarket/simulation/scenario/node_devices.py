"""From the assets of a node file to devices: the base steps they live in, their series, their fleets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from micromarket.domain.intervals import EPOCH, HOUR, MICROSECOND, Interval, IntervalGrid
from micromarket.markets.series.series import SeriesPlan
from micromarket.node.living.devices import Devices
from micromarket.simulation.fleets import BUILDERS, by_fleet
from micromarket.simulation.scenario.findings import Finding
from micromarket.simulation.scenario.local_assets import asset_ids
from micromarket.simulation.scenario.node_file import ONLY_ANSWERS, NodeFile
from micromarket.simulation.scenario.reading import OwnedAsset
from micromarket.simulation.scenario.series import duration
from micromarket.simulation.scenario.timeline import Timeline


def devices_of(content: NodeFile) -> tuple[OwnedAsset, ...]:
    """Return the assets that a scenario may have as well."""
    names = asset_ids(content.node, content.assets)
    return tuple(
        OwnedAsset(name, 0, asset, content.comfort)
        for name, asset in zip(names, content.assets, strict=True)
        if not isinstance(asset, ONLY_ANSWERS)
    )


def base_steps(plan: SeriesPlan, content: NodeFile) -> IntervalGrid:
    """Return the steps in which the devices of a node live.

    They are the intervals of its finest markets, or hours if those are longer. The first begins with the first
    delivery, the last ends with the last delivery that is negotiated before the node's end.
    """
    timing, every = plan.rules.timing, plan.clearing_interval
    begun = content.end - content.first_clearing + timing.negotiation_lead + timing.market_lead
    markets = max(1, -(-begun // every))
    start = content.first_clearing + timing.delivery_lead
    whole = Interval(start, start + (markets - 1) * every + timing.delivery_duration)
    return IntervalGrid(start, _step(plan), whole.duration // _step(plan))


def markets_within(plan: SeriesPlan, whole: Interval) -> IntervalGrid:
    """Return the intervals that the markets of a series deliver in, from the first to the last that is negotiated."""
    step = plan.rules.timing.interval_duration
    return IntervalGrid(whole.start, step, whole.duration // step)


def check_steps(plan: SeriesPlan, content: NodeFile) -> Iterator[Finding]:
    """Find markets whose deliveries devices could not follow, and meters that are read between deliveries."""
    if not _lives_in_steps(content):
        return
    step, path = _step(plan), list[str | int]()
    for one in plan.chain:
        path.append("refined_by" if path else "series")
        if HOUR % step or one.rules.timing.interval_duration % step:
            allowed = "an interval that divides an hour and every longer interval, or whole hours"
            yield Finding((*path, "interval"), allowed, "try PT15M or PT1H: devices are told in steps of it")
    if (content.first_clearing + plan.rules.timing.delivery_lead - EPOCH) % step:
        allowed = f"a clearing whose delivery begins on a whole step ({duration(step // MICROSECOND)})"
        yield Finding(("first_clearing",), allowed, "move it, or change delivery_lead")
    for at, neighbor in enumerate(content.neighbors):
        if neighbor.meter is not None and neighbor.meter.interval % step:
            allowed = f"a whole number of the steps ({duration(step // MICROSECOND)}) in which devices deliver"
            yield Finding(("neighbors", at, "meter", "interval"), allowed, "read the meter less often")


def _has_devices(content: NodeFile) -> bool:
    return bool(devices_of(content)) or any(one.meter is not None for one in content.neighbors)


def _lives_in_steps(content: NodeFile) -> bool:
    return _has_devices(content) or any(one.price is not None for one in content.neighbors)


def _step(plan: SeriesPlan) -> timedelta:
    return min(HOUR, *(one.rules.timing.interval_duration for one in plan.chain))


def devices_at(content: NodeFile, timeline: Timeline) -> Devices | None:
    """Return the devices of a node, or None if it has neither devices nor meters."""
    if not _has_devices(content):
        return None
    fleets = [BUILDERS[kind](of_kind) for kind, of_kind in by_fleet(timeline, content.seed, devices_of(content))]
    return Devices(timeline.grid, tuple(fleets))
