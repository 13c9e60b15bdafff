"""The state of an order book as columns of names and whole numbers, for snapshots, and back."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from typing import Any

from micromarket.domain.ids import InstrumentId, PartyId
from micromarket.domain.orders import Order, Vertex
from micromarket.kernels.matching import Book
from micromarket.markets.book.crossing import Crossing
from micromarket.markets.book.holdings import Held
from micromarket.markets.book.memory import Memory
from micromarket.markets.book.plain_orders import plain_limit
from micromarket.markets.snapshots import moment_of, moment_text, order_of, order_row


def rows(crossing: Crossing, memory: Memory) -> dict[str, Any]:
    """Return what is held and remembered as JSON can hold it."""
    held = list(crossing.holdings)
    beside = [each for each in held if each.block or each.collected]
    amended = [each.order for each in held if each.order is not memory.seen[each.order.order_id]]
    return {
        "seen": _columns(memory.seen.values()),
        "gone": [[moment_text(moment) for moment, _ in memory.gone], [name for _, name in memory.gone]],
        "held": [0 if (each := crossing.holdings.get(name)) is None else each.number for name in memory.seen],
        "beside": [[each.number, each.block, each.collected] for each in beside],
        "amended": [order_row(order) for order in amended],
        "indices": list(crossing.indices.items()),
        "free": crossing.free,
        "positions": [sorted(positions.items()) for positions in crossing.positions.values()],
        "last prices": sorted(crossing.last_prices.items()),
        "book": crossing.book.snapshot().hex(),
    }


def take(crossing: Crossing, memory: Memory, state: Mapping[str, Any]) -> None:
    """Take over what `rows` wrote."""
    memory.seen = {order.order_id: order for order in _orders(state["seen"])}
    memory.gone = deque(zip(map(moment_of, state["gone"][0]), state["gone"][1], strict=True))
    crossing.book = Book.restore(bytes.fromhex(state["book"]))
    crossing.indices, crossing.free = dict(map(tuple, state["indices"])), state["free"]
    positions = (Counter(dict(each)) for each in state["positions"])
    crossing.positions = dict(zip(crossing.indices, positions, strict=True))
    crossing.last_prices = dict(map(tuple, state["last prices"]))
    amended = {order.order_id: order for order in map(order_of, state["amended"])}
    beside = {number: (tuple(block), collected) for number, block, collected in state["beside"]}
    for order, number in zip(memory.seen.values(), state["held"], strict=True):
        if number:
            crossing.holdings.add(Held(amended.get(order.order_id, order), number, *beside.get(number, ())))


def _columns(orders: Iterable[Order]) -> dict[str, Any]:
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


def _orders(columns: Mapping[str, Any]) -> list[Order]:
    """Return the orders that `_columns` wrote."""
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
