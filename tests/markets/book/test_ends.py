"""Ends of orders: the earliest first, those of one time by arrival, and nothing kept of orders that are gone."""

import pickle
from datetime import UTC, datetime, timedelta

from micromarket.markets.book.ends import Ends

NOON = datetime(2026, 7, 6, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_what_is_over_goes_by_time_then_arrival():
    """An order that went before its end, or got another, is not due for it."""
    ends, gone = Ends(), []
    for minute, number, name in ((5, 1, "a"), (3, 2, "b"), (5, 0, "c"), (1, 3, "d"), (9, 4, "e"), (2, 5, "f")):
        ends.add(NOON + minute * MINUTE, number, name)
    ends.remove("d"), ends.remove("f"), ends.add(NOON + 4 * MINUTE, 6, "f")
    for name in ends.due(NOON + 5 * MINUTE):
        gone.append(name), ends.remove(name)

    assert ["b", "f", "c", "a"] == gone
    assert NOON + 9 * MINUTE == ends.next()


def test_ends_of_orders_that_are_gone_are_thrown_away():
    """Also where they are far ahead: ten times as many that came and went leave no more."""
    sizes = []
    for count in (2_000, 20_000):
        ends = Ends()
        for number in range(10_000, 10_000 + count):
            ends.add(NOON + number * MINUTE, number, f"{number}"), ends.remove(f"{number}")
        sizes.append(len(pickle.dumps(ends)))

    assert sizes[1] < 1.5 * sizes[0]
    assert ends.next() is None
