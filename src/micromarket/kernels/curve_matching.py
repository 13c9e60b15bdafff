"""Continuous matching of orders that are curves, in whole steps; compiled if there is a compiler, else plain Python.

The plain twin below says in one page what ``native/curve_matching.hpp`` does; both give the same trades.
An order is a row of corners ``(level, quantity, whole)`` from its best price to its worst: `level` is the price for
supply and minus the price for demand, so that both rise; `quantity` is what is offered up to there, straight and
rounded down between two corners, or all at once at the second one if it is `whole`.

Source of the task: Transactive Network Template v4 (PNNL, 2024), appendix C.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from micromarket.kernels.backend import native

Corner = tuple[int, int, bool]
Corners = list[Corner]
Trade = tuple[int, int, int, int]
Integers = NDArray[np.int64]
Key = tuple[int, ...]
"""Level of the next unit, rank, arrival."""


class CurveMatcher(Protocol):
    """Standing orders of both sides, and the one call that matches."""

    def add(self, sign: int, corners: Corners, persistent: bool) -> list[Trade]:
        """Match an order, then let what is left of it stand.

        Orders are numbered from 0 as they come.

        Parameters
        ----------
        sign : int
            +1 supply, -1 demand.
        corners : list of (int, int, bool)
            Level, quantity offered up to there, and whether the segment that ends here goes only whole; levels and
            quantities do not fall and both lie within +-(2**31 - 1).
        persistent : bool
            Whether what is not matched at once is to stand.

        Returns
        -------
        list of (int, int, int, int)
            Number of the standing order, price, quantity, and what is left of that order, of each trade; best price
            first, then by priority.
        """
        ...

    def add_all(self, orders: Integers, start: Integers, corners: Integers) -> Integers:
        """Match many orders, one after another.

        Parameters
        ----------
        orders : array of int64, shape (n, 2)
            Sign, and whether it is to stand.
        start : array of int64, shape (n + 1,)
            Order `k` has the corners ``start[k]:start[k + 1]``.
        corners : array of int64, shape (m, 3)
            Level, quantity, whole.

        Returns
        -------
        array of int64, shape (trades, 5)
            Numbers of the aggressive and of the standing order, price, quantity, what is left of the standing order.
        """
        ...

    def stand(self, sign: int, corners: Corners, used: int) -> int:
        """Let an order stand that meets nobody, `used` units of which were matched before; returns its number."""
        ...

    def reduce(self, number: int, left: int) -> None:
        """Make what is left of a standing order smaller, if that is one single step; by age, it keeps its place."""
        ...

    def best(self, sign: int) -> int | None:
        """Return the first level at which a side offers anything; None if nothing stands there."""
        ...

    def cancel(self, number: int) -> int:
        """Take a standing order away; returns what was left of it, 0 if it does not stand."""
        ...

    def left(self, number: int) -> int:
        """Return what is left of an order, 0 if it does not stand."""
        ...


def curve_matcher(volume_first: bool) -> CurveMatcher:
    """Return an empty matcher.

    Parameters
    ----------
    volume_first : bool
        Whether, at one level, the order with more left goes first (then the older); else the older goes first.
    """
    made: CurveMatcher = (
        CurveMatcherPlain(volume_first) if native is None else native.CurveMatcher(volume_first=volume_first)
    )
    return made


def quantity_at(corners: Corners, level: int) -> int:
    """Return how much a curve offers at a level, whole steps, rounded down between two corners."""
    offered = 0
    before = corners[0]
    for corner in corners:
        if corner[0] > level:
            if not corner[2] and before[0] <= level:
                offered += (level - before[0]) * (corner[1] - before[1]) // (corner[0] - before[0])
            return offered
        offered, before = corner[1], corner
    return offered


def segment_of(corners: Corners, unit: int) -> int:
    """Return which corner ends the segment that holds unit number `unit` of a curve."""
    return next(k for k, corner in enumerate(corners) if corner[1] >= unit)


def level_of(corners: Corners, unit: int) -> int:
    """Return the first level at which a curve offers at least `unit` steps."""
    k = segment_of(corners, unit)
    level, quantity, whole = corners[k]
    if k == 0 or whole:
        return level
    from_level, from_quantity, _ = corners[k - 1]
    return from_level - (from_quantity - unit) * (level - from_level) // (quantity - from_quantity)


@dataclass(slots=True)
class _Order:
    number: int
    sign: int
    corners: Corners
    used: int
    most: int = 0
    got: int = 0

    def afresh(self) -> _Order:
        self.most, self.got = self.corners[-1][1], 0
        return self

    def offered(self, level: int) -> int:
        return min(self.most, quantity_at(self.corners, level)) - self.used

    @property
    def left(self) -> int:
        return self.corners[-1][1] - self.used


class CurveMatcherPlain:
    """Plain twin of the compiled matcher; see `CurveMatcher` for its methods.

    Parameters
    ----------
    volume_first : bool
        Whether, at one level, the order with more left goes first.
    """

    def __init__(self, volume_first: bool) -> None:
        self._volume_first = volume_first
        self._count = 0
        self._orders: dict[int, _Order] = {}
        self._sides: dict[int, list[Key]] = {1: [], -1: []}

    def add(self, sign: int, corners: Corners, persistent: bool) -> list[Trade]:
        """Match an order, then let what is left of it stand."""
        order = self._enter(sign, corners, 0)
        trades = self._match(order)
        if persistent and order.left:
            self._keep(order)
        return trades

    def add_all(self, orders: Integers, start: Integers, corners: Integers) -> Integers:
        """Match many orders, one after another."""
        rows = [(level, quantity, bool(whole)) for level, quantity, whole in corners.tolist()]
        begins = start.tolist()
        trades: list[tuple[int, ...]] = []
        for k, (sign, persistent) in enumerate(orders.tolist()):
            number = self._count
            made = self.add(sign, rows[begins[k] : begins[k + 1]], bool(persistent))
            trades.extend((number, *trade) for trade in made)
        return np.array(trades, dtype=np.int64).reshape(-1, 5)

    def stand(self, sign: int, corners: Corners, used: int) -> int:
        """Let an order stand that meets nobody."""
        order = self._enter(sign, corners, used)
        self._keep(order)
        return order.number

    def reduce(self, number: int, left: int) -> None:
        """Make what is left of a standing order of one single step smaller."""
        order = self._orders[number]
        self._remove(order)
        level, _, whole = order.corners[-1]
        order.corners = [*order.corners[:-1], (level, order.used + left, whole)]
        self._keep(order)

    def best(self, sign: int) -> int | None:
        """Return the first level at which a side offers anything."""
        keys = self._sides[sign]
        return keys[0][0] if keys else None

    def cancel(self, number: int) -> int:
        """Take a standing order away; returns what was left of it, 0 if it does not stand."""
        order = self._orders.pop(number, None)
        if order is None:
            return 0
        self._remove(order)
        return order.left

    def left(self, number: int) -> int:
        """Return what is left of an order, 0 if it does not stand."""
        order = self._orders.get(number)
        return order.left if order else 0

    def _enter(self, sign: int, corners: Corners, used: int) -> _Order:
        self._count += 1
        return _Order(self._count - 1, sign, corners, used)

    def _keep(self, order: _Order) -> None:
        self._orders[order.number] = order
        insort(self._sides[order.sign], self._key(order))

    def _key(self, order: _Order) -> Key:
        return (level_of(order.corners, order.used + 1), *self._rank(order))

    def _rank(self, order: _Order) -> tuple[int, int]:
        return -order.left if self._volume_first else 0, order.number

    def _remove(self, order: _Order) -> None:
        side = self._sides[order.sign]
        del side[bisect_left(side, self._key(order))]

    def _match(self, order: _Order) -> list[Trade]:
        """Match; an order may not end within a whole segment: then again, without that segment and what follows."""
        order.most = order.corners[-1][1]
        while order.most > order.used:
            met = self._walk(order)
            end = order.used + sum(other.got for other in met)
            if end == order.used:
                return []
            k = segment_of(order.corners, end)
            if not order.corners[k][2] or order.corners[k][1] == end:
                order.used = end
                return self._settle(met, -order.sign)
            order.most = order.corners[k - 1][1] if k else 0
        return []

    def _walk(self, order: _Order) -> list[_Order]:
        """Plan the match: `got` of the orders returned."""
        last = -level_of(order.corners, order.used + 1)
        keys, met = self._sides[-order.sign], list[_Order]()
        low = keys[0][0] - 1 if keys else last
        while low < last:
            high = self._gather(order, met, last)
            high = _first_excess(order, met, low, high)
            room = order.offered(-high) - _take_all(met, high - 1)
            if high > last or room <= 0:
                return met
            met.sort(key=self._rank)
            for other in met:
                room = _take(other, high, room)
            if not room:
                return met
            low = high
        return met

    def _gather(self, order: _Order, met: list[_Order], last: int) -> int:
        """Let `met` hold all orders up to a level that offers more than is taken; return it, ``last + 1`` if none."""
        keys, reach = self._sides[-order.sign], max(2, 2 * len(met))
        place = len(met)
        while place < len(keys) and keys[place][0] <= last:
            probe = keys[min(place + reach, len(keys)) - 1][0]
            end = bisect_left(keys, (min(probe, last) + 1,))
            met.extend(self._orders[number].afresh() for _, _, number in keys[place:end])
            place, reach = end, 2 * reach
            if _exceeds(order, met, min(probe, last)):
                return min(probe, last)
        return last + 1

    def _settle(self, met: list[_Order], sign: int) -> list[Trade]:
        """Carry the plan out: one trade for each segment of a standing order, at the price of its last unit."""
        trades: list[Trade] = []
        met.sort(key=self._rank)
        for other in met:
            if not other.got:
                continue
            self._remove(other)
            end = other.used + other.got
            while other.used < end:
                until = min(end, other.corners[segment_of(other.corners, other.used + 1)][1])
                price = other.sign * level_of(other.corners, until)
                trades.append((other.number, price, until - other.used, other.corners[-1][1] - until))
                other.used = until
            if other.left:
                self._keep(other)
            else:
                del self._orders[other.number]
        return sorted(trades, key=lambda trade: sign * trade[1])


def _exceeds(order: _Order, met: list[_Order], level: int) -> bool:
    return sum(max(0, other.offered(level)) for other in met) > order.offered(-level)


def _first_excess(order: _Order, met: list[_Order], low: int, high: int) -> int:
    """Return the first level above `low` at which more is offered than taken; `high` if it is not below that."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _exceeds(order, met, middle) else (middle, high)
    return high


def _take_all(met: list[_Order], level: int) -> int:
    """Take everything offered up to a level; returns how much."""
    for other in met:
        other.got = max(0, other.offered(level))
    return sum(other.got for other in met)


def _take(order: _Order, level: int, room: int) -> int:
    """Take what an order offers at a level, segment by segment, as far as there is room; returns the room left."""
    offer = min(order.most, quantity_at(order.corners, level))
    at = order.used + order.got
    while at < offer and room:
        _, quantity, whole = order.corners[segment_of(order.corners, at + 1)]
        width = min(quantity, offer) - at
        if whole and width > room:
            order.most = at
            return room
        part = min(width, room)
        at, room, order.got = at + part, room - part, order.got + part
    return room
