"""Settlement of a whole tree through a chain of markets: each commitment once, at the price of its node.

A party is an account at a node, as in `micromarket.dso.settlement`. Powers are rounded to whole watts so that every
node balances exactly; the distribution owner is a party at each node, so lines and their losses are committed too.
What a market settled over an interval is spread evenly over the steps in which meters count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from micromarket.domain.curves import Floats
from micromarket.domain.intervals import IntervalGrid
from micromarket.domain.money import Micro
from micromarket.dso.chain_settlement import JOULES_PER_KWH, Settled, last_prices, settle_chain
from micromarket.dso.settlement import Accounts, Metered, Parties, Postings, parties_of, posted, powers_of_parties
from micromarket.markets.series.corrections import ClearedMarket, Watts, cleared_in_all, committed_w, in_watts
from micromarket.markets.series.market import Market

DELIVERY = "delivery"
"""Stands for a series where power was metered beyond all commitments."""


@dataclass(frozen=True, slots=True, eq=False)
class ClearedTree:
    """What the markets of one series cleared over some time.

    Parameters
    ----------
    market : Market
        One market in place of all of them, as `SeriesPlan.together` makes it.
    prices : array of float, shape (m, T)
        Price of each node [currency/kWh].
    exchanged : Metered
        Powers of all participants and over all lines, as if they had been metered.
    """

    market: Market
    prices: Floats
    exchanged: Metered


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """What one series added to the commitments of `P` parties in `T` intervals, or what was metered beyond them.

    Parameters
    ----------
    series : str
        Name of the series; `DELIVERY` for what was metered.
    intervals : IntervalGrid
        The intervals.
    prices : array of float, shape (P, T)
        What each party pays or gets [currency/kWh].
    committed_w, changes_w : array of int, shape (P, T)
        Power committed before, and its change [W].
    settled : Settled
        Energy and money of the change.
    """

    series: str
    intervals: IntervalGrid
    prices: Floats
    committed_w: Watts
    changes_w: Watts
    settled: Settled


@dataclass(frozen=True, slots=True, eq=False)
class TreeSettlement:
    """What a tree settled through a chain of markets.

    Parameters
    ----------
    parties : Parties
        Who; `P` of them.
    changes : tuple of Change
        What each committing series changed, in the order of clearing, then what was metered beyond.
    postings : Postings
        All of it as entries for the ledger.
    """

    parties: Parties
    changes: tuple[Change, ...]
    postings: Postings


def settle_tree(
    series: Iterable[ClearedTree], metered: Metered, accounts: Accounts, steps: IntervalGrid
) -> TreeSettlement:
    """Settle a tree in which markets committed, one series after another.

    Parameters
    ----------
    series : iterable of ClearedTree
        The longest markets first; all cover the same time.
    metered : Metered
        What was delivered.
    accounts : Accounts
        Where everyone is connected, and who pays.
    steps : IntervalGrid
        The steps in which meters counted.

    Raises
    ------
    InvalidValue
        As `settle_chain` does.

    Notes
    -----
    Source: Transactive Network Template v4 (PNNL, 2024), section 3.8, for each node of a tree.
    """
    parties, cleared = parties_of(accounts), dict[str, ClearedMarket]()
    for each in series:
        powers = powers_of_parties(each.exchanged, accounts)
        prices, earlier = each.prices[parties.node], tuple(cleared.values())
        cleared[each.market.rules.series] = cleared_in_all(each.market, powers, prices, earlier, parties.node)
    delivered = in_watts(powers_of_parties(metered, accounts), parties.node)
    changes = _changes(cleared, delivered, steps)
    energy_kwh = np.asarray(delivered * steps.step.total_seconds() / JOULES_PER_KWH, dtype=float)
    return TreeSettlement(parties, changes, posted(parties, energy_kwh, _by_step(changes, steps), accounts))


def spread(amounts: Micro, parts: int) -> Micro:
    """Return each amount, shape (P, T), as `parts` amounts that differ by one at most and sum to it.

    Examples
    --------
    >>> spread(np.array([[10, -3]]), 4).tolist()
    [[2, 3, 2, 3, -1, -1, -1, 0]]
    """
    so_far = amounts[:, :, None] * np.arange(parts + 1) // parts
    return np.asarray(np.diff(so_far, axis=2).reshape(len(amounts), -1))


def _changes(cleared: dict[str, ClearedMarket], delivered_w: Watts, steps: IntervalGrid) -> tuple[Change, ...]:
    markets, parties = list(cleared.values()), len(delivered_w)
    settled = settle_chain(markets, delivered_w, steps)
    committed = [
        Change(
            series,
            made.intervals,
            made.prices,
            committed_w(markets[:place], made.intervals, parties),
            made.changes_w,
            settled.commitments[made.market],
        )
        for place, (series, made) in enumerate(cleared.items())
        if made.commits
    ]
    before = committed_w(markets, steps, parties)
    prices = last_prices(markets, steps, parties)
    return (*committed, Change(DELIVERY, steps, prices, before, delivered_w - before, settled.deviations))


def _by_step(changes: Sequence[Change], steps: IntervalGrid) -> Micro:
    """Return what each party received in each step [micro-units], shape (P, T)."""
    return np.asarray(sum(spread(each.settled.amount_micro, each.intervals.step // steps.step) for each in changes))
