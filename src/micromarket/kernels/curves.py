"""Sums of curves, group by group, on columns; compiled if there is a compiler, else the plain twin.

Columns are arrays of shape (T, V, n): vertex `v` of participant `i` in interval `t`. The twins evaluate every curve
at every price any curve of the group has, which is slow and obviously right; the compiled kernel merges curves two by
two.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from micromarket.kernels.backend import native

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Vertices = tuple[Floats, Floats]


def sum_groups(prices: Floats, powers: Floats, offsets: Integers) -> Vertices:
    """Return the sum of the curves of each group, without redundant vertices.

    Parameters
    ----------
    prices, powers : array of float, shape (T, V, n)
        Vertices [currency/kWh, kW], participants standing group by group.
    offsets : array of int, shape (G + 1,)
        Group `g` is the participants from ``offsets[g]`` until ``offsets[g + 1]``; an empty group sums to zero.

    Returns
    -------
    prices, powers : array of float, shape (T, W, G)
        Vertices of the sums, the last one repeated up to the width `W` of the longest.
    """
    if native is None:
        return sum_groups_plain(prices, powers, offsets)
    return native.sum_groups(prices, powers, offsets)  # type: ignore[no-any-return]


def sum_others(prices: Floats, powers: Floats, offsets: Integers) -> Vertices:
    """Return for each participant the sum of the others of its group; arguments as of `sum_groups`.

    Returns
    -------
    prices, powers : array of float, shape (T, W, n)
        Vertices of the sums. Nothing is subtracted, so an unlimited participant costs no digits.
    """
    if native is None:
        return sum_others_plain(prices, powers, offsets)
    return native.sum_others(prices, powers, offsets)  # type: ignore[no-any-return]


def sum_groups_plain(prices: Floats, powers: Floats, offsets: Integers) -> Vertices:
    """Plain twin of `sum_groups`."""
    chosen = [np.arange(first, after) for first, after in pairwise(offsets)]
    return _padded([[_sum(prices[t][:, of], powers[t][:, of]) for of in chosen] for t in range(len(prices))])


def sum_others_plain(prices: Floats, powers: Floats, offsets: Integers) -> Vertices:
    """Plain twin of `sum_others`."""
    groups = [np.arange(first, after) for first, after in pairwise(offsets)]
    chosen = [np.delete(group, k) for group in groups for k in range(len(group))]
    return _padded([[_sum(prices[t][:, of], powers[t][:, of]) for of in chosen] for t in range(len(prices))])


def _sum(prices: Floats, powers: Floats) -> Vertices:
    """Return the vertices of the sum of curves given as columns (V, n)."""
    curves = [_simplified(prices[:, k], powers[:, k]) for k in range(prices.shape[1])]
    at = np.unique(np.concatenate([np.zeros(0), *(corners for corners, _ in curves if len(corners) > 1)]))
    if not at.size:
        return np.zeros(1), np.array([sum(power[0] for _, power in curves)], dtype=float)
    low, high = np.zeros_like(at), np.zeros_like(at)
    for curve in curves:
        left, right = _evaluated(*curve, at)
        low += left
        high += right
    return _simplified(np.repeat(at, 2), np.column_stack([low, high]).ravel())


def _evaluated(prices: Floats, powers: Floats, at: Floats) -> Vertices:
    first, after = np.searchsorted(prices, at, "left"), np.searchsorted(prices, at, "right")
    before, behind = np.maximum(after - 1, 0), np.minimum(after, len(prices) - 1)
    width = prices[behind] - prices[before]
    share = np.divide(at - prices[before], width, out=np.zeros_like(at), where=(width > 0) & (after > 0))
    high = np.minimum(powers[before] + share * (powers[behind] - powers[before]), powers[behind])
    return np.where(first < after, powers[np.minimum(first, len(prices) - 1)], high), high


def _simplified(prices: Floats, powers: Floats) -> Vertices:
    """Drop what is exactly redundant: repeats, middles of steps and flats, and the far ends of the tails."""
    kept = np.append(True, (np.diff(prices) > 0) | (np.diff(powers) > 0))
    prices, powers = prices[kept], powers[kept]
    kept = np.ones(len(prices), dtype=bool)
    step, flat = np.diff(prices) == 0, np.diff(powers) == 0
    kept[1:-1] = ~((step[:-1] & step[1:]) | (flat[:-1] & flat[1:]))
    prices, powers = prices[kept], powers[kept]
    last = len(prices) - int(len(prices) > 1 and powers[-1] == powers[-2])
    first = int(last > 1 and powers[0] == powers[1])
    return (prices if last - first > 1 else np.zeros_like(prices))[first:last], powers[first:last]


def _padded(results: list[list[Vertices]]) -> Vertices:
    columns = len(results[0]) if results else 0
    width = max((len(prices) for row in results for prices, _ in row), default=1)
    out = np.empty((2, len(results), width, columns))
    for t, row in enumerate(results):
        for k, vertices in enumerate(row):
            for cube, values in zip(out, vertices, strict=True):
                cube[t, : len(values), k] = values
                cube[t, len(values) :, k] = values[-1]
    return out[0], out[1]
