"""Random curves of many kinds, the degenerate ones first, and an exact evaluation to compare with."""

from bisect import bisect_left, bisect_right
from fractions import Fraction

import numpy as np

KINDS = ("grid", "steps", "smooth", "scales", "unlimited", "inelastic", "one_sided")


def columns(kind, seed, participants=8, intervals=20, vertices=4):
    """Return prices and powers, each of shape (T, V, n).

    `grid`: whole prices and powers, so that ties, steps, flats and flat zero stretches abound; `steps`: steps only,
    at shared prices in tenths; `smooth`: all different; `scales`: prices and powers of very different size;
    `unlimited`: a supplier takes and gives without limit; `inelastic`: most never move; `one_sided`: nobody consumes.
    """
    rng = np.random.default_rng([KINDS.index(kind), seed])
    vertices = 4 if kind == "unlimited" else vertices
    shape = (intervals, vertices, participants)
    prices, powers = rng.normal(0.2, 0.1, shape), rng.normal(0, 3, shape)
    if kind in {"grid", "inelastic"}:
        prices, powers = rng.integers(-3, 6, shape) * 1.0, rng.integers(-4, 5, shape) * 1.0
    if kind == "steps":
        prices, powers = (
            np.broadcast_to(rng.integers(-3, 6, shape)[:, :1] / 10, shape),
            rng.integers(-4, 5, shape) / 10,
        )
    if kind == "scales":
        prices = prices * 10.0 ** rng.integers(-6, 7, participants)
        powers = powers * 10.0 ** rng.integers(-3, 4, participants)
    prices, powers = np.sort(prices, axis=1), np.sort(powers, axis=1)
    if kind == "unlimited":
        prices[:, :, 0], powers[:, :, 0] = [0.1, 0.1, 0.3, 0.3], [-1e9, 0, 0, 1e9]
    if kind == "inelastic":
        powers[:, :, 1:] = powers[:, :1, 1:]
    if kind == "one_sided":
        powers = np.abs(powers[:, :1]) * np.linspace(0, 1, vertices)[:, None]
    return np.ascontiguousarray(prices), np.ascontiguousarray(powers)


def exact_powers(prices, powers, price):
    """Return both ends of one curve's step at a price, in exact arithmetic; vertices as two lists."""
    at = [Fraction(each) for each in prices]
    gives = [Fraction(each) for each in powers]
    first, after = bisect_left(at, price), bisect_right(at, price)
    if first < after:
        return gives[first], gives[after - 1]
    if first in {0, len(at)}:
        end = gives[0 if first == 0 else -1]
        return end, end
    share = (Fraction(price) - at[first - 1]) / (at[first] - at[first - 1])
    power = gives[first - 1] + share * (gives[first] - gives[first - 1])
    return power, power


def exact_sum(prices, powers, price):
    """Return both ends of the step of a sum of curves at a price; vertices as columns (V, n)."""
    ends = [exact_powers(prices[:, i], powers[:, i], price) for i in range(prices.shape[1])]
    return sum(low for low, _ in ends), sum(high for _, high in ends)
