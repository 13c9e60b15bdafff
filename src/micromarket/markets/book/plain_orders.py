"""Limit orders without terms, read once: what most orders are, and all that the kernel asks."""

from __future__ import annotations

from typing import NamedTuple

from micromarket.domain.orders import PLAIN, Order
from micromarket.markets.admission import MOST_STEPS


class PlainLimit(NamedTuple):
    """What the kernel wants to know of a limit order."""

    buys: bool
    price: int
    quantity: int


def plain_limit(order: Order) -> PlainLimit | None:
    """Return a limit order without terms as numbers; nothing if it is another order or no order at all.

    An instrument that is open and halted in no way takes such an order: no rule of `CONTINUOUS` objects.
    """
    vertices = order.vertices
    if len(vertices) != 2 or (order.terms is not PLAIN and order.terms != PLAIN):
        return None
    first, last = vertices
    price, low, high = first.price, first.power, last.power
    if not type(price) is type(last.price) is type(low) is type(high) is int or price != last.price:
        return None
    if (low and high) or not (first.divisible and last.divisible):
        return None
    quantity = high - low
    if not 0 < quantity <= MOST_STEPS or not -MOST_STEPS <= price <= MOST_STEPS:
        return None
    return PlainLimit(low < 0, price, quantity)
