"""The order book tells what Parity's matching engine tells, case by case.

Rules: an order that crosses trades at the standing price, best price first, then age; what is left stands; a standing
order matched in part keeps its place; reducing keeps it too; unknown orders and sizes that are no reduction change
nothing; an order that is matched wholly never stands.
"""

import pytest

from micromarket.domain.orders import Order, Side, limit
from micromarket.markets.book.matching import OrderBook
from told import told

BUY, SELL = Side.BUY, Side.SELL


def played(*calls):
    """Return what a new book tells of the last call: (name, side, price, size) enters, (name, size) reduces."""
    book, outcomes = OrderBook(["noon"]), []
    prices = {}
    for name, *rest in calls:
        if len(rest) == 3:
            side, prices[name], size = rest[0], (rest[0], rest[1]), rest[2]
            outcomes = book.submit(Order(name, f"of {name}", "noon", limit(side, rest[1], size)))
        elif rest[0] == 0:
            outcomes = book.cancel(name)
        else:
            outcomes = book.amend(name, limit(*prices.get(name, (BUY, 1000)), rest[0]))
    return told(outcomes)


@pytest.mark.parametrize("side", Side)
def test_add(side):
    """Nothing to cross: accepted, then added to the book."""
    assert [("accepted", "a"), ("rested", "a", 100)] == played(("a", side, 1000, 100))


@pytest.mark.parametrize("side", Side)
def test_match(side):
    """Same price and size: one match at that price, both gone, the second never added."""
    assert [
        ("accepted", "b"),
        ("matched", "a", "b", 1000, 100),
        ("removed", "a", "matched"),
        ("removed", "b", "matched"),
    ] == played(("a", side.opposite, 1000, 100), ("b", side, 1000, 100))


@pytest.mark.parametrize("side", Side)
def test_standing_price(side):
    """The aggressive order would accept worse; the standing price is paid."""
    worse = 1000 - side.value * 5
    assert ("matched", "a", "b", 1000, 100) in played(("a", side.opposite, 1000, 100), ("b", side, worse, 100))


@pytest.mark.parametrize("side", Side)
def test_multi_match(side):
    """Two standing orders at one price: the older first, wholly, each match told."""
    calls = ("a", side.opposite, 1000, 100), ("b", side.opposite, 1000, 100), ("c", side, 1000, 150)

    assert [
        ("accepted", "c"),
        ("matched", "a", "c", 1000, 100),
        ("removed", "a", "matched"),
        ("matched", "b", "c", 1000, 50),
        ("removed", "c", "matched"),
    ] == played(*calls)


@pytest.mark.parametrize("side", Side)
def test_multi_level(side):
    """Two levels: the better first, though it came later, each at its own price."""
    worse = 1000 - side.value
    calls = ("a", side.opposite, worse, 100), ("b", side.opposite, 1000, 100), ("c", side, worse, 150)

    assert [("matched", "b", "c", 1000, 100), ("matched", "a", "c", worse, 50)] == [
        each for each in played(*calls) if each[0] == "matched"
    ]


@pytest.mark.parametrize("side", Side)
def test_partial_fill_of_the_aggressive_order(side):
    """More than stands: the rest is added at its own limit."""
    assert [
        ("accepted", "b"),
        ("matched", "a", "b", 1000, 50),
        ("removed", "a", "matched"),
        ("rested", "b", 50),
    ] == played(("a", side.opposite, 1000, 50), ("b", side, 1000, 100))


@pytest.mark.parametrize("side", Side)
def test_partial_fill_keeps_the_place(side):
    """A standing order matched in part is still first when the next one comes."""
    calls = ("a", side.opposite, 1000, 100), ("b", side.opposite, 1000, 100), ("c", side, 1000, 40)

    assert ("matched", "a", "d", 1000, 60) == played(*calls, ("d", side, 1000, 100))[1]


@pytest.mark.parametrize("side", Side)
def test_reducing_keeps_the_place(side):
    """A smaller size is told with what was taken away and what is left; the order is still first."""
    calls = ("a", side, 1000, 100), ("b", side, 1000, 100), ("a", 75)

    assert [("reduced", "a", 25, 75)] == played(*calls)
    assert ("matched", "a", "c", 1000, 75) == played(*calls, ("c", side.opposite, 1000, 100))[1]


def test_no_trade_outside_the_limits():
    """A buyer below a seller: both stand."""
    assert [("accepted", "b"), ("rested", "b", 100)] == played(("a", SELL, 1001, 100), ("b", BUY, 1000, 100))


def test_cancel():
    """Cancelled wholly: told once, and nothing is left to match."""
    assert [("removed", "a", "cancelled")] == played(("a", BUY, 1000, 100), ("a", 0))
    assert [("accepted", "b"), ("rested", "b", 100)] == played(
        ("a", BUY, 1000, 100), ("a", 0), ("b", SELL, 1000, 100)
    )


def test_unknown_orders_change_nothing():
    """Cancelling or reducing what never was, or is matched or cancelled already, is no event at all."""
    assert [] == played(("a", 0))
    assert [] == played(("a", 10))
    assert [] == played(("a", SELL, 1000, 100), ("b", BUY, 1000, 100), ("a", 0))
    assert [] == played(("a", BUY, 1000, 100), ("a", 0), ("a", 0))


def test_known_orders_are_not_entered_again():
    """The same order twice stands once. Parity is silent; here the same answer is given again."""
    assert [("accepted", "a")] == played(("a", BUY, 1000, 100), ("a", BUY, 1000, 100))
    assert [("refused", "a", "DuplicateOrder")] == played(("a", BUY, 1000, 100), ("a", BUY, 1000, 101))
