"""One market at one node as a deterministic machine: knowledge, an event and the time give what to send and record.

Nothing here reads a clock or touches a message bus. The same events in the same order give the same bytes; and since
a coordination prepares from what is known alone, other orders end in the same prices.

Source: Transactive Network Template v4 (PNNL, 2024), sections 2.2.3, 3.3 and 3.4. The template leaves open what
happens if somebody does not act in its state; here time runs out, somebody stands in, and the record says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from micromarket.domain.curves import Curves, Floats
from micromarket.domain.surplus import production_cost
from micromarket.markets.series.market import Market
from micromarket.markets.series.states import MarketState
from micromarket.node.balancing import Balance
from micromarket.node.coordination.coordination import Coordination, Prepared, View
from micromarket.node.living.dialog import (
    Dialog,
    Reason,
    SignalRules,
    Wanted,
    reason_to_send,
    speak,
    spoken,
    take,
    take_in_turn,
)
from micromarket.node.living.facts import (
    Cleared,
    Fact,
    Fate,
    NeighborSilent,
    NoAgreement,
    SignalReceived,
    SignalSent,
    Source,
)
from micromarket.node.living.signals import Content, TransactiveSignal
from micromarket.node.living.stand_ins import LastKnown, StandIn, renewed
from micromarket.node.neighbor import Neighbor
from micromarket.node.node import TransactiveNode

TALKING = (MarketState.NEGOTIATION, MarketState.MARKET_LEAD, MarketState.DELIVERY_LEAD)
"""States in which neighbors negotiate; before nothing is known, afterwards everything is settled."""


UNPREPARED = Prepared()


@dataclass(frozen=True, slots=True)
class Place:
    """What does not change from one market to the next.

    Parameters
    ----------
    node : TransactiveNode
        The node and its neighbors.
    coordination : Coordination
        How its neighbors find their prices.
    rules : SignalRules
        When to send, and how long to wait.
    """

    node: TransactiveNode
    coordination: Coordination
    rules: SignalRules


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What a node brings into a negotiation.

    Parameters
    ----------
    local : Curves
        Curves (n, T, V) of the local assets.
    expected : array of float, shape (T,)
        Price expected in each interval [currency/kWh].
    stand_ins : mapping of str to StandIn
        What stands for each neighbor while it says nothing.
    thresholds_kw : mapping of str to float
        Demand up to which each neighbor with a demand charge adds nothing [kW].
    """

    local: Curves
    expected: Floats
    stand_ins: Mapping[str, StandIn]
    thresholds_kw: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Basis:
    """What a coordination may look at, and so what must change before it is asked again."""

    state: MarketState
    time_is_up: bool
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Negotiation:
    """All that a node knows in one market.

    Parameters
    ----------
    market : Market
        The market.
    dialogs : mapping of str to Dialog
        What was said between the node and each transactive neighbor; one that was given up has none any more.
    state : MarketState
        The market's state.
    plan : Plan, optional
        What the node brings; from NEGOTIATION on.
    prepared : Prepared
        What the coordination made of it last.
    basis : Basis, optional
        What that was made of.
    silent : tuple of str
        Neighbors already reported silent.
    """

    market: Market
    dialogs: Mapping[str, Dialog]
    state: MarketState = MarketState.INACTIVE
    plan: Plan | None = None
    prepared: Prepared = UNPREPARED
    basis: Basis | None = None
    silent: tuple[str, ...] = ()

    @property
    def balance(self) -> Balance | None:
        """What the node has settled on so far."""
        return self.prepared.balance

    @property
    def received(self) -> dict[str, Content]:
        """What each neighbor said last, of those that said something."""
        return {name: dialog.received for name, dialog in self.dialogs.items() if dialog.received}

    @property
    def owing(self) -> tuple[str, ...]:
        """Neighbors without whose next round the node cannot take its own."""
        counted = self.prepared.number is not None and self.basis is not None and self.basis.state is self.state
        return tuple(name for name in self.prepared.awaited if name in self.dialogs) if counted else ()

    def patience(self, rules: SignalRules) -> timedelta:
        """Return how long a neighbor may be silent in the present state."""
        start, end = (self.market.starts[state] for state in (self.state, MarketState(self.state + 1)))
        return rules.patience * (end - start)

    def time_is_up_at(self, rules: SignalRules) -> datetime:
        """Return when patience ends with neighbors that said nothing in the present state."""
        return self.market.starts[self.state] + self.patience(rules)

    def given_up_at(self, neighbor: str, rules: SignalRules) -> datetime:
        """Return when patience ends with a neighbor that owes a round, unless it gives a sign of life."""
        return (self.dialogs[neighbor].since or self.market.starts[self.state]) + self.patience(rules)

    def wakes_at(self, rules: SignalRules) -> list[datetime]:
        """Return the times at which something is to be done unless a message comes before."""
        if self.state not in TALKING:
            return []
        owing = self.owing
        repeats = [dialog.repeats_at(rules, name in owing) for name, dialog in self.dialogs.items()]
        ends = [self.time_is_up_at(rules), *(self.given_up_at(name, rules) for name in owing)]
        return [*ends, *(moment for moment in repeats if moment is not None)]

    def is_due(self, now: datetime, rules: SignalRules) -> bool:
        """Return whether something is to be done by now though nothing happened."""
        return any(moment <= now for moment in self.wakes_at(rules))


class Step(NamedTuple):
    """What follows from an event: the new knowledge, what to send, what happened."""

    negotiation: Negotiation
    signals: tuple[TransactiveSignal, ...] = ()
    facts: tuple[Fact, ...] = ()


def opened(market: Market, node: TransactiveNode, now: datetime) -> Negotiation:
    """Return the negotiation of a market that was just spawned; nobody has said anything."""
    return Negotiation(
        market,
        {
            neighbor.id: Dialog(TransactiveSignal.nothing(market.name, node.id, neighbor.id, now))
            for neighbor in node.neighbors
            if neighbor.transactive
        },
    )


def entered(negotiation: Negotiation, state: MarketState, place: Place, now: datetime) -> Step:
    """Return what follows from entering a state; on entering DELIVERY, whoever is still missing is stood in for."""
    step = Step(negotiation)
    if state is MarketState.DELIVERY and negotiation.state is MarketState.DELIVERY_LEAD:
        step = _prepare(negotiation, place, now, time_is_up=True)
    return step._replace(negotiation=replace(step.negotiation, state=state))


def heard(negotiation: Negotiation, signal: TransactiveSignal, place: Place, now: datetime) -> Step:
    """Return what follows from a signal of a neighbor in this market."""
    neighbor = place.node.neighbor(signal.sender)
    before = negotiation.dialogs[signal.sender]
    minds, in_order = place.coordination.minds(neighbor, negotiation.state), place.coordination.in_order
    after = take_in_turn(before, signal, minds, now) if in_order else take(before, signal, minds)
    fate = Fate.KNOWN if signal.number <= before.number else Fate.TAKEN if minds else Fate.LATE
    if signal.number > after.number:
        fate = Fate.EARLY
    dialogs = {**negotiation.dialogs, signal.sender: after}
    return Step(replace(negotiation, dialogs=dialogs), facts=(SignalReceived(now, signal, fate),))


def resumed(negotiation: Negotiation, now: datetime) -> Negotiation:
    """Return the negotiation of a node that was away: it cannot know who gave signs of life meanwhile."""
    dialogs = {
        name: dialog if dialog.since is None else replace(dialog, since=now)
        for name, dialog in negotiation.dialogs.items()
    }
    return replace(negotiation, dialogs=dialogs)


def acted(negotiation: Negotiation, place: Place, now: datetime) -> Step:
    """Return what is to be said and settled now, given what is known."""
    step = _acted_once(negotiation, place, now)
    while step.negotiation.prepared.more and negotiation.state in TALKING:
        further = _acted_once(step.negotiation, place, now)
        step = Step(further.negotiation, step.signals + further.signals, step.facts + further.facts)
    return step


def _acted_once(negotiation: Negotiation, place: Place, now: datetime) -> Step:
    gone = _given_up(negotiation, place.rules, now)
    made = Step(gone.negotiation)
    if negotiation.state in TALKING:
        made = _prepare(gone.negotiation, place, now, now >= negotiation.time_is_up_at(place.rules))
    said = _speak(made.negotiation, place.rules, now)
    return Step(said.negotiation, said.signals, gone.facts + made.facts + said.facts)


def _given_up(negotiation: Negotiation, rules: SignalRules, now: datetime) -> Step:
    """Go on without those that owe a round and gave no sign of life for too long: what they said last stands in."""
    gone = [name for name in negotiation.owing if negotiation.given_up_at(name, rules) <= now]
    if not gone or negotiation.plan is None:
        return Step(negotiation)
    market, dialogs, plan = negotiation.market, dict(negotiation.dialogs), negotiation.plan
    stand_ins = dict(plan.stand_ins)
    for name in gone:
        said, sent_at = dialogs[name].received, dialogs.pop(name).since or now
        known = LastKnown(said, sent_at) if said else None
        stand_ins[name] = renewed(stand_ins[name], known, market.intervals.moments, now, rules.trust)
    facts = tuple(NeighborSilent(now, market.name, name, stand_ins[name].source) for name in gone)
    silent = (*negotiation.silent, *gone)
    plan = replace(plan, stand_ins=stand_ins)
    return Step(replace(negotiation, dialogs=dialogs, plan=plan, silent=silent), facts=facts)


def _prepare(negotiation: Negotiation, place: Place, now: datetime, time_is_up: bool) -> Step:
    """Ask the coordination again if anything it may look at has changed."""
    numbers = tuple(dialog.number for dialog in negotiation.dialogs.values())
    basis = Basis(negotiation.state, time_is_up, numbers)
    if (basis == negotiation.basis and not negotiation.prepared.more) or negotiation.plan is None:
        return Step(negotiation)
    prepared = place.coordination.prepare(_view(negotiation, negotiation.plan, place, time_is_up))
    missed = _silence(negotiation, prepared, time_is_up, now)
    silent = (*negotiation.silent, *(fact.neighbor for fact in missed))
    apart = [NoAgreement(now, negotiation.market.name, name) for name in _newly_apart(negotiation, prepared)]
    facts: tuple[Fact, ...] = (*missed, *apart, *_clearing(negotiation, prepared, place, now))
    return Step(replace(negotiation, prepared=prepared, basis=basis, silent=silent), facts=facts)


def _view(negotiation: Negotiation, plan: Plan, place: Place, time_is_up: bool) -> View:
    received, dialogs = negotiation.received, negotiation.dialogs
    return View(
        place.node.with_thresholds(plan.thresholds_kw),
        negotiation.market,
        negotiation.state,
        plan.local,
        plan.expected,
        received,
        {name: one.curve for name, one in plan.stand_ins.items() if name not in received},
        {name: dialog.number if dialog.received else 0 for name, dialog in dialogs.items()},
        time_is_up,
        negotiation.prepared.memory,
        {name: dialog.shared for name, dialog in dialogs.items() if dialog.shared},
    )


def _silence(negotiation: Negotiation, prepared: Prepared, time_is_up: bool, now: datetime) -> list[NeighborSilent]:
    assert negotiation.plan is not None
    if not time_is_up or prepared.number is not None:  # who owes a round is asked for a sign of life first
        return []
    names = [name for name in prepared.awaited if name not in negotiation.silent]
    market, stand_ins = negotiation.market.name, negotiation.plan.stand_ins
    return [NeighborSilent(now, market, name, stand_ins[name].source) for name in names]


def _newly_apart(negotiation: Negotiation, prepared: Prepared) -> list[str]:
    return [name for name in prepared.disagreed if name not in negotiation.prepared.disagreed]


def _clearing(negotiation: Negotiation, prepared: Prepared, place: Place, now: datetime) -> list[Cleared]:
    if prepared.balance is None or prepared.balance.equals(negotiation.balance):
        return []
    assert negotiation.plan is not None
    sources = tuple((one.id, _source(one, negotiation, negotiation.plan)) for one in place.node.neighbors)
    cost = production_cost(negotiation.plan.local, prepared.balance.local_kw, negotiation.market.intervals.hours)
    return [Cleared(now, negotiation.market, prepared.balance, sources, cost)]


def _source(neighbor: Neighbor, negotiation: Negotiation, plan: Plan) -> Source:
    if not neighbor.transactive:
        return Source.PRICE_LIST
    return Source.SIGNAL if neighbor.id in negotiation.received else plan.stand_ins[neighbor.id].source


def _speak(negotiation: Negotiation, rules: SignalRules, now: datetime) -> Step:
    dialogs, facts = dict(negotiation.dialogs), list[SignalSent]()
    prepared, owing, talking = negotiation.prepared, negotiation.owing, negotiation.state in TALKING
    for name, dialog in dialogs.items():
        content = prepared.signals.get(name, ()) if talking else ()
        wanted = Wanted(content, prepared.number, name in owing, prepared.shared)
        reason = reason_to_send(dialog, wanted, now, rules)
        if reason is not None and (talking or reason is Reason.ANSWER):
            dialogs[name] = speak(dialog, wanted, reason, now)
            facts += [SignalSent(now, signal, reason) for signal in spoken(dialogs[name], reason)]
    signals = tuple(fact.signal for fact in facts)
    return Step(replace(negotiation, dialogs=dialogs), signals, tuple(facts))
