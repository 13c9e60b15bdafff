"""The mechanism: orders in, outcomes out. The seeds' Market Modular Interface.

Whatever matches or clears (an auction, an order book) answers this protocol and is reached by name through
`micromarket.markets.registry`. A mechanism counts whole steps, reads no clock and draws no chance: the same calls
give the same outcomes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

from micromarket.domain.ids import InstrumentId, OrderId
from micromarket.domain.orders import Order
from micromarket.domain.products import Steps
from micromarket.errors import Refused


@dataclass(frozen=True, slots=True)
class OrderAccepted:
    """The order is held, until it is matched or removed."""

    order_id: OrderId


@dataclass(frozen=True, slots=True)
class OrderRefused:
    """The rules do not allow the call; nothing changed.

    Parameters
    ----------
    order_id : OrderId
        Order that was submitted or named.
    reason : type of Refused
        Named error, such as `DuplicateOrder`.
    detail : str
        What was expected and what was found.
    """

    order_id: OrderId
    reason: type[Refused]
    detail: str


@dataclass(frozen=True, slots=True)
class OrderRemoved:
    """The order is held no longer.

    Parameters
    ----------
    order_id : OrderId
        Which.
    reason : str
        Why: ``cancelled``, ``cleared``.
    """

    order_id: OrderId
    reason: str


@dataclass(frozen=True, slots=True)
class Matched:
    """An order was matched, wholly or in part. The powers of one clearing sum to zero, in whole steps.

    Parameters
    ----------
    order_id : OrderId
        Which.
    price : Steps
        Price paid or received [price steps].
    power : Steps
        Power matched [quantity steps], positive into the region (sold), negative out of it (bought).
    """

    order_id: OrderId
    price: Steps
    power: Steps


@dataclass(frozen=True, slots=True)
class Cleared:
    """An instrument was cleared.

    Parameters
    ----------
    instrument_id : InstrumentId
        Which.
    price : float
        Exact clearing price [price steps]; `Matched.price` is the whole step nearest to it, half to even.
    imbalance : float
        Power that found no counterpart at any price [quantity steps]: negative if demand was left unserved, positive
        if supply was left over, 0 if the market balanced.
    """

    instrument_id: InstrumentId
    price: float
    imbalance: float


Outcome = OrderAccepted | OrderRefused | OrderRemoved | Matched | Cleared


class Mechanism(Protocol):
    """A rule that matches or clears orders.

    A mechanism is created with the instruments it trades: ``Mechanism(instrument_ids)``. Refusals are outcomes, never
    exceptions, so that a log of calls can be replayed without judging it twice.
    """

    name: ClassVar[str]
    """Registered name, written to the log."""

    version: ClassVar[int]
    """Raised whenever the same calls may give other outcomes, written to the log."""

    def submit(self, order: Order) -> list[Outcome]:
        """Take an order: ``OrderAccepted``, then whatever follows at once.

        Refused with `DuplicateOrder` if an order of that name was ever submitted, with `UnknownInstrument` if the
        instrument is not traded here.
        """
        ...

    def cancel(self, order_id: OrderId) -> list[Outcome]:
        """Let go of an order: ``OrderRemoved``; nothing at all if no such order is held."""
        ...

    def clear(self) -> list[Outcome]:
        """Clear every instrument, in the order they were given.

        For each: ``Cleared``, then ``Matched`` for every order with a part in it, in order of arrival, then
        ``OrderRemoved`` for every order the mechanism no longer holds. A mechanism that matches continuously returns
        nothing.
        """
        ...
