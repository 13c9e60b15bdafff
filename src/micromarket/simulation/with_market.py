"""The market case: assets plan and bid, the nested auction clears, physics delivers, meters count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from micromarket.assets.asset import LocalAsset, Outlook, Steps
from micromarket.assets.state import Arrays, fleet_arrays, restore_fleets
from micromarket.domain.curves import Curves, Floats
from micromarket.markets.auctions.price_cap import with_price_cap
from micromarket.markets.registry import opening_model
from micromarket.markets.series.market import MarketRules
from micromarket.markets.series.prediction import KnownPrices, PriceSources, foresee
from micromarket.markets.series.price_models import PriceModel
from micromarket.node.networks.nested import NestedClearing, clear_nested
from micromarket.simulation.neighborhood import SPOT, Fleet, Neighborhood
from micromarket.simulation.recording import checkpoint


@dataclass(frozen=True, slots=True, eq=False)
class MarketCase:
    """What is known at one moment of the market case.

    Parameters
    ----------
    fleets : tuple of LocalAsset
        The devices as they are now.
    models : mapping of str to PriceModel
        By series that learns: what prices usually are at each node.
    told : KnownPrices or None
        What markets before the spot market expect of each base step; the shorter a market, the better it knows.
    """

    fleets: tuple[LocalAsset, ...]
    models: Mapping[str, PriceModel]
    told: KnownPrices | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Cleared:
    """A market that has cleared its `T` intervals.

    Parameters
    ----------
    curves : tuple of Curves
        What each fleet bid last, then the supplier.
    clearing : NestedClearing
        Prices, powers and flows of the last auction.
    expected : array of float, shape (m, T)
        Mean price of all rounds [currency/kWh]: what the market leads everyone to expect.
    """

    curves: tuple[Curves, ...]
    clearing: NestedClearing
    expected: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Delivered:
    """A base step, lived through.

    Parameters
    ----------
    metered_kw : array of float, shape (n - 1,)
        What every device delivered [kW].
    readings : tuple of mapping
        State of each fleet at its end.
    """

    metered_kw: Floats
    readings: tuple[Mapping[str, Floats], ...]


def opening(street: Neighborhood) -> MarketCase:
    """Return the market case before its first step."""
    rules = {plan.rules.series: plan.rules for plan in street.market.plan.chain}
    models = {name: opening_model(rules[name], len(street.tree.ids)) for name in sorted(street.market.learning)}
    return MarketCase(street.initial, models)


def remembered(street: Neighborhood, case: MarketCase) -> Arrays:
    """Return what a resumed run needs to know of `case`, between two days."""
    models = {f"model.{series}": checkpoint.array_of(model) for series, model in case.models.items()}
    return {**fleet_arrays(street.initial, case.fleets), **models}


def restored(street: Neighborhood, arrays: Arrays) -> MarketCase:
    """Return the case of which `remembered` made `arrays`."""
    fresh = opening(street)
    models = {
        series: checkpoint.value_of(type(model), arrays[f"model.{series}"]) for series, model in fresh.models.items()
    }
    return replace(fresh, fleets=restore_fleets(street.initial, arrays), models=models)


def clear(street: Neighborhood, case: MarketCase, rules: MarketRules, step: int) -> Cleared:
    """Clear the market of a series that covers the time from base step `step`.

    In each round everyone answers the prices expected so far with a curve for every interval, the auction clears, and
    the expectation moves to the mean of all rounds. So devices that would all have picked the same cheap hour learn
    that it will not stay cheap. What is cleared last is the result; a market that binds over several intervals clears
    once more on what everyone can keep.

    Notes
    -----
    Curves are whole, whatever was committed before: lines carry the whole power, so over a tree a correction clears
    it and settles the change (Transactive Network Template v4, section 3.8).
    Averaging over rounds is fictitious play (Brown 1951); TESP's shrinking step serves the same purpose.
    """
    tendered = tendered_steps(street, rules, step)
    edges, intervals = planning_edges(street, tendered), len(tendered) - 1
    prices = expected_prices(street, case, edges, rules.series).copy()
    for played in range(street.market.rounds[rules.series]):
        curves = bids(street, case, edges, prices, intervals)
        clearing = clear_nested(street.tree, curves, street.member_of)
        prices[:, :intervals] += (clearing.price - prices[:, :intervals]) / (played + 1)
    if rules.commitment and intervals > 1:
        curves = what_can_be_kept(street, case, Outlook(edges, street.calendar.step_hours, prices, intervals), curves)
        clearing = clear_nested(street.tree, curves, street.member_of)
    return Cleared(curves, clearing, prices[:, :intervals].copy())


def informed(street: Neighborhood, case: MarketCase, rules: MarketRules, step: int, cleared: Cleared) -> MarketCase:
    """Return the case after a market before the spot market has told its prices, and its series has learned them."""
    tendered = tendered_steps(street, rules, step)
    length = int(tendered[1] - tendered[0])
    starts = street.calendar.start_of(np.arange(tendered[0], tendered[-1] + 1))
    newer = KnownPrices(starts[:-1], starts[1:], np.repeat(cleared.expected, length, axis=1))
    models = dict(case.models)
    if rules.series in models:
        models[rules.series] = models[rules.series].learned(
            street.calendar.when(tendered[:-1]), cleared.clearing.price
        )
    return replace(case, models=models, told=_told(case.told, newer))


def _told(older: KnownPrices | None, newer: KnownPrices) -> KnownPrices:
    """Return newer prices in place of older ones of the same steps."""
    if older is None or newer.starts[0] >= older.ends[-1]:
        return newer
    prices = older.prices.copy()
    prices[:, np.isin(older.starts, newer.starts)] = newer.prices
    return replace(older, prices=prices)


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
    model = case.models[SPOT].learned(street.calendar.when(np.array([step])), price)
    readings = tuple(fleet.readings() for fleet in fleets)
    return replace(case, fleets=fleets, models={**case.models, SPOT: model}), Delivered(
        np.concatenate(metered), readings
    )


def tendered_steps(street: Neighborhood, rules: MarketRules, step: int) -> Steps:
    """Return the borders of the intervals that a market clears from base step `step` on."""
    timing = rules.timing
    length = timing.interval_duration // street.calendar.grid.step
    return step + length * np.arange(timing.intervals_to_clear + 1)


def planning_edges(street: Neighborhood, tendered: Steps) -> Steps:
    """Return the borders of the steps to plan over: a market's intervals, the rest of that hour, then whole hours.

    A market of one interval looks ahead from its start, one of several from its end.
    """
    hour, first_known = street.calendar.steps_per_hour, tendered[0] if len(tendered) == 2 else tendered[-1]
    last = (first_known + street.market.horizon_steps) // hour
    return np.unique(np.concatenate([tendered, np.arange(tendered[-1] // hour + 1, last + 1) * hour]))


def expected_prices(street: Neighborhood, case: MarketCase, edges: Steps, series: str = SPOT) -> Floats:
    """Return the price each node expects between `edges` [currency/kWh], shape (m, H), by the template's ladder."""
    model = case.models.get(series, case.models[SPOT])
    sources = PriceSources(refined=case.told, model=model, default=street.market.default_price)
    return foresee(sources, len(street.tree.ids), street.calendar.when(edges[:-1])).prices


def bids(street: Neighborhood, case: MarketCase, edges: Steps, prices: Floats, tendered: int) -> tuple[Curves, ...]:
    """Return the curves of each fleet in every tendered step, then the supplier's."""
    outlooks = (Outlook(edges, street.calendar.step_hours, prices[fleet.node], tendered) for fleet in street.fleets)
    fleets = (asset.curves(outlook) for asset, outlook in zip(case.fleets, outlooks, strict=True))
    return tuple(_capped(street, curves) for curves in (*fleets, street.supplier.curves(edges[: tendered + 1])))


def what_can_be_kept(
    street: Neighborhood, case: MarketCase, outlook: Outlook, curves: tuple[Curves, ...]
) -> tuple[Curves, ...]:
    """Return `curves` of all fleets and the supplier, with the plan of each fleet that stores in place of its curves.

    The curve of a store in one interval takes its plan in all others as given; all of them together could promise the
    same kWh many times. Its plan it can keep.

    Parameters
    ----------
    outlook : Outlook
        Prices that each node expects, shape (m, H), and how many of the planning steps are cleared.
    """

    def plan(fleet: Fleet, asset: LocalAsset) -> Curves:
        own = replace(outlook, prices=outlook.prices[fleet.node])
        return _capped(street, Curves.inelastic(asset.schedule(own)[:, : outlook.tendered]))

    fleets = zip(street.fleets, case.fleets, curves[:-1], strict=True)
    kept = (plan(fleet, asset) if fleet.stores else curve for fleet, asset, curve in fleets)
    return (*kept, curves[-1])


def _capped(street: Neighborhood, curves: Curves) -> Curves:
    cap = street.market.price_cap
    return curves if cap is None else with_price_cap(curves, cap)
