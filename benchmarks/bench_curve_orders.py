"""How fast curve orders match continuously: in batches, beside the plain twin, and one call at a time from Python.

Run as ``python benchmarks/bench_curve_orders.py``; medians of five runs on one machine in the same minute, in
processor time of the one thread that works.

The work. Standing: `n` supply curves of three vertices; prices of the first are uniform over 400 price steps, the
others follow within 80, quantities are uniform up to 60 steps in all; each segment goes only whole with one chance in
five. Then, in turns: a demand curve of three vertices with as much quantity, every segment divisible, whose best
price crosses all that stands and whose worst crosses about half of it; what it does not find is dropped; and a new
supply curve of the first kind, which finds no demand and stands: the book keeps about its size. One round is thus one
order that crosses, with all its trades and their remainders put back in place, and one that comes to stand.

Two doors. A batch is one call of the kernel for all rounds (`CurveMatcher.add_all`: arrays in, trades out, no names).
One call each is `CurveBook.submit`: the rules of admission, the kernel, and an outcome for every acceptance, match,
removal and rest; beside it stands the bare call `CurveMatcher.add`. Orders are made before the clock starts.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from micromarket.domain.ids import InstrumentId, OrderId, PartyId
from micromarket.domain.orders import Execution, Order, OrderTerms, Vertex
from micromarket.domain.products import Steps
from micromarket.kernels.backend import NAME
from micromarket.kernels.curve_matching import CurveMatcher, CurveMatcherPlain, curve_matcher
from micromarket.markets.book.curve_matching import CurveBook
from timing import duration, table

STANDING = (100, 1_000, 10_000, 100_000)
ROUNDS = 10_000

Integers = NDArray[np.int64]
Orders = tuple[Integers, Integers, Integers]
"""Rows (sign, stands), where each order's corners start, and rows (level, quantity, whole)."""


def supply(rng: np.random.Generator, count: int) -> Orders:
    """Return supply curves that are to stand."""
    first = rng.integers(1_000, 1_400, (count, 1))
    levels = np.concatenate([first, first + np.sort(rng.integers(0, 80, (count, 2)), axis=1)], axis=1)
    return packed(1, 1, levels, np.sort(rng.integers(1, 60, (count, 3)), axis=1), rng.random((count, 3)) < 0.2)


def demand(rng: np.random.Generator, count: int) -> Orders:
    """Return demand curves that are not to stand."""
    prices = np.stack(
        [np.full(count, 1_500), rng.integers(1_300, 1_500, count), rng.integers(1_100, 1_300, count)], axis=1
    )
    quantities = np.sort(rng.integers(1, 60, (count, 3)), axis=1)
    return packed(-1, 0, -prices, quantities, np.zeros((count, 3), dtype=bool))


def packed(sign: int, stands: int, levels: Integers, quantities: Integers, whole: NDArray[np.bool_]) -> Orders:
    """Return orders of three corners each as the kernel takes them."""
    count = len(levels)
    corners = np.stack([levels, quantities, whole], axis=2).reshape(-1, 3).astype(np.int64)
    return np.tile([sign, stands], (count, 1)).astype(np.int64), np.arange(0, 3 * count + 1, 3), corners


def in_turns(one: Orders, other: Orders) -> Orders:
    """Return the orders of two lists in turns."""
    count = len(one[0])
    orders = np.stack([one[0], other[0]], axis=1).reshape(-1, 2)
    corners = np.stack([one[2].reshape(count, 9), other[2].reshape(count, 9)], axis=1).reshape(-1, 3)
    return orders, np.arange(0, 6 * count + 1, 3), np.ascontiguousarray(corners)


def work(standing: int, aggressive: int) -> tuple[Orders, Orders]:
    """Return the orders that stand at first, and those that follow."""
    rng = np.random.default_rng(standing)
    return supply(rng, standing), in_turns(demand(rng, aggressive), supply(rng, aggressive))


def seconds(make: Callable[[bool], CurveMatcher], first: Orders, then: Orders, repeat: int = 5) -> tuple[float, int]:
    """Return the median time of `then` against a book of `first` [s], and the number of trades."""
    durations, trades = [], 0
    for _ in range(repeat):
        matcher = make(False)
        matcher.add_all(*first)
        start = time.process_time()
        trades = len(matcher.add_all(*then))
        durations.append(time.process_time() - start)
    return statistics.median(durations), trades


def growth() -> list[dict[str, object]]:
    """Match in batches against ever more standing curves."""
    rows: list[dict[str, object]] = []
    before = None
    for standing in STANDING:
        few = 300
        first, then = work(standing, ROUNDS)
        time_kernel, trades = seconds(curve_matcher, first, then)
        time_plain, _ = seconds(CurveMatcherPlain, *work(standing, few), repeat=1)
        each, plain = time_kernel / ROUNDS, time_plain / few
        rows.append(
            {
                "standing": standing,
                "trades a round": f"{trades / ROUNDS:.2f}",
                f"kernel ({NAME})": duration(each),
                "crossing orders/s": f"{1 / each:,.0f}",
                "growth": "" if before is None else f"{each / before:.2f}x",
                "plain twin": duration(plain),
                "ratio": f"{plain / each:.0f}x",
            }
        )
        before = each
    return rows


def as_calls(orders: Orders) -> list[tuple[int, list[tuple[int, int, bool]], bool]]:
    """Return the arguments of one call of the kernel for each order."""
    rows, start, corners = (part.tolist() for part in orders)
    return [
        (sign, [(a, q, bool(w)) for a, q, w in corners[start[k] : start[k + 1]]], bool(stands))
        for k, (sign, stands) in enumerate(rows)
    ]


def as_orders(orders: Orders, start: int) -> list[Order]:
    """Return the same as orders of a book: one more vertex each, at which the curve begins from nothing."""
    party, instrument, made = PartyId("home"), InstrumentId("noon"), []
    terms = {True: OrderTerms(), False: OrderTerms(Execution.IMMEDIATE)}
    for number, (sign, corners, stands) in enumerate(as_calls(orders), start):
        rows = [(corners[0][0], 0, False), *corners]
        vertices = [Vertex(Steps(sign * a), Steps(sign * q), not whole) for a, q, whole in rows[::sign]]
        made.append(Order(OrderId(str(number)), party, instrument, vertices, terms[stands]))
    return made


def one_call_each(repeat: int = 5) -> list[dict[str, object]]:
    """Match one call at a time from Python: the bare kernel, and the mechanism with its rules and outcomes."""
    rows: list[dict[str, object]] = []
    before = None
    for standing in STANDING:
        first, then = work(standing, ROUNDS)
        calls, orders_first, orders_then = as_calls(then), as_orders(first, 0), as_orders(then, standing)
        kernel, book = [], []
        for _ in range(repeat):
            matcher, mechanism = curve_matcher(False), CurveBook(["noon"])
            matcher.add_all(*first)
            for order in orders_first:
                mechanism.submit(order)
            start = time.process_time()
            for call in calls:
                matcher.add(*call)
            middle = time.process_time()
            for order in orders_then:
                mechanism.submit(order)
            kernel.append(middle - start)
            book.append(time.process_time() - middle)
        bare, each = statistics.median(kernel) / ROUNDS, statistics.median(book) / ROUNDS
        rows.append(
            {
                "standing": standing,
                f"CurveMatcher.add ({NAME})": duration(bare),
                "CurveBook.submit": duration(each),
                "crossing orders/s": f"{1 / each:,.0f}",
                "orders/s": f"{2 / each:,.0f}",
                "growth": "" if before is None else f"{each / before:.2f}x",
            }
        )
        before = each
    return rows


def main() -> None:
    """Print both tables."""
    table(growth(), "Batches; time of one round: an order that crosses, and one that comes to stand")
    table(
        one_call_each(),
        "One call each; time of one round of two calls",
    )


if __name__ == "__main__":
    main()
