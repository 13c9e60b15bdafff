"""The two cases of a run, as they live through a day and record it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micromarket.assets.asset import LocalAsset
from micromarket.assets.combined_heat_and_power import CombinedHeatAndPower
from micromarket.assets.generator import Generator
from micromarket.assets.state import fleet_arrays, restore_fleets
from micromarket.domain.curves import Curves, Floats
from micromarket.domain.intervals import MICROSECOND
from micromarket.markets.series.behavior import Behavior, act
from micromarket.markets.series.series import Entered, MarketSeries
from micromarket.markets.series.states import MarketState
from micromarket.node.networks.metering import metered_flows
from micromarket.node.networks.nested import NestedClearing
from micromarket.simulation.accounts import settle_commitments, settle_market
from micromarket.simulation.neighborhood import SPOT, Neighborhood
from micromarket.simulation.recording.commitments import write_commitments
from micromarket.simulation.recording.drawing import by_kind
from micromarket.simulation.recording.tables import Part, Tables, Told
from micromarket.simulation.recording.welfare import Welfare, welfare_of
from micromarket.simulation.uplift import uplift
from micromarket.simulation.with_market import (
    Cleared,
    Delivered,
    MarketCase,
    clear,
    deliver,
    informed,
    opening,
    remembered,
    restored,
)
from micromarket.simulation.without_market import Lived, live

Progress = Callable[[str, int, int], None]
"""Told the phase, the base steps done in it, and how many there are."""

Arrays = Mapping[str, NDArray[Any]]


class Without:
    """The case without a market.

    Parameters
    ----------
    street : Neighborhood
        Whose devices follow their habits.
    tables : Tables
        Where to record.
    progress : callable
        Told after every step.
    """

    name = "no_market"

    def __init__(self, street: Neighborhood, tables: Tables, progress: Progress) -> None:
        self._street, self._tables, self._progress = street, tables, progress
        self._fleets = street.initial

    def live_through(self, part: Part) -> None:
        """Live through the steps of `part` and record them."""
        before, day = self._fleets, list[Lived]()
        for step in part.steps:
            self._fleets, lived = live(self._street, self._fleets, int(step))
            day.append(lived)
            self._progress("without a market", int(step) + 1, self._street.calendar.steps)
        aimed, metered = stacked([one.aimed_kw for one in day]), stacked([one.metered_kw for one in day])
        aimed_flows, flows = flows_over_lines(self._street, aimed), flows_over_lines(self._street, metered)
        self._tables.flows(part, aimed_flows, flows)
        everyone = with_supplier(metered, flows)
        self._tables.powers(part, with_supplier(aimed, aimed_flows), everyone)
        self._tables.states(part, [one.readings for one in day])
        record_supply(self._street, before, self._tables, part, everyone)

    def remember(self) -> Arrays:
        """Return what a resumed run needs."""
        return fleet_arrays(self._street.initial, self._fleets)

    def restore(self, arrays: Arrays) -> None:
        """Go back to what was remembered."""
        self._fleets = restore_fleets(self._street.initial, arrays)


@dataclass(slots=True, eq=False)
class MarketDay:
    """What one day of the market case has to record, interval by interval.

    The curves that everyone bid are not kept: a day of them would fill the memory of a large street.
    """

    part: Part
    by_series: dict[str, list[NestedClearing]]
    told: list[Told] = field(default_factory=list)
    deliveries: list[Delivered] = field(default_factory=list)
    drawn: list[dict[str, Curves]] = field(default_factory=list)
    welfare: list[Welfare | None] = field(default_factory=list)

    @property
    def clearings(self) -> list[NestedClearing]:
        """What the spot markets cleared."""
        return self.by_series[SPOT]


class With:
    """The market case.

    Parameters
    ----------
    street : Neighborhood
        Whose devices bid.
    tables : Tables
        Where to record.
    progress : callable
        Told after every step.
    """

    name = "market"

    def __init__(self, street: Neighborhood, tables: Tables, progress: Progress) -> None:
        self._street, self._tables, self._progress = street, tables, progress
        self._case = opening(street)
        self._series: MarketSeries | None = None
        self._day: MarketDay
        self._cleared: Cleared
        earlier = Behavior({MarketState.DELIVERY_LEAD: self._clear_earlier})
        spot = Behavior({MarketState.DELIVERY_LEAD: self._clear_spot, MarketState.DELIVERY: self._deliver})
        self._behaviors = dict.fromkeys(street.market.rounds, earlier) | {SPOT: spot}

    def live_through(self, part: Part) -> None:
        """Let every market act in every state it enters during `part`; then record and settle."""
        grid, plan = self._street.calendar.grid, self._street.market.plan
        if self._series is None:
            self._series = MarketSeries(plan, grid[int(part.steps[0])].start)
        self._day = MarketDay(part, {each.rules.series: [] for each in plan.chain})
        before, last_moment = self._case.fleets, grid[int(part.steps[-1])].end - MICROSECOND
        self._case = act(self._series, self._behaviors, self._case, last_moment)
        self._record(before)

    def remember(self) -> Arrays:
        """Return what a resumed run needs; no market reaches from one day into the next."""
        return remembered(self._street, self._case)

    def restore(self, arrays: Arrays) -> None:
        """Go back to what was remembered."""
        self._case = restored(self._street, arrays)

    def _clear_earlier(self, case: MarketCase, entered: Entered) -> MarketCase:
        rules, step = entered.market.rules, self._step(entered)
        cleared = clear(self._street, case, rules, step)
        self._day.by_series[rules.series].append(cleared.clearing)
        self._day.told.append(Told(rules.series, entered.market.intervals, cleared.expected))
        return informed(self._street, case, rules, step, cleared)

    def _clear_spot(self, case: MarketCase, entered: Entered) -> MarketCase:
        self._cleared = clear(self._street, case, entered.market.rules, self._step(entered))
        self._day.clearings.append(self._cleared.clearing)
        self._day.drawn.append(by_kind(self._street, self._cleared.curves))
        self._day.welfare.append(welfare_of(self._street, self._cleared.curves, self._cleared.clearing))
        return case

    def _deliver(self, case: MarketCase, entered: Entered) -> MarketCase:
        step, clearing = self._step(entered), self._cleared.clearing
        case, delivered = deliver(self._street, case, step, clearing.powers_kw[:, 0], clearing.price)
        self._day.deliveries.append(delivered)
        self._progress("with the market", step + 1, self._street.calendar.steps)
        return case

    def _step(self, entered: Entered) -> int:
        return self._street.calendar.grid.index(entered.market.delivery.start)

    def _record(self, before: Sequence[LocalAsset]) -> None:
        day, tables = self._day, self._tables
        devices = stacked([delivered.metered_kw for delivered in day.deliveries])
        flows = flows_over_lines(self._street, devices)
        metered = with_supplier(devices, flows)
        scheduled = (_joined(day.clearings, "sent_kw"), _joined(day.clearings, "received_kw"))
        tables.prices(day.part, day.clearings)
        tables.forward_prices(day.part, day.told)
        tables.curves(day.part, day.drawn)
        tables.welfare(day.part, day.welfare)
        tables.flows(day.part, scheduled, flows)
        tables.powers(day.part, _joined(day.clearings, "powers_kw"), metered)
        tables.states(day.part, [delivered.readings for delivered in day.deliveries])
        record_supply(self._street, before, tables, day.part, metered)
        self._settle(metered, flows)
        paid = uplift(self._street, before, day.by_series, metered)
        if paid is not None:
            tables.made_whole(day.part, paid)

    def _settle(self, metered_kw: Floats, flows: tuple[Floats, Floats]) -> None:
        street, day, tables = self._street, self._day, self._tables
        if not street.market.commits:
            tables.ledger(day.part, settle_market(street, _joined(day.clearings, "price"), metered_kw, flows))
            return
        settlement = settle_commitments(street, day.part.steps, day.by_series, (metered_kw, *flows))
        write_commitments(tables, day.part, settlement)
        tables.ledger(day.part, settlement.postings)


def stacked(columns: Sequence[Floats]) -> Floats:
    """Return columns side by side, one for each step."""
    return np.stack(columns, axis=1)


def _joined(clearings: Sequence[NestedClearing], name: str) -> Floats:
    return np.concatenate([getattr(clearing, name) for clearing in clearings], axis=1)


def flows_over_lines(street: Neighborhood, devices_kw: Floats) -> tuple[Floats, Floats]:
    """Return what the powers of the devices, shape (n, D), send over every line [kW]."""
    return metered_flows(street.tree, devices_kw, street.member_of[:-1])


def with_supplier(devices_kw: Floats, flows: tuple[Floats, Floats]) -> Floats:
    """Return the powers of all participants: what the devices leave over at the root is the supplier's."""
    return np.concatenate([devices_kw, flows[1][:1]])


Fuelled = Generator | CombinedHeatAndPower
"""Fleets that burn fuel."""


def record_supply(
    street: Neighborhood, before: Sequence[LocalAsset], tables: Tables, part: Part, metered_kw: Floats
) -> None:
    """Write what the supplier delivered, its cost, and the fuel of generators as they were `before`."""
    power = metered_kw[-1]
    fleets = zip(before, street.split(metered_kw), strict=True)
    fuel = sum(
        (asset.cost(kw).sum(axis=0) for asset, kw in fleets if isinstance(asset, Fuelled)), np.zeros_like(power)
    )
    tables.supply(part, power, street.supplier.cost(power, part.steps), fuel)
