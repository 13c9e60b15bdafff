"""Corrections: markets that trade only the change from what is already committed.

One rule serves every chain of markets. In each market, every curve is translated by the power its owner is committed
to in that interval, and the market clears what is left. A market whose rules say `commitment` adds its change to the
commitments; one whose rules do not only tells its price. So where nothing is committed a market *refines* (everything
is negotiated again), and where something is it *corrects*. Commitments never change; they are added to.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micromarket.domain.curves import Curves, Floats
from micromarket.domain.intervals import MICROSECOND, IntervalGrid
from micromarket.domain.money import apportion
from micromarket.errors import InvalidValue
from micromarket.markets.auctions.auction import Clearing, clear
from micromarket.markets.series.market import Market
from micromarket.markets.series.prediction import KnownPrices

WATTS_PER_KW = 1000
Watts = NDArray[np.int64]
"""Power in whole watts: commitments are counted, not measured."""

Number = TypeVar("Number", np.float64, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class ClearedMarket:
    """What a market settled between `n` parties in its `T` intervals; never changed afterwards.

    Parameters
    ----------
    market : str
        Its name.
    intervals : IntervalGrid
        What it cleared.
    prices : array of float, shape (n, T)
        What each party pays or gets [currency/kWh]; the same for all, unless they are connected at different nodes.
    changes_w : array of int, shape (n, T)
        By how much each party's power changes from its commitments so far [W]; the whole power if there were none.
    commits : bool
        Whether the change is a commitment, or the market only told its price.
    """

    market: str
    intervals: IntervalGrid
    prices: Floats
    changes_w: Watts
    commits: bool

    @property
    def known_prices(self) -> KnownPrices:
        """Its prices, for markets that look them up."""
        starts = self.intervals.starts
        return KnownPrices(starts, starts + self.intervals.step // MICROSECOND, self.prices)


@dataclass(frozen=True, slots=True, eq=False)
class Correction:
    """A cleared correction.

    Parameters
    ----------
    committed_kw : array of float, shape (n, T)
        What was committed before [kW].
    clearing : Clearing
        Price of the change, and the change of each party.
    """

    committed_kw: Floats
    clearing: Clearing

    @property
    def powers_kw(self) -> Floats:
        """What each party now has to deliver: its commitment and its change [kW], shape (n, T)."""
        return self.committed_kw + self.clearing.powers_kw


def translated(curves: Curves, committed_kw: ArrayLike) -> Curves:
    """Return curves of the change only: power at each price, less what is committed.

    Parameters
    ----------
    curves : Curves
        What each party would deliver in all, as it stands now.
    committed_kw : array of float, shape (n, T), (T,) or one float
        What it is committed to [kW], positive into the region.

    Notes
    -----
    Source: Transactive Network Template v4 (PNNL, 2024), section 3.8 and figure 10.

    Examples
    --------
    >>> generator = Curves.from_vertices([[(0.1, 0.0), (0.3, 6.0)]])
    >>> translated(generator, 3.0).powers.ravel().tolist()
    [-3.0, 3.0]
    """
    return curves.shifted(-np.asarray(committed_kw, dtype=float))


def correct(curves: Curves, committed_kw: Floats, reference: ArrayLike | None = None) -> Correction:
    """Clear a correction between `n` parties in one region.

    Parameters
    ----------
    curves : Curves
        What each party would deliver in all, `T` intervals.
    committed_kw : array of float, shape (n, T)
        What each is committed to [kW]; zeros where nothing is.
    reference : array of float, shape (T,), or one float, optional
        Price [currency/kWh] to stay near where many balance.

    Notes
    -----
    Where the region balances, price and powers are those of the whole curves: translation moves money, not power.
    Where it does not, they differ: what is committed is not rationed, only what is wanted beyond it. Lines with
    limits and losses carry the whole power, not the change, so a tree or mesh clears the whole curves; the change is
    the result less the commitments.
    Source: Transactive Network Template v4 (PNNL, 2024), section 3.8, steps 1 to 5.
    """
    committed = np.broadcast_to(np.asarray(committed_kw, dtype=float), curves.prices.shape[:2])
    return Correction(committed, clear(translated(curves, committed), -committed.sum(axis=0), reference))


def clear_market(
    market: Market, curves: Curves, earlier: Iterable[ClearedMarket], reference: ArrayLike | None = None
) -> ClearedMarket:
    """Clear a market of a chain: a correction where earlier markets left commitments, a refinement where not.

    Parameters
    ----------
    market : Market
        Which market; its rules say whether it commits.
    curves : Curves
        What each of `n` parties would deliver in all, in the market's intervals.
    earlier : iterable of ClearedMarket
        What cleared before it.
    reference : array of float, shape (T,), or one float, optional
        Price [currency/kWh] to stay near where many balance.
    """
    committed = committed_w(earlier, market.intervals, len(curves))
    cleared = correct(curves, committed / WATTS_PER_KW, reference).clearing
    prices = np.broadcast_to(cleared.price, committed.shape)
    changes = in_watts(cleared.powers_kw)
    return ClearedMarket(market.name, market.intervals, prices, changes, market.rules.commitment)


def cleared_in_all(
    market: Market,
    powers_kw: Floats,
    prices: ArrayLike,
    earlier: Iterable[ClearedMarket],
    node: NDArray[np.int64] | None = None,
) -> ClearedMarket:
    """Return what a market settled in which `n` parties negotiated whole powers, as those of a network do.

    Parameters
    ----------
    market : Market
        Which market; its rules say whether it commits.
    powers_kw : array of float, shape (n, T)
        What each party delivers in all [kW]; sums to zero.
    prices : array of float, shape (n, T) or (T,)
        What each pays or gets [currency/kWh].
    earlier : iterable of ClearedMarket
        What cleared before it.
    node : array of int, shape (n,), optional
        Where each party is connected, if powers sum to zero at each node; else all are at one.
    """
    changes = in_watts(powers_kw, node) - committed_w(earlier, market.intervals, len(powers_kw))
    whole = np.broadcast_to(np.asarray(prices, dtype=float), changes.shape)
    return ClearedMarket(market.name, market.intervals, whole, changes, market.rules.commitment)


def committed_w(cleared: Iterable[ClearedMarket], intervals: IntervalGrid, parties: int) -> Watts:
    """Return what each party is committed to in each interval [W], shape (n, T): the sum of all committed changes.

    Raises
    ------
    InvalidValue
        If an interval is longer than, or crosses the border of, one that was committed.
    """
    total = np.zeros((parties, len(intervals)), dtype=np.int64)
    for each in cleared:
        if each.commits:
            total += held(each.changes_w, each.intervals, intervals)
    return total


def held(values: NDArray[Number], coarse: IntervalGrid, fine: IntervalGrid) -> NDArray[Number]:
    """Return averages over coarse intervals as averages over fine ones: held throughout, and 0 where there is none.

    Parameters
    ----------
    values : array, shape (n, C)
        One value for each coarse interval, such as the power committed in an hour.
    coarse, fine : IntervalGrid
        The intervals; each fine one within a coarse one, or outside all.

    Returns
    -------
    array, shape (n, F)
        The value of each fine interval, such as that power in each quarter.

    Raises
    ------
    InvalidValue
        If a fine interval crosses a border of a coarse one.
    """
    result = np.zeros((len(values), len(fine)), dtype=values.dtype)
    within, index = covered(coarse, fine)
    result[:, within] = values[:, index]
    return result


def covered(coarse: IntervalGrid, fine: IntervalGrid) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return which fine intervals lie in coarse ones, shape (F,), and for each that does, in which.

    Raises
    ------
    InvalidValue
        If a fine interval crosses a border of a coarse one.
    """
    step, offset = coarse.step // MICROSECOND, fine.starts - coarse.starts[0]
    first, last = offset // step, (offset + fine.step // MICROSECOND - 1) // step
    within, touches = (first >= 0) & (last < len(coarse)), (last >= 0) & (first < len(coarse))
    if (touches & (first != last)).any():
        raise InvalidValue(f"intervals of {fine.step} from {fine.start} do not divide those of {coarse.step}")
    return within, first[within]


def in_watts(powers_kw: Floats, node: NDArray[np.int64] | None = None) -> Watts:
    """Return powers [kW], shape (n, T), that sum to zero in each interval, in whole watts that do so exactly.

    The largest remainders are raised, the earlier of two equal ones first. With a `node` for each of the `n` powers,
    each node sums to zero.

    Raises
    ------
    WrongShape
        If the powers do not sum to zero, within a watt.
    """
    watts = np.empty(powers_kw.shape, dtype=np.int64)
    for rows in [slice(None)] if node is None else [node == each for each in np.unique(node)]:
        watts[rows] = apportion(powers_kw[rows].T * WATTS_PER_KW, 0).T
    return watts
