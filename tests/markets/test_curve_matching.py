import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from micromarket.domain.orders import Side
from micromarket.errors import DuplicateOrder, InvalidValue, NaiveTime
from micromarket.kernels.curve_matching import CurveMatcherPlain
from micromarket.markets.curve_matching import CurveBook, Priority
from micromarket.markets.curve_orders import CurveOrder, CurveVertex, OrderStatus, market_order

NOON = datetime(2026, 7, 6, 12, tzinfo=UTC)
WHOLE = False


def order(name, *vertices, **terms):
    return CurveOrder(name, "home", [CurveVertex(*vertex) for vertex in vertices], **terms)


def book_of(*orders, priority=Priority.AGE):
    book = CurveBook(priority)
    for each in orders:
        assert [] == book.submit(each)
    return book


def met(book, aggressive):
    """Submit an order; return from whom it got how much, at what price."""
    return [(match.standing_id.partition("#")[0], match.price, match.quantity) for match in book.submit(aggressive)]


def random_order(chance, number):
    prices, powers = sorted(chance.choices(range(-9, 10), k=3)), sorted(chance.choices(range(9), k=3))
    powers[-1] += 1
    if chance.random() < 0.5:
        powers = [-power for power in reversed(powers)]
    vertices = [(price, power, chance.random() < 0.7) for price, power in zip(prices, powers, strict=True)]
    return order(str(number), *vertices, persistent=chance.random() < 0.8)


def random_book(seed, orders=60, **options):
    chance = random.Random(seed)
    book = CurveBook(chance.choice(list(Priority)), **options)
    for number in range(orders):
        book.submit(random_order(chance, number))
        if chance.random() < 0.1:
            book.cancel(str(chance.randint(0, number)))
    return book


def families(book):
    return [book.family(part.order_id) for part in book.orders_of("home") if part.parent_id is None]


def test_two_slopes_cross_between_their_vertices():
    """Neither curve has a vertex at price 15."""
    book = book_of(order("wind", (10, 0), (20, 10)))

    assert [("wind", 15, 5)] == met(book, order("heat", (10, -10), (20, 0)))


def test_each_is_paid_its_own_price():
    book = book_of(order("cheap", (5, 3)), order("dear", (9, 3)))

    assert [("cheap", 5, 3), ("dear", 9, 1)] == met(book, order("a", (10, -4, WHOLE)))


def test_a_whole_order_is_filled_exactly():
    book = book_of(order("a", (10, 3)), order("b", (10, 2)))

    assert [("a", 10, 3), ("b", 10, 2)] == met(book, order("c", (10, -5, WHOLE)))


def test_a_whole_order_that_cannot_be_filled_leaves_everything_as_it_was():
    book = book_of(order("a", (10, 3)))
    before = book.standing(Side.SELL)

    assert ([], before) == (met(book, order("c", (10, -4, WHOLE))), book.standing(Side.SELL))


def test_a_block_that_does_not_fit_is_passed_over():
    book = book_of(order("block", (8, 5, WHOLE)), order("b", (9, 2)))

    assert [("b", 9, 2)] == met(book, order("c", (10, -4)))


@pytest.mark.parametrize(("priority", "first"), [(Priority.AGE, "old"), (Priority.VOLUME, "large")])
def test_age_or_volume_decides_at_one_price(priority, first):
    book = book_of(order("old", (10, 2)), order("large", (10, 4)), priority=priority)

    assert [(first, 10, 1)] == met(book, order("c", (10, -1)))


def test_what_is_left_keeps_its_age_and_points_to_its_parent():
    book = book_of(order("old", (10, 3)), order("new", (10, 3)))
    book.submit(order("c", (10, -1)))
    old = book.order("old")
    rest = book.order("old#2")

    assert (OrderStatus.SUPERSEDED, ("old#1", "old#2")) == (old.status, old.child_ids)
    assert (OrderStatus.REVISED_STANDING, "old", 2) == (rest.status, rest.parent_id, rest.quantity)
    assert [("old", 10, 2), ("new", 10, 1)] == met(book, order("d", (10, -3)))


def test_an_order_at_any_price_takes_what_there_is_and_never_stands():
    book = book_of(order("a", (10, 3)))
    book.submit(market_order("c", "home", Side.BUY, 5))

    assert ((), OrderStatus.UNMATCHED, 2) == (
        book.standing(Side.BUY),
        book.order("c#2").status,
        book.order("c#2").quantity,
    )


def test_orders_expire_by_time():
    book = book_of(
        order("late", (10, 3), good_till=NOON + timedelta(hours=1)),
        order("b", (10, 3), good_till=NOON),
        order("ever", (10, 3)),
    )

    assert [["b"], ["late"], []] == [
        [gone.order_id for gone in book.expire(NOON + timedelta(hours=hours))] for hours in range(3)
    ]


def test_a_cancelled_order_matches_no_more():
    book = book_of(order("a", (10, 3)))

    assert (OrderStatus.CANCELLED, None, []) == (
        book.cancel("a").status,
        book.cancel("a"),
        met(book, order("c", (10, -1))),
    )


def test_refusals_change_nothing():
    """A name twice, the name of a child, an order that has been somewhere, a time without a zone."""
    book = book_of(order("a", (10, 3)))
    for wrong, error in (
        (order("a", (10, -3)), DuplicateOrder),
        (order("a#1", (10, -3)), InvalidValue),
        (order("b", (10, -3), status=OrderStatus.STANDING), InvalidValue),
    ):
        with pytest.raises(error):
            book.submit(wrong)
    with pytest.raises(NaiveTime):
        book.expire(datetime(2026, 7, 6))

    assert ["a"] == [part.order_id for part in book.orders_of("home")]


def test_parts_add_up():
    """In forty books: matched children and what is left sum to their parent, and names are used once."""
    for family in (family for seed in range(40) for family in families(random_book(seed))):
        parts = {part.order_id: part for part in family}
        parents = [part for part in family if part.child_ids]
        assert len(family) == len(parts)
        assert [part.quantity for part in parents] == [
            sum(parts[name].quantity for name in part.child_ids) for part in parents
        ]


def test_each_match_is_on_both_curves():
    """No order is matched beyond what its curve gives at the price of the match, and both sides tell the same."""
    for book in map(random_book, range(40)):
        parts = {part.order_id: part for part in book.orders_of("home")}
        for match in book.matches:
            matched = [parts[name] for name in (match.standing_id, match.aggressive_id)]
            assert [match.quantity] * 2 == [part.quantity for part in matched]
            assert 0 == sum(part.vertices[0].power for part in matched)
            assert match.quantity <= min(parts[part.parent_id].quantity_at(match.price) for part in matched)


def test_divisible_orders_never_leave_the_book_crossed():
    """Nobody who stands could still trade with another: at no price is there both supply and demand."""
    for seed in range(20):
        chance, book = random.Random(seed), CurveBook()
        for number in range(40):
            wish = random_order(chance, number)
            book.submit(order(wish.order_id, *((vertex.price, vertex.power) for vertex in wish.vertices)))
        sides = [book.standing(side) for side in Side]
        offered = [[sum(part.quantity_at(price) for part in side) for price in range(-10, 11)] for side in sides]
        assert 0 == max(map(min, *offered))


def test_the_same_orders_make_the_same_book():
    """Compiled or plain, today or tomorrow."""
    one, again, plain = (random_book(8, **options) for options in ({}, {}, {"matcher": CurveMatcherPlain}))

    assert one.orders_of("home") == again.orders_of("home") == plain.orders_of("home")


def test_a_party_sees_all_its_orders():
    book = book_of(order("a", (10, 3)))
    book.submit(order("c", (10, -1)))

    assert Counter(["a", "a#1", "a#2", "c", "c#1"]) == Counter(part.order_id for part in book.orders_of("home"))
