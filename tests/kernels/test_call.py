"""The uncrossing of limit orders: both builds against a search of every price, and against each other."""

import numpy as np
import pytest

from micromarket.errors import InvalidValue, WrongShape
from micromarket.kernels.backend import native
from micromarket.kernels.call import MOST_TICKS, uncross, uncross_plain

BUILDS = [pytest.param(uncross_plain, id="plain")]
if native is not None:
    BUILDS.append(pytest.param(uncross, id="compiled"))


def by_search(prices, powers, reference):
    """Return the answer of a look at every price, and of serving one unit after the other."""
    book = list(zip(prices, powers, strict=True))
    ranked = {}
    for price in range(min(prices) - 1, max(prices) + 2):
        supply = sum(q for p, q in book if q > 0 and p <= price)
        demand = -sum(q for p, q in book if q < 0 and p >= price)
        ranked[price] = (-min(supply, demand), abs(supply - demand)), supply - demand
    best = min(rank for rank, _ in ranked.values())
    good = [price for price, (rank, _) in ranked.items() if rank == best]
    price = (good[0] + good[-1]) // 2 if reference is None else min(good, key=lambda p: (abs(p - reference), p))
    awards = [0] * len(book)
    for sign in (1, -1):
        queue = sorted((sign * p, i) for i, (p, q) in enumerate(book) if sign * q > 0)
        units = [i for _, i in queue for _ in range(abs(powers[i]))]
        for i in units[: -best[0]]:
            awards[i] += sign
    return price, good[0], good[-1], -best[0], ranked[price][1], awards


def plain(answer):
    return *answer[:5], answer[5].tolist()


def random_books(seed, count, most=9):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        size, ticks = rng.integers(1, most), rng.integers(1, 12)
        reference = None if rng.random() < 0.3 else int(rng.integers(-15, 16))
        yield rng.integers(-ticks, ticks + 1, size), rng.integers(-6, 7, size), reference


@pytest.mark.parametrize("build", BUILDS)
def test_a_search_of_every_price_agrees(build):
    """Price, stretch, volume, imbalance and every award of thousands of small books, to the last step."""
    for prices, powers, reference in random_books(1, 5_000):
        expected = by_search(prices.tolist(), powers.tolist(), reference)

        assert expected == plain(build(prices, powers, reference))


def test_both_builds_agree_on_large_books():
    """Many orders on few and on many ticks, in both widths of whole numbers."""
    rng = np.random.default_rng(2)
    for ticks in (1, 50, 5_000):
        prices, powers = rng.integers(-ticks, ticks + 1, 20_000), rng.integers(-99, 100, 20_000)
        expected = plain(uncross_plain(prices, powers, 7))

        assert expected == plain(uncross(prices, powers, 7))
        assert expected == plain(uncross(prices.astype(np.int32), powers.astype(np.int32), 7))


@pytest.mark.parametrize("reach", [MOST_TICKS, 2**31 - 1, 2**33])
def test_a_book_may_be_wide(reach):
    """A few orders far apart cost no memory for the prices between; prices beyond 32 bits work as well."""
    prices, powers = [-reach, reach], [4, -3]

    assert (0, -reach, reach, 3, 1, [3, -3]) == plain(uncross(prices, powers))


def test_prices_at_the_end_of_32_bits():
    """The step beyond the lowest and highest price does not wrap around."""
    for price in (-(2**31), 2**31 - 1):
        steps = np.array([price, price], dtype=np.int32), np.array([2, -5], dtype=np.int32)

        assert (price, price, price, 2, -3, [2, -2]) == plain(uncross(*steps))


def test_an_empty_book():
    """Nobody there: the reference if there is one, else zero; nothing matched."""
    assert [(5, 5, 5, 0, 0, []), (0, 0, 0, 0, 0, [])] == [plain(uncross([], [], each)) for each in (5, None)]


@pytest.mark.parametrize(
    ("prices", "powers", "reason"),
    [
        ([1, 2], [1], WrongShape),
        ([[1]], [[1]], WrongShape),
        ([1.5], [1], InvalidValue),
        ([float("nan")], [1], InvalidValue),
        ([1, 1], [2**61, 1], InvalidValue),
    ],
)
def test_what_cannot_be_counted_is_refused(prices, powers, reason):
    """Shapes that do not fit, numbers between steps, sums beyond 64 bits."""
    with pytest.raises(reason):
        uncross(prices, powers)
