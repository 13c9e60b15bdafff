"""Every refusal of the order book has a name, changes nothing and leaves the order's name free."""

from datetime import UTC, datetime, timedelta

import pytest

from micromarket import errors
from micromarket.domain.orders import Order, OrderTerms, Side, Vertex, limit
from micromarket.markets.admission import Collar, LargestQuantity, TradingState, no_self_trade
from micromarket.markets.book.matching import OrderBook, Segment
from micromarket.markets.mechanism import OrderAccepted, OrderRefused

NOON = datetime(2026, 7, 6, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def order(vertices=limit(Side.BUY, 10, 5), instrument="open", party="p", **terms):
    return Order("a", party, instrument, vertices, OrderTerms(**terms))


REFUSALS = {
    "price off the grid": (order(limit(Side.BUY, 1.5, 5)), errors.OffGrid),
    "quantity off the grid": (order([Vertex(1, -2.5), Vertex(1, 0)]), errors.OffGrid),
    "nothing": (order([Vertex(1, 0)]), errors.ZeroQuantity),
    "unknown instrument": (order(instrument="midnight"), errors.UnknownInstrument),
    "closed gate": (order(instrument="closed"), errors.GateClosed),
    "expired": (order(good_till=NOON), errors.OrderExpired),
    "halted": (order(instrument="halted"), errors.TradingHalted),
    "reducing only": (order(instrument="reducing"), errors.ReduceOnly),
    "outside the collar": (order(limit(Side.BUY, 401, 5)), errors.OutsideCollar),
    "too large": (order(limit(Side.BUY, 10, 51)), errors.TooLarge),
    "self-trade": (order(limit(Side.BUY, 20, 5), party="roof"), errors.SelfTrade),
    "would match": (order(limit(Side.BUY, 20, 5), post_only=True), errors.WouldMatch),
    "same name, other content": (Order("ask", "p", "open", limit(Side.BUY, 1, 1)), errors.DuplicateOrder),
    "NaN price": (order(limit(Side.BUY, float("nan"), 5)), errors.NotFinite),
    "NaN quantity": (order([Vertex(1, 0), Vertex(1, float("nan"))]), errors.NotFinite),
    "supply and demand mixed": (order([Vertex(1, -5), Vertex(1, 5)]), errors.MixedSides),
    "a slope": (order([Vertex(1, -5), Vertex(2, 0)]), errors.NotSupported),
    "minimum beyond the quantity": (order(minimum=6), errors.InvalidValue),
}


@pytest.fixture
def book():
    book = OrderBook(
        ["open", "halted", "reducing"], Segment(rules=(Collar(0, 400), LargestQuantity(50), no_self_trade))
    )
    book.open("closed", gate=NOON - HOUR)
    book.submit(Order("ask", "roof", "open", limit(Side.SELL, 20, 5)))
    book.expire(NOON)
    book.set_state(TradingState.HALTED, "halted"), book.set_state(TradingState.REDUCING, "reducing")
    return book


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_has_a_name_and_changes_nothing(book, case):
    """The reason is the named error, the book stays as it was, and the name can still be used."""
    wrong, reason = REFUSALS[case]
    before = book.snapshot()
    (refused,) = book.submit(wrong)

    assert (OrderRefused, reason, before) == (type(refused), refused.reason, book.snapshot())
    assert wrong.order_id == "ask" or book.submit(order())[0] == OrderAccepted("a")


def test_the_same_name_with_the_same_content(book):
    """The same order again is no refusal: the same answer, and nothing changes."""
    before = book.snapshot()

    assert [OrderAccepted("ask")] == book.submit(Order("ask", "roof", "open", limit(Side.SELL, 20, 5)))
    assert before == book.snapshot()


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: limit(Side.BUY, 1, 0), errors.InvalidValue),
        (lambda: limit(Side.BUY, 1, -1), errors.InvalidValue),
        (lambda: order([Vertex(2, 0), Vertex(1, 5)]), errors.NotMonotone),
        (lambda: order([Vertex(1, 5), Vertex(2, 0)]), errors.NotMonotone),
        (lambda: order([]), errors.InvalidValue),
        (lambda: order(good_till=datetime(2026, 7, 6)), errors.NaiveTime),
    ],
)
def test_what_cannot_be_an_order(make, reason):
    """Zero, less than zero, a curve that decreases, no curve, a time without zone: refused where it is made."""
    with pytest.raises(reason):
        make()
