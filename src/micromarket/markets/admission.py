"""Admission: rules that judge an order before any matching, each on its own, composed per segment.

A rule takes the order and what it may look at, and returns an `Objection` or nothing. A segment is a tuple of rules;
`judge` asks them in order and the first objection counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from math import isfinite
from numbers import Integral, Real
from typing import NamedTuple, Protocol, TypeVar

from micromarket.domain.ids import InstrumentId, PartyId
from micromarket.domain.orders import Execution, Order, OrderTerms, Side
from micromarket.domain.products import Steps
from micromarket.errors import (
    GateClosed,
    InvalidValue,
    LimitsOnly,
    MicromarketError,
    MixedSides,
    NotFinite,
    NotSupported,
    OffGrid,
    OrderExpired,
    OutsideCollar,
    ReduceOnly,
    SelfTrade,
    TooLarge,
    TradingHalted,
    UnknownInstrument,
    WouldMatch,
    ZeroQuantity,
)
from micromarket.markets.mechanism import BestPrices, OrderRefused

MOST_STEPS = 2**31 - 1
"""Largest price and quantity that any mechanism counts [steps]."""


class TradingState(Enum):
    """What an instrument takes."""

    ACTIVE = "active"
    """Every order."""
    COLLECTING = "collecting"
    """Limit orders, which are collected and cross at one price when this state ends."""
    REDUCING = "reducing"
    """Only orders that bring their party's position nearer to zero."""
    HALTED = "halted"
    """No order; cancelling and reducing stay free."""


class Objection(NamedTuple):
    """Why an order is not admitted: the named error, and what was expected and found."""

    reason: type[MicromarketError]
    detail: str


class Register(Protocol):
    """What every rule may look at."""

    @property
    def now(self) -> datetime | None:
        """The event clock; None before it was first moved."""
        ...

    def trades(self, instrument_id: InstrumentId) -> bool:
        """Return whether the instrument is, or was, traded here."""
        ...


class Calendar(Register, Protocol):
    """What the rules of a continuous market may look at."""

    def opens(self, instrument_id: InstrumentId) -> datetime | None:
        """Return when the instrument opens; None if it was open from the first."""
        ...

    def gate(self, instrument_id: InstrumentId) -> datetime | None:
        """Return when the instrument's gate closes; None if it has none."""
        ...


class Venue(Calendar, Protocol):
    """What the rules of an order book may look at."""

    def state(self, instrument_id: InstrumentId) -> TradingState:
        """Return what the instrument takes."""
        ...

    def best_prices(self, instrument_id: InstrumentId) -> BestPrices:
        """Return the best price of each side."""
        ...

    def position(self, party_id: PartyId, instrument_id: InstrumentId) -> int:
        """Return what the party bought, less what it sold [quantity steps]."""
        ...

    def standing(self, party_id: PartyId, instrument_id: InstrumentId, side: Side) -> int:
        """Return how much of the party's orders stands on a side [quantity steps]."""
        ...

    def meets_own(self, order: Order) -> bool:
        """Return whether the order would meet a standing order of its own owner."""
        ...


RegisterRule = Callable[[Order, Register], Objection | None]
"""A rule that any mechanism can ask."""
CalendarRule = Callable[[Order, Calendar], Objection | None]
"""A rule that any continuous market can ask."""
Rule = Callable[[Order, Venue], Objection | None]
"""A rule of the order book."""
Seen = TypeVar("Seen", bound=Register)


def judge(
    order: Order, seen: Seen, rules: Iterable[Callable[[Order, Seen], Objection | None]]
) -> OrderRefused | None:
    """Return the refusal of the first rule that objects, or nothing if all admit the order."""
    for rule in rules:
        if (objection := rule(order, seen)) is not None:
            return OrderRefused(order.order_id, *objection)
    return None


def known_instrument(order: Order, register: Register) -> Objection | None:
    """Refuse an instrument that is not traded here."""
    if register.trades(order.instrument_id):
        return None
    return Objection(UnknownInstrument, f"{order.instrument_id} is not traded here")


def without_deal(order: Order, register: Register) -> Objection | None:
    """Refuse an order that names a party or another order, where orders are matched by price."""
    if order.terms.deal is None:
        return None
    return Objection(
        NotSupported, "orders are matched by price here; found one that names whom or what it deals with"
    )


def whole_steps(order: Order, register: Register) -> Objection | None:
    """Refuse a price or power that is no number, no whole number of steps, or too large to count."""
    for vertex in order.vertices:
        price, power = vertex.price, vertex.power
        if type(price) is type(power) is int and abs(price) <= MOST_STEPS and abs(power) <= MOST_STEPS:
            continue
        for what, value in (("price", price), ("power", power)):
            if (objection := _not_counted(what, value)) is not None:
                return objection
    return None


def _not_counted(what: str, value: object) -> Objection | None:
    if not isinstance(value, Integral):
        lost = not isinstance(value, Real) or not isfinite(value)
        expected = "a number" if lost else "a whole number of steps"
        return Objection(NotFinite if lost else OffGrid, f"expected {expected} as {what}; found {value!r}")
    if abs(int(value)) > MOST_STEPS:
        return Objection(TooLarge, f"expected a {what} of at most {MOST_STEPS} steps; found {value}")
    return None


def not_expired(order: Order, register: Register) -> Objection | None:
    """Refuse an order whose time is over already."""
    over, now = order.terms.good_till, register.now
    if over is None or now is None or now < over:
        return None
    return Objection(OrderExpired, f"it was good till {over.isoformat()}; it is {now.isoformat()}")


def one_side(order: Order, register: Register) -> Objection | None:
    """Refuse an order for nothing, and one that both buys and sells."""
    if order.side is not None:
        return None
    if order.quantity == 0:
        return Objection(ZeroQuantity, "expected a quantity; found 0")
    least, most = order.vertices[0].power, order.vertices[-1].power
    return Objection(MixedSides, f"expected power on one side of zero; found {least} to {most}")


def limit_or_market(order: Order, register: Register) -> Objection | None:
    """Refuse what is neither a limit nor a market order."""
    if order.is_limit or order.is_market:
        return None
    return Objection(
        NotSupported, f"expected one step from zero, or one vertex; found {len(order.vertices)} vertices"
    )


def divisible_only(order: Order, register: Register) -> Objection | None:
    """Refuse a curve with segments that go only whole."""
    if order.is_divisible:
        return None
    return Objection(NotSupported, "expected a curve that may be matched in part everywhere")


def priced_to_stand(order: Order, register: Register) -> Objection | None:
    """Refuse an order that is to stand and takes any price for a part of it."""
    first, last = order.vertices[0].power, order.vertices[-1].power
    if not (first and last) or order.is_market or order.terms.execution is not Execution.STANDING:
        return None
    return Objection(NotSupported, f"what stands names a price for every step; found power from {first} to {last}")


def stands_or_not(order: Order, register: Register) -> Objection | None:
    """Refuse terms other than whether, and until when, the order shall stand."""
    terms = order.terms
    plain = terms.execution is Execution.STANDING or terms.execution is Execution.IMMEDIATE
    if plain and not terms.minimum and not terms.post_only and terms.one_of is None:
        return None
    return Objection(
        NotSupported, f"expected an order that stands or does not, whole where its vertices say so; found {terms}"
    )


def fitting_terms(order: Order, register: Register) -> Objection | None:
    """Refuse terms that contradict each other."""
    terms = order.terms
    if not 0 <= terms.minimum <= order.quantity:
        return Objection(InvalidValue, f"expected a minimum from 0 to {order.quantity}; found {terms.minimum}")
    stands = terms.execution is Execution.STANDING and not order.is_market
    if terms.post_only and (not stands or terms.minimum):
        return Objection(InvalidValue, "an order that must only stand is a limit order without minimum that stands")
    if order.is_market and terms.execution is Execution.ALL_OR_NONE:
        return Objection(NotSupported, "a market order has no price at which to wait")
    return None


def plain_leg(order: Order, register: Register) -> Objection | None:
    """Refuse a leg of a block that asks for more than an end."""
    if order.is_limit and order.terms == OrderTerms(good_till=order.terms.good_till):
        return None
    return Objection(NotSupported, "a leg of a block is a limit order with no terms but an end")


def gate_open(order: Order, calendar: Calendar) -> Objection | None:
    """Refuse an order for an instrument that has not opened yet, or whose gate has closed."""
    opens, gate, now = calendar.opens(order.instrument_id), calendar.gate(order.instrument_id), calendar.now
    if opens is not None and (now is None or now < opens):
        return Objection(GateClosed, f"{order.instrument_id} opens at {opens.isoformat()}")
    if gate is None or now is None or now < gate:
        return None
    return Objection(GateClosed, f"the gate of {order.instrument_id} closed at {gate.isoformat()}")


def not_halted(order: Order, venue: Venue) -> Objection | None:
    """Refuse every order while the instrument is halted."""
    if venue.state(order.instrument_id) is not TradingState.HALTED:
        return None
    return Objection(TradingHalted, f"{order.instrument_id} is halted")


def fit_to_collect(order: Order, venue: Venue) -> Objection | None:
    """Refuse, while orders are collected, what asks to be matched at once or to meet nobody."""
    if venue.state(order.instrument_id) is not TradingState.COLLECTING:
        return None
    terms = order.terms
    at_once = order.is_market or terms.execution is Execution.ALL_AT_ONCE or terms.minimum
    if not at_once and not terms.post_only:
        return None
    return Objection(
        LimitsOnly, f"{order.instrument_id} is collecting; found an order that cannot wait for one price"
    )


def reducing_only(order: Order, venue: Venue) -> Objection | None:
    """Refuse, while an instrument is reducing, what does not bring its party nearer to a position of zero."""
    if venue.state(order.instrument_id) is not TradingState.REDUCING or (side := order.side) is None:
        return None
    open_position = side.value * venue.position(order.party_id, order.instrument_id)
    free = open_position - venue.standing(order.party_id, order.instrument_id, side)
    if order.quantity <= free:
        return None
    return Objection(ReduceOnly, f"expected at most {max(0, free)} that reduce the position; found {order.quantity}")


def must_stand(order: Order, venue: Venue) -> Objection | None:
    """Refuse a post-only order that would match at once."""
    if not order.terms.post_only or order.side is None:
        return None
    best = venue.best_prices(order.instrument_id).of(order.side.opposite)
    if best is None or not crosses(order, best):
        return None
    return Objection(WouldMatch, f"it must only stand; {best} stands on the other side")


def no_self_trade(order: Order, venue: Venue) -> Objection | None:
    """Refuse an order that would meet one of its own owner."""
    if not venue.meets_own(order):
        return None
    return Objection(SelfTrade, "it would meet an order of the same owner")


def crosses(order: Order, price: Steps) -> bool:
    """Return whether a limit or market order accepts `price`."""
    if order.is_market:
        return True
    limit = order.vertices[0].price
    return price <= limit if order.side is Side.BUY else price >= limit


@dataclass(frozen=True, slots=True)
class Collar:
    """Refuse limit prices beyond bounds. A market order has no price; it meets only prices that were let in.

    Parameters
    ----------
    low, high : Steps
        Lowest and highest price allowed [price steps].
    """

    low: Steps
    high: Steps

    def __call__(self, order: Order, register: Register) -> Objection | None:
        """Judge every vertex of an order that names a price."""
        for vertex in () if order.is_market else order.vertices:
            if not self.low <= vertex.price <= self.high:
                return Objection(
                    OutsideCollar, f"expected a price from {self.low} to {self.high}; found {vertex.price}"
                )
        return None


@dataclass(frozen=True, slots=True)
class LargestQuantity:
    """Refuse orders for more than a meter, a fuse or good sense allows.

    Parameters
    ----------
    quantity : Steps
        Largest quantity allowed [quantity steps].
    """

    quantity: Steps

    def __call__(self, order: Order, register: Register) -> Objection | None:
        """Judge the quantity of an order."""
        if order.quantity <= self.quantity:
            return None
        return Objection(TooLarge, f"expected a quantity of at most {self.quantity}; found {order.quantity}")


EVERYWHERE: tuple[RegisterRule, ...] = (known_instrument, without_deal, whole_steps, divisible_only, not_expired)
"""Rules of every mechanism that does not trade segments that go only whole."""
CURVES: tuple[CalendarRule, ...] = (
    known_instrument,
    without_deal,
    gate_open,
    whole_steps,
    one_side,
    priced_to_stand,
    stands_or_not,
    not_expired,
)
"""Rules of the curve book, before those that are added."""
CONTINUOUS: tuple[Rule, ...] = (
    known_instrument,
    without_deal,
    gate_open,
    not_halted,
    whole_steps,
    one_side,
    limit_or_market,
    divisible_only,
    fitting_terms,
    not_expired,
    fit_to_collect,
    reducing_only,
    must_stand,
)
"""Rules of the order book, before those that a segment adds."""
