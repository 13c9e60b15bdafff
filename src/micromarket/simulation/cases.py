"""The two cases of a run, as they live through a day and record it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from micromarket.node.coordination import NestedClearing
from micromarket.node.metering import metered_flows
from micromarket.simulation.accounts import settle_market
from micromarket.simulation.neighborhood import Neighborhood
from micromarket.simulation.recording.drawing import by_kind
from micromarket.simulation.recording.tables import Part, Tables
from micromarket.simulation.recording.welfare import Welfare, welfare_of
from micromarket.simulation.with_market import (
    DAY_AHEAD,
    SPOT,
    Cleared,
    Delivered,
    MarketCase,
    clear_spot,
    deliver_spot,
    market_series,
    negotiate_day,
    opening,
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
    clearings: list[NestedClearing] = field(default_factory=list)
    deliveries: list[Delivered] = field(default_factory=list)
    drawn: list[dict[str, Curves]] = field(default_factory=list)
    welfare: list[Welfare | None] = field(default_factory=list)


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
        self._behaviors = {
            DAY_AHEAD: Behavior({MarketState.DELIVERY_LEAD: self._clear_day_ahead}),
            SPOT: Behavior({MarketState.DELIVERY_LEAD: self._clear_spot, MarketState.DELIVERY: self._deliver_spot}),
        }

    def live_through(self, part: Part) -> None:
        """Let every market act in every state it enters during `part`; then record and settle."""
        if self._series is None:
            self._series = market_series(self._street, int(part.steps[0]))
        self._day, before = MarketDay(part), self._case.fleets
        last_moment = self._street.calendar.grid[int(part.steps[-1])].end - MICROSECOND
        self._case = act(self._series, self._behaviors, self._case, last_moment)
        self._record(before)

    def remember(self) -> Arrays:
        """Return what a resumed run needs; day-ahead prices are found anew each day."""
        model = {"model.mean": self._case.model.mean, "model.spread": self._case.model.spread}
        return {**fleet_arrays(self._street.initial, self._case.fleets), **model}

    def restore(self, arrays: Arrays) -> None:
        """Go back to what was remembered."""
        fleets = restore_fleets(self._street.initial, arrays)
        model = replace(self._case.model, mean=arrays["model.mean"], spread=arrays["model.spread"])
        self._case = replace(self._case, fleets=fleets, model=model)

    def _clear_day_ahead(self, case: MarketCase, entered: Entered) -> MarketCase:
        step = self._step(entered)
        case = negotiate_day(self._street, case, step)
        assert case.day_ahead is not None
        self._tables.forward_prices(self._day.part, step, case.day_ahead)
        return case

    def _clear_spot(self, case: MarketCase, entered: Entered) -> MarketCase:
        self._cleared = clear_spot(self._street, case, self._step(entered))
        self._day.clearings.append(self._cleared.clearing)
        self._day.drawn.append(by_kind(self._street, self._cleared.curves))
        self._day.welfare.append(welfare_of(self._street, self._cleared.curves, self._cleared.clearing))
        return case

    def _deliver_spot(self, case: MarketCase, entered: Entered) -> MarketCase:
        step = self._step(entered)
        case, delivered = deliver_spot(self._street, case, step, self._cleared)
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
        tables.curves(day.part, day.drawn)
        tables.welfare(day.part, day.welfare)
        tables.flows(day.part, scheduled, flows)
        tables.powers(day.part, _joined(day.clearings, "powers_kw"), metered)
        tables.states(day.part, [delivered.readings for delivered in day.deliveries])
        record_supply(self._street, before, tables, day.part, metered)
        tables.ledger(day.part, settle_market(self._street, _joined(day.clearings, "price"), metered, flows))


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
