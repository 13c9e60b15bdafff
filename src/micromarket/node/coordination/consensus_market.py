"""Consensus between independent nodes: in rounds each tells its neighbors what it would take, and at which price.

The step is the proximal exchange in `exchange`; here are its rounds as signals. A round is a
numbered signal with record 0 alone. A node takes its next round when it has everyone's last one, so what a round says
does not depend on when messages come. It takes another while it disagrees with anyone, or when a neighbor has taken
one: the network ends together, in the round in which all agree.

Who owes a round and gives no sign of life for as long as patience lasts is given up: the node goes on with the
others, and what stands in for it takes its place in the balance. Rounds belong to NEGOTIATION. When that ends, the
last round holds, and with whom there is no agreement is recorded.

Source: Transactive Network Template v4 (PNNL, 2024), sections 2.2.3 and 3.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from micromarket.domain.curves import Curves
from micromarket.kernels.exchange import EdgeState
from micromarket.markets.auctions.auction import Outcome
from micromarket.markets.series.states import MarketState
from micromarket.node.balancing import Balance
from micromarket.node.coordination.coordination import Prepared, View
from micromarket.node.coordination.exchange import ConsensusRules, Exchange, Point, take_round
from micromarket.node.living.signals import Content, content_of, scheduled_of
from micromarket.node.neighbor import Neighbor

SCARCITY = 20.0
"""Scarcity prices are this many times the default price of the series, above and below zero."""
LEAST_PRICE = 0.01
"""The default price counts as at least this [currency/kWh]."""
TYPICAL_KW = 10.0
"""What a line is expected to carry, for the first penalty; it adapts itself."""


@dataclass(frozen=True, slots=True, eq=False)
class Rounds:
    """What a node remembers of a consensus.

    Parameters
    ----------
    number : int
        Its present round, from 1.
    edges : mapping of str to EdgeState
        The exchange with each neighbor as it stood before this round.
    points : mapping of str to Point
        What it told each neighbor in this round.
    balance : Balance
        What it would settle on, the scarcity participant last among the local assets.
    heard, ahead : mapping of str to Point
        What neighbors said in this round, and in the next if they have taken it.
    """

    number: int
    edges: Mapping[str, EdgeState]
    points: Mapping[str, Point]
    balance: Balance
    heard: Mapping[str, Point]
    ahead: Mapping[str, Point]


class Consensus:
    """Registered as ``consensus``."""

    name: ClassVar[str] = "consensus"
    version: ClassVar[int] = 1
    in_order: ClassVar[bool] = True
    memory: ClassVar[type | None] = Rounds

    def minds(self, neighbor: Neighbor, state: MarketState) -> bool:
        """Count rounds until negotiation ends."""
        return state <= MarketState.NEGOTIATION

    def prepare(self, view: View) -> Prepared:
        """Return this node's next round if it can and should be taken, else the last; settle once all agree."""
        if view.memory is None:
            first = _first(view)
            return Prepared(_said(first, view), memory=first, number=first.number, more=True)
        rules, rounds = rules_of(view), _heard(view.memory, view)
        after = _after(rounds, view)
        apart = [name for name in rounds.edges if name not in after or not after[name].settled(rules).all()]
        if view.state is not MarketState.NEGOTIATION:
            return Prepared(balance=_settled(rounds.balance), memory=rounds, disagreed=tuple(apart))
        awaited = tuple(name for name in rounds.edges if name in view.numbers and name not in after)
        if awaited or not (apart or rounds.ahead):
            balance = None if awaited else _settled(rounds.balance)
            return Prepared(_said(rounds, view), balance, rounds, awaited, number=rounds.number)
        following = _taken(view, {name: edge.state for name, edge in after.items()}, rounds)
        return Prepared(_said(following, view), None, following, number=following.number, more=True)


def rules_of(view: View) -> ConsensusRules:
    """Return the rules all nodes of a series agree on, made from its default price and precision."""
    market = view.market.rules
    price = max(abs(market.default_price), LEAST_PRICE)
    return ConsensusRules(-SCARCITY * price, SCARCITY * price, price, TYPICAL_KW, market.precision)


def _first(view: View) -> Rounds:
    price = np.full(view.local.intervals, view.market.rules.default_price)
    edges = {
        one.id: Exchange.start(rules_of(view), one, price).state for one in view.node.neighbors if one.transactive
    }
    return _taken(view, edges, None)


def _taken(view: View, edges: Mapping[str, EdgeState], before: Rounds | None) -> Rounds:
    """Return the next round, or the first."""
    node = replace(view.node, neighbors=tuple(_standing(one, view) for one in view.node.neighbors))
    exchanges = {name: Exchange(node.neighbor(name), state) for name, state in edges.items()}
    price = np.full(view.local.intervals, view.market.rules.default_price) if before is None else before.balance.price
    one = take_round(node, view.local, exchanges, rules_of(view), price)
    if before is None:
        return Rounds(1, edges, one.points, one.balance, heard={}, ahead={})
    return Rounds(before.number + 1, edges, one.points, one.balance, heard=before.ahead, ahead={})


def _standing(neighbor: Neighbor, view: View) -> Neighbor:
    """Return a neighbor whose default is what stands in for it now."""
    return replace(neighbor, default=view.stand_ins.get(neighbor.id, neighbor.default))


def _heard(rounds: Rounds, view: View) -> Rounds:
    """Return the rounds with what has come in time."""
    if view.state is not MarketState.NEGOTIATION:
        return rounds
    said = {name: Point(*scheduled_of(content)) for name, content in view.received.items()}
    now = {name: point for name, point in said.items() if view.numbers[name] == rounds.number}
    ahead = {name: point for name, point in said.items() if view.numbers[name] == rounds.number + 1}
    return replace(rounds, heard={**rounds.heard, **now}, ahead={**rounds.ahead, **ahead})


def _after(rounds: Rounds, view: View) -> dict[str, Exchange]:
    """Return the exchanges after this round, with those whose word of it has come."""
    return {
        name: Exchange(view.node.neighbor(name), state).after(rounds.points[name], rounds.heard[name])
        for name, state in rounds.edges.items()
        if name in rounds.heard
    }


def _said(rounds: Rounds, view: View) -> dict[str, Content]:
    starts = view.market.intervals.moments
    return {
        name: content_of(starts, Curves.inelastic(point.power_kw[None]), point.price, point.power_kw)
        for name, point in rounds.points.items()
    }


def _settled(balance: Balance) -> Balance:
    """Return a balance without the scarcity participant, but with its verdict."""
    lacking = balance.local_kw[-1]
    outcome = np.select([lacking > 0, lacking < 0], [Outcome.SHORT, Outcome.SURPLUS], Outcome.BALANCED)
    return replace(balance, local_kw=balance.local_kw[:-1], outcome=outcome.astype(np.int8))
