"""Why an order book refuses an order, as one ladder of questions: the twin of the admission rules, for tests."""

from datetime import datetime
from math import isfinite
from typing import NamedTuple

from micromarket.domain.orders import Execution, OrderTerms


class Limits(NamedTuple):
    """What a segment adds: bounds of the price, the most quantity, and no meeting of one owner's orders."""

    collar: tuple | None = None
    most: int | None = None
    apart: bool = False


OPEN = Limits()


class Times(NamedTuple):
    """When an instrument opens, is matched as orders come, collects once more, and closes; None does not happen."""

    opens: datetime | None = None
    continuous: datetime | None = None
    closing: datetime | None = None
    gate: datetime | None = None

    def closed(self, now):
        """Return whether no order is taken, before the opening or from the gate on."""
        return bool((self.opens and (not now or now < self.opens)) or (self.gate and now and now >= self.gate))

    def collect(self, now):
        """Return whether orders are collected."""
        opening = self.continuous and (not now or now < self.continuous)
        return bool(opening or (self.closing and now and self.closing <= now < self.gate))


def not_counted(order):
    """Return why prices and powers cannot be counted in whole steps."""
    for value in [number for vertex in order.vertices for number in (vertex.price, vertex.power)]:
        if type(value) is not int:
            return "OffGrid" if isinstance(value, float) and isfinite(value) else "NotFinite"
        if abs(value) >= 2**31:
            return "TooLarge"
    return None


def refusal(book, order):
    """Return the name of the first reason to refuse an order, or None."""
    where, terms = order.instrument_id, order.terms
    if where not in book.times:
        return "UnknownInstrument"
    if terms.deal is not None:
        return "NotSupported"
    if book.times[where].closed(book.now):
        return "GateClosed"
    if book.state(where) == "halted":
        return "TradingHalted"
    return not_counted(order) or no_order(order.vertices) or contradiction(order, terms) or unfit(book, order, terms)


def no_order(vertices):
    """Return why vertices are neither a limit nor a market order of one side."""
    powers = [vertex.power for vertex in vertices]
    if not any(powers):
        return "ZeroQuantity"
    if min(powers) < 0 < max(powers):
        return "MixedSides"
    step = len(vertices) == 2 and 0 in powers and vertices[0].price == vertices[1].price
    whole = any(not vertex.divisible for vertex in vertices)
    return None if (len(vertices) == 1 or step) and not whole else "NotSupported"


def contradiction(order, terms):
    """Return why terms contradict each other."""
    stands = terms.execution is Execution.STANDING and len(order.vertices) == 2
    if terms.minimum < 0 or terms.minimum > order.quantity or (terms.post_only and (not stands or terms.minimum)):
        return "InvalidValue"
    return "NotSupported" if len(order.vertices) == 1 and terms.execution is Execution.ALL_OR_NONE else None


def unfit(book, order, terms):
    """Return why the state of the market, or its segment, refuses the order."""
    if terms.good_till and book.now and book.now >= terms.good_till:
        return "OrderExpired"
    if book.state(order.instrument_id) == "collecting" and not can_wait(order, terms):
        return "LimitsOnly"
    if book.state(order.instrument_id) == "reducing" and order.quantity > free(book, order):
        return "ReduceOnly"
    met = book.others(order)
    if terms.post_only and met:
        return "WouldMatch"
    if terms.one_of and book.priority == "pro_rata":
        return "NotSupported"
    return beyond(book, order, met)


def can_wait(order, terms):
    """Return whether an order can be collected."""
    at_once = len(order.vertices) == 1 or terms.execution is Execution.ALL_AT_ONCE or terms.minimum
    return not at_once and not terms.post_only


def beyond(book, order, met):
    """Return why the order is beyond what its segment adds."""
    low, high = book.limits.collar or (-(2**31), 2**31)
    if len(order.vertices) == 2 and not low <= order.vertices[0].price <= high:
        return "OutsideCollar"
    if book.limits.most and order.quantity > book.limits.most:
        return "TooLarge"
    return "SelfTrade" if book.limits.apart and any(book.own(order, each.order) for each in met) else None


def free(book, order):
    """Return how much the party may still trade to bring its position to zero."""
    place = order.party_id, order.instrument_id, order.side
    pending = [
        each for each in book.all() if (each.order.party_id, each.order.instrument_id, each.order.side) == place
    ]
    return order.side.value * book.positions[place[:2]] - sum(each.left for each in pending)


def leg_refusal(book, order):
    """Return why an order cannot be a leg of a block."""
    plain = len(order.vertices) == 2 and order.terms == OrderTerms(good_till=order.terms.good_till)
    return refusal(book, order) or (None if plain else "NotSupported")
