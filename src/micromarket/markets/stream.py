"""The numbered stream of calls to a mechanism: whoever reads all of it has the same book as the one that wrote it.

Calls are inputs, outcomes follow from them; so the stream carries calls, and with each the digest of what it led to,
by which a reader notices at once if its own engine answered otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from micromarket.domain.ids import InstrumentId, OrderId, PartyId
from micromarket.domain.orders import Order, Vertex
from micromarket.errors import StreamBroken
from micromarket.markets.admission import TradingState
from micromarket.markets.auctions.block_auction import BlockAuction
from micromarket.markets.book.calendar import Timetable
from micromarket.markets.book.matching import OrderBook
from micromarket.markets.mechanism import Mechanism, Outcome, digest
from micromarket.markets.offers import OfferMarket


@dataclass(frozen=True, slots=True)
class Submit:
    """An order comes in."""

    order: Order

    def to(self, mechanism: Mechanism) -> list[Outcome]:
        """Make the call."""
        return mechanism.submit(self.order)


@dataclass(frozen=True, slots=True)
class Amend:
    """A held order gets other vertices."""

    order_id: OrderId
    vertices: tuple[Vertex, ...]

    def to(self, mechanism: Mechanism) -> list[Outcome]:
        """Make the call."""
        return mechanism.amend(self.order_id, self.vertices)


@dataclass(frozen=True, slots=True)
class Cancel:
    """An order is let go of."""

    order_id: OrderId

    def to(self, mechanism: Mechanism) -> list[Outcome]:
        """Make the call."""
        return mechanism.cancel(self.order_id)


@dataclass(frozen=True, slots=True)
class CancelAll:
    """All orders of a party are let go of."""

    party_id: PartyId

    def to(self, mechanism: Mechanism) -> list[Outcome]:
        """Make the call."""
        return mechanism.cancel_all(self.party_id)


@dataclass(frozen=True, slots=True)
class Clear:
    """Every instrument is cleared."""

    def to(self, mechanism: Mechanism) -> list[Outcome]:
        """Make the call."""
        return mechanism.clear()


@dataclass(frozen=True, slots=True)
class Expire:
    """The event clock moves on."""

    now: datetime

    def to(self, mechanism: Mechanism) -> list[Outcome]:
        """Make the call."""
        return mechanism.expire(self.now)


@dataclass(frozen=True, slots=True)
class SubmitBlock:
    """Linked orders come in, where blocks are taken."""

    orders: tuple[Order, ...]

    def to(self, mechanism: OrderBook | BlockAuction) -> list[Outcome]:
        """Make the call."""
        return mechanism.submit_block(self.orders)


@dataclass(frozen=True, slots=True)
class Schedule:
    """An order book trades one more instrument."""

    instrument_id: InstrumentId
    times: Timetable

    def to(self, mechanism: OrderBook) -> list[Outcome]:
        """Make the call; nothing follows from it at once."""
        mechanism.schedule(self.instrument_id, self.times)
        return []


@dataclass(frozen=True, slots=True)
class SetState:
    """An instrument of an order book, or all, is halted, collected, reduced or resumed."""

    state: TradingState
    instrument_id: InstrumentId | None = None

    def to(self, mechanism: OrderBook) -> list[Outcome]:
        """Make the call."""
        return mechanism.set_state(self.state, self.instrument_id)


@dataclass(frozen=True, slots=True)
class Reject:
    """An offer is declined by the party that it was made to."""

    order_id: OrderId
    party_id: PartyId

    def to(self, mechanism: OfferMarket) -> list[Outcome]:
        """Make the call."""
        return mechanism.reject(self.order_id, self.party_id)


class Call(Protocol):
    """A call that changes a mechanism, as a value; another mechanism's calls of its own are made likewise."""

    def to(self, mechanism: Any) -> list[Outcome]:
        """Make the call."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """One call and its place in the stream.

    Parameters
    ----------
    number : int
        From 1, without gaps.
    call : Call
        What was asked of the mechanism.
    outcome_digest : str
        Digest of what it answered.
    """

    number: int
    call: Call
    outcome_digest: str


@dataclass(frozen=True, slots=True)
class NumberedSnapshot:
    """The state of a mechanism after message `number`, from which a late reader joins."""

    number: int
    state: bytes


class Publisher:
    """Makes calls to a mechanism and keeps the numbered stream of them.

    Parameters
    ----------
    mechanism : Mechanism
        Which; nobody else may call it.
    """

    def __init__(self, mechanism: Mechanism) -> None:
        self.mechanism = mechanism
        self._messages: list[Message] = []

    @property
    def number(self) -> int:
        """Number of the last message, 0 before the first."""
        return len(self._messages)

    def make(self, call: Call) -> list[Outcome]:
        """Make a call, publish it and return what followed."""
        outcomes = call.to(self.mechanism)
        self._messages.append(Message(self.number + 1, call, digest(outcomes)))
        return outcomes

    def after(self, number: int) -> Sequence[Message]:
        """Return every message after `number`, for a reader that missed some."""
        return self._messages[number:]

    def snapshot(self) -> NumberedSnapshot:
        """Return the state now, and the number of the message that led to it."""
        return NumberedSnapshot(self.number, self.mechanism.snapshot())


class Mirror:
    """A second engine fed by the stream; messages may come late, twice or in any order.

    Parameters
    ----------
    mechanism : Mechanism
        Created with the same arguments as the publisher's.
    snapshot : NumberedSnapshot, optional
        Where to join; by default at the beginning.
    """

    def __init__(self, mechanism: Mechanism, snapshot: NumberedSnapshot | None = None) -> None:
        self.mechanism = mechanism
        self.number = 0
        self._early: dict[int, Message] = {}
        if snapshot is not None:
            mechanism.restore(snapshot.state)
            self.number = snapshot.number

    @property
    def missing(self) -> range:
        """Numbers waited for: those before the earliest message that came too early; empty if nothing is missing."""
        return range(self.number + 1, min(self._early, default=self.number + 1))

    def receive(self, message: Message) -> list[Outcome]:
        """Take a message; make its call, and those that waited for it, as soon as all before it were made.

        Raises
        ------
        StreamBroken
            If the own engine answers otherwise than the publisher's did.
        """
        if message.number > self.number:
            self._early[message.number] = message
        outcomes: list[Outcome] = []
        while (due := self._early.pop(self.number + 1, None)) is not None:
            outcomes.extend(self._make(due))
        return outcomes

    def _make(self, message: Message) -> list[Outcome]:
        outcomes = message.call.to(self.mechanism)
        if digest(outcomes) != message.outcome_digest:
            raise StreamBroken(f"message {message.number}: this engine answers otherwise than the one it mirrors")
        self.number = message.number
        return outcomes


def clone(create: Callable[[], Mechanism], messages: Iterable[Message], until: int | None = None) -> Mechanism:
    """Return the mechanism as it was after message `until`, rebuilt from the stream; by default after the last.

    Parameters
    ----------
    create : callable
        Creates the mechanism with the arguments of the original.
    messages : iterable of Message
        The stream from its beginning.
    until : int, optional
        Number of the last message to take.

    Raises
    ------
    StreamBroken
        If messages are missing, or the engine answers otherwise than the original did.
    """
    mirror = Mirror(create())
    for message in messages:
        if until is None or message.number <= until:
            mirror.receive(message)
    if mirror.missing or (until is not None and mirror.number < until):
        raise StreamBroken(f"the stream lacks message {mirror.number + 1}")
    return mirror.mechanism
