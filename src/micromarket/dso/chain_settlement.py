"""Settlement of a chain of markets: every commitment at its own price, what was delivered beyond at the last one.

Counted in whole numbers throughout: power in watts, energy in joules (watt-seconds; 3 600 000 are one kWh), prices in
micro-units per kWh, money in micro-units. So energy is exact, and each amount is rounded once, half to even, from the
exact product of energy and price. What rounding leaves over in an interval goes to an account of its own, so that
payments sum to zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import gcd

import numpy as np
from numpy.typing import NDArray

from micromarket.domain.curves import Floats
from micromarket.domain.intervals import IntervalGrid
from micromarket.domain.money import Micro, to_micro
from micromarket.errors import InvalidValue, NotFinite
from micromarket.markets.series.corrections import ClearedMarket, Watts, committed_w, covered

JOULES_PER_KWH = 3_600_000
Joules = NDArray[np.int64]

_SECOND = timedelta(seconds=1)
_LARGEST = 2**62


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """Energy and money of `n` parties in `T` intervals.

    Parameters
    ----------
    energy_j : array of int, shape (n, T)
        Energy fed in [J], negative if drawn.
    amount_micro : array of int, shape (n, T)
        Money received [micro-units], negative if paid.
    """

    energy_j: Joules
    amount_micro: Micro

    @property
    def rounding_micro(self) -> Micro:
        """What the account of rounding receives in each interval [micro-units], shape (T,)."""
        return np.asarray(-self.amount_micro.sum(axis=0))


@dataclass(frozen=True, slots=True, eq=False)
class ChainSettlement:
    """What a chain of markets comes to.

    Parameters
    ----------
    commitments : mapping of str to Settled
        Each market that committed, by name.
    deviations : Settled
        What was delivered beyond all commitments, or less.
    """

    commitments: Mapping[str, Settled]
    deviations: Settled

    @property
    def energy_j(self) -> Joules:
        """What each party delivered [J], shape (n,): the sum of its commitments and deviations."""
        return np.asarray(sum(each.energy_j.sum(axis=1) for each in self._all))

    @property
    def amount_micro(self) -> Micro:
        """What each party received in all [micro-units], shape (n,)."""
        return np.asarray(sum(each.amount_micro.sum(axis=1) for each in self._all))

    @property
    def rounding_micro(self) -> int:
        """What rounding left over [micro-units]; with it, all amounts sum to zero."""
        return sum(int(each.rounding_micro.sum()) for each in self._all)

    @property
    def _all(self) -> tuple[Settled, ...]:
        return (*self.commitments.values(), self.deviations)


def settle_chain(cleared: Sequence[ClearedMarket], delivered_w: Watts, intervals: IntervalGrid) -> ChainSettlement:
    """Settle what a chain of markets committed its parties to, and what they delivered.

    Parameters
    ----------
    cleared : sequence of ClearedMarket
        The markets that cleared these intervals, in the order of clearing.
    delivered_w : array of int, shape (n, T)
        Average power that each party delivered [W].
    intervals : IntervalGrid
        The `T` intervals in which meters counted; each within one interval of every market.

    Returns
    -------
    ChainSettlement
        Deviations are settled at the price of the last market that cleared the interval, committing or not.

    Raises
    ------
    InvalidValue
        If a market committed to other times too, an interval was cleared by no market, an interval is no whole number
        of seconds, or changes or deliveries do not balance at their prices: whoever carries losses is a party.
    NotFinite
        If an amount is too large to be exact.

    Notes
    -----
    Where windows roll, no stretch of time holds all commitments: settle each market by `settle_changes` and, as time
    passes, the deviations alike.
    Source: Transactive Network Template v4 (PNNL, 2024), section 3.8: what is committed is accounted at the price of
    the market that committed it, increments at those of later markets. Paying deviations at the last price is our
    rule.
    """
    for each in cleared:
        if each.commits and each.intervals.whole.overlap(intervals.whole) != each.intervals.whole:
            raise InvalidValue(
                f"market {each.market} committed beyond {intervals.whole.start} to {intervals.whole.end}"
            )
    deviations = delivered_w - committed_w(cleared, intervals, len(delivered_w))
    prices = last_prices(cleared, intervals, len(delivered_w))
    return ChainSettlement(
        {
            each.market: settle_changes(each.changes_w, each.prices, each.intervals)
            for each in cleared
            if each.commits
        },
        settle_changes(deviations, prices, intervals),
    )


def settle_changes(changes_w: Watts, prices: Floats, intervals: IntervalGrid) -> Settled:
    """Return energy and money of powers that were traded at a price.

    Parameters
    ----------
    changes_w : array of int, shape (n, T)
        Average power of each party [W], as traded in one market.
    prices : array of float, shape (n, T)
        What each pays or gets [currency/kWh]; settled to the whole micro-unit per kWh.
    intervals : IntervalGrid
        The `T` intervals.

    Raises
    ------
    InvalidValue
        If the intervals are no whole number of seconds, or the changes do not balance at their prices.
    NotFinite
        If an amount is too large to be exact.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> quarter = IntervalGrid(datetime(2026, 7, 6, tzinfo=UTC), timedelta(minutes=15), 1)
    >>> settle_changes(np.array([[4000], [-4000]]), np.full((2, 1), 0.25), quarter).amount_micro.ravel().tolist()
    [250000, -250000]
    """
    seconds, rest = divmod(intervals.step, _SECOND)
    if rest:
        raise InvalidValue(f"expected intervals of whole seconds; found {intervals.step}")
    settled = Settled(changes_w * seconds, _amounts(changes_w, to_micro(prices), seconds))
    unbalanced = 2 * np.abs(settled.rounding_micro) > len(changes_w)
    if unbalanced.any():
        interval = int(unbalanced.argmax())
        raise InvalidValue(
            f"in interval {interval} {settled.rounding_micro[interval]} micro-units are left over: "
            "the powers do not balance at their prices"
        )
    return settled


def last_prices(cleared: Sequence[ClearedMarket], intervals: IntervalGrid, parties: int) -> Floats:
    """Return the price of each party in each interval from the last market that cleared it, shape (n, T).

    Raises
    ------
    InvalidValue
        If no market cleared an interval.
    """
    prices, known = np.zeros((parties, len(intervals))), np.zeros(len(intervals), dtype=bool)
    for each in cleared:
        within, index = covered(each.intervals, intervals)
        prices[:, within], known = each.prices[:, index], known | within
    if not known.all():
        raise InvalidValue(f"no market cleared the interval from {intervals[int(known.argmin())].start}")
    return prices


def _amounts(changes_w: Watts, prices: Micro, seconds: int) -> Micro:
    """Return watts times seconds times price, in micro-units, rounded half to even."""
    common = gcd(seconds, JOULES_PER_KWH)
    factor, divisor = seconds // common, JOULES_PER_KWH // common
    largest = int(np.abs(changes_w).max(initial=0)) * int(np.abs(prices).max(initial=0)) * factor
    if largest > _LARGEST:
        raise NotFinite(f"an amount of {largest} / {divisor} micro-units is too large to be exact")
    whole, rest = np.divmod(changes_w * prices * factor, divisor)
    return np.asarray(whole + ((2 * rest > divisor) | ((2 * rest == divisor) & (whole % 2 == 1))))
