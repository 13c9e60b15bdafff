"""Curve arithmetic on plain lists of vertices: the specification of ``native/curves.hpp``.

A vertex is (price, power). Neither falls along a list; at most two vertices share a price (a step); no list starts or
ends with a flat piece; a list of one vertex is inelastic and its price means nothing.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import inf

Vertex = tuple[float, float]
Polyline = list[Vertex]


def polyline(vertices: Iterable[Vertex]) -> Polyline:
    """Return vertices without the redundant ones: repeats, middles of steps and flats, and the ends of flat tails."""
    kept: Polyline = []
    for price, power in vertices:
        flat = bool(kept) and kept[-1][1] == power
        step = bool(kept) and kept[-1][0] == price
        alone = len(kept) == 1
        if (flat and (alone or step or kept[-2][1] == power)) or (step and not alone and kept[-2][0] == price):
            kept.pop()
        kept.append((price, power))
    while len(kept) > 1 and kept[-1][1] == kept[-2][1]:
        kept.pop()
    return kept


def powers_at(curve: Polyline, price: float) -> tuple[float, float]:
    """Return the lowest and the highest power at a price; they differ on a step."""
    first = bisect_left(curve, (price, -inf))
    after = bisect_right(curve, (price, inf))
    if first < after:
        return curve[first][1], curve[after - 1][1]
    power = (
        curve[0][1]
        if first == 0
        else curve[-1][1]
        if first == len(curve)
        else interpolated_power(curve[first - 1 :], price)
    )
    return power, power


def prices_at(curve: Polyline, power: float) -> tuple[float, float]:
    """Return the lowest and the highest price at a power within the curve's range; infinite in a flat tail."""
    powers = [vertex[1] for vertex in curve]
    first, after = bisect_left(powers, power), bisect_right(powers, power)
    if first == after:
        price = interpolated_price(curve[first - 1 :], power)
        return price, price
    return (-inf if first == 0 else curve[first][0]), (inf if after == len(curve) else curve[after - 1][0])


def add(first: Polyline, second: Polyline) -> Polyline:
    """Return the sum of two curves."""
    if len(first) == 1 or len(second) == 1:
        elastic, constant = (second, first[0][1]) if len(first) == 1 else (first, second[0][1])
        return polyline((price, power + constant) for price, power in elastic)
    ends = (
        (price, powers_at(first, price), powers_at(second, price))
        for price in sorted({price for price, _ in first + second})
    )
    return polyline((price, one[side] + two[side]) for price, one, two in ends for side in (0, 1))


def add_all(curves: Sequence[Polyline]) -> Polyline:
    """Return the sum of any number of curves, merged two by two."""
    if len(curves) < 2:
        return curves[0] if curves else [(0.0, 0.0)]
    half = len(curves) // 2
    return add(add_all(curves[:half]), add_all(curves[half:]))


def clip(curve: Polyline, low: float, high: float) -> Polyline:
    """Return the curve held between two powers."""
    cut: Polyline = [(curve[0][0], min(max(curve[0][1], low), high))]
    for a, b in pairwise(curve):
        cut += [(interpolated_price([a, b], limit), limit) for limit in (low, high) if a[1] < limit < b[1]]
        cut.append((b[0], min(max(b[1], low), high)))
    return polyline(cut)


def interpolated_power(piece: Polyline, price: float) -> float:
    """Return the power at a price strictly inside the first piece of a curve."""
    (p, low), (q, high) = piece[:2]
    return min(high, low + (price - p) / (q - p) * (high - low))


def interpolated_price(piece: Polyline, power: float) -> float:
    """Return the price at a power strictly inside the first piece of a curve."""
    (low, p), (high, q) = piece[:2]
    return min(high, low + (power - p) / (q - p) * (high - low))
