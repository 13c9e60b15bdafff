"""The nested auction over a whole tree: net curves bottom-up, prices and powers top-down.

The plain twin below is the specification of ``native/nested.hpp``; both give the same prices and powers to rounding.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import inf, isnan

import numpy as np
from numpy.typing import NDArray

from micromarket.kernels.backend import native
from micromarket.kernels.lines import Line
from micromarket.kernels.polylines import Polyline, add_all, polyline, powers_at, prices_at

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
BALANCED, SHORT, SURPLUS = 0, 1, 2
THREADS = 2


@dataclass(frozen=True, slots=True, eq=False)
class NestedProblem:
    """Arrays of one call; ragged ones hold entries ``start[k]:start[k + 1]`` for node `k`.

    Parameters
    ----------
    parent : array of int32, shape (m,)
        Parent of each node, which stands before it; -1 for the root, node 0.
    link_start : array of int64, shape (m + 1,)
        Where the borders of the pieces of each node's link start.
    own_power, seen_power : array of float
        Power out of the node at those borders [kW], rising, at the node's end and at the parent's end of the line.
    price_factor : array of float
        Parent's price per price of the node on the piece that starts at the border (unused at the last border).
    member_start : array of int64, shape (m + 1,)
        Where the members of each node start in `members`.
    members : array of int64, shape (n,)
        Participants, ordered by node.
    reference : array of float, shape (T,)
        Price [currency/kWh] to stay near where many prices balance the root; NaN for none.
    prices, powers : sequence of arrays of float, shape (n_f, T, V_f)
        Vertices [currency/kWh, kW] of each fleet's curves, in any memory order; `n` is the sum of `n_f`.
    """

    parent: NDArray[np.int32]
    link_start: Indices
    own_power: Floats
    seen_power: Floats
    price_factor: Floats
    member_start: Indices
    members: Indices
    reference: Floats
    prices: Sequence[Floats]
    powers: Sequence[Floats]


@dataclass(frozen=True, slots=True, eq=False)
class NestedSolution:
    """What the kernel fills: shape (T, m) by node and (T, n) by participant."""

    price: Floats
    sent: Floats
    received: Floats
    outcome: NDArray[np.int8]
    congested: NDArray[np.bool_]
    powers: Floats
    unserved: Floats

    @classmethod
    def empty(cls, intervals: int, nodes: int, participants: int) -> NestedSolution:
        """Return arrays to be filled."""
        shape = (intervals, nodes)
        return cls(
            price=np.zeros(shape),
            sent=np.zeros(shape),
            received=np.zeros(shape),
            outcome=np.zeros(shape, dtype=np.int8),
            congested=np.zeros(shape, dtype=np.bool_),
            powers=np.zeros((intervals, participants)),
            unserved=np.zeros((intervals, participants)),
        )


def clear_nested(problem: NestedProblem) -> NestedSolution:
    """Solve every interval with the compiled kernel, or with the plain twin where there is none."""
    if native is None:
        return clear_nested_plain(problem)
    p = problem
    out = NestedSolution.empty(len(p.reference), len(p.parent), len(p.members))
    fixed = (
        p.parent,
        p.link_start,
        p.own_power,
        p.seen_power,
        p.price_factor,
        p.member_start,
        p.members,
        p.reference,
    )
    filled = (out.price, out.sent, out.received, out.outcome, out.congested, out.powers, out.unserved)
    native.clear_nested(*fixed, list(p.prices), list(p.powers), *filled, THREADS)
    return out


def clear_nested_plain(problem: NestedProblem) -> NestedSolution:
    """Solve every interval in plain Python: the specification of the compiled kernel."""
    out = NestedSolution.empty(len(problem.reference), len(problem.parent), len(problem.members))
    for interval in range(len(problem.reference)):
        _Interval(problem, out, interval).solve()
    return out


@dataclass(slots=True)
class _Share:
    """What one participant or child may and does contribute to its node."""

    low: float
    high: float
    power: float


@dataclass(slots=True)
class _Interval:
    """One interval: curves up, then prices and powers down."""

    problem: NestedProblem
    out: NestedSolution
    interval: int
    own: dict[int, Polyline] = field(default_factory=dict)
    seen: dict[int, Polyline] = field(default_factory=dict)
    target: dict[int, float] = field(default_factory=dict)
    gross: dict[int, float] = field(default_factory=dict)
    curves: list[Polyline] = field(default_factory=list)
    links: list[Line] = field(default_factory=list)
    children: list[list[int]] = field(default_factory=list)

    def solve(self) -> None:
        """Fill this interval's row of the solution."""
        problem = self.problem
        nodes = range(len(problem.parent))
        for prices, powers in zip(problem.prices, problem.powers, strict=True):
            both = np.stack([prices[:, self.interval], powers[:, self.interval]], axis=2)
            self.curves += [polyline((p, q) for p, q in curve) for curve in both.tolist()]
        for k in nodes:
            part = slice(problem.link_start[k], problem.link_start[k + 1])
            arrays = (problem.own_power, problem.seen_power, problem.price_factor)
            self.links.append(Line(*(array[part].tolist() for array in arrays)))
            self.children.append([])
            if k > 0:
                self.children[problem.parent[k]].append(k)
        for k in reversed(nodes):
            self.own[k] = add_all(list(self.everyone(k)))
            self.seen[k] = self.links[k].bend(self.own[k]) if k > 0 else self.own[k]
        self.target[0] = 0.0
        for k in nodes:
            self.dispatch(k)

    def members(self, k: int) -> list[int]:
        return [int(i) for i in self.problem.members[self.problem.member_start[k] : self.problem.member_start[k + 1]]]

    def everyone(self, k: int) -> Iterator[Polyline]:
        yield from (self.curves[i] for i in self.members(k))
        yield from (self.seen[child] for child in self.children[k])

    def dispatch(self, k: int) -> None:
        """Set the price of a node whose net power is given, and the power of everyone in it."""
        own, target, row = self.own[k], self.target[k], self.interval
        shares = self.shares(k)
        gross = sum(abs(share.power) for share in shares)
        self.gross[k] = gross if k == 0 else max(gross, self.gross[self.problem.parent[k]])
        tolerance = 1e-10 + 1e-13 * self.gross[k]
        outcome = (
            SHORT if target > own[-1][1] + tolerance else SURPLUS if target < own[0][1] - tolerance else BALANCED
        )
        self.out.outcome[row, k] = outcome
        price, congested = self.root_price(outcome, tolerance) if k == 0 else self.price(k, outcome, tolerance)
        self.out.price[row, k], self.out.congested[row, k] = price, congested
        rest = target - sum(share.power for share in shares)
        _settle(shares, rest) if outcome == BALANCED else _ration(shares, -1.0 if outcome == SHORT else 1.0, rest)
        self.write(k, shares, outcome)

    def shares(self, k: int) -> list[_Share]:
        """Return everyone's power where the node's net curve meets its target: in proportion along that piece."""
        own, target = self.own[k], self.target[k]
        above = bisect_right([power for _, power in own], target)
        end = own[min(above, len(own) - 1)]
        (p, low), (q, high) = (own[above - 1], end) if 0 < above < len(own) else (end, end)
        part = (target - low) / (high - low) if low < high else 0.0 if above == 0 else 1.0
        rest = (high - target) / (high - low) if low < high else 1.0 - part
        shares = []
        for curve in self.everyone(k):
            a, b = powers_at(curve, p)[p < q], powers_at(curve, q)[p == q]
            shares.append(_Share(a, b, a + part * (b - a) if part <= 0.5 else b - rest * (b - a)))
        return shares

    def write(self, k: int, shares: list[_Share], outcome: int) -> None:
        members, row, out = self.members(k), self.interval, self.out
        for i, share in zip(members, shares[: len(members)], strict=True):
            out.powers[row, i] = share.power
            out.unserved[row, i] = 0.0 if outcome == BALANCED else abs(share.high - share.power)
        for child, share in zip(self.children[k], shares[len(members) :], strict=True):
            self.target[child] = own = self.links[child].to_node(share.power)
            ends = (share.power, own) if share.power < 0 else (own, share.power)
            out.sent[row, child], out.received[row, child] = -ends[0], -ends[1]

    def stretch(self, k: int, outcome: int, tolerance: float) -> tuple[float, float]:
        """Return the prices that balance, or in a shortage or surplus those beyond which nobody moves."""
        own = self.own[k]
        if outcome == SHORT:
            return (own[-1][0] if len(own) > 1 else -inf), inf
        if outcome == SURPLUS:
            return -inf, (own[0][0] if len(own) > 1 else inf)
        return self.balancing(k, tolerance)

    def balancing(self, k: int, tolerance: float) -> tuple[float, float]:
        """Return the stretch of prices that balance; rounding must not push a target off a flat stretch."""
        own, target = self.own[k], self.target[k]
        low = prices_at(own, max(target - tolerance, own[0][1]))[0]
        return low, prices_at(own, min(target + tolerance, own[-1][1]))[1]

    def root_price(self, outcome: int, tolerance: float) -> tuple[float, bool]:
        own, reference = self.own[0], float(self.problem.reference[self.interval])
        if len(own) == 1:
            low, high = -inf, inf
        elif outcome != BALANCED:
            low = high = own[-1 if outcome == SHORT else 0][0]
        else:
            low, high = self.balancing(0, tolerance)
        if not isnan(reference):
            return min(max(reference, low), high), False
        if low > -inf and high < inf:
            return low + 0.5 * (high - low), False
        return (low if low > -inf else high if high < inf else 0.0), False

    def price(self, k: int, outcome: int, tolerance: float) -> tuple[float, bool]:
        """Return the balancing price nearest to what the line makes of the parent's, and if the line congests it."""
        link, parent_price = self.links[k], float(self.out.price[self.interval, self.problem.parent[k]])
        power = link.to_parent(self.target[k], link.piece_of(link.own, self.target[k]))
        price = link.nearest_price(parent_price, power, self.stretch(k, outcome, tolerance), tolerance)
        least, most = link.prices_without_congestion(parent_price, power, tolerance)
        full_in, full_out = link.full(power, tolerance)
        slack = 1e-12 * (1.0 + abs(price))
        short_in = full_in and (outcome == SHORT or price > most + slack)
        return price, short_in or (full_out and (outcome == SURPLUS or price < least - slack))


def _settle(shares: list[_Share], rest: float) -> None:
    for _ in range(3):
        rooms = [share.high - share.power if rest > 0 else share.power - share.low for share in shares]
        most = max(rooms, default=0.0)
        if rest == 0 or most <= 0:
            return
        moved = min(max(rest, -most), most)
        shares[rooms.index(most)].power += moved
        rest -= moved


def _ration(shares: list[_Share], side: float, rest: float) -> None:
    for share in shares:
        share.high = share.power
    cut = [share for share in shares if share.power * side > 0]
    if not cut:
        return
    part = min(1.0, abs(rest) / sum(abs(share.power) for share in cut))
    for share in cut:
        share.power -= share.high * part
        rest += share.high * part
    max(cut, key=lambda share: abs(share.high)).power += rest
