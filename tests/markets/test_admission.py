"""Admission: each rule on its own objects by name, and lets the next best order in."""

from datetime import UTC, datetime

import pytest

from micromarket.domain.orders import PLAIN, Execution, Order, OrderTerms, Side, Vertex, limit, market
from micromarket.errors import (
    InvalidValue,
    MixedSides,
    NaiveTime,
    NotFinite,
    NotSupported,
    OffGrid,
    OutsideCollar,
    SelfTrade,
    TooLarge,
    WouldMatch,
    ZeroQuantity,
)
from micromarket.markets.admission import MOST_STEPS, Collar, LargestQuantity, no_self_trade
from micromarket.markets.book.matching import OrderBook, Segment
from micromarket.markets.mechanism import OrderAccepted, OrderRefused

BUY = Side.BUY
RULES = (Collar(-5, 20), LargestQuantity(50), no_self_trade)


@pytest.fixture
def book():
    book = OrderBook(["noon"], Segment(rules=RULES))
    book.submit(Order("ask", "p", "noon", limit(Side.SELL, 10, 5)))
    return book


WRONG = [
    (limit(BUY, 1.5, 5), PLAIN, OffGrid),
    ((Vertex(1, -2.5), Vertex(1, 0)), PLAIN, OffGrid),
    (limit(BUY, float("nan"), 5), PLAIN, NotFinite),
    (limit(BUY, float("-inf"), 5), PLAIN, NotFinite),
    ((Vertex("1", -5), Vertex("1", 0)), PLAIN, NotFinite),
    (limit(BUY, MOST_STEPS + 1, 5), PLAIN, TooLarge),
    ((Vertex(0, 0),), PLAIN, ZeroQuantity),
    ((Vertex(1, -5), Vertex(1, 5)), PLAIN, MixedSides),
    ((Vertex(1, -5), Vertex(3, 0)), PLAIN, NotSupported),
    ((Vertex(1, -5), Vertex(1, -2)), PLAIN, NotSupported),
    ((Vertex(1, -5, divisible=False), Vertex(1, 0)), PLAIN, NotSupported),
    (limit(BUY, 21, 5), PLAIN, OutsideCollar),
    (limit(BUY, -6, 5), PLAIN, OutsideCollar),
    (limit(BUY, 1, 51), PLAIN, TooLarge),
    (market(BUY, 51), PLAIN, TooLarge),
    (limit(BUY, 10, 5), OrderTerms(post_only=True), WouldMatch),
    (limit(BUY, 1, 5), OrderTerms(minimum=6), InvalidValue),
    (limit(BUY, 1, 5), OrderTerms(minimum=-1), InvalidValue),
    (limit(BUY, 1, 5), OrderTerms(Execution.IMMEDIATE, post_only=True), InvalidValue),
    (market(BUY, 5), OrderTerms(post_only=True), InvalidValue),
    (market(BUY, 5), OrderTerms(Execution.ALL_OR_NONE), NotSupported),
]


@pytest.mark.parametrize(("vertices", "terms", "reason"), WRONG)
def test_every_refusal_has_a_name_and_changes_nothing(book, vertices, terms, reason):
    """The first rule that objects names the refusal; the book stays as it was and the name is free."""
    before = book.snapshot()
    (refused,) = book.submit(Order("a", "q", "noon", vertices, terms))

    assert (OrderRefused, "a", reason, before) == (type(refused), "a", refused.reason, book.snapshot())
    assert [OrderAccepted("a")] == book.submit(Order("a", "q", "noon", limit(BUY, 20, 50)))[:1]


def test_self_trade_can_be_refused(book):
    """A segment may refuse what would meet its own owner's order; another price is let in."""
    assert [SelfTrade] == [each.reason for each in book.submit(Order("a", "p", "noon", limit(BUY, 10, 1)))]
    assert [OrderAccepted("a")] == book.submit(Order("a", "p", "noon", limit(BUY, 9, 1)))[:1]


@pytest.mark.parametrize("vertices", [limit(BUY, 20, 50), limit(BUY, -5, 50), market(BUY, 50), limit(BUY, 1, 1)])
def test_bounds_are_allowed(book, vertices):
    """What lies on a bound is let in."""
    assert [OrderAccepted("a")] == book.submit(Order("a", "q", "noon", vertices))[:1]


def test_amending_is_judged_too(book):
    """A held order cannot be amended to what would have been refused."""
    before = book.snapshot()
    for vertices, reason in [
        (limit(Side.SELL, 21, 5), OutsideCollar),
        (limit(Side.SELL, 10, 51), TooLarge),
        ((Vertex(10, 0), Vertex(10, 2.5)), OffGrid),
        ((Vertex(10, 0), Vertex(10, float("nan"))), NotFinite),
    ]:
        assert [reason] == [each.reason for each in book.amend("ask", vertices)]
        assert before == book.snapshot()


def test_an_end_needs_a_zone():
    """An order's end is a moment, not a reading of some clock."""
    with pytest.raises(NaiveTime):
        OrderTerms(good_till=datetime(2026, 7, 6, 12))
    assert (
        datetime(2026, 7, 6, 12, tzinfo=UTC) == OrderTerms(good_till=datetime(2026, 7, 6, 12, tzinfo=UTC)).good_till
    )
