"""The state of an order book as columns of names and whole numbers, for snapshots, and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from micromarket.kernels.matching import Book
from micromarket.markets.book.crossing import Crossing
from micromarket.markets.book.holdings import Held
from micromarket.markets.by_instrument import ByInstrument
from micromarket.markets.memory import Memory
from micromarket.markets.snapshots import order_of, order_row


def rows(crossing: Crossing, memory: Memory) -> dict[str, Any]:
    """Return what is held and remembered as JSON can hold it."""
    held = list(crossing.holdings)
    beside = [each for each in held if each.block or each.collected]
    amended = [each.order for each in held if each.order is not memory.seen[each.order.order_id]]
    return {
        **memory.rows(),
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
    memory.take(state)
    crossing.book = Book.restore(bytes.fromhex(state["book"]))
    crossing.indices, crossing.free = ByInstrument(map(tuple, state["indices"])), state["free"]
    positions = (Counter(dict(each)) for each in state["positions"])
    crossing.positions = ByInstrument(zip(crossing.indices, positions, strict=True))
    crossing.last_prices = dict(map(tuple, state["last prices"]))
    amended = {order.order_id: order for order in map(order_of, state["amended"])}
    beside = {number: (tuple(block), collected) for number, block, collected in state["beside"]}
    for order, number in zip(memory.seen.values(), state["held"], strict=True):
        if number:
            crossing.holdings.add(Held(amended.get(order.order_id, order), number, *beside.get(number, ())))
