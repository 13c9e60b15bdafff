"""A line between a node and its parent: the specification of ``Link`` in ``native/nested.hpp``."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise
from math import inf
from typing import NamedTuple

from micromarket.kernels.polylines import Polyline, Vertex, clip, interpolated_power, interpolated_price, polyline


class Line(NamedTuple):
    """Borders of the pieces of a node's line at both ends, and the price factor of each piece.

    Power goes from the node up where it is positive. ``own`` and ``seen`` rise; what is ``own[j]`` at the node is
    ``seen[j]`` at its parent, and between borders one is linear in the other.
    """

    own: list[float]
    seen: list[float]
    factor: list[float]

    @property
    def lossless(self) -> bool:
        """Whether power and price pass unchanged."""
        return len(self.own) == 2 and self.factor[0] == 1.0

    def piece_of(self, borders: list[float], power: float) -> int:
        """Return the last piece that starts at or below a power, at the end whose borders are given."""
        return min(max(bisect_right(borders, power) - 1, 0), len(borders) - 2)

    def to_parent(self, power: float, piece: int) -> float:
        """Return the power at the parent's end."""
        if self.lossless or power == self.own[piece]:
            return power if self.lossless else self.seen[piece]
        return min(self.seen[piece + 1], self.seen[piece] + (power - self.own[piece]) / self.factor[piece])

    def to_node(self, power: float) -> float:
        """Return the power at the node's end."""
        if self.lossless:
            return power
        piece = self.piece_of(self.seen, power)
        return min(self.own[piece + 1], self.own[piece] + (power - self.seen[piece]) * self.factor[piece])

    def price_to_parent(self, price: float, piece: int) -> float:
        """Return what a price of the node is at the parent; a negative one passes unchanged."""
        return price if price < 0 else price * self.factor[piece]

    def price_to_node(self, price: float, piece: int) -> float:
        """Return what a price of the parent is at the node; a negative one passes unchanged."""
        return price if price < 0 else price / self.factor[piece]

    def prices_without_congestion(self, price: float, power: float, tolerance: float) -> tuple[float, float]:
        """Return the prices of the node that differ from its parent's by nothing but losses."""
        if self.lossless:
            return price, price
        piece = self.piece_of(self.seen, power)
        start = piece > 0 and power <= self.seen[piece] + tolerance
        end = piece + 2 < len(self.seen) and power >= self.seen[piece + 1] - tolerance
        return self.price_to_node(price, piece + end), self.price_to_node(price, piece - start)

    def full(self, power: float, tolerance: float) -> tuple[bool, bool]:
        """Return whether a power at the parent's end fills the line toward the node, and from it."""
        return power <= self.seen[0] + tolerance, power >= self.seen[-1] - tolerance

    def nearest_price(self, price: float, power: float, balancing: tuple[float, float], tolerance: float) -> float:
        """Return, of the prices that balance a node, the one nearest to its parent's price, losses reckoned.

        What balances may be a stretch without end. Where it misses the prices that losses allow, the line is full, or
        the node is short or in surplus.
        """
        least, most = self.prices_without_congestion(price, power, tolerance)
        full_in, full_out = self.full(power, tolerance)
        least, most = -inf if full_out else least, inf if full_in else most
        low, high = balancing
        if low > most or high < least:
            return low if low > most else high
        return min(max(price, least, low), most, high)

    def bend(self, curve: Polyline) -> Polyline:
        """Return a node's curve as its parent sees it."""
        cut = clip(curve, self.own[0], self.own[-1])
        if self.lossless:
            return cut
        if len(cut) == 1:
            return [(0.0, self.to_parent(cut[0][1], self.piece_of(self.own, cut[0][1])))]
        borders = [(a, b) for a, b in pairwise(self._cut_at_borders(cut)) if a[1] < b[1]]
        return polyline(vertex for a, b in borders for vertex in self._bend_piece(a, b))

    def _cut_at_borders(self, curve: Polyline) -> Iterator[Vertex]:
        for a, b in pairwise(curve):
            yield a
            inner = [(interpolated_price([a, b], at), at) for at in self.own if a[1] < at < b[1]]
            zero = [(0.0, interpolated_power([a, b], 0.0))] if a[0] < 0 < b[0] else []
            yield from sorted(inner + zero)
        yield curve[-1]

    def _bend_piece(self, a: Vertex, b: Vertex) -> Iterator[Vertex]:
        piece = self.piece_of(self.own, a[1])
        for price, power in (a, b):
            yield self.price_to_parent(price, piece), self.to_parent(power, piece)
