"""Consensus seen from inside one node: a proximal exchange with each neighbor, two numbers for each interval.

In a round, every neighbor stands in the node's balance as a straight curve through what was agreed last: it gives
more where the price is higher, by a slope called the penalty. The node balances as always and tells each neighbor
what it takes and at which price. Both ends then agree on the mean, and move the edge's price by their disagreement.

This is the alternating direction method of multipliers (ADMM) with one copy of each flow at either end. It converges
in any network whose curves rise, loops or not; see ``docs/explanation/consensus.md``.

Source: Transactive Network Template v4 (PNNL, 2024), section 3.4 (consensus); Boyd, Parikh, Chu, Peleato, Eckstein,
"Distributed optimization and statistical learning via the alternating direction method of multipliers" (2011),
sections 3.2 and 7.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micromarket.domain.curves import UNLIMITED_KW, Curves, Floats
from micromarket.errors import InvalidValue, WrongShape
from micromarket.kernels.exchange import EdgeState
from micromarket.node.balancing import Balance
from micromarket.node.neighbor import Neighbor
from micromarket.node.node import TransactiveNode

PRECISION = 1e-7
"""Part of the money exchanged over an edge that its ends may still disagree about when they stop."""
LEAST_PART = 1e-3
"""Part of an edge's typical power below which no error counts."""


@dataclass(frozen=True, slots=True)
class ConsensusRules:
    """What all nodes of a consensus have agreed on before it begins.

    Parameters
    ----------
    floor, cap : float
        Scarcity prices [currency/kWh], below and above all that anybody bids, losses included: a node that cannot
        balance sells its surplus at the floor, buys what it lacks at the cap, and says so.
    spread : float
        How far prices typically differ [currency/kWh]; with `typical_kw` it sets the first penalty.
    typical_kw : float
        What a node typically exchanges [kW].
    precision : float, default 1e-7
        Part of the exchanged money that may be left in disagreement.
    most_rounds : int, default 5000
        Rounds after which a consensus is given up.

    Raises
    ------
    InvalidValue
        If the floor is not below the cap, or another number is not positive.
    """

    floor: float
    cap: float
    spread: float
    typical_kw: float
    precision: float = PRECISION
    most_rounds: int = 5000

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not self.floor < self.cap:
            raise InvalidValue(f"the floor must lie below the cap; found {self.floor} and {self.cap}")
        for name in ("spread", "typical_kw", "precision", "most_rounds"):
            if not getattr(self, name) > 0:
                raise InvalidValue(f"{name} must be more than 0; found {getattr(self, name)}")

    def penalty(self, limit_kw: ArrayLike) -> Floats:
        """Return the first penalty of edges with these limits [currency/kWh per kW]; limits in the last axis."""
        return np.asarray(self.spread / self.size_kw(limit_kw))

    def least_kw(self, limit_kw: ArrayLike) -> Floats:
        """Return power below which no error counts on edges with these limits [kW]."""
        return LEAST_PART * self.size_kw(limit_kw)

    def scarcity(self, intervals: int) -> Curves:
        """Return the participant that supplies what a node lacks and takes what it cannot place: one curve."""
        vertices = [(self.floor, -UNLIMITED_KW), (self.floor, 0.0), (self.cap, 0.0), (self.cap, UNLIMITED_KW)]
        prices, powers = np.array(vertices).T
        shape = (1, intervals, len(vertices))
        return Curves.trusted(np.broadcast_to(prices, shape), np.broadcast_to(powers, shape))

    def size_kw(self, limit_kw: ArrayLike) -> Floats:
        """Return what edges with these limits typically carry [kW]; limits in the last axis."""
        size = np.minimum(np.max(limit_kw, axis=-1), self.typical_kw)
        return np.asarray(np.where(size > 0, size, self.typical_kw))


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """What a node tells a neighbor in a round: the template's transactive record 0 of each interval.

    Parameters
    ----------
    price : array of float, shape (T,)
        Price where the power is sent [currency/kWh].
    power_kw : array of float, shape (T,)
        Power toward the receiver, where it is sent [kW].
    """

    price: Floats
    power_kw: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Exchange:
    """One node's side of the exchange over one line.

    Parameters
    ----------
    neighbor : Neighbor
        The node at the other end.
    state : EdgeState
        What both ends know.
    """

    neighbor: Neighbor
    state: EdgeState

    @classmethod
    def start(cls, rules: ConsensusRules, neighbor: Neighbor, expected_price: ArrayLike) -> Exchange:
        """Return the exchange before the first round; both ends must start from the same rules, line and price.

        Parameters
        ----------
        rules : ConsensusRules
            What all nodes have agreed on.
        neighbor : Neighbor
            The node at the other end, and the line to it.
        expected_price : array of float, shape (T,)
            Price both ends expect [currency/kWh].
        """
        price = np.array(expected_price, dtype=float)
        limits = (neighbor.import_limit_kw, neighbor.export_limit_kw)
        penalty, least = (np.full_like(price, scale) for scale in (rules.penalty(limits), rules.least_kw(limits)))
        return cls(neighbor, EdgeState.start(price, penalty, least))

    def curve(self, rules: ConsensusRules) -> Curves:
        """Return the curve by which the neighbor stands in this round's balance, power positive toward us."""
        ends = np.array([rules.floor, rules.cap])
        powers = self.state.flow_kw[:, None] + (ends - self.state.price[:, None]) / self.state.penalty[:, None]
        line = Curves.trusted(np.broadcast_to(ends, powers.shape)[None], powers[None])
        return line.clipped(-self.neighbor.export_limit_kw, self.neighbor.import_limit_kw)

    def point(self, taken_kw: Floats) -> Point:
        """Return what to tell the neighbor when the balance takes this power, as seen from inside [kW]."""
        own_kw = self.neighbor.agreed_kw(taken_kw)
        return Point(self.state.price_of(own_kw), -own_kw)

    def after(self, ours: Point, theirs: Point) -> Exchange:
        """Return the exchange after a round in which both ends told each other these points.

        Raises
        ------
        WrongShape
            If the points are not of the same intervals.
        """
        if ours.power_kw.shape != theirs.power_kw.shape:
            raise WrongShape(f"both points must have shape {ours.power_kw.shape}; found {theirs.power_kw.shape}")
        own, other = (-ours.power_kw, ours.price), (-theirs.power_kw, theirs.price)
        return Exchange(self.neighbor, self.state.after(own, other))

    def settled(self, rules: ConsensusRules) -> NDArray[np.bool_]:
        """Return in which intervals both ends agree to within the rules' precision, shape (T,).

        Both ends say the same. The exchange may still move if the rest of the network does.
        """
        if self.state.round == 0:
            return np.zeros(self.state.price.shape, dtype=np.bool_)
        return np.asarray(self.state.disagreement(rules.spread) <= rules.precision)


@dataclass(frozen=True, slots=True, eq=False)
class Round:
    """What one node makes of one round.

    Parameters
    ----------
    balance : Balance
        Price and powers; the last row of `local_kw` is the scarcity participant: positive what the node lacks,
        negative what it cannot place.
    points : mapping of str to Point
        What to tell each neighbor.
    """

    balance: Balance
    points: Mapping[str, Point]


def take_round(
    node: TransactiveNode,
    local: Curves,
    exchanges: Mapping[str, Exchange],
    rules: ConsensusRules,
    last_price: ArrayLike,
) -> Round:
    """Return one node's round: a balance with every neighbor as the curve of its exchange.

    Parameters
    ----------
    node : TransactiveNode
        The node and its neighbors.
    local : Curves
        Curves of the local assets, shape (n, T, V).
    exchanges : mapping of str to Exchange
        The exchange with each neighbor, as it stands after the last round.
    rules : ConsensusRules
        What all nodes have agreed on.
    last_price : array of float, shape (T,)
        Price of this node in the last round, or the expected price in the first [currency/kWh].

    Raises
    ------
    UnknownParty
        If an exchange is not with a neighbor of the node.
    """
    everyone = Curves.concatenate([local, rules.scarcity(local.intervals)])
    shown = {name: exchange.curve(rules) for name, exchange in exchanges.items()}
    balance = node.balance(everyone, shown, last_price)
    points = {name: exchange.point(balance.neighbor_kw[name]) for name, exchange in exchanges.items()}
    return Round(balance, points)
