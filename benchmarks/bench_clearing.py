"""How fast markets clear: the kernel beside its NumPy twin, and beside the usual sort-and-cumulate.

Run as ``python benchmarks/bench_clearing.py``; medians of five calls on one machine in the same minute.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from micromarket.domain.curves import Curves, Floats
from micromarket.kernels.backend import NAME
from micromarket.kernels.clearing import balance, balance_plain
from micromarket.markets.auctions.auction import clear
from timing import duration, median_of, table

PUBLISHED_TENT_SECONDS = 3.0
"""Balance of 100 participants x 24 intervals by the template's reference code, measured on another machine."""


def columns(intervals: int, vertices: int, participants: int) -> tuple[Floats, Floats]:
    """Return random sloping curves, half of them rather consuming, as columns (T, V, n)."""
    rng = np.random.default_rng(1)
    shape = (intervals, vertices, participants)
    return np.sort(rng.uniform(0, 0.5, shape), axis=1), np.sort(rng.normal(0, 3, shape), axis=1)


def staircase(participants: int) -> tuple[Floats, Floats]:
    """Return one buy or sell step for each participant, all at different prices."""
    rng = np.random.default_rng(2)
    prices, width = np.repeat(rng.lognormal(size=(1, 1, participants)), 2, axis=1), rng.uniform(0, 5, participants)
    buys = np.arange(participants) % 2 == 0
    return prices, np.stack([np.where(buys, -width, 0), np.where(buys, 0, width)])[None]


def sort_and_cumulate(prices: Floats, powers: Floats) -> float:
    """Return the price of one interval the usual way: sort all vertices, cumulate slopes and powers, interpolate."""
    slope = np.diff(powers, axis=0) / np.diff(prices, axis=0)
    none = np.zeros((1, prices.shape[1]))
    at, change = prices.ravel(), np.diff(np.concatenate([none, slope, none]), axis=0).ravel()
    order = np.argsort(at)
    at, slopes = at[order], np.cumsum(change[order])
    power = powers[0].sum() + np.concatenate([[0], np.cumsum(slopes[:-1] * np.diff(at))])
    above = int(np.searchsorted(power, 0))
    return float(at[above] - power[above] / slopes[above - 1])


def everyone_at_every_price(curves: list[list[tuple[float, float]]]) -> float:
    """Return the price of one interval in plain Python by asking every participant at every vertex price.

    The algorithm of the template's reference code, written anew: quadratic in the number of participants.
    """
    prices = sorted({price for vertices in curves for price, _ in vertices})
    sums = [sum(_power(vertices, price) for vertices in curves) for price in prices]
    above = next(k for k, power in enumerate(sums) if power >= 0)
    share = sums[above - 1] / (sums[above - 1] - sums[above])
    return prices[above - 1] + share * (prices[above] - prices[above - 1])


def _power(vertices: list[tuple[float, float]], price: float) -> float:
    if price < vertices[0][0]:
        return vertices[0][1]
    for (left, low), (right, high) in pairwise(vertices):
        if left <= price < right:
            return low + (price - left) / (right - left) * (high - low)
    return vertices[-1][1]


def one_interval() -> list[dict[str, object]]:
    """Clear one interval of ever more participants."""
    rows: list[dict[str, object]] = []
    before = None
    for participants in (1_000, 10_000, 100_000, 1_000_000):
        market, none = columns(1, 4, participants), np.zeros(1)
        kernel = median_of(lambda m=market, z=none: balance(*m, z))
        plain = median_of(lambda m=market, z=none: balance_plain(*m, z))
        usual = median_of(lambda m=market: sort_and_cumulate(m[0][0], m[1][0]))
        assert abs(sort_and_cumulate(market[0][0], market[1][0]) - balance(*market, none)[0][0]) < 1e-9
        whole = median_of(lambda c=Curves.from_columns(*market): clear(c))
        rows.append(
            {
                "participants": participants,
                f"kernel ({NAME})": duration(kernel),
                "growth": "" if before is None else f"{kernel / before:.1f}x",
                "NumPy twin": duration(plain),
                "sort and cumulate": duration(usual),
                "kernel is faster": f"{usual / kernel:.0f}x",
                "twin is faster": f"{usual / plain:.1f}x",
                "clear(), with powers": duration(whole),
            }
        )
        before = kernel
    return rows


def many_intervals() -> list[dict[str, object]]:
    """Clear many small markets in one call, and staircases of distinct steps."""
    rows: list[dict[str, object]] = []
    cases = {
        "35,040 intervals x 30 participants, 4 vertices": columns(35_040, 4, 30),
        "672 intervals x 1,000 participants, 4 vertices": columns(672, 4, 1_000),
        "1 interval x 100,000 distinct steps": staircase(100_000),
    }
    for name, market in cases.items():
        none = np.zeros(len(market[0]))
        kernel = median_of(lambda m=market, z=none: balance(*m, z))
        plain = median_of(lambda m=market, z=none: balance_plain(*m, z))
        rows.append(
            {
                "market": name,
                f"kernel ({NAME})": duration(kernel),
                "NumPy twin": duration(plain),
                "ratio": f"{plain / kernel:.0f}x",
            }
        )
    return rows


def beside_the_template() -> list[dict[str, object]]:
    """Balance 100 participants x 24 intervals beside the quadratic algorithm."""
    prices, powers = columns(24, 2, 100)
    powers -= powers.mean()
    lists = [
        [list(zip(prices[t, :, i].tolist(), powers[t, :, i].tolist(), strict=True)) for i in range(100)]
        for t in range(24)
    ]
    curves = Curves.from_columns(prices, powers)
    assert np.allclose([everyone_at_every_price(each) for each in lists], clear(curves).price)
    quadratic = median_of(lambda: [everyone_at_every_price(each) for each in lists])
    ours, plain = median_of(lambda: clear(curves)), median_of(lambda: balance_plain(prices, powers, np.zeros(24)))
    others = {
        f"clear(), prices and powers ({NAME})": ours,
        "NumPy twin, prices only": plain,
        "every participant at every vertex price, plain Python, written anew": quadratic,
        "the template's reference code, as measured on another machine": PUBLISHED_TENT_SECONDS,
    }
    return [
        {"what": name, "time": duration(each), "times clear()": f"{each / ours:,.0f}x"}
        for name, each in others.items()
    ]


def main() -> None:
    """Print all tables."""
    table(one_interval(), "One interval, four vertices a participant")
    table(many_intervals(), "Many intervals, and steps only")
    table(beside_the_template(), "100 participants x 24 intervals, two vertices")


if __name__ == "__main__":
    main()
