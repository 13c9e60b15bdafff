"""A whole node: its series, its open markets, what it has learned. Events in, signals and facts out; no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import NamedTuple, Protocol

from micromarket.domain.curves import Curves, Floats
from micromarket.domain.intervals import Interval, utc
from micromarket.markets.series.market import Market
from micromarket.markets.series.series import Entered, MarketSeries, SeriesPlan, SeriesState
from micromarket.markets.series.states import MarketState
from micromarket.node.coordination.coordination import coordination
from micromarket.node.demand.demand_book import DemandBook, DemandState
from micromarket.node.demand.meter_point import MeterPoint
from micromarket.node.living.devices import Devices, DeviceState, LivingDevices
from micromarket.node.living.dialog import SignalRules
from micromarket.node.living.facts import Cleared, Fact, Fate, SignalReceived, StateEntered
from micromarket.node.living.inventory import Inventory
from micromarket.node.living.negotiation import Negotiation, Place, Plan, Step, acted, entered, heard, opened, resumed
from micromarket.node.living.price_book import PriceBook
from micromarket.node.living.settled import exchanged_kw, settled_at
from micromarket.node.living.signals import TransactiveSignal
from micromarket.node.living.stand_ins import LastKnown, StandIn, stand_in
from micromarket.node.neighbor import Neighbor
from micromarket.node.node import TransactiveNode


class Scheduling(Protocol):
    """What a node asks about its own side of a market."""

    def local(self, market: Market, expected: Floats) -> Curves:
        """Return the curves (n, T, V) of the local assets, given the price expected in each interval."""
        ...

    def default(self, neighbor: str, market: Market) -> Curves | None:
        """Return the curve (1, T, V) of a neighbor that says nothing in this market, or None if it has no other."""
        ...


@dataclass(frozen=True, slots=True)
class StartingSeries:
    """A series and when its first market clears."""

    plan: SeriesPlan
    first_clearing: datetime


@dataclass(frozen=True, slots=True)
class NodeSetup:
    """All that makes one node, apart from what it lives through.

    Parameters
    ----------
    node : TransactiveNode
        Name and neighbors.
    series : tuple of StartingSeries
        The dominant series; those that refine them come along. `MarketRules.mechanism` names each one's coordination.
    scheduling : Scheduling
        Its assets, and the neighbors that say nothing.
    rules : SignalRules
        When to send, how long to wait.
    zone : tzinfo
        Local zone, for what each hour of the day usually costs.
    inventory : Inventory
        Names of what it has, for the record.
    devices : Devices, optional
        What it has that keeps a state; its curves follow those of `scheduling`.
    meters : mapping of str to MeterPoint
        Meters toward neighbors, read as devices deliver.
    """

    node: TransactiveNode
    series: tuple[StartingSeries, ...]
    scheduling: Scheduling
    rules: SignalRules = field(default_factory=SignalRules)
    zone: tzinfo = UTC
    inventory: Inventory = field(default_factory=Inventory)
    devices: Devices | None = None
    meters: Mapping[str, MeterPoint] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class NodeState:
    """All that a node knows at one moment; enough to go on after a restart.

    Parameters
    ----------
    at : datetime, optional
        When; None before it was ever told the time.
    series : tuple of SeriesState
        Where each of its series stands.
    open : mapping of str to Negotiation
        Its open markets by name.
    known : mapping of str to LastKnown
        What each neighbor said last in each series, by ``series/neighbor``.
    prices : PriceBook
        What it has learned of prices.
    demand : DemandState
        What it has drawn from neighbors that charge for it.
    devices : DeviceState, optional
        Where its devices stand, if it has any.
    """

    at: datetime | None = None
    series: tuple[SeriesState, ...] = ()
    open: Mapping[str, Negotiation] = field(default_factory=dict)
    known: Mapping[str, LastKnown] = field(default_factory=dict)
    prices: PriceBook = field(default_factory=PriceBook)
    demand: DemandState = field(default_factory=DemandState)
    devices: DeviceState | None = None


class Outputs(NamedTuple):
    """What follows from an event: signals to send and facts to record, in their order."""

    signals: tuple[TransactiveSignal, ...] = ()
    facts: tuple[Fact, ...] = ()


class RunningNode:
    """A node that lives: it is told the time and what came, and says what to send and what happened.

    Parameters
    ----------
    setup : NodeSetup
        What it is.
    state : NodeState, optional
        What `state` was when it stopped; by default it starts from nothing.

    Notes
    -----
    It does no I/O and reads no clock. Who starts late joins the markets that are not yet over; those in delivery
    clear at once on what stands in for its neighbors.
    """

    def __init__(self, setup: NodeSetup, state: NodeState | None = None) -> None:
        self.setup = setup
        before = state or NodeState()
        self._open, self._known = dict(before.open), dict(before.known)
        self._prices, self._at = before.prices, before.at
        self._demand = DemandBook(setup.node, setup.zone, setup.meters, before.demand)
        self._was_away = state is not None
        plans = [one.plan for one in setup.series]
        self._series = [MarketSeries.restored(*each) for each in zip(plans, before.series, strict=False)]
        self._series = self._series or [MarketSeries(one.plan, one.first_clearing) for one in setup.series]
        self._final = {plan.rules.series: plan.final_intervals for one in setup.series for plan in one.plan.chain}
        self._devices = None if setup.devices is None else LivingDevices(setup.devices, before.devices)
        self._places = {name: Place(setup.node, coordination(name), setup.rules) for name in _mechanisms(setup)}

    @property
    def state(self) -> NodeState:
        """All it knows."""
        series = tuple(one.state for one in self._series)
        devices = None if self._devices is None else self._devices.state
        opened, known = dict(self._open), dict(self._known)
        return NodeState(self._at, series, opened, known, self._prices, self._demand.state, devices)

    @property
    def wakes_at(self) -> datetime:
        """When it wants to be told the time next, unless a signal comes before."""
        moments = [series.next_due for series in self._series]
        moments += [moment for one in self._open.values() for moment in one.wakes_at(self.setup.rules)]
        if self._devices is not None and self._at is not None:
            moments += self._devices.wakes_at(self._at)
        return min(moment for moment in moments if self._at is None or moment > self._at)

    def handle(self, now: datetime, signal: TransactiveSignal | None = None) -> Outputs:
        """Return what follows from the time being `now`, and from a signal that came.

        Raises
        ------
        NaiveTime
            If `now` carries no zone.
        """
        moment = self._at = utc(now) if self._at is None else max(self._at, utc(now))
        if self._was_away:
            self._open = {name: resumed(one, moment) for name, one in self._open.items()}
            self._was_away = False
        events = [one for series in self._series for one in series.advance(moment)]
        facts = list[Fact]()
        for one in events:
            facts += self._deliver(one.at)
            facts += self._enter(one, moment)
        facts += self._deliver(moment)
        news = {one.market.name for one in events}
        if signal is not None:
            facts += self._hear(signal, moment)
            news.add(signal.market)
        signals = list[TransactiveSignal]()
        for name, negotiation in list(self._open.items()):
            if name not in news and not negotiation.is_due(moment, self.setup.rules):
                continue
            step = acted(negotiation, self._place(negotiation.market), moment)
            facts += self._keep(step)
            signals += step.signals
        if self._devices is not None:
            facts += self._devices.instructed(moment, self._set_point_kw)
        return Outputs(tuple(signals), tuple(facts))

    def metered(self, neighbor_id: str, moment: datetime, power_kw: float) -> list[Fact]:
        """Take a reading of the meter toward a neighbor that charges for demand.

        Parameters
        ----------
        neighbor_id : str
            The neighbor.
        moment : datetime
            Start of the metered interval.
        power_kw : float
            Average power from the neighbor in it [kW].

        Returns
        -------
        list of Fact
            What it raised.

        Raises
        ------
        UnknownParty
            If there is no such neighbor.
        """
        return self._demand.metered(neighbor_id, moment, power_kw, self._at or utc(moment))

    def _enter(self, event: Entered, now: datetime) -> list[Fact]:
        market, state = event.market, event.state
        if market.delivery.end <= now and market.name not in self._open:
            return []
        negotiation = self._open.get(market.name) or opened(market, self.setup.node, event.at)
        step = entered(negotiation, state, self._place(market), event.at)
        if state is MarketState.NEGOTIATION:
            step = step._replace(negotiation=replace(step.negotiation, plan=self._plan(market, event.at)))
        facts = [*self._keep(step), StateEntered(event.at, market, state)]
        if state is MarketState.DELIVERY and step.negotiation.balance is not None:
            price, final = step.negotiation.balance.price, self._final[market.rules.series]
            self._prices = self._prices.learned(market, price, final, self.setup.zone)
        if state is MarketState.RECONCILE and step.negotiation.balance is not None:
            facts += self._demand.settled(market, step.negotiation.balance, event.at)
        if state is MarketState.EXPIRED:
            del self._open[market.name]
            self._prices = self._prices.without(market.prior or "")
        return facts

    def _plan(self, market: Market, now: datetime) -> Plan:
        setup, expected = self.setup, self._prices.expected(market, self.setup.zone)
        local = setup.scheduling.local(market, expected)
        if self._devices is not None:
            known = partial(self._prices.expected_at, market, setup.zone)
            local = Curves.concatenate([local, self._devices.curves(market, self._set_point_kw, known)])
        stand_ins = {one.id: self._stand_in(one, market, now) for one in setup.node.neighbors}
        return Plan(local, expected, stand_ins, self._demand.thresholds_kw(market.delivery.start))

    def _deliver(self, now: datetime) -> list[Fact]:
        facts = list[Fact]()
        for fact in [] if self._devices is None else self._devices.delivered(now):
            settled = settled_at(self._open.values(), fact.start)
            exchanged = exchanged_kw(settled, fact, self.setup.node.neighbors)
            facts += [fact, *self._demand.counted(Interval(fact.start, fact.at), exchanged)]
        return facts

    def _set_point_kw(self, start: datetime) -> Floats | None:
        settled = settled_at(self._open.values(), start)
        return None if settled is None or self._devices is None else settled.devices_kw(self._devices.count)

    def _stand_in(self, neighbor: Neighbor, market: Market, now: datetime) -> StandIn:
        default = self.setup.scheduling.default(neighbor.id, market) or neighbor.default
        known = self._known.get(_heading(market, neighbor.id))
        return stand_in(market.intervals.moments, default, known, now, self.setup.rules.trust)

    def _hear(self, signal: TransactiveSignal, now: datetime) -> list[Fact]:
        negotiation = self._open.get(signal.market)
        if negotiation is None or signal.sender not in negotiation.dialogs or signal.receiver != self.setup.node.id:
            given_up = negotiation is not None and signal.sender in negotiation.silent
            return [SignalReceived(now, signal, Fate.LATE if given_up else Fate.STRANGE)]
        if signal.content and not _fits(signal, negotiation.market):
            return [SignalReceived(now, signal, Fate.UNFIT)]
        step = heard(negotiation, signal, self._place(negotiation.market), now)
        if signal.content and step.negotiation.dialogs[signal.sender].received is signal.content:
            heading = _heading(negotiation.market, signal.sender)
            self._known[heading] = LastKnown(signal.content, signal.sent_at)
        return self._keep(step)

    def _keep(self, step: Step) -> list[Fact]:
        market = step.negotiation.market
        self._open[market.name] = step.negotiation
        if any(isinstance(fact, Cleared) for fact in step.facts) and step.negotiation.balance is not None:
            self._prices = self._prices.noted(market, step.negotiation.balance.price)
        return list(step.facts)

    def _place(self, market: Market) -> Place:
        return self._places[market.rules.mechanism]


def _fits(signal: TransactiveSignal, market: Market) -> bool:
    said = (signal.content, *(one.content for one in signal.shared))
    return all([each.start for each in content] == list(market.intervals.moments) for content in said)


def _heading(market: Market, neighbor: str) -> str:
    return f"{market.rules.series}/{neighbor}"


def _mechanisms(setup: NodeSetup) -> set[str]:
    return {plan.rules.mechanism for one in setup.series for plan in one.plan.chain}
