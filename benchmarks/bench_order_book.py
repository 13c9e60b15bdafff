"""What an order book costs a call beside its kernel, and how fast it is saved and brought back.

Run as ``python benchmarks/bench_order_book.py``; medians of five runs in processor time of the one thread that works,
all in the same minute. Orders are limit orders without terms, each of a party out of 100, made before the clock
starts. *Resting* orders meet nobody. In the *mixed* flow a quarter of the orders crosses the best price of the other
side. ``OrderBook.submit`` asks the rules of admission, matches, keeps names, parties and positions, and returns an
outcome for every acceptance, match, removal and rest; the bare call is that of the kernel with the same numbers.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Sequence

from micromarket.domain.ids import InstrumentId, OrderId, PartyId
from micromarket.domain.orders import Order, Side, limit
from micromarket.domain.products import Steps
from micromarket.kernels.backend import NAME
from micromarket.kernels.matching import Book
from micromarket.markets.book.matching import OrderBook
from timing import duration, table

ORDERS = 50_000
NOON = InstrumentId("noon")


def resting(count: int) -> list[Order]:
    """Return orders that meet nobody."""
    chance = random.Random(1)
    sides = [chance.choice(list(Side)) for _ in range(count)]
    return [order(number, side, 1_000 + side.value * chance.randint(1, 500)) for number, side in enumerate(sides)]


def mixed(count: int) -> list[Order]:
    """Return orders of which a quarter crosses."""
    chance = random.Random(2)
    sides = [chance.choice(list(Side)) for _ in range(count)]
    return [
        order(number, side, 1_000 + side.value * (-3 if chance.random() < 0.25 else chance.randint(0, 20)))
        for number, side in enumerate(sides)
    ]


def order(number: int, side: Side, price: int) -> Order:
    """Return a limit order for 1 to 9 steps."""
    vertices = limit(side, Steps(price), Steps(1 + number % 9))
    return Order(OrderId(f"order-{number}"), PartyId(f"party-{number % 100}"), NOON, vertices)


def taken(work: Callable[[], object]) -> float:
    """Return the processor time that work took [s]."""
    start = time.process_time()
    work()
    return time.process_time() - start


def submitted(orders: Sequence[Order]) -> OrderBook:
    """Return a book that took orders."""
    book = OrderBook([NOON])
    for each in orders:
        book.submit(each)
    return book


def bare(calls: Sequence[tuple[int, int, int, int, int]]) -> None:
    """Let the kernel alone take orders."""
    book = Book("time")
    for call in calls:
        book.add(*call)


def calls_of(orders: Sequence[Order]) -> list[tuple[int, int, int, int, int]]:
    """Return orders as the kernel's arguments."""
    return [
        (0, 0 if each.side is Side.BUY else 1, int(each.vertices[0].price), int(each.quantity), number + 1)
        for number, each in enumerate(orders)
    ]


def medians(*works: Callable[[], object]) -> list[float]:
    """Return the median time of each work [s], taken in turns."""
    rounds = [[taken(work) for work in works] for _ in range(5)]
    return [statistics.median(each) for each in zip(*rounds, strict=True)]


def main() -> None:
    """Print both tables."""
    rows = []
    for what, orders in (("resting", resting(ORDERS)), ("mixed", mixed(ORDERS))):
        calls = calls_of(orders)
        whole, kernel = medians(lambda orders=orders: submitted(orders), lambda calls=calls: bare(calls))
        rows.append({"flow": what, "submit": duration(whole / ORDERS), "bare call": duration(kernel / ORDERS)})
    table(rows, f"One order of {ORDERS:,}, kernel {NAME}")
    book = submitted(resting(ORDERS))
    saved, kernel_book = book.snapshot(), Book("time")
    for call in calls_of(resting(ORDERS)):
        kernel_book.add(*call)
    content = kernel_book.snapshot()
    works = (book.snapshot, lambda: OrderBook([]).restore(saved), kernel_book.snapshot, lambda: Book.restore(content))
    names = ("snapshot", "restore", "kernel's snapshot", "kernel's restore")
    table([dict(zip(names, map(duration, medians(*works)), strict=True))], f"{ORDERS:,} orders that stand")


if __name__ == "__main__":
    main()
