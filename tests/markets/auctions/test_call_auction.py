"""The call auction: stated rules one by one; `tests/oracles` has HiGHS as second opinion."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micromarket.domain.orders import Execution, Order, OrderTerms, Side, Vertex, limit, market
from micromarket.errors import MixedSides, NotSupported
from micromarket.markets.auctions.call_auction import CallAuction, uncross
from micromarket.markets.mechanism import Awarded, Cleared, OrderRemoved

books = st.lists(st.tuples(st.integers(-9, 9), st.integers(-20, 20)), min_size=1, max_size=30)


def crossed(*orders, reference=None):
    """Return price, volume and awards."""
    found = uncross([price for price, _ in orders], [power for _, power in orders], reference)
    return found.price, found.volume, found.awards.tolist()


def test_most_volume_first():
    """The price at which most is matched, though another leaves less over."""
    assert (12, 6, [5, 1, -6]) == crossed((10, 5), (12, 9), (12, -6))


def test_then_least_surplus():
    """Of the prices of the same volume, the one at which less is left over."""
    assert (11, 5, [5, -3, -2, 0]) == crossed((10, 5), (12, -3), (11, -2), (10, -4), reference=10)


@pytest.mark.parametrize(("reference", "price"), [(None, 14), (3, 10), (15, 15), (99, 19)])
def test_then_nearest_to_the_reference(reference, price):
    """Of the prices that are as good, the nearest to the reference, else the middle, rounded down."""
    assert price == crossed((10, 5), (19, -5), reference=reference)[0]


def test_better_price_then_age():
    """The better price is served first, of equal prices the older; one order at most gets a part."""
    assert (11, 9, [9, -4, 0, -2, -3]) == crossed((10, 9), (12, -4), (12, 0), (13, -2), (12, -8))


def test_nothing_crosses():
    """No match is no failure: nobody gets anything and the price lies between."""
    assert (14, 0, [0, 0]) == crossed((19, 5), (10, -5), reference=14)


@given(book=books, reference=st.none() | st.integers(-20, 20))
def test_every_award_keeps_its_limit(book, reference):
    """Awards sum to zero, none is beyond its order, none is served at a worse price than its limit."""
    price, volume, awards = crossed(*book, reference=reference)

    assert (0, volume) == (sum(awards), sum(max(0, award) for award in awards))
    for (limit_price, power), award in zip(book, awards, strict=True):
        assert min(0, power) <= award <= max(0, power)
        assert award == 0 or (price >= limit_price if award > 0 else price <= limit_price)


@given(book=books, reference=st.integers(-20, 20))
def test_nobody_is_passed_over(book, reference):
    """On a side, no order with a better price, or as good and older, waits while another is served."""
    _, _, awards = crossed(*book, reference=reference)
    for sign in (1, -1):
        queue = sorted((sign * price, i) for i, (price, power) in enumerate(book) if sign * power > 0)
        short = [awards[i] != book[i][1] for _, i in queue]
        served = [awards[i] != 0 for _, i in queue]

        assert not any(short[k] and any(served[k + 1 :]) for k in range(len(queue)))


def order(order_id, side, price, quantity, terms=OrderTerms()):
    return Order(order_id, f"of {order_id}", "noon", limit(side, price, quantity), terms)


def test_the_mechanism_tells_price_awards_and_what_is_let_go():
    """Outcomes in order: the price, the parts by age, then every order goes."""
    auction = CallAuction(["noon"], {"noon": 11})
    auction.submit(order("a", Side.SELL, 10, 5)), auction.submit(order("b", Side.BUY, 12, 3))

    assert auction.clear() == [
        Cleared("noon", 11.0, 2.0),
        Awarded("a", 11, 3),
        Awarded("b", 11, -3),
        OrderRemoved("a", "cleared"),
        OrderRemoved("b", "cleared"),
    ]


@pytest.mark.parametrize(
    ("vertices", "terms", "reason"),
    [
        (market(Side.BUY, 3), OrderTerms(), NotSupported),
        ([Vertex(1, 0), Vertex(2, 5)], OrderTerms(), NotSupported),
        ([Vertex(1, -5), Vertex(1, 5)], OrderTerms(), MixedSides),
        (limit(Side.BUY, 1, 5), OrderTerms(execution=Execution.ALL_OR_NONE), NotSupported),
        (limit(Side.BUY, 1, 5), OrderTerms(minimum=2), NotSupported),
        (limit(Side.BUY, 1, 5), OrderTerms(one_of="set"), NotSupported),
    ],
)
def test_only_limit_orders(vertices, terms, reason):
    """What the rule of the auction cannot honor is refused, not bent."""
    (refused,) = CallAuction(["noon"]).submit(Order("a", "p", "noon", vertices, terms))

    assert reason == refused.reason
