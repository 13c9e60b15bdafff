"""Consensus over a whole network of any shape, all nodes, edges and intervals in one call.

What one node does with its neighbors in a round is in `micromarket.node.coordination.exchange`; here the same rounds
run for all at once in a compiled kernel, until what neighbors still disagree about is worth next to nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micromarket.domain.curves import UNLIMITED_KW, Curves, Floats
from micromarket.errors import NotFinite, WrongShape
from micromarket.kernels.consensus import ConsensusProblem, ConsensusSolution
from micromarket.kernels.consensus import clear_consensus as solve
from micromarket.markets.auctions.auction import clear
from micromarket.node.coordination.exchange import ConsensusRules
from micromarket.node.networks.membership import checked_members
from micromarket.node.networks.network import Network

TOLERANCE = 1e-5
"""Part of a node's largest powers by which it may miss its balance and still count as balanced."""


@dataclass(frozen=True, slots=True, eq=False)
class ConsensusClearing:
    """Prices of all `m` nodes, flows over all `E` edges, powers of all `n` participants in `T` intervals.

    Parameters
    ----------
    price : array of float, shape (m, T)
        Price in each node [currency/kWh].
    powers_kw : array of float, shape (n, T)
        Average power of each participant [kW], positive into its node, after rationing.
    flow_kw, received_kw : array of float, shape (E, T)
        Power over each edge where it is sent and where it arrives [kW], positive into the edge's first end.
    outcome : array of int8, shape (m, T)
        `Outcome` of each node; not balanced only where no exchange within the limits balances it.
    unserved_kw : array of float, shape (n, T)
        Demand of each participant that was not served, or its supply that was spilled [kW]; not negative.
    rounds : array of int, shape (T,)
        Rounds taken.
    gap : array of float, shape (T,)
        Largest part of the money exchanged over an edge that its ends disagreed about in the last round.
    converged : array of bool, shape (T,)
        Whether `gap` came within the rules' precision.
    history : array of float, shape (T, rounds, E), or None
        Price of each edge after each round [currency/kWh], NaN after the last, if it was asked for.
    """

    price: Floats
    powers_kw: Floats
    flow_kw: Floats
    received_kw: Floats
    outcome: NDArray[np.int8]
    unserved_kw: Floats
    rounds: NDArray[np.int64]
    gap: Floats
    converged: NDArray[np.bool_]
    history: Floats | None = None

    @property
    def messages(self) -> NDArray[np.int64]:
        """Messages sent in each interval, shape (T,): one each way over each edge in each round."""
        return np.asarray(2 * len(self.flow_kw) * self.rounds)

    @property
    def losses_kw(self) -> Floats:
        """Power lost on each edge [kW], shape (E, T), not negative."""
        return np.abs(self.flow_kw) - np.abs(self.received_kw)

    @property
    def entering_kw(self) -> Floats:
        """Power out of each edge into the node at its first and second end, measured there [kW], shape (2, E, T)."""
        return _entering(self.flow_kw, self.received_kw)

    def imported_kw(self, network: Network) -> Floats:
        """Return what comes into each node over all its edges, less what goes out [kW], shape (m, T)."""
        return _imported(network, self.flow_kw, self.received_kw)

    def imbalance_kw(self, network: Network, member_of: ArrayLike) -> Floats:
        """Return by how much each node misses its balance [kW], shape (m, T)."""
        total = self.imported_kw(network)
        np.add.at(total, np.asarray(member_of, dtype=np.int64), self.powers_kw)
        return total


def clear_consensus(
    network: Network,
    curves: Curves | Sequence[Curves],
    member_of: ArrayLike,
    rules: ConsensusRules | None = None,
    expected_price: ArrayLike | None = None,
    *,
    keep_history: bool = False,
) -> ConsensusClearing:
    """Clear every node of a network in every interval by exchange between neighbors.

    Parameters
    ----------
    network : Network
        Nodes and edges.
    curves : Curves or sequence of Curves
        Curves of all `n` participants, suppliers among them.
    member_of : array of int, shape (n,)
        Node of each participant.
    rules : ConsensusRules, optional
        What the nodes have agreed on; see `rules_for` for what is taken without it.
    expected_price : array of float, shape (T,), optional
        Price to start from [currency/kWh], the middle of the vertices without it; a good one saves rounds.
    keep_history : bool, default False
        Whether to keep the price of every edge after every round.

    Returns
    -------
    ConsensusClearing
        Within the rules' precision of the optimum of the whole network, for the given curves and loss segments;
        where `converged` is false it is the state in which the rounds ran out.

    Raises
    ------
    WrongShape
        If `member_of`, `curves` and `expected_price` do not fit together, or name a node that does not exist.
    NotFinite
        If an expected price is infinite or not a number.

    Notes
    -----
    A negative price passes a line with losses unchanged (`micromarket.node.losses`). The proof of convergence needs
    prices that are not negative on such lines.
    """
    everyone = Curves.concatenate([curves] if isinstance(curves, Curves) else list(curves))
    members = checked_members(member_of, len(everyone), len(network))
    rules = rules or rules_for(network, everyone)
    problem = problem_of(network, everyone, members, rules, _expected(expected_price, everyone))
    return _clearing(network, everyone, members, rules, solve(problem, keep_history))


def rules_for(network: Network, curves: Curves) -> ConsensusRules:
    """Return rules made for these curves: scales from their vertices, scarcity prices beyond what losses can make.

    Parameters
    ----------
    network : Network
        Nodes and edges.
    curves : Curves
        Curves of all participants.
    """
    low, high = _price_range(curves)
    spread, powers = high - low or abs(high) or 1.0, np.abs(curves.powers)
    limited = powers < UNLIMITED_KW / 2
    typical = float(powers.max(axis=2, initial=0.0, where=limited).sum(axis=0).max(initial=0.0)) or 1.0
    worst = np.sort(network.arriving()[:, -1])[: len(network) - 1]  # no path has more edges
    return ConsensusRules(low - spread, (high + spread) / float(worst.prod()), spread, typical)


def problem_of(
    network: Network, curves: Curves, members: NDArray[np.int64], rules: ConsensusRules, expected: Floats
) -> ConsensusProblem:
    """Return the arrays of one kernel call; arguments are those of `clear_consensus`, checked."""
    intervals, nodes = curves.intervals, len(network)
    scarcity = rules.scarcity(intervals)
    every = Curves.concatenate([curves, *([scarcity] * nodes)])
    net = every.sum(np.append(members, np.arange(nodes)), nodes)
    return ConsensusProblem(
        prices=np.ascontiguousarray(net.prices.transpose(1, 0, 2)),
        powers=np.ascontiguousarray(net.powers.transpose(1, 0, 2)),
        node_of=np.ascontiguousarray(network.ends, dtype=np.int32),
        limit=np.ascontiguousarray(network.limit_kw),
        arriving=np.ascontiguousarray(network.arriving()),
        price=expected,
        penalty=rules.penalty(network.limit_kw),
        least_kw=rules.least_kw(network.limit_kw),
        least_price=rules.spread,
        precision=rules.precision,
        most_rounds=rules.most_rounds,
    )


def _clearing(
    network: Network, curves: Curves, members: NDArray[np.int64], rules: ConsensusRules, solution: ConsensusSolution
) -> ConsensusClearing:
    flow = np.clip(solution.flow.T, -network.limit_kw[:, 1:], network.limit_kw[:, :1])
    received = network.received_kw(flow)
    imported = _imported(network, flow, received)
    price = np.array(solution.price.T)
    outcome = np.zeros(price.shape, dtype=np.int8)
    least = rules.least_kw(network.limit_kw)
    powers, unserved = np.zeros((2, len(curves), curves.intervals))
    for node in range(len(network)):
        inside, edges = np.flatnonzero(members == node), (network.ends == node).any(axis=1)
        settled = clear(curves[inside], -imported[node], price[node])
        powers[inside], unserved[inside] = settled.powers_kw, settled.unserved_kw
        size = np.abs(settled.powers_kw).sum(axis=0) + np.abs(flow[edges]).sum(axis=0) + least[edges].sum()
        missed = np.abs(settled.imbalance_kw) > TOLERANCE * size
        outcome[node, missed] = settled.outcome[missed]
        price[node, missed] = settled.price[missed]
    return ConsensusClearing(
        price=price,
        powers_kw=powers,
        flow_kw=flow,
        received_kw=received,
        outcome=outcome,
        unserved_kw=unserved,
        rounds=solution.rounds,
        gap=solution.gap,
        converged=solution.gap <= rules.precision,
        history=solution.history,
    )


def _price_range(curves: Curves) -> tuple[float, float]:
    """Return the lowest and the highest price of all curves that move; 0 if none does."""
    prices = curves.prices[np.ptp(curves.powers, axis=2) > 0]
    return (float(prices.min()), float(prices.max())) if prices.size else (0.0, 0.0)


def _imported(network: Network, flow_kw: Floats, received_kw: Floats) -> Floats:
    """Return the net power into each node: what arrives over its edges less what it sends [kW], shape (m, T)."""
    total = np.zeros((len(network), flow_kw.shape[1]))
    for ends, entering in zip(network.ends.T, _entering(flow_kw, received_kw), strict=True):
        np.add.at(total, ends, entering)
    return total


def _entering(flow_kw: Floats, received_kw: Floats) -> Floats:
    inward = flow_kw > 0
    return np.array([np.where(inward, received_kw, flow_kw), -np.where(inward, flow_kw, received_kw)])


def _expected(price: ArrayLike | None, curves: Curves) -> Floats:
    values = (
        np.full(curves.intervals, sum(_price_range(curves)) / 2) if price is None else np.array(price, dtype=float)
    )
    if values.shape != (curves.intervals,):
        raise WrongShape(
            f"expected_price must have one price for each of {curves.intervals} intervals; found shape {values.shape}"
        )
    if not np.isfinite(values).all():
        raise NotFinite("every expected price must be finite")
    return values
