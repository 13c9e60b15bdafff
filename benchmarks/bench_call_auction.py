"""The call auction: price and every award of limit orders on a tick grid, beside the NumPy twin that sorts them.

Orders are half buyers, half sellers, normally spread (150 ticks) around prices 80 ticks apart, so that some cross and
some do not; quantities are 1 to 99 steps. The kernel is given int32 arrays, the twin the same numbers as int64. Both
return price, stretch, volume, imbalance and an array of awards, which are compared before anything is timed. The
twin is written to be read: it sorts more than once.
"""

from __future__ import annotations

import numpy as np

from micromarket.kernels.backend import NAME
from micromarket.kernels.call import uncross, uncross_plain
from timing import duration, median_of, table

REFERENCE = 10_000


def book(count: int, spread: float = 150.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(count)
    side = rng.choice(np.array([-1, 1]), count)
    prices = np.rint(REFERENCE + 40 * side + rng.normal(0, spread, count))
    return prices.astype(np.int32), (side * rng.integers(1, 100, count)).astype(np.int32)


def row(name: str, prices: np.ndarray, powers: np.ndarray) -> dict[str, object]:
    wide = prices.astype(np.int64), powers.astype(np.int64)
    found, expected = uncross(prices, powers, REFERENCE), uncross_plain(*wide, REFERENCE)
    if found[:5] != expected[:5] or not np.array_equal(found[5], expected[5]):
        raise AssertionError(f"both ways must agree; found {found[:5]} and {expected[:5]}")
    fast = median_of(lambda: uncross(prices, powers, REFERENCE))
    plain = median_of(lambda: uncross_plain(*wide, REFERENCE), 3)
    return {
        "orders": name,
        "ticks": int(np.ptp(prices)) + 1,
        "price and awards": duration(fast),
        "per order": duration(fast / len(prices)),
        "NumPy twin": duration(plain),
        "ratio": plain / fast,
    }


def main() -> None:
    rows = [row(f"{count:,}", *book(count)) for count in (10_000, 100_000, 1_000_000)]
    rows.append(row("1,000,000 on many ticks", *book(1_000_000, 20_000.0)))
    table(rows, f"Call auction, kernels: {NAME}")


if __name__ == "__main__":
    main()
