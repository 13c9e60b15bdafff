"""The mechanism: orders in, outcomes out. The seeds' Market Modular Interface.

Whatever matches or clears (an auction, an order book) answers this protocol and is reached by name through
`micromarket.markets.registry`. A mechanism counts whole steps, reads no clock and draws no chance: the same calls
give the same outcomes. The only time it knows is the event clock that `Mechanism.expire` moves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from hashlib import sha256
from typing import ClassVar, Protocol

from micromarket.domain.curves import Curves
from micromarket.domain.ids import InstrumentId, OrderId, PartyId
from micromarket.domain.orders import Order, Side, Vertex
from micromarket.domain.products import Steps
from micromarket.errors import MicromarketError


@dataclass(frozen=True, slots=True)
class OrderAccepted:
    """The order is taken, and its name with it."""

    order_id: OrderId


@dataclass(frozen=True, slots=True)
class OrderRefused:
    """The rules do not allow the call; nothing changed.

    Parameters
    ----------
    order_id : OrderId
        Order that was submitted or named.
    reason : type of MicromarketError
        Named error, such as `DuplicateOrder`.
    detail : str
        What was expected and what was found.
    """

    order_id: OrderId
    reason: type[MicromarketError]
    detail: str


@dataclass(frozen=True, slots=True)
class Matched:
    """Two orders were matched with each other, wholly or in part.

    Parameters
    ----------
    standing_id : OrderId
        The one that stood, and whose price is paid.
    aggressive_id : OrderId
        The one that arrived.
    price : Steps
        Price paid [price steps].
    quantity : Steps
        How much, unsigned [quantity steps].
    """

    standing_id: OrderId
    aggressive_id: OrderId
    price: Steps
    quantity: Steps


@dataclass(frozen=True, slots=True)
class Rested:
    """The order, or what is left of it, stands from now on.

    Parameters
    ----------
    order_id : OrderId
        Which.
    quantity : Steps
        How much stands, unsigned [quantity steps].
    """

    order_id: OrderId
    quantity: Steps


@dataclass(frozen=True, slots=True)
class Reduced:
    """The order was made smaller and keeps its place.

    Parameters
    ----------
    order_id : OrderId
        Which.
    quantity : Steps
        How much was taken away, unsigned [quantity steps].
    remaining : Steps
        How much is left, unsigned [quantity steps].
    """

    order_id: OrderId
    quantity: Steps
    remaining: Steps


@dataclass(frozen=True, slots=True)
class OrderRemoved:
    """The order is held no longer.

    Parameters
    ----------
    order_id : OrderId
        Which.
    reason : str
        Why: ``matched``, ``cleared``, ``cancelled``, ``replaced``, ``expired``, ``gate closed``, ``self-trade``,
        ``not matched at once``, ``another of its set was matched``.
    """

    order_id: OrderId
    reason: str


@dataclass(frozen=True, slots=True)
class Cleared:
    """An instrument was cleared at one price.

    Parameters
    ----------
    instrument_id : InstrumentId
        Which.
    price : float
        Exact clearing price [price steps]; `Awarded.price` is the whole step nearest to it, half to even.
    imbalance : float
        What the longer side could not match at that price [quantity steps]: positive supply, negative demand, 0 if
        neither. An auction that divides the orders at the margin counts only what is beyond them; one that counts
        whole limit orders counts all that accept the price.
    """

    instrument_id: InstrumentId
    price: float
    imbalance: float


@dataclass(frozen=True, slots=True)
class Awarded:
    """What an order got in a clearing. The powers of one clearing sum to zero, in whole steps.

    Parameters
    ----------
    order_id : OrderId
        Which.
    price : Steps
        Price paid or received [price steps].
    power : Steps
        Power [quantity steps], positive into the region (sold), negative out of it (bought).
    """

    order_id: OrderId
    price: Steps
    power: Steps


Outcome = OrderAccepted | OrderRefused | Matched | Rested | Reduced | OrderRemoved | Cleared | Awarded


def digest(outcomes: Iterable[Outcome]) -> str:
    """Return the SHA-256 of outcomes in their order, as hexadecimal digits: equal runs, equal digests.

    Examples
    --------
    >>> digest([OrderAccepted("a")])[:8]
    '6d06d250'
    """
    sums = sha256()
    for outcome in outcomes:
        sums.update(_line(outcome).encode())
    return sums.hexdigest()


def _line(outcome: Outcome) -> str:
    if isinstance(outcome, OrderRefused):
        return f"OrderRefused({outcome.order_id!r}, {outcome.reason.__name__}, {outcome.detail!r})\n"
    return f"{outcome!r}\n"


@dataclass(frozen=True, slots=True)
class BestPrices:
    """The best price of each side.

    Parameters
    ----------
    bid, ask : Steps or None
        Highest price of a buyer and lowest of a seller [price steps]; None if there is none.
    """

    bid: Steps | None
    ask: Steps | None

    def of(self, side: Side) -> Steps | None:
        """Return the best price of the orders on `side`."""
        return self.bid if side is Side.BUY else self.ask


@dataclass(frozen=True, slots=True)
class Level:
    """All that stands at one price on one side.

    Parameters
    ----------
    side : Side
        Buying or selling.
    price : Steps
        At which price [price steps].
    quantity : Steps
        How much in sum, unsigned [quantity steps].
    orders : int
        By how many orders.
    """

    side: Side
    price: Steps
    quantity: Steps
    orders: int


class OrderKind(Enum):
    """What a mechanism may take; whatever it does not take it refuses with `NotSupported`."""

    LIMIT = "limit"
    """One step from zero: all of a quantity at one price or better."""
    MARKET = "market"
    """One vertex: a quantity at any price."""
    CURVE = "curve"
    """Any other curve on one side of zero."""
    BOTH_SIDES = "both sides"
    """A curve that buys at low prices and sells at high ones."""


class Mechanism(Protocol):
    """A rule that matches or clears orders.

    A mechanism is created with the instruments it trades: ``Mechanism(instrument_ids)``. Refusals are outcomes, never
    exceptions, so that a log of calls can be replayed without judging it twice.
    """

    name: ClassVar[str]
    """Registered name, written to the log."""

    version: ClassVar[int]
    """Raised whenever the same calls may give other outcomes, written to the log."""

    takes: ClassVar[frozenset[OrderKind]]
    """Kinds of orders it takes."""

    def submit(self, order: Order) -> list[Outcome]:
        """Take an order: ``OrderAccepted``, then whatever follows at once.

        A mechanism that matches continuously goes on with ``Matched`` for every standing order met, in their
        priority, ``OrderRemoved`` for each that is used up, and ``Rested`` or ``OrderRemoved`` for the order itself.

        The same order again is answered ``OrderAccepted`` and changes nothing; another order of the same name is
        refused with `DuplicateOrder`, until the name is forgotten, some time after its order was let go. What is
        refused leaves no trace: its name is free.
        """
        ...

    def amend(self, order_id: OrderId, vertices: Sequence[Vertex]) -> list[Outcome]:
        """Give a held order other vertices; nothing at all if no such order is held.

        Less of a limit order at the same price is ``Reduced`` and keeps its place. Anything else is ``OrderRemoved``
        (``replaced``) and comes in as a new order under the old name.
        """
        ...

    def cancel(self, order_id: OrderId) -> list[Outcome]:
        """Let go of an order: ``OrderRemoved``; nothing at all if no such order is held."""
        ...

    def cancel_all(self, party_id: PartyId) -> list[Outcome]:
        """Let go of every order of a party, oldest first."""
        ...

    def clear(self) -> list[Outcome]:
        """Clear every instrument, in the order they were given.

        For each: ``Cleared``, then ``Awarded`` for every order with a part in it, in order of arrival, then
        ``OrderRemoved`` for every order the mechanism no longer holds. A mechanism that matches continuously returns
        nothing.
        """
        ...

    def expire(self, now: datetime) -> list[Outcome]:
        """Move the event clock to `now` (never back) and let go of all that is over by then, oldest first."""
        ...

    def snapshot(self) -> bytes:
        """Return the whole state; equal states give equal bytes."""
        ...

    def restore(self, snapshot: bytes) -> None:
        """Take over the state of a snapshot of the same mechanism, in place of the own one."""
        ...

    def best_prices(self, instrument_id: InstrumentId) -> BestPrices:
        """Return the best price of each side.

        Raises
        ------
        UnknownInstrument
            If it is not traded here.
        """
        ...

    def depth(self, instrument_id: InstrumentId) -> tuple[Level, ...]:
        """Return what is held by side and price, buyers first, best price first.

        Raises
        ------
        UnknownInstrument
            If it is not traded here.
        """
        ...

    def curve(self, instrument_id: InstrumentId) -> Curves:
        """Return the sum of all that is held as one curve of one interval [price steps, quantity steps].

        Raises
        ------
        UnknownInstrument
            If it is not traded here.
        """
        ...
