"""From the assets of a node file to devices: the base steps they live in, their series, their fleets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from micromarket.domain.intervals import EPOCH, HOUR, Interval, IntervalGrid
from micromarket.markets.series.series import SeriesPlan
from micromarket.node.devices import Devices
from micromarket.simulation.fleets import BUILDERS, by_fleet
from micromarket.simulation.scenario.asset_checks import check_asset
from micromarket.simulation.scenario.findings import Finding
from micromarket.simulation.scenario.local_assets import asset_ids
from micromarket.simulation.scenario.node_file import ONLY_ANSWERS, NodeFile
from micromarket.simulation.scenario.reading import OwnedAsset
from micromarket.simulation.scenario.series import SeriesTable
from micromarket.simulation.scenario.timeline import Timeline


def devices_of(content: NodeFile) -> tuple[tuple[int, OwnedAsset], ...]:
    """Return the assets that a scenario may have as well, each with its place in the file."""
    names = asset_ids(content.node, content.assets)
    return tuple(
        (at, OwnedAsset(name, 0, asset, content.comfort))
        for at, (name, asset) in enumerate(zip(names, content.assets, strict=True))
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


def check_devices(plan: SeriesPlan, content: NodeFile) -> Iterator[Finding]:
    """Find what is wrong with the devices of a node, and with markets whose deliveries they could not follow."""
    names = asset_ids(content.node, content.assets)
    for at, name in enumerate(names):
        if name in names[:at]:
            found = f'"{name}" again (first in assets[{names.index(name)}])'
            yield Finding(("assets", at, "id"), "each asset's id once", "rename one of them", found)
    owned = devices_of(content)
    for at, one in owned:
        yield from check_asset(("assets", at), one.asset)
    if owned or any(one.meter is not None for one in content.neighbors):
        yield from _check_steps(plan, content)


def _check_steps(plan: SeriesPlan, content: NodeFile) -> Iterator[Finding]:
    step, path = _step(plan), list[str | int]()
    for one in plan.chain:
        path.append("refined_by" if path else "series")
        if HOUR % step or one.rules.timing.interval_duration % step:
            allowed = "an interval that divides an hour, or whole hours, and every longer interval"
            yield Finding((*path, "interval"), allowed, "try PT15M or PT1H: devices are told in steps of it")
    if (content.first_clearing + plan.rules.timing.delivery_lead - EPOCH) % step:
        allowed = f"a clearing whose delivery begins on a whole step of {step}"
        yield Finding(("first_clearing",), allowed, "move it: devices are told at whole steps")
    for at, neighbor in enumerate(content.neighbors):
        if neighbor.meter is not None and neighbor.meter.interval % step:
            allowed = f"a whole number of steps ({step}) in which devices deliver"
            yield Finding(("neighbors", at, "meter", "interval"), allowed, "read the meter less often")


def _step(plan: SeriesPlan) -> timedelta:
    return min(HOUR, *(one.rules.timing.interval_duration for one in plan.chain))


def devices_at(content: NodeFile, grid: IntervalGrid, table: SeriesTable) -> Devices | None:
    """Return the devices of a node, or None if it has neither devices nor meters."""
    owned = [one for _, one in devices_of(content)]
    timeline = Timeline(grid, ZoneInfo(content.timezone), table)
    fleets = [BUILDERS[kind](of_kind) for kind, of_kind in by_fleet(timeline, content.seed, owned)]
    metered = any(one.meter is not None for one in content.neighbors)
    return Devices(grid, tuple(fleets)) if fleets or metered else None
