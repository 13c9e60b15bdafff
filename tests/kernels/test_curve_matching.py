"""The matcher of curve orders, compiled and plain, against a page that goes through every price, one by one."""

import random

import numpy as np
import pytest

from every_price import EveryPrice
from micromarket.kernels.backend import native
from micromarket.kernels.curve_matching import CurveMatcherPlain, curve_matcher

MATCHERS = [CurveMatcherPlain] if native is None else [CurveMatcherPlain, curve_matcher]


def random_corners(chance):
    """Return up to four corners; steps, slopes, flats and whole segments all occur often."""
    count = chance.randint(1, 4)
    levels = sorted(chance.randint(-8, 8) for _ in range(count))
    quantities = sorted(chance.randint(0, 9) for _ in range(count))
    quantities[-1] += 1
    likely = chance.choice((0, 0.3, 1))
    return [(a, q, chance.random() < likely) for a, q in zip(levels, quantities, strict=True)]


def random_calls(seed, orders=14):
    chance = random.Random(seed)
    for number in range(orders):
        corners = random_corners(chance)
        yield "add", (chance.choice((1, -1)), corners, chance.random() < 0.9)
        if chance.random() < 0.1:
            yield "cancel", (chance.randint(0, number),)


def outcomes(matcher, calls):
    told = [getattr(matcher, name)(*arguments) for name, arguments in calls]
    return told, [matcher.left(number) for number in range(len(told))]


@pytest.mark.parametrize("make", MATCHERS)
@pytest.mark.parametrize("volume_first", [False, True])
def test_equals_every_price(make, volume_first):
    """14 orders a book; every trade and every remainder."""
    books = [list(random_calls(seed)) for seed in range(200)]

    for calls in books:
        assert outcomes(EveryPrice(volume_first), calls) == outcomes(make(volume_first), calls)


def packed(calls):
    """Return the orders of `calls` as arrays."""
    added = [arguments for name, arguments in calls if name == "add"]
    start = np.cumsum([0, *(len(corners) for _, corners, _ in added)])
    rows = np.array([(sign, stands) for sign, _, stands in added], dtype=np.int64)
    return rows, start, np.array([corner for _, corners, _ in added for corner in corners], dtype=np.int64)


@pytest.mark.parametrize("volume_first", [False, True])
def test_compiled_equals_plain_on_a_deep_book(volume_first):
    """Hundreds of standing orders, in one batch: the same trades in the same order."""
    orders = packed(list(random_calls(7, orders=3_000)))

    plain, chosen = (make(volume_first).add_all(*orders) for make in (CurveMatcherPlain, curve_matcher))

    np.testing.assert_array_equal(plain, chosen)


@pytest.mark.parametrize("make", MATCHERS)
def test_the_largest_numbers_do_not_overflow(make):
    """A slope over all prices and quantities, crossed at its last step but one."""
    matcher, far, most = make(False), 2**31 - 1, 2**31 - 1
    matcher.add(1, [(-far, 0, False), (far, most, False)], True)

    assert [(0, far - 2, most - 1, 1)] == matcher.add(-1, [(-far, most - 1, True)], True)


@pytest.mark.parametrize("make", MATCHERS)
def test_blocks_that_are_too_large_are_passed_over(make):
    """Two hundred blocks at better prices than the one that fits."""
    matcher = make(False)
    for level in range(200):
        matcher.add(1, [(level, 50, True)], True)
    matcher.add(1, [(2_000, 5, True)], True)

    assert [(200, 2_000, 5, 0)] == matcher.add(-1, [(-3_000, 9, False)], False)


@pytest.mark.parametrize("make", MATCHERS)
@pytest.mark.parametrize("volume_first", [False, True])
def test_a_book_made_again_goes_on_the_same(make, volume_first):
    """The orders that stand, put into another matcher with what was used of them, meet the next ones alike."""
    for seed in range(100):
        calls = [arguments for name, arguments in random_calls(seed, orders=30) if name == "add"]
        one, other = make(volume_first), make(volume_first)
        for arguments in calls[:20]:
            one.add(*arguments)
        standing = [number for number in range(20) if one.left(number)]
        for number in standing:
            sign, corners, _ = calls[number]
            other.stand(sign, corners, corners[-1][1] - one.left(number))
        told = [[one.add(*arguments) for arguments in calls[20:]], [other.add(*each) for each in calls[20:]]]

        assert [one.best(1), one.best(-1)] == [other.best(1), other.best(-1)]
        names = [*standing, *range(20, 30)]
        assert told[0] == [[(names[trade[0]], *trade[1:]) for trade in trades] for trades in told[1]]


@pytest.mark.parametrize("make", MATCHERS)
@pytest.mark.parametrize(("volume_first", "first"), [(False, 0), (True, 1)])
def test_less_of_a_step_keeps_its_age(make, volume_first, first):
    """By age it stays the first; by volume it falls behind one that is now larger."""
    matcher = make(volume_first)
    for quantity in (5, 4):
        matcher.add(1, [(10, quantity, False)], True)
    matcher.reduce(0, 3)

    assert ([3, 4], first) == ([matcher.left(0), matcher.left(1)], matcher.add(-1, [(-10, 1, False)], False)[0][0])


@pytest.mark.parametrize("make", MATCHERS)
def test_the_best_price_is_that_of_the_next_step(make):
    """Of a slope that is used in part, the level of what comes next; None where nothing stands."""
    matcher = make(False)
    matcher.stand(1, [(10, 0, False), (20, 5, False)], 2)

    assert (16, None) == (matcher.best(1), matcher.best(-1))
