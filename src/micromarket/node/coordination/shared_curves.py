"""Shared curves: every node shows its net curve to the whole network, and each clears the whole network by itself.

A node states its net curve and its lines under its own name. Statements are passed on from neighbor to neighbor; as
each has a name, nothing is counted twice around a loop, as a net curve that is summed up on its way would be. Who
knows a closed network, in which both ends state every line, clears it by the consensus of all its nodes, as
`clear_consensus` does. Equal statements in equal order give every node the same bits, so nobody needs to agree on
anything: after as many rounds as the network is wide, all know the same prices.

A node speaks again when it has something new to tell and has heard each neighbor as often as it has spoken itself, so
that the network speaks in rounds though nobody counts them. Who says nothing until patience ends is stood in for:
its neighbors state a new version without the lines to it, in which what stands in for it is a part of their own
curves. Statements count until NEGOTIATION ends. Who then knows no closed network clears the lines that both their
ends state, and records that there is no agreement.

Source: Transactive Network Template v4 (PNNL, 2024), sections 2.2.3 and 3.4; passing statements on until all have
them is flooding, as link-state routing does: J. Moy, "OSPF Version 2", RFC 2328 (1998), section 13.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from micromarket.domain.curves import Curves, Floats
from micromarket.errors import InvalidValue
from micromarket.markets.auctions.auction import clear
from micromarket.markets.series.states import MarketState
from micromarket.node.balancing import Balance
from micromarket.node.coordination.coordination import Prepared, View
from micromarket.node.living.signals import Content, StatedLine, Statement, content_of, curves_of
from micromarket.node.neighbor import Neighbor
from micromarket.node.networks.consensus import ConsensusClearing, clear_consensus, rules_for
from micromarket.node.networks.network import Network

MOST_ROUNDS = 1_000_000
"""Rounds of the local exchange after which a network is given up; they cost time, but no messages."""


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """What a node remembers of what was stated.

    Parameters
    ----------
    known : tuple of Statement
        The newest of every node it has heard of, by name.
    said : tuple of Statement
        What it told its neighbors last.
    rounds : int
        How often it has told them something new.
    cleared : tuple of Statement
        What the balance follows from.
    balance : Balance, optional
        What it settles on, once it has cleared.
    converged : bool
        Whether the clearing came to an end in every interval.
    """

    known: tuple[Statement, ...] = ()
    said: tuple[Statement, ...] = ()
    rounds: int = 0
    cleared: tuple[Statement, ...] = ()
    balance: Balance | None = None
    converged: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Inside:
    """What a node states as its own: its assets, and all neighbors that state nothing themselves.

    Parameters
    ----------
    stating : tuple of Neighbor
        The other neighbors, to each of which it states a line.
    seen : mapping of str to Curves
        Curve of each neighbor that states nothing, as seen from inside.
    curves : Curves
        Those of the assets, then those of `seen`, in order.
    net : Curves
        Their sum, one curve.
    """

    stating: tuple[Neighbor, ...]
    seen: Mapping[str, Curves]
    curves: Curves
    net: Curves

    @classmethod
    def of(cls, view: View) -> Inside:
        """Return what is inside; who is silent for too long states nothing, until it is heard."""
        late = view.time_is_up or view.state is not MarketState.NEGOTIATION
        stating = tuple(
            one for one in view.node.neighbors if one.transactive and (one.id in view.received or not late)
        )
        node = replace(view.node, neighbors=tuple(one for one in view.node.neighbors if one not in stating))
        known = {one.id: view.stand_ins[one.id] for one in node.neighbors if one.id in view.stand_ins}
        seen = node.seen(view.local, known)
        curves = Curves.concatenate([view.local, *seen.values()])
        return cls(stating, seen, curves, curves.sum())

    def stated(self, view: View, before: Statement | None) -> Statement:
        """Return the node's statement: the one before if that says it all, else the next version."""
        version, lines = 1 if before is None else before.version, tuple(_line(one, view) for one in self.stating)
        one = Statement(view.node.id, version, lines, _content(view, self.net))
        return one if before is None or before == one else replace(one, version=one.version + 1)


class SharedCurves:
    """Registered as ``shared_curves``."""

    name: ClassVar[str] = "shared_curves"
    version: ClassVar[int] = 1
    in_order: ClassVar[bool] = False
    memory: ClassVar[type | None] = Shared

    def minds(self, neighbor: Neighbor, state: MarketState) -> bool:
        """Statements count until negotiation ends."""
        return state <= MarketState.NEGOTIATION

    def prepare(self, view: View) -> Prepared:
        """Return what is known of the network if it is time to say it; settle once a closed network is known.

        Raises
        ------
        InvalidValue
            If a neighbor that states its own curve charges for demand, which no statement can say.
        """
        before, inside = view.memory or Shared(), Inside.of(view)
        known = newest([*before.known, *(one for said in view.shared.values() for one in said)])
        known[view.node.id] = inside.stated(view, known.get(view.node.id))
        together = connected(known, view.node.id)
        closed = is_closed(together)
        after = _spoken(replace(before, known=_in_order(known)), view, inside, closed)
        over = view.state is not MarketState.NEGOTIATION
        if closed or over:
            after = _settled(after, together, view, inside)
        signals = {one.id: _content(view, one.sent(inside.net)) for one in _transactive(view)}
        return Prepared(
            signals,
            after.balance if closed or over else None,
            after,
            awaited=tuple(one.id for one in _transactive(view) if one.id not in view.received),
            disagreed=tuple(one.id for one in inside.stating) if over and not (closed and after.converged) else (),
            shared=after.said,
        )


def newest(statements: Iterable[Statement]) -> dict[str, Statement]:
    """Return the newest statement of each node; of two that claim the same version always the same one."""
    known = dict[str, Statement]()
    for one in statements:
        other = known.setdefault(one.node, one)
        if one != other:
            known[one.node] = max(one, other, key=lambda each: (each.version, repr(each)))
    return known


def connected(known: Mapping[str, Statement], start: str) -> tuple[Statement, ...]:
    """Return the statements of all nodes that are reached over lines that both ends state, by name.

    Parameters
    ----------
    known : mapping of str to Statement
        The newest statement of each node.
    start : str
        Node to start from.
    """
    reached, ahead = set[str](), [start]
    while ahead:
        one = known[ahead.pop()]
        reached.add(one.node)
        names = (line.neighbor for line in one.lines)
        ahead += [name for name in names if name not in reached and _line_back(known, one.node, name)]
    return tuple(known[name] for name in sorted(reached))


def is_closed(statements: Sequence[Statement]) -> bool:
    """Return whether both ends of every line are among these, and state it."""
    known = {one.node: one for one in statements}
    return all(_line_back(known, one.node, line.neighbor) for one in statements for line in one.lines)


def network_of(statements: Sequence[Statement]) -> Network:
    """Return the network of these nodes and the lines that both ends state.

    Where both ends state different things of a line, the lower limit and the higher loss hold.
    """
    at, known = {one.node: k for k, one in enumerate(statements)}, {one.node: one for one in statements}
    ends, limits, losses = list[tuple[int, int]](), list[tuple[float, float]](), list[float]()
    for one in statements:
        for line in one.lines:
            back = _line_back(known, one.node, line.neighbor)
            if back is not None and at[one.node] < at[line.neighbor]:
                ends.append((at[one.node], at[line.neighbor]))
                limits.append((_narrower(line.import_limit_kw, back.export_limit_kw),
                               _narrower(line.export_limit_kw, back.import_limit_kw)))  # fmt: skip
                losses.append(max(line.full_load_loss, back.full_load_loss))
    return Network.of(list(at), ends, np.reshape(limits, (-1, 2)), losses)


def clear_shared(statements: Sequence[Statement], precision: float) -> ConsensusClearing:
    """Clear the network of these statements, one participant in each node.

    Parameters
    ----------
    statements : sequence of Statement
        One of each node, by name: every node must clear in the same order to get the same bits.
    precision : float
        Part of the exchanged money that may be left in disagreement.
    """
    network, curves = network_of(statements), Curves.concatenate([curves_of(one.content) for one in statements])
    rules = replace(rules_for(network, curves), precision=precision, most_rounds=MOST_ROUNDS)
    return clear_consensus(network, curves, np.arange(len(network)), rules)


def rounds_to_share(network: Network) -> int:
    """Return how often nodes tell their neighbors something new until nobody has anything new to tell.

    That is once more than the network is wide: those who learn the last statement pass it on, not knowing that
    nobody needs it.
    """
    one, other = network.ends.T
    knows, rounds = np.eye(len(network), dtype=bool), 0
    news = knows
    while len(network.ends) and news.any():
        heard = knows.copy()
        np.logical_or.at(heard, one, knows[other])
        np.logical_or.at(heard, other, knows[one])
        knows, news, rounds = heard, heard & ~knows, rounds + 1
    return rounds


def _transactive(view: View) -> tuple[Neighbor, ...]:
    return tuple(one for one in view.node.neighbors if one.transactive)


def _content(view: View, curve: Curves) -> Content:
    return content_of(view.market.intervals.moments, curve, view.expected, curve.powers_at(view.expected)[0][0])


def _line(neighbor: Neighbor, view: View) -> StatedLine:
    if neighbor.charge is not None:
        raise InvalidValue(
            f"{view.node.id!r} shares curves with {neighbor.id!r}, so that cannot charge it for demand; "
            "let them agree by nested auction or consensus, or make it a neighbor that is not transactive"
        )
    limits = (neighbor.import_limit_kw, neighbor.export_limit_kw)
    into, out_of = (None if np.isinf(limit) else limit for limit in limits)
    return StatedLine(neighbor.id, into, out_of, neighbor.full_load_loss)


def _line_back(known: Mapping[str, Statement], node: str, neighbor: str) -> StatedLine | None:
    return known[neighbor].line_to(node) if neighbor in known else None


def _narrower(*limits_kw: float | None) -> float:
    return min((limit for limit in limits_kw if limit is not None), default=np.inf)


def _in_order(known: Mapping[str, Statement]) -> tuple[Statement, ...]:
    return tuple(known[name] for name in sorted(known))


def _spoken(shared: Shared, view: View, inside: Inside, closed: bool) -> Shared:
    """Return what is remembered after telling what is new, if it is time to tell it."""
    waiting = any(view.numbers[one.id] < shared.rounds for one in inside.stating)
    if shared.known == shared.said or (waiting and not closed and not view.time_is_up):
        return shared
    return replace(shared, said=shared.known, rounds=shared.rounds + 1)


def _settled(shared: Shared, together: tuple[Statement, ...], view: View, inside: Inside) -> Shared:
    """Return what is remembered once these statements are cleared."""
    if together == shared.cleared:
        return shared
    found = clear_shared(together, view.market.rules.precision)
    balance = _balance(found, together, view, inside)
    return replace(shared, cleared=together, balance=balance, converged=bool(found.converged.all()))


def _balance(found: ConsensusClearing, together: Sequence[Statement], view: View, inside: Inside) -> Balance:
    """Return the node's own part of the clearing of its network."""
    network = network_of(together)
    node = network.ids.index(view.node.id)
    price, count = found.price[node], len(view.local)
    powers = clear(inside.curves, -found.imported_kw(network)[node], price).powers_kw
    quiet = dict(zip(inside.seen, powers[count:], strict=True))
    nothing = {one.id: np.zeros(len(price)) for one in inside.stating}
    return Balance(price, powers[:count], {**nothing, **quiet, **_flows(found, network, node)}, found.outcome[node])


def _flows(found: ConsensusClearing, network: Network, node: int) -> dict[str, Floats]:
    """Return the power from each neighbor over a line, measured in the node [kW]."""
    side, edge = np.nonzero(np.equal(network.ends.T, node))
    others = network.ends[edge, 1 - side].tolist()
    powers = found.entering_kw[side, edge]
    return {network.ids[other]: power for other, power in zip(others, powers, strict=True)}
