"""Made whole: what engaged generators lost on a day is paid to their owners, by those who drew energy on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from micromarket.assets.asset import LocalAsset
from micromarket.assets.combined_heat_and_power import CombinedHeatAndPower
from micromarket.assets.generator import Generator
from micromarket.domain.curves import Floats
from micromarket.domain.money import Micro, to_micro
from micromarket.dso.make_whole import MadeWhole, make_whole
from micromarket.dso.settlement import Postings
from micromarket.node.networks.nested import NestedClearing
from micromarket.simulation.neighborhood import SPOT, Indices, Neighborhood


@dataclass(frozen=True, slots=True, eq=False)
class Uplift:
    """What the engaged generators of `C` customers earned and cost on a day, and what made them whole.

    Parameters
    ----------
    income_micro, cost_micro : array of int, shape (C,)
        Of all generators of a customer together that cost something to start, hold or stop [micro-units].
    paid : MadeWhole
        Who gets and who pays what.
    """

    income_micro: Micro
    cost_micro: Micro
    paid: MadeWhole


def uplift(
    street: Neighborhood,
    before: Sequence[LocalAsset],
    by_series: Mapping[str, Sequence[NestedClearing]],
    metered_kw: Floats,
) -> Uplift | None:
    """Return what makes the owners of engaged generators whole for one day; None if none ran, or the rules say so.

    Parameters
    ----------
    street : Neighborhood
        Whose generators.
    before : sequence of LocalAsset
        The fleets as they were when the day began.
    by_series : mapping of str to sequence of NestedClearing
        What the markets of each series cleared on this day.
    metered_kw : array of float, shape (n, D)
        Metered power of every device, then of the supplier [kW].

    Notes
    -----
    Each change of a commitment earned the price of its market, what was metered beyond the price of the spot market.
    Who pays is stated: customers in proportion to the energy each drew; if nobody drew any, in equal shares.
    """
    hours, rows = street.calendar.step_hours, _engaged(street, before)
    owners, count = street.account_of[rows], len(street.customers)
    cost = to_micro(np.bincount(owners, weights=_costs(street, before, metered_kw) * hours, minlength=count))
    if not cost.any() or not street.market.makes_whole:
        return None
    earned = _earned(street, rows, by_series, metered_kw).sum(axis=1) * hours
    income = to_micro(np.bincount(owners, weights=earned, minlength=count))
    drawn = np.maximum(-street.by_account(metered_kw)[:count], 0).sum(axis=1) * hours
    return Uplift(income, cost, make_whole(income, cost, drawn if drawn.any() else np.ones(count)))


def postings(paid: MadeWhole) -> Postings:
    """Return the entries of one interval for the ledger, at the root."""
    amounts = (paid.received - paid.charged)[:, None]
    accounts = np.arange(len(amounts))
    return Postings(np.zeros_like(accounts), accounts, np.zeros(amounts.shape), amounts)


def _has_rules(asset: LocalAsset) -> bool:
    engine = asset.engine if isinstance(asset, CombinedHeatAndPower) else asset
    return isinstance(engine, Generator) and engine.rules is not None


def _engaged(street: Neighborhood, fleets: Sequence[LocalAsset]) -> Indices:
    """Return the places of all devices with rules of engagement."""
    with_rules = np.repeat([_has_rules(asset) for asset in fleets], [len(fleet.node) for fleet in street.fleets])
    return np.flatnonzero(with_rules)


def _costs(street: Neighborhood, before: Sequence[LocalAsset], metered_kw: Floats) -> Floats:
    """Return what each device with rules of engagement cost, summed over the steps [currency/h]."""
    fleets = zip(before, street.split(metered_kw), strict=True)
    costs = [asset.cost(kw).sum(axis=1) for asset, kw in fleets if _has_rules(asset)]  # type: ignore[attr-defined]
    return np.concatenate([np.zeros(0), *costs])


def _earned(
    street: Neighborhood, rows: Indices, by_series: Mapping[str, Sequence[NestedClearing]], metered_kw: Floats
) -> Floats:
    """Return what some devices earned in each step [currency/h], by every commitment at its own price."""
    steps, node = metered_kw.shape[1], street.member_of[rows]
    committed, earned = np.zeros((len(rows), steps)), np.zeros((len(rows), steps))
    for plan in street.market.plan.chain:
        held = plan.rules.timing.interval_duration // street.calendar.grid.step
        clearings = by_series[plan.rules.series]
        price, power = (
            np.repeat(np.concatenate([getattr(one, name)[at] for one in clearings], axis=1), held, axis=1)[:, :steps]
            for name, at in (("price", node), ("powers_kw", rows))
        )
        if plan.rules.commitment:
            earned += (power - committed) * price
            committed = power
        if plan.rules.series == SPOT:
            earned += (metered_kw[rows] - committed) * price
    return earned
