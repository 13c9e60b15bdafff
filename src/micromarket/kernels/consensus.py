"""Consensus between neighbors over a whole network: round after round, every node, then every edge.

The plain twin below is the specification of ``native/consensus.hpp``; both give the same prices and flows to
rounding. It goes the long way: each neighbor becomes a curve over the line's pieces, a node's curves are added, and
the sum is solved for zero.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from micromarket.kernels.backend import native
from micromarket.kernels.exchange import DAMPING, GRAIN, RANGE, REACH, RELAXATION, ROUNDS_BETWEEN, EdgeState
from micromarket.kernels.lines import Line
from micromarket.kernels.polylines import Polyline, add_all, clip, polyline, powers_at, prices_at

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
THREADS = 2


@dataclass(frozen=True, slots=True, eq=False)
class ConsensusProblem:
    """Arrays of one call.

    Parameters
    ----------
    prices, powers : array of float, shape (T, m, V)
        Vertices of the net curve of each node [currency/kWh, kW]; the last one is so high, the first so low, that
        every node balances between them.
    node_of : array of int32, shape (E, 2)
        Nodes at both ends of each edge.
    limit : array of float, shape (E, 2)
        Most power into each end, where it is sent [kW]; may be infinite if nothing is lost.
    arriving : array of float, shape (E, S)
        Part of the sent power that arrives, segment by segment of either limit.
    price : array of float, shape (T,)
        Price to start from [currency/kWh].
    penalty : array of float, shape (E,)
        Penalty to start from [currency/kWh per kW].
    least_kw : array of float, shape (E,)
        Power that a disagreement in price counts with at least [kW].
    least_price : float
        Price that a disagreement in power counts with at least [currency/kWh].
    precision : float
        Part of what an edge exchanges, in money, that its ends may still disagree about.
    most_rounds : int
        Rounds after which an interval is given up.
    """

    prices: Floats
    powers: Floats
    node_of: NDArray[np.int32]
    limit: Floats
    arriving: Floats
    price: Floats
    penalty: Floats
    least_kw: Floats
    least_price: float
    precision: float
    most_rounds: int


@dataclass(frozen=True, slots=True, eq=False)
class ConsensusSolution:
    """What the kernel fills: by node (T, m), by edge (T, E), by interval (T,); flows are the last answers' means."""

    price: Floats
    flow: Floats
    edge_price: Floats
    penalty: Floats
    gap: Floats
    rounds: Integers
    history: Floats | None

    @classmethod
    def start(cls, problem: ConsensusProblem, keep_history: bool) -> ConsensusSolution:
        """Return arrays that hold the start; `history` is (T, rounds, E), NaN after the last round."""
        intervals, edges = len(problem.price), len(problem.node_of)
        shape = (intervals, problem.most_rounds, edges)
        column = np.ascontiguousarray(problem.price[:, None])
        return cls(
            price=np.repeat(column, problem.prices.shape[1], axis=1),
            flow=np.zeros((intervals, edges)),
            edge_price=np.repeat(column, edges, axis=1),
            penalty=np.tile(problem.penalty, (intervals, 1)),
            gap=np.zeros(intervals),
            rounds=np.zeros(intervals, dtype=np.int64),
            history=np.full(shape, np.nan) if keep_history else None,
        )


def clear_consensus(problem: ConsensusProblem, keep_history: bool = False) -> ConsensusSolution:
    """Solve every interval with the compiled kernel, or with the plain twin where there is none."""
    if native is None:
        return clear_consensus_plain(problem, keep_history)
    p, out = problem, ConsensusSolution.start(problem, keep_history)
    fixed = (p.prices, p.powers, p.node_of, p.limit, p.arriving, p.least_kw)
    rule = (p.least_price, RELAXATION, p.precision, REACH, DAMPING, GRAIN, RANGE, p.most_rounds, ROUNDS_BETWEEN)
    filled = (out.price, out.flow, out.edge_price, out.penalty, out.gap, out.rounds, out.history)
    native.clear_consensus(*fixed, rule, *filled, THREADS)
    return out


def clear_consensus_plain(problem: ConsensusProblem, keep_history: bool = False) -> ConsensusSolution:
    """Solve every interval in plain Python: the specification of the compiled kernel."""
    out = ConsensusSolution.start(problem, keep_history)
    for interval in range(len(problem.price)):
        _solve(problem, out, interval)
    return out


def _solve(problem: ConsensusProblem, out: ConsensusSolution, t: int) -> None:
    nodes = [
        _Node(_polyline(problem.prices[t, k], problem.powers[t, k]), _lines(problem, k))
        for k in range(problem.prices.shape[1])
    ]
    state = EdgeState.start(out.edge_price[t].copy(), out.penalty[t].copy(), problem.least_kw)
    for number in range(1, problem.most_rounds + 1):
        sent = np.zeros((2, len(problem.node_of)))
        for k, node in enumerate(nodes):
            out.price[t, k] = node.answer(state, float(out.price[t, k]), sent)
        state = state.after((sent[0], state.price_of(sent[0])), (sent[1], _other(state).price_of(sent[1])))
        out.gap[t] = state.disagreement(problem.least_price).max(initial=0.0)
        out.rounds[t] = number
        out.flow[t], out.edge_price[t], out.penalty[t] = state.answered_kw, state.price, state.penalty
        if out.history is not None:
            out.history[t, number - 1] = state.price
        if out.gap[t] <= problem.precision:
            return


def _other(state: EdgeState) -> EdgeState:
    """Return what the other end knows, as far as it answers."""
    return replace(state, flow_kw=-state.flow_kw)


@dataclass(frozen=True, slots=True)
class _Node:
    """A node's own curve, and its end of each of its edges: (edge, 0 or 1, line from the neighbor)."""

    own: Polyline
    ends: list[tuple[int, int, Line]]

    def answer(self, state: EdgeState, last_price: float, sent: Floats) -> float:
        """Return the balancing price nearest to the last one; write what is taken over each edge into `sent`."""
        reach = self.own[0][0], self.own[-1][0]
        seen = [line.bend(_shown(state, edge, side, line, reach)) for edge, side, line in self.ends]
        low, high = prices_at(add_all([self.own, *seen]), 0.0)
        price = min(max(last_price, low), high)
        for (edge, side, line), curve in zip(self.ends, seen, strict=True):
            sent[side, edge] = line.to_node(powers_at(curve, price)[0])
        return price


def _shown(state: EdgeState, edge: int, side: int, line: Line, reach: tuple[float, float]) -> Polyline:
    """Return the curve by which a neighbor stands in a node's balance, where its power is sent."""
    flow = float(-state.flow_kw[edge] if side else state.flow_kw[edge])
    price, penalty = float(state.price[edge]), float(state.penalty[edge])
    return clip([(end, flow + (end - price) / penalty) for end in reach], line.own[0], line.own[-1])


def _lines(problem: ConsensusProblem, node: int) -> list[tuple[int, int, Line]]:
    ends = np.argwhere(problem.node_of == node).tolist()
    return [(edge, side, _line(problem, edge, side)) for edge, side in ends]


def _line(problem: ConsensusProblem, edge: int, side: int) -> Line:
    """Return the line into one end: its ``own`` end is where power is sent, its ``seen`` end where it arrives."""
    most, least = float(problem.limit[edge, side]), -float(problem.limit[edge, 1 - side])
    arriving = problem.arriving[edge]
    if arriving[-1] == 1.0 or most == 0:
        return Line([least, most], [least, most], [1.0])
    width = most / len(arriving)
    sent = [least, 0.0, *(width * (j + 1) for j in range(len(arriving)))]
    arrives = [least, 0.0, *(width * np.cumsum(arriving)).tolist()]
    return Line(sent, arrives, [1.0, *(1.0 / arriving).tolist()])


def _polyline(prices: Floats, powers: Floats) -> Polyline:
    return polyline(zip(prices.tolist(), powers.tolist(), strict=True))
