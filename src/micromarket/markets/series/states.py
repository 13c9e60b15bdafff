"""The life of one market: eight states, when each begins, and a machine that enters them in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from micromarket.domain.intervals import utc
from micromarket.errors import InvalidValue

NOTHING = timedelta(0)


class MarketState(IntEnum):
    """What a market is doing, in the order in which it does it.

    Source: Transactive Network Template v4 (PNNL, 2024), section 3.3. Table 1 there names seven states; the section's
    text and Table 2 name these eight.
    """

    INACTIVE = 0
    """Spawned; nothing happens yet."""
    ACTIVE = 1
    """Relevant: participants may prepare."""
    NEGOTIATION = 2
    """Participants plan and negotiate."""
    MARKET_LEAD = 3
    """Tenders are collected, aggregated and sent upstream."""
    DELIVERY_LEAD = 4
    """Cleared: results are passed on."""
    DELIVERY = 5
    """What was cleared is delivered and metered."""
    RECONCILE = 6
    """Deliveries are settled."""
    EXPIRED = 7
    """Done with, and forgotten."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a market spends in each state.

    Parameters
    ----------
    activation_lead : timedelta
        Time in ACTIVE.
    negotiation_lead : timedelta
        Time in NEGOTIATION.
    market_lead : timedelta
        Time in MARKET_LEAD, which ends when the market clears.
    delivery_lead : timedelta
        Time in DELIVERY_LEAD, from clearing to the first delivery.
    interval_duration : timedelta
        Duration of each delivered interval; positive.
    intervals_to_clear : int
        Number of intervals cleared together; positive.
    reconciliation : timedelta
        Time in RECONCILE.

    Raises
    ------
    InvalidValue
        If a lead is negative, or nothing is delivered.
    """

    interval_duration: timedelta
    intervals_to_clear: int = 1
    activation_lead: timedelta = NOTHING
    negotiation_lead: timedelta = NOTHING
    market_lead: timedelta = NOTHING
    delivery_lead: timedelta = NOTHING
    reconciliation: timedelta = NOTHING

    def __post_init__(self) -> None:
        """Check the signs."""
        leads = (self.activation_lead, self.negotiation_lead, self.market_lead)
        if min(*leads, self.delivery_lead, self.reconciliation) < NOTHING:
            raise InvalidValue("a lead time is never negative")
        if self.interval_duration <= NOTHING or self.intervals_to_clear < 1:
            raise InvalidValue(
                f"a market delivers something: found {self.intervals_to_clear} x {self.interval_duration}"
            )

    @property
    def before_clearing(self) -> timedelta:
        """From activation to clearing."""
        return self.activation_lead + self.negotiation_lead + self.market_lead

    @property
    def delivery_duration(self) -> timedelta:
        """From the first delivery to the end of the last."""
        return self.intervals_to_clear * self.interval_duration

    def starts(self, clearing: datetime) -> Mapping[MarketState, datetime]:
        """Return when each state after INACTIVE begins, for a market that clears at `clearing`.

        Notes
        -----
        Delivery begins a delivery lead *after* clearing, as the example of section 3.9 has it (cleared 9:45,
        delivered from 10:00); the listing there subtracts it.
        """
        cleared = utc(clearing)
        negotiation = cleared - self.market_lead - self.negotiation_lead
        delivery = cleared + self.delivery_lead
        return {
            MarketState.ACTIVE: negotiation - self.activation_lead,
            MarketState.NEGOTIATION: negotiation,
            MarketState.MARKET_LEAD: cleared - self.market_lead,
            MarketState.DELIVERY_LEAD: cleared,
            MarketState.DELIVERY: delivery,
            MarketState.RECONCILE: delivery + self.delivery_duration,
            MarketState.EXPIRED: delivery + self.delivery_duration + self.reconciliation,
        }


class StateMachine:
    """The state of one market; moved on by being told the time.

    Parameters
    ----------
    starts : mapping of MarketState to datetime
        When each state after INACTIVE begins, as `Timing.starts` gives it.
    state : MarketState
        Where to start.

    Notes
    -----
    A state ends when the next begins, whoever has or has not done their part by then, so that none waits for ever.
    The template leaves open what follows when an agent fails to act in time (section 3.4); here the market clears on
    what stands in for it, as `micromarket.node.living.stand_ins` says, and the record names it.
    """

    def __init__(self, starts: Mapping[MarketState, datetime], state: MarketState = MarketState.INACTIVE) -> None:
        self.state = state
        self._starts = starts

    def advance(self, now: datetime) -> Iterator[MarketState]:
        """Enter, one after another, every state that has begun by `now`; a late call misses nothing.

        Examples
        --------
        >>> from datetime import UTC
        >>> cleared = datetime(2026, 7, 6, 9, 45, tzinfo=UTC)
        >>> hour = Timing(timedelta(hours=1), delivery_lead=timedelta(minutes=15))
        >>> [state.name for state in StateMachine(hour.starts(cleared)).advance(cleared)]
        ['ACTIVE', 'NEGOTIATION', 'MARKET_LEAD', 'DELIVERY_LEAD']
        """
        while (due := self.next_start) is not None and due <= now:
            self.state = MarketState(self.state + 1)
            yield self.state

    @property
    def next_start(self) -> datetime | None:
        """When the next state begins, or None once expired."""
        if self.state is MarketState.EXPIRED:
            return None
        return self._starts[MarketState(self.state + 1)]
