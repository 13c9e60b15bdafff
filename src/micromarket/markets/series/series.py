"""Series of markets that together cover time, one of which drives the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from heapq import heappop, heappush

from micromarket.domain.intervals import utc
from micromarket.errors import InvalidValue
from micromarket.markets.series.market import Market, MarketRules, market_name
from micromarket.markets.series.states import NOTHING, MarketState, StateMachine, Timing


@dataclass(frozen=True, slots=True)
class SeriesPlan:
    """When the markets of a series clear, and which series refines them.

    Parameters
    ----------
    rules : MarketRules
        What every market of the series has in common; none of it is lost from one market to the next.
    clearing_interval : timedelta
        From one clearing to the next. Shorter than what a market delivers, windows roll and overlap.
    refined_by : SeriesPlan or None
        A series whose markets divide the time that each market of this one covers first, and refine or correct it.

    Raises
    ------
    InvalidValue
        If deliveries would leave gaps or not line up, or if a negotiation would begin before the market it builds on
        has cleared.

    Notes
    -----
    Source: Transactive Network Template v4 (PNNL, 2024), sections 3.1 and 3.2.
    """

    rules: MarketRules
    clearing_interval: timedelta
    refined_by: SeriesPlan | None = None

    def __post_init__(self) -> None:
        """Check that time is covered, and that every negotiation has what it builds on."""
        timing, name = self.rules.timing, self.rules.series
        if not NOTHING < self.clearing_interval <= timing.delivery_duration:
            raise InvalidValue(
                f"series {name} clears every {self.clearing_interval} and delivers {timing.delivery_duration}: "
                "it would leave gaps"
            )
        if self.clearing_interval % timing.interval_duration:
            raise InvalidValue(f"series {name}: intervals of successive markets would not line up")
        if timing.negotiation_lead + timing.market_lead > self.clearing_interval:
            raise InvalidValue(f"series {name} would negotiate before its prior market has cleared")
        if self.refined_by is not None:
            self._check_refinement(self.refined_by, self.refined_by.rules.timing)

    def _check_refinement(self, finer: SeriesPlan, timing: Timing) -> None:
        name = f"series {finer.rules.series}, which refines {self.rules.series},"
        if self.rules.series in {plan.rules.series for plan in finer.chain}:
            raise InvalidValue(f"{name} needs a name of its own")
        if self.clearing_interval % finer.clearing_interval:
            raise InvalidValue(f"{name} does not divide {self.clearing_interval}")
        lead = timing.negotiation_lead + timing.market_lead + timing.delivery_lead
        own = self.rules.timing
        if lead > own.delivery_lead:
            raise InvalidValue(f"{name} would negotiate before the other has cleared")
        if timing.activation_lead + lead > own.before_clearing + own.delivery_lead:
            raise InvalidValue(f"{name} would be active before the other is spawned")

    @property
    def final_intervals(self) -> int:
        """How many of a market's first intervals its successor does not clear again; all, unless windows roll."""
        return self.clearing_interval // self.rules.timing.interval_duration

    @property
    def chain(self) -> Iterator[SeriesPlan]:
        """The plan itself, the one that refines it, the one that refines that, and so on."""
        plan: SeriesPlan | None = self
        while plan is not None:
            yield plan
            plan = plan.refined_by

    def market(self, number: int, first_clearing: datetime, refined: str | None = None) -> Market:
        """Return market `number` of the series whose market 0 clears at `first_clearing`."""
        clearing = utc(first_clearing) + number * self.clearing_interval
        prior = market_name(self.rules, clearing - self.clearing_interval) if number else None
        return Market(self.rules, number, clearing, prior, refined)

    def together(self, start: datetime, intervals: int) -> Market:
        """Return one market in place of all those that deliver `intervals` from `start` on."""
        timing = replace(self.rules.timing, intervals_to_clear=intervals)
        return Market(replace(self.rules, timing=timing), 0, utc(start) - timing.delivery_lead)

    def refining(self, market: Market) -> Iterator[Market]:
        """Yield the markets that divide what `market` delivers before its successor does."""
        if self.refined_by is None:
            return
        finer, count = self.refined_by, self.clearing_interval // self.refined_by.clearing_interval
        first = market.delivery.start - finer.rules.timing.delivery_lead
        anchor = first - market.number * count * finer.clearing_interval
        for number in range(market.number * count, (market.number + 1) * count):
            yield finer.market(number, anchor, market.name)


@dataclass(frozen=True, slots=True)
class Entered:
    """A market entered a state.

    Parameters
    ----------
    at : datetime
        When the state began, in UTC; not when somebody looked.
    market : Market
        Which.
    state : MarketState
        What it entered; INACTIVE when it was spawned.
    """

    at: datetime
    market: Market
    state: MarketState


@dataclass(frozen=True, slots=True)
class Pending:
    """What a series has still to do with one market.

    Parameters
    ----------
    at : datetime
        When something next happens to it.
    order : int
        Its place in the order of announcement, which decides what comes first at one time.
    depth : int
        Which series: 0 the dominant one, 1 the one that refines it, and so on.
    number, clearing, prior, refined
        As of `Market`.
    state : MarketState or None
        Where it is; None if it is yet to be spawned.
    """

    at: datetime
    order: int
    depth: int
    number: int
    clearing: datetime
    prior: str | None
    refined: str | None
    state: MarketState | None


@dataclass(frozen=True, slots=True)
class SeriesState:
    """Where a series and all that refine it stand: plain values, to be written down and read again.

    Parameters
    ----------
    first_clearing : datetime
        When market 0 of the dominant series clears.
    announced : int
        How many markets were announced so far.
    pending : tuple of Pending
        The markets that are not over, by `order`.
    """

    first_clearing: datetime
    announced: int
    pending: tuple[Pending, ...]


class MarketSeries:
    """Spawns the markets of a plan, and of the plans that refine it, each when it is needed; forgets the expired.

    Parameters
    ----------
    plan : SeriesPlan
        The dominant series.
    first_clearing : datetime
        When its market 0 clears; anchors every other market.

    Notes
    -----
    What is entered, and in which order, depends on the plan alone: by the time a state begins, then by the order of
    spawning. However rarely or often `advance` is called, the same follows.
    """

    def __init__(self, plan: SeriesPlan, first_clearing: datetime) -> None:
        self.plan = plan
        self.first_clearing = utc(first_clearing)
        self._machines: dict[int, tuple[Market, StateMachine]] = {}
        self._due: list[tuple[datetime, int, Market, SeriesPlan]] = []
        self._announced = 0
        self._plan_market(0)

    @classmethod
    def restored(cls, plan: SeriesPlan, state: SeriesState) -> MarketSeries:
        """Return the series that had come to `state`; it goes on as if it had never stopped."""
        series, plans = cls(plan, state.first_clearing), tuple(plan.chain)
        series._due.clear()
        series._announced = state.announced
        for each in state.pending:
            market = Market(plans[each.depth].rules, each.number, each.clearing, each.prior, each.refined)
            heappush(series._due, (each.at, each.order, market, plans[each.depth]))
            if each.state is not None:
                series._machines[each.order] = (market, StateMachine(market.starts, each.state))
        return series

    @property
    def state(self) -> SeriesState:
        """Where the series stands; `restored` goes on from there."""
        depth_of = {plan.rules.series: depth for depth, plan in enumerate(self.plan.chain)}
        return SeriesState(
            self.first_clearing,
            self._announced,
            tuple(
                Pending(at, order, depth_of[plan.rules.series], market.number, market.clearing,
                        market.prior, market.refined, self._state_of(order))
                for at, order, market, plan in sorted(self._due, key=lambda due: due[1])
            ),
        )  # fmt: skip

    @property
    def active(self) -> dict[str, tuple[Market, MarketState]]:
        """Markets that were spawned and have not expired, by name, in the order of spawning."""
        return {market.name: (market, machine.state) for market, machine in self._machines.values()}

    @property
    def next_due(self) -> datetime:
        """When something next happens."""
        return self._due[0][0]

    def advance(self, now: datetime) -> list[Entered]:
        """Enter every state that has begun by `now` and was not entered before, spawning markets on the way.

        Raises
        ------
        NaiveTime
            If `now` carries no zone.
        """
        until, entered = utc(now), list[Entered]()
        while self._due[0][0] <= until:
            at, order, market, plan = heappop(self._due)
            if order not in self._machines:
                self._machines[order] = (market, StateMachine(market.starts))
                self._announce_followers(at, market, plan)
                entered.append(Entered(at, market, MarketState.INACTIVE))
            machine = self._machines[order][1]
            entered.extend(Entered(at, market, state) for state in machine.advance(at))
            self._await(order, market, plan, machine)
        return entered

    def _announce_followers(self, at: datetime, market: Market, plan: SeriesPlan) -> None:
        for finer in plan.refining(market):
            assert plan.refined_by is not None
            self._announce(at, finer, plan.refined_by)
        if plan is self.plan:
            self._plan_market(market.number + 1)

    def _plan_market(self, number: int) -> None:
        market = self.plan.market(number, self.first_clearing)
        self._announce(market.starts[MarketState.ACTIVE], market, self.plan)

    def _announce(self, at: datetime, market: Market, plan: SeriesPlan) -> None:
        heappush(self._due, (at, self._announced, market, plan))
        self._announced += 1

    def _state_of(self, order: int) -> MarketState | None:
        return self._machines[order][1].state if order in self._machines else None

    def _await(self, order: int, market: Market, plan: SeriesPlan, machine: StateMachine) -> None:
        if machine.next_start is None:
            del self._machines[order]
        else:
            heappush(self._due, (machine.next_start, order, market, plan))
