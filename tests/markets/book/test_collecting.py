"""Opening and closing auctions of the order book: what is collected crosses at one price, then trades on."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micromarket.domain.orders import Execution, Order, OrderTerms, Side, limit, market
from micromarket.errors import GateClosed, LimitsOnly, TradingHalted
from micromarket.markets.admission import TradingState
from micromarket.markets.auctions.call_auction import CallAuction
from micromarket.markets.book.calendar import Timetable
from micromarket.markets.book.matching import OrderBook
from micromarket.markets.mechanism import (
    Awarded,
    Cleared,
    Matched,
    OrderAccepted,
    OrderRemoved,
    Reduced,
    Rested,
)

NOON = datetime(2026, 7, 6, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
BUY, SELL = Side.BUY, Side.SELL
COLLECTING, ACTIVE, HALTED = TradingState.COLLECTING, TradingState.ACTIVE, TradingState.HALTED


@pytest.fixture
def book():
    """Return a book that collects."""
    book = OrderBook(["noon"])
    book.set_state(COLLECTING)
    return book


def order(name, side, price, quantity, *, party=None, **terms):
    return Order(name, party or name, "noon", limit(side, price, quantity), OrderTerms(**terms))


wishes = st.lists(st.tuples(st.sampled_from(Side), st.integers(-4, 4), st.integers(1, 9)), max_size=20)


def awards(outcomes):
    return [each for each in outcomes if isinstance(each, Cleared | Awarded)]


@given(before=wishes, collected=wishes)
def test_the_crossing_is_that_of_the_call_auction(before, collected):
    """Of what stood and what was collected; what is left stands uncrossed, and nothing is lost."""
    book = OrderBook(["noon"])
    earlier = [order(f"a{number}", *wish) for number, wish in enumerate(before)]
    trades = [each for one in earlier for each in book.submit(one) if isinstance(each, Matched)]
    left = left_of({one.order_id: one for one in earlier}, trades)
    book.set_state(COLLECTING)
    later = [order(f"b{number}", *wish) for number, wish in enumerate(collected)]
    assert [[OrderAccepted(one.order_id)] for one in later] == [book.submit(one) for one in later]
    auction = CallAuction(["noon"], {"noon": trades[-1].price} if trades else None)
    for one in [*left, *later]:
        auction.submit(one)

    outcomes = book.set_state(ACTIVE)

    assert awards(outcomes) == (awards(auction.clear()) if later else [])
    got = sum(abs(each.power) for each in outcomes if isinstance(each, Awarded))
    wished = sum(one.quantity for one in [*left, *later])
    assert wished - got == sum(level.quantity for level in book.depth("noon"))
    best = book.best_prices("noon")
    assert None in {best.bid, best.ask} or best.bid < best.ask


def left_of(orders, trades):
    """Return what is left of orders, oldest first."""
    left = {name: one.quantity for name, one in orders.items()}
    for each in trades:
        left[each.standing_id] -= each.quantity
        left[each.aggressive_id] -= each.quantity
    kept = [(orders[name], quantity) for name, quantity in left.items() if quantity]
    return [order(one.order_id, one.side, one.vertices[0].price, quantity) for one, quantity in kept]


def test_what_is_told_in_order(book):
    """The price, every part by arrival, who is used up, then what stands of the rest."""
    for one in (order("a", SELL, 10, 5), order("b", BUY, 12, 3), order("c", BUY, 11, 4), order("d", SELL, 13, 1)):
        book.submit(one)

    assert [
        Cleared("noon", 10.0, -2.0),
        *(Awarded("a", 10, 5), Awarded("b", 10, -3), Awarded("c", 10, -2)),
        *(OrderRemoved("a", "matched"), OrderRemoved("b", "matched")),
        *(Rested("c", 2), Rested("d", 1)),
    ] == book.set_state(ACTIVE)
    assert (-5, 3, 2) == tuple(book.position(party, "noon") for party in "abc")


def test_older_leftovers_come_first(book):
    """An order that was collected stands behind one that stood, ahead of one that comes later."""
    book.set_state(ACTIVE), book.submit(order("a", SELL, 10, 1))
    book.set_state(COLLECTING), book.submit(order("b", SELL, 10, 1)), book.set_state(ACTIVE)
    book.submit(order("c", SELL, 10, 1))

    taken = [each.standing_id for each in book.submit(order("d", BUY, 10, 3)) if isinstance(each, Matched)]
    assert ["a", "b", "c"] == taken


@pytest.mark.parametrize(
    "wrong",
    [
        Order("x", "x", "noon", market(BUY, 5)),
        order("x", BUY, 9, 5, execution=Execution.ALL_AT_ONCE),
        order("x", BUY, 9, 5, minimum=2),
        order("x", BUY, 9, 5, post_only=True),
    ],
)
def test_what_cannot_wait_for_one_price_is_refused(book, wrong):
    before = book.snapshot()

    assert [LimitsOnly] == [each.reason for each in book.submit(wrong)]
    assert before == book.snapshot()


def test_immediate_orders_expire_at_the_crossing(book):
    """They take part; what is left of them does not stand."""
    book.submit(order("a", BUY, 12, 5, execution=Execution.IMMEDIATE)), book.submit(order("b", SELL, 10, 3))

    assert OrderRemoved("a", "not matched at once") == book.set_state(ACTIVE)[-1]
    assert () == book.depth("noon")


def test_all_or_none_sits_it_out(book):
    """It is not matched while orders are collected, nor at the one price, but with what stands afterwards."""
    book.submit(order("a", BUY, 12, 5, execution=Execution.ALL_OR_NONE)), book.submit(order("b", SELL, 10, 5))

    assert [Rested("b", 5), Matched("b", "a", 10, 5)] == book.set_state(ACTIVE)[1:3]


def test_of_a_set_the_oldest_takes_part(book):
    """The younger is let go if the older got a part, else it stands too."""
    for one in (order("a", BUY, 12, 2, party="p", one_of="s"), order("b", BUY, 13, 2, party="p", one_of="s")):
        book.submit(one)
    book.submit(order("c", SELL, 10, 3))
    outcomes = book.set_state(ACTIVE)

    assert [Awarded("a", 11, -2), Awarded("c", 11, 2)] == awards(outcomes)[1:]
    assert [OrderRemoved("b", "another of its set was matched"), Rested("c", 1)] == outcomes[-2:]


def test_collected_orders_are_amended_and_cancelled(book):
    """Less keeps the place, more loses it; what is cancelled takes no part."""
    for name in "abc":
        book.submit(order(name, SELL, 10, 5))

    assert [Reduced("a", 2, 3)] == book.amend("a", limit(SELL, 10, 3))
    assert [OrderRemoved("b", "replaced"), OrderAccepted("b")] == book.amend("b", limit(SELL, 10, 6))
    assert [OrderRemoved("c", "cancelled")] == book.cancel("c")
    book.submit(order("d", BUY, 10, 5))
    assert [Awarded("a", 10, 3), Awarded("b", 10, 2), Awarded("d", 10, -5)] == awards(book.set_state(ACTIVE))[1:]


def test_what_was_halted_crosses_when_it_resumes(book):
    """A halt takes no order and matches nothing; what was collected before waits for its end."""
    book.submit(order("a", SELL, 10, 5)), book.submit(order("b", BUY, 10, 5))

    assert [] == book.set_state(HALTED)
    assert [TradingHalted] == [each.reason for each in book.submit(order("c", BUY, 10, 5))]
    assert Cleared("noon", 10.0, 0.0) == book.set_state(ACTIVE)[0]


def test_an_instrument_opens_and_closes_with_auctions():
    """Refused before it opens, collected, matched as it comes, collected again, crossed at the gate; then all go."""
    book = OrderBook([])
    book.schedule("noon", Timetable(NOON - 4 * HOUR, NOON - 3 * HOUR, NOON - 2 * HOUR, NOON - HOUR))
    assert [GateClosed] == [each.reason for each in book.submit(order("a", SELL, 10, 5))]
    told = []
    for hour, name, side in (
        (4, "a", SELL),
        (4, "b", BUY),
        (3, "c", SELL),
        (3, "d", BUY),
        (2, "e", SELL),
        (2, "f", BUY),
    ):
        book.expire(NOON - hour * HOUR)
        told.append(len(book.submit(order(name, side, 10, 5))))

    assert [1, 1, 2, 4, 1, 1] == told
    book.submit(order("g", SELL, 11, 5))
    last = book.expire(NOON - HOUR)
    assert [Cleared("noon", 10.0, 0.0), Awarded("e", 10, 5), Awarded("f", 10, -5)] == last[:3]
    assert [Rested("g", 5), OrderRemoved("g", "gate closed")] == last[-2:]
    assert [GateClosed] == [each.reason for each in book.submit(order("h", SELL, 10, 5))]


def test_the_price_that_would_be_is_told(book):
    """Without doing anything."""
    book.submit(order("a", SELL, 10, 5)), book.submit(order("b", BUY, 10, 3))
    before = book.snapshot()
    found = book.indication("noon")

    assert (10, 3, 2) == (found.price, found.volume, found.imbalance)
    assert before == book.snapshot()


@given(collected=wishes)
def test_a_snapshot_keeps_what_is_collected(collected):
    first, second = OrderBook(["noon"]), OrderBook(["noon"])
    first.set_state(COLLECTING)
    for number, wish in enumerate(collected):
        first.submit(order(f"b{number}", *wish))
    second.restore(first.snapshot())

    assert first.set_state(ACTIVE) == second.set_state(ACTIVE)
    assert first.snapshot() == second.snapshot()
