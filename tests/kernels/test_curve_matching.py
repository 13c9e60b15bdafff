"""The matcher of curve orders, compiled and plain, against a page that goes through every price, one by one."""

import random

import numpy as np
import pytest

from micromarket.kernels.backend import native
from micromarket.kernels.curve_matching import CurveMatcherPlain, curve_matcher

LOWEST, HIGHEST = -12, 12
MATCHERS = [CurveMatcherPlain] if native is None else [CurveMatcherPlain, curve_matcher]


class EveryPrice:
    """The rule as it is written: at each level by priority, unit by unit. Shares no code with the matcher."""

    def __init__(self, volume_first):
        self.volume_first, self.count, self.book = volume_first, 0, []

    def add(self, sign, corners, used, persistent):
        number, self.count = self.count, self.count + 1
        best = self.best(sign, corners, used)
        trades = self.carry_out(best)
        used += sum(quantity for _, _, quantity in trades)
        if persistent and used < corners[-1][1]:
            self.book.append([number, sign, corners, used])
        return trades

    def best(self, sign, corners, used):
        """Return the units taken of each order with as many of the aggressive order's segments as can be."""
        for most in sorted({used, *(quantity for _, quantity, _ in corners if quantity > used)}, reverse=True):
            units = self.units(sign, corners, used, most)
            if used + len(units) in allowed(corners):
                return units
        return []

    def units(self, sign, corners, used, most):
        """Return (level, order) of every unit taken, at every level by priority."""
        rivals = [order for order in self.book if order[1] != sign]
        rivals.sort(key=lambda order: (order[3] - order[2][-1][1] if self.volume_first else 0, order[0]))
        taken, at, stopped = [], {order[0]: order[3] for order in rivals}, set()
        for level in range(LOWEST, HIGHEST + 1):
            room = min(most, offer(corners, -level)) - used - len(taken)
            for order in rivals:
                while room > 0 and order[0] not in stopped and at[order[0]] < offer(order[2], level):
                    need = block(order[2], at[order[0]])
                    if need > room:
                        stopped.add(order[0])
                        break
                    taken.extend([(level, order, at[order[0]] + unit) for unit in range(need)])
                    at[order[0]] += need
                    room -= need
        return taken

    def carry_out(self, units):
        """Turn units into trades: one for each segment of an order, at the level of its last unit."""
        segments = {}
        for level, order, unit in units:
            key = (order[0], next(k for k, corner in enumerate(order[2]) if corner[1] > unit))
            known = segments.get(key, (0, 0, order))
            segments[key] = (level, known[1] + 1, order)
        rank = {id(order): (order[3] - order[2][-1][1] if self.volume_first else 0, order[0]) for order in self.book}
        rows = sorted((level, rank[id(order)], key, order, n) for key, (level, n, order) in segments.items())
        for _, _, _, order, quantity in rows:
            order[3] += quantity
        self.book = [order for order in self.book if order[3] < order[2][-1][1]]
        return [(order[0], order[1] * level, quantity) for level, _, _, order, quantity in rows]

    def cancel(self, number):
        left = self.left(number)
        self.book = [order for order in self.book if order[0] != number]
        return left

    def left(self, number):
        return sum(order[2][-1][1] - order[3] for order in self.book if order[0] == number)


def offer(corners, level):
    """Return the largest whole number of units on or below the curve at a level."""
    units, from_level, from_quantity = 0, None, 0
    for to_level, to_quantity, whole in corners:
        if to_level <= level:
            units = to_quantity
        elif from_level is not None and from_level <= level and not whole:
            while (units + 1 - from_quantity) * (to_level - from_level) <= (level - from_level) * (
                to_quantity - from_quantity
            ):
                units += 1
        if to_level > level:
            break
        from_level, from_quantity = to_level, to_quantity
    return units


def block(corners, used):
    """Return the least that can be taken after `used` units."""
    _, quantity, whole = next(corner for corner in corners if corner[1] > used)
    return quantity - used if whole else 1


def allowed(corners):
    """Return every number of units at which a curve may end."""
    ends, before = {0}, 0
    for _, quantity, whole in corners:
        ends |= {quantity} if whole else set(range(before, quantity + 1))
        before = quantity
    return ends


def random_corners(chance):
    """Return up to four corners; steps, slopes, flats and whole segments all occur often."""
    count = chance.randint(1, 4)
    levels = sorted(chance.randint(-8, 8) for _ in range(count))
    quantities = sorted(chance.randint(0, 9) for _ in range(count))
    quantities[-1] += 1
    likely = chance.choice((0, 0.3, 1))
    return tuple((a, q, chance.random() < likely) for a, q in zip(levels, quantities, strict=True))


def random_calls(seed, orders=14):
    chance = random.Random(seed)
    for number in range(orders):
        corners = random_corners(chance)
        yield "add", (chance.choice((1, -1)), corners, 0, chance.random() < 0.9)
        if chance.random() < 0.1:
            yield "cancel", (chance.randint(0, number),)


def outcomes(matcher, calls):
    told = [getattr(matcher, name)(*arguments) for name, arguments in calls]
    return told, [matcher.left(number) for number in range(len(told))]


@pytest.mark.parametrize("make", MATCHERS)
@pytest.mark.parametrize("volume_first", [False, True])
def test_equals_every_price(make, volume_first):
    """14 orders a book, 10,000 aggressive orders a case; every trade and every remainder."""
    books = [list(random_calls(seed)) for seed in range(720)]

    for calls in books:
        assert outcomes(EveryPrice(volume_first), calls) == outcomes(make(volume_first), calls)


def packed(calls):
    """Return the orders of `calls` as arrays."""
    added = [arguments for name, arguments in calls if name == "add"]
    start = np.cumsum([0, *(len(corners) for _, corners, _, _ in added)])
    rows = np.array([(sign, stands) for sign, _, _, stands in added], dtype=np.int64)
    return rows, start, np.array([corner for _, corners, _, _ in added for corner in corners], dtype=np.int64)


@pytest.mark.parametrize("volume_first", [False, True])
def test_compiled_equals_plain_on_a_deep_book(volume_first):
    """Hundreds of standing orders, in one batch: the same trades in the same order."""
    orders = packed(list(random_calls(7, orders=3_000)))

    plain, chosen = (make(volume_first).add_all(*orders) for make in (CurveMatcherPlain, curve_matcher))

    np.testing.assert_array_equal(plain, chosen)


@pytest.mark.parametrize("make", MATCHERS)
def test_the_largest_numbers_do_not_overflow(make):
    """A slope over all prices and quantities, crossed at its last step but one."""
    matcher, far, most = make(False), 2**30, 2**31 - 1
    matcher.add(1, ((-far, 0, False), (far, most, False)), 0, True)

    assert [(0, far - 1, most - 1)] == matcher.add(-1, ((-far, most - 1, True),), 0, True)


@pytest.mark.parametrize("make", MATCHERS)
def test_blocks_that_are_too_large_are_passed_over(make):
    """Two hundred blocks at better prices than the one that fits."""
    matcher = make(False)
    for level in range(200):
        matcher.add(1, ((level, 50, True),), 0, True)
    matcher.add(1, ((2_000, 5, True),), 0, True)

    assert [(200, 2_000, 5)] == matcher.add(-1, ((-3_000, 9, False),), 0, False)
