"""Many orders as columns of names and whole numbers, for snapshots, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from micromarket.domain.ids import InstrumentId, PartyId
from micromarket.domain.orders import Order, Vertex
from micromarket.markets.book.plain_orders import plain_limit
from micromarket.markets.snapshots import order_of, order_row


def columns_of(orders: Iterable[Order]) -> dict[str, Any]:
    """Return limit orders without terms as columns, and all others as rows with their places among them."""
    parties: dict[PartyId, int] = {}
    instruments: dict[InstrumentId, int] = {}
    names, whose, what, prices, powers, others = list[str](), list[int](), list[int](), list[int](), list[int](), []
    for place, order in enumerate(orders):
        if (plain := plain_limit(order)) is None:
            others.append([place, order_row(order)])
            continue
        names.append(order.order_id)
        whose.append(parties.setdefault(order.party_id, len(parties)))
        what.append(instruments.setdefault(order.instrument_id, len(instruments)))
        prices.append(plain.price)
        powers.append(-plain.quantity if plain.buys else plain.quantity)
    columns = {"names": names, "whose": whose, "what": what, "prices": prices, "powers": powers}
    return {"parties": list(parties), "instruments": list(instruments), "others": others, **columns}


def orders_of(columns: Mapping[str, Any]) -> list[Order]:
    """Return the orders that `columns_of` wrote."""
    parties, instruments = columns["parties"], columns["instruments"]
    columns_of_plain = (columns[each] for each in ("names", "whose", "what", "prices", "powers"))
    shapes: dict[tuple[int, int], tuple[Vertex, ...]] = {}
    made = list[Order]()
    for name, whose, what, price, power in zip(*columns_of_plain, strict=True):
        if (vertices := shapes.get((price, power))) is None:
            vertices = shapes[price, power] = Vertex(price, min(power, 0)), Vertex(price, max(power, 0))
        made.append(Order(name, parties[whose], instruments[what], vertices))
    for place, row in columns["others"]:
        made.insert(place, order_of(row))
    return made
