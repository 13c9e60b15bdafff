"""Orders: what a mechanism holds after a tender was admitted. Every order is a curve, counted in whole steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from itertools import pairwise

from micromarket.domain.ids import InstrumentId, OrderId, PartyId
from micromarket.domain.intervals import utc
from micromarket.domain.products import Steps
from micromarket.errors import InvalidValue, NotMonotone


class Side(Enum):
    """Which way a party trades; the value is the sign of its power."""

    BUY = -1
    SELL = 1

    @property
    def opposite(self) -> Side:
        """The side this one trades with."""
        return Side.SELL if self is Side.BUY else Side.BUY

    def signed(self, quantity: Steps) -> Steps:
        """Return an unsigned quantity as signed power: positive into the region. The one place that converts.

        Raises
        ------
        InvalidValue
            If `quantity` is not positive.
        """
        if quantity <= 0:
            raise InvalidValue(f"a quantity is unsigned and not zero; found {quantity}")
        return Steps(self.value * quantity)


@dataclass(frozen=True, slots=True)
class Vertex:
    """One corner of an order's curve.

    Parameters
    ----------
    price : Steps
        Price [steps of the product's price grid], may be negative.
    power : Steps
        Average power [steps of the product's quantity grid], positive into the region.
    divisible : bool, default True
        Whether the segment between this vertex and the one of next smaller power, or zero, may be matched in part; a
        segment that may not is offered at this vertex's price only, and goes whole or not at all.
    """

    price: Steps
    power: Steps
    divisible: bool = True


class Execution(Enum):
    """What becomes of what is not matched at once."""

    STANDING = "standing"
    """It stands, until it is matched, cancelled or over."""
    IMMEDIATE = "immediate"
    """It is dropped (immediate-or-cancel)."""
    ALL_AT_ONCE = "all at once"
    """All is matched at once, or nothing is (fill-or-kill)."""
    ALL_OR_NONE = "all or none"
    """All is matched in one go, now or later; until then it waits beside the book."""


@dataclass(frozen=True, slots=True)
class Deal:
    """With whom an order wants to trade, and which other order it speaks to, where orders are offers.

    Parameters
    ----------
    to : frozenset of PartyId or None
        Who may see and take or answer it; None is everybody.
    takes : OrderId or None
        Offer that it takes; then it does not stand itself.
    answers : OrderId or None
        Request for quotes that it answers.
    informs : bool
        It cannot be taken: a quote that only informs, or a request for quotes.
    answered_privately : bool
        Whether only the party that asks sees the answers to this request.
    wants_tradeable : bool
        Whether only answers that can be taken are wanted.
    """

    to: frozenset[PartyId] | None = None
    takes: OrderId | None = None
    answers: OrderId | None = None
    informs: bool = False
    answered_privately: bool = True
    wants_tradeable: bool = False


@dataclass(frozen=True, slots=True)
class OrderTerms:
    """What an order asks for beside price and quantity.

    Parameters
    ----------
    execution : Execution
        What becomes of what is not matched at once.
    minimum : int
        Least quantity to match at once [quantity steps]; if there is less, nothing is matched and the order is
        removed. 0 asks for nothing.
    post_only : bool
        The order must stand; if it would match at once it is refused.
    good_till : datetime or None
        When it is over, by the event clock; kept in UTC.
    one_of : str or None
        Name of a set of the party's orders of which at most one shall be matched: the first match, however small,
        removes the others.
    deal : Deal or None
        With whom it trades and what it speaks to, where orders are offers; None is nothing of that.
    """

    execution: Execution = Execution.STANDING
    minimum: int = 0
    post_only: bool = False
    good_till: datetime | None = None
    one_of: str | None = None
    deal: Deal | None = None

    def __post_init__(self) -> None:
        """Convert to UTC."""
        if self.good_till is not None:
            object.__setattr__(self, "good_till", utc(self.good_till))


PLAIN = OrderTerms()
"""No terms: what is not matched stands until it is cancelled."""


@dataclass(frozen=True, slots=True)
class Order:
    """A standing wish to buy or sell, as power rising with price; a limit order is a curve of one step.

    Parameters
    ----------
    order_id : OrderId
        Name given by the market.
    party_id : PartyId
        Whose it is.
    instrument_id : InstrumentId
        What is to be delivered, and when.
    vertices : sequence of Vertex
        Corners by rising price; linear between them, flat beyond them, two at one price are a step.
    terms : OrderTerms
        What it asks for beside price and quantity.

    Raises
    ------
    InvalidValue
        If there is no vertex.
    NotMonotone
        If price or power falls from one vertex to the next.
    """

    order_id: OrderId
    party_id: PartyId
    instrument_id: InstrumentId
    vertices: Sequence[Vertex]
    terms: OrderTerms = PLAIN

    def __post_init__(self) -> None:
        """Check the curve."""
        object.__setattr__(self, "vertices", tuple(self.vertices))
        if not self.vertices:
            raise InvalidValue(f"order {self.order_id} has no vertex")
        for before, after in pairwise(self.vertices):
            if after.price < before.price or after.power < before.power:
                raise NotMonotone(f"order {self.order_id} falls from {before} to {after}")

    @property
    def side(self) -> Side | None:
        """Which way it trades; None if it may go both ways, or neither."""
        least, most = self.vertices[0].power, self.vertices[-1].power
        if least < 0 and most <= 0:
            return Side.BUY
        return Side.SELL if most > 0 and least >= 0 else None

    @property
    def quantity(self) -> Steps:
        """Most power it may trade either way [quantity steps], unsigned."""
        return Steps(max(abs(self.vertices[0].power), abs(self.vertices[-1].power)))

    @property
    def is_limit(self) -> bool:
        """Whether it is one step from nothing: all of a quantity at one price or better."""
        first, last = self.vertices[0], self.vertices[-1]
        return len(self.vertices) == 2 and first.price == last.price and first.power * last.power == 0

    @property
    def is_market(self) -> bool:
        """Whether it takes any price: a curve of one corner, the same power everywhere."""
        return len(self.vertices) == 1

    @property
    def is_divisible(self) -> bool:
        """Whether every part of it may be matched in part."""
        return all(vertex.divisible for vertex in self.vertices)


def limit(side: Side, price: Steps, quantity: Steps) -> tuple[Vertex, ...]:
    """Return the curve of a limit order: nothing at worse prices, all of `quantity` at better ones.

    Parameters
    ----------
    side : Side
        Buying or selling.
    price : Steps
        Worst acceptable price [price steps].
    quantity : Steps
        How much, unsigned [quantity steps].

    Raises
    ------
    InvalidValue
        If `quantity` is not positive.

    Examples
    --------
    >>> [vertex.power for vertex in limit(Side.BUY, price=250, quantity=4)]
    [-4, 0]
    """
    low, high = sorted((0, side.signed(quantity)))
    return (Vertex(price, Steps(low)), Vertex(price, Steps(high)))


def market(side: Side, quantity: Steps) -> tuple[Vertex, ...]:
    """Return the curve of a market order: all of `quantity` at any price.

    Raises
    ------
    InvalidValue
        If `quantity` is not positive.

    Examples
    --------
    >>> market(Side.SELL, quantity=4)
    (Vertex(price=0, power=4, divisible=True),)
    """
    return (Vertex(Steps(0), side.signed(quantity)),)
