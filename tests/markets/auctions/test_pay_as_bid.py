"""Pay as bid: each match at the price of the older order, accounts exact to the step."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from micromarket.domain.orders import Order, Side, limit
from micromarket.markets.auctions.call_auction import steps_of, uncross
from micromarket.markets.auctions.pay_as_bid import PayAsBidAuction, pairs
from micromarket.markets.mechanism import Matched, OrderRemoved

books = st.lists(st.tuples(st.sampled_from(Side), st.integers(-9, 9), st.integers(1, 20)), max_size=25)


def orders_of(book):
    return [Order(f"o{i}", f"p{i}", "noon", limit(*each)) for i, each in enumerate(book)]


def by_units(book):
    """Return (buyer, seller, price) of every single step: both sides in line, one step after the other."""
    lines = []
    for side in Side:
        ranked = sorted((side.value * price, i) for i, (own, price, _) in enumerate(book) if own is side)
        lines.append([i for _, i in ranked for _ in range(book[i][2])])
    buyers, sellers = lines
    crossing = ((b, s) for b, s in zip(buyers, sellers, strict=False) if book[b][1] >= book[s][1])
    return Counter((b, s, book[min(b, s)][1]) for b, s in crossing)


def numbers(book, match):
    """Return (buyer, seller) of a match."""
    first, second = (int(name[1:]) for name in (match.standing_id, match.aggressive_id))
    return (first, second) if book[first][0] is Side.BUY else (second, first)


def test_each_match_has_the_price_of_the_older_order():
    """The roof asks 10 and came first; the car bids 12, the tank 11 before the well asks 9."""
    book = [(Side.SELL, 10, 5), (Side.BUY, 12, 3), (Side.BUY, 11, 4), (Side.SELL, 9, 1)]

    assert [("o1", "o3", 12, 1), ("o0", "o1", 10, 2), ("o0", "o2", 10, 3)] == [
        (match.standing_id, match.aggressive_id, match.price, match.quantity) for match in pairs(orders_of(book))
    ]


@given(book=books)
def test_one_step_after_the_other_gives_the_same(book):
    """Matches equal a line of buyers and one of sellers that meet step by step."""
    found = Counter()
    for match in pairs(orders_of(book)):
        found[*numbers(book, match), match.price] += match.quantity

    assert by_units(book) == found


@given(book=books)
def test_accounts_are_exact(book):
    """Buyers pay what sellers receive, and nobody pays more than bid or receives less than asked."""
    money = Counter()
    for match in pairs(orders_of(book)):
        buyer, seller = numbers(book, match)
        money[buyer] -= match.price * match.quantity
        money[seller] += match.price * match.quantity

        assert book[seller][1] <= match.price <= book[buyer][1]
    assert 0 == sum(money.values())


@given(book=books)
def test_volume_is_that_of_the_call_auction(book):
    """Who pays what is another matter; how much is matched is the same."""
    orders = orders_of(book)

    assert uncross(*steps_of(orders)).volume == sum(match.quantity for match in pairs(orders))


def test_the_mechanism_tells_matches_and_what_is_let_go():
    """Outcomes in order: every match of an instrument, then its orders go; the next instrument follows."""
    auction = PayAsBidAuction(["noon", "one"])
    for each in orders_of([(Side.SELL, 10, 5), (Side.BUY, 12, 3)]):
        auction.submit(each)

    assert [Matched("o0", "o1", 10, 3), *(OrderRemoved(name, "cleared") for name in ("o0", "o1"))] == auction.clear()
