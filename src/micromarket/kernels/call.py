"""Uncrossing step orders at one price on a tick grid; compiled if there is a compiler, else the plain twin.

The plain twin sorts the orders' prices; the compiled kernel (``native/call.hpp``) counts quantity by tick and scans
the ticks once. Both are exact in whole numbers and give the same answer, which a test compares.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micromarket.errors import InvalidValue, WrongShape
from micromarket.kernels.backend import native

Whole = NDArray[np.int64]
Answer = tuple[int, int, int, int, int, NDArray[np.integer]]
"""Price, lowest and highest price as good, volume, supply less demand at the price, award of each order."""

MOST_TICKS = 1 << 22
"""Ticks from lowest to highest price up to which the kernel counts by tick; books that are wider are sorted."""

_MOST = 2**31 - 2
_MOST_SUM = 2**62


def uncross(prices: ArrayLike, powers: ArrayLike, reference: int | None = None) -> Answer:
    """Return the price that uncrosses step orders, and what each order gets.

    Parameters
    ----------
    prices : array of int, shape (n,)
        Limits [price steps], in order of arrival.
    powers : array of int, shape (n,)
        Quantities [quantity steps], positive sells, negative buys; int32 arrays are taken as they are.
    reference : int, optional
        Price to be near where several are as good [price steps]; without it the middle, rounded down.

    Returns
    -------
    price, low, high, volume, imbalance : int
        See `micromarket.markets.auctions.call_auction.Uncrossing`.
    awards : array of int, shape (n,)
        Part of each power that is matched; sums to zero.

    Raises
    ------
    WrongShape
        If prices and powers are not two lists of one length.
    InvalidValue
        If they are not whole numbers, or so large that sums are no longer exact.
    """
    price, power = _steps("prices", prices), _steps("powers", powers)
    if price.ndim != 1 or price.shape != power.shape:
        raise WrongShape(f"prices and powers must be two lists of one length; found {price.shape} and {power.shape}")
    if native is not None and price.size and price.dtype == power.dtype == np.int32:
        answer: Answer | None = native.uncross(price, power, reference, MOST_TICKS)
        if answer is not None:
            return answer
    return uncross_plain(price.astype(np.int64), power.astype(np.int64), reference)


def _steps(name: str, values: ArrayLike) -> NDArray[np.signedinteger]:
    """Return whole numbers as the narrowest of the two types that holds them."""
    array = np.asarray(values)
    if array.dtype == np.int32:
        return np.ascontiguousarray(array)
    if array.size and array.dtype.kind not in "iu":
        raise InvalidValue(f"{name} must be whole numbers of steps; found {array.dtype}")
    largest = max(abs(int(array.max())), abs(int(array.min()))) if array.size else 0
    if largest * max(1, array.size) >= _MOST_SUM:
        raise InvalidValue(f"{name} are too large to add up exactly; found {largest}")
    return np.ascontiguousarray(array, dtype=np.int32 if largest <= _MOST else np.int64)


def uncross_plain(prices: Whole, powers: Whole, reference: int | None = None) -> Answer:
    """Do what `uncross` does, by sorting: the plain twin."""
    if not prices.size:
        price = 0 if reference is None else reference
        return price, price, price, 0, 0, np.zeros(0, dtype=np.int64)
    at = np.unique(prices)
    # Between two prices nothing changes: one tick after each price stands for all up to the next price.
    ticks = np.unique(np.concatenate([[at[0] - 1], at, at + 1]))
    supply, demand = supply_at(ticks, prices, powers), demand_at(ticks, prices, powers)
    volume, surplus = np.minimum(supply, demand), np.abs(supply - demand)
    best = volume == volume.max()
    good = np.flatnonzero(best & (surplus == surplus[best].min()))
    last = good[-1]
    low, high = int(ticks[good[0]]), int(ticks[last + 1] - 1 if last + 1 < len(ticks) else ticks[last])
    price = (low + high) // 2 if reference is None else min(max(reference, low), high)
    here = np.array([price])
    imbalance = int(supply_at(here, prices, powers)[0] - demand_at(here, prices, powers)[0])
    most = int(volume.max())
    awards = share(prices, np.maximum(powers, 0), most) - share(-prices, np.maximum(-powers, 0), most)
    return price, low, high, most, imbalance, awards


def supply_at(ticks: Whole, prices: Whole, powers: Whole) -> Whole:
    """Return what sellers offer at each of `ticks` or below."""
    return _total_up_to(ticks, prices, np.maximum(powers, 0))


def demand_at(ticks: Whole, prices: Whole, powers: Whole) -> Whole:
    """Return what buyers want at each of `ticks` or above."""
    return _total_up_to(-ticks, -prices, np.maximum(-powers, 0))


def _total_up_to(ticks: Whole, prices: Whole, quantities: Whole) -> Whole:
    order = np.argsort(prices, kind="stable")
    totals = np.concatenate([[0], np.cumsum(quantities[order])])
    return np.asarray(totals[np.searchsorted(prices[order], ticks, side="right")])


def share(prices: Whole, quantities: Whole, volume: int) -> Whole:
    """Return `volume` shared out by rising price, then by age, as far as the quantities go."""
    order = np.argsort(prices, kind="stable")
    before = np.cumsum(quantities[order]) - quantities[order]
    parts = np.zeros_like(quantities)
    parts[order] = np.clip(volume - before, 0, quantities[order])
    return parts
