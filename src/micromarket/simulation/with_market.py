"""The market case: assets plan and bid, the nested auction clears, physics delivers, meters count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from micromarket.assets.asset import LocalAsset, Outlook, Steps
from micromarket.domain.curves import Curves, Floats
from micromarket.markets.auctions.price_cap import with_price_cap
from micromarket.markets.series.market import MarketRules
from micromarket.markets.series.prediction import KnownPrices, PriceSources, foresee
from micromarket.markets.series.price_models import MEMORY_DAYS, HourlyPrices
from micromarket.markets.series.series import MarketSeries, SeriesPlan
from micromarket.markets.series.states import Timing
from micromarket.node.coordination import NestedClearing, clear_nested
from micromarket.simulation.neighborhood import Neighborhood

DAY_AHEAD, SPOT = "day_ahead", "spot"


@dataclass(frozen=True, slots=True, eq=False)
class MarketCase:
    """What is known at one moment of the market case.

    Parameters
    ----------
    fleets : tuple of LocalAsset
        The devices as they are now.
    model : HourlyPrices
        What each hour of the day usually costs at each node.
    day_ahead : KnownPrices or None
        What the day-ahead market found.
    """

    fleets: tuple[LocalAsset, ...]
    model: HourlyPrices
    day_ahead: KnownPrices | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Cleared:
    """A spot market that has cleared.

    Parameters
    ----------
    curves : tuple of Curves
        What each fleet bid, then the supplier; one interval.
    clearing : NestedClearing
        Prices, powers and flows of the auction, one interval.
    """

    curves: tuple[Curves, ...]
    clearing: NestedClearing


@dataclass(frozen=True, slots=True, eq=False)
class Delivered:
    """A spot market's interval, lived through.

    Parameters
    ----------
    metered_kw : array of float, shape (n - 1,)
        What every device delivered [kW].
    readings : tuple of mapping
        State of each fleet at its end.
    """

    metered_kw: Floats
    readings: tuple[Mapping[str, Floats], ...]


def market_series(street: Neighborhood, first_step: int) -> MarketSeries:
    """Return the series of spot markets from base step `first_step`, and the day-ahead series that they refine."""
    grid, rules = street.calendar.grid, street.market
    spot_rules = MarketRules(SPOT, rules.mechanism, Timing(grid.step), rules.default_price)
    plan = SeriesPlan(spot_rules, grid.step)
    if rules.day_ahead_rounds:
        timing = Timing(rules.day_ahead_steps * grid.step, street.calendar.steps_per_day // rules.day_ahead_steps)
        ahead = MarketRules(DAY_AHEAD, rules.mechanism, timing, rules.default_price)
        plan = SeriesPlan(ahead, timing.delivery_duration, refined_by=plan)
    return MarketSeries(plan, grid.start + first_step * grid.step)


def opening(street: Neighborhood) -> MarketCase:
    """Return the market case before its first step."""
    memory = MEMORY_DAYS * street.calendar.steps_per_hour
    return MarketCase(street.initial, HourlyPrices.flat(len(street.tree.ids), street.market.default_price, memory))


def negotiate_day(street: Neighborhood, case: MarketCase, step: int) -> MarketCase:
    """Clear the day-ahead market of the 24 hours from `step`.

    In each round everyone answers the prices expected so far with a curve for every interval, the auction clears, and
    the expectation moves to the mean of all rounds. So devices that would all have picked the same cheap hour learn
    that it will not stay cheap.

    Notes
    -----
    The prices inform and do not commit: the spot market refines them (Transactive Network Template v4, section 3.1).
    Averaging over rounds is fictitious play (Brown 1951); TESP's shrinking step serves the same purpose.
    """
    calendar, rules = street.calendar, street.market
    tendered = step + rules.day_ahead_steps * np.arange(calendar.steps_per_day // rules.day_ahead_steps + 1)
    edges = np.concatenate([tendered, tendered[-1] + calendar.steps_per_hour * np.arange(1, 25)])
    intervals = len(tendered) - 1
    prices = expected_prices(street, case, edges).copy()
    for played in range(rules.day_ahead_rounds):
        curves = bids(street, case, edges, prices, intervals)
        cleared = clear_nested(street.tree, curves, street.member_of).price
        prices[:, :intervals] += (cleared - prices[:, :intervals]) / (played + 1)
    starts = calendar.start_of(tendered)
    return replace(case, day_ahead=KnownPrices(starts[:-1], starts[1:], prices[:, :intervals].copy()))


def clear_spot(street: Neighborhood, case: MarketCase, step: int) -> Cleared:
    """Clear the spot market of base step `step`: everyone bids, the nested auction finds every node's price."""
    edges = horizon(street, step)
    curves = bids(street, case, edges, expected_prices(street, case, edges), tendered=1)
    return Cleared(curves, clear_nested(street.tree, curves, street.member_of))


def deliver_spot(street: Neighborhood, case: MarketCase, step: int, cleared: Cleared) -> tuple[MarketCase, Delivered]:
    """Live through base step `step` as cleared."""
    return deliver(street, case, step, cleared.clearing.powers_kw[:, 0], cleared.clearing.price)


def deliver(
    street: Neighborhood, case: MarketCase, step: int, aimed_kw: Floats, price: Floats
) -> tuple[MarketCase, Delivered]:
    """Live through base step `step`; the price model learns, since prices change no more.

    Parameters
    ----------
    aimed_kw : array of float, shape (n,)
        What every device shall do [kW]; what follows is the supplier's.
    price : array of float, shape (m, 1)
        What the market found for each node [currency/kWh].
    """
    aims = street.split(aimed_kw)
    fleets, metered = zip(
        *(fleet.deliver(step, aim) for fleet, aim in zip(case.fleets, aims, strict=True)), strict=True
    )
    model = case.model.learned(street.calendar.when(np.array([step])), price)
    readings = tuple(fleet.readings() for fleet in fleets)
    return replace(case, fleets=fleets, model=model), Delivered(np.concatenate(metered), readings)


def horizon(street: Neighborhood, step: int) -> Steps:
    """Return the borders of the steps to plan over: the market interval, the rest of its hour, then whole hours."""
    hour = street.calendar.steps_per_hour
    whole = np.arange(step // hour + 1, (step + street.market.horizon_steps) // hour + 1) * hour
    return np.unique(np.concatenate([[step, step + 1], whole]))


def expected_prices(street: Neighborhood, case: MarketCase, edges: Steps) -> Floats:
    """Return the price each node expects between `edges` [currency/kWh], shape (m, H), by the template's ladder."""
    sources = PriceSources(refined=case.day_ahead, model=case.model, default=street.market.default_price)
    return foresee(sources, len(street.tree.ids), street.calendar.when(edges[:-1])).prices


def bids(street: Neighborhood, case: MarketCase, edges: Steps, prices: Floats, tendered: int) -> tuple[Curves, ...]:
    """Return the curves of each fleet in every tendered step, then the supplier's."""
    outlooks = (Outlook(edges, street.calendar.step_hours, prices[fleet.node], tendered) for fleet in street.fleets)
    fleets = (asset.curves(outlook) for asset, outlook in zip(case.fleets, outlooks, strict=True))
    everyone = (*fleets, street.supplier.curves(edges[: tendered + 1]))
    cap = street.market.price_cap
    return everyone if cap is None else tuple(with_price_cap(curves, cap) for curves in everyone)
