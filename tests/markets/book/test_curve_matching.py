"""The curve book: what is matched, what is refused and by which name, and what stands afterwards."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from micromarket.domain.orders import Execution, Order, OrderTerms, Side, Vertex, limit, market
from micromarket.errors import (
    DuplicateOrder,
    GateClosed,
    InvalidValue,
    MixedSides,
    NotFinite,
    NotMonotone,
    NotSupported,
    OffGrid,
    OrderExpired,
    OutsideCollar,
    TooLarge,
    UnknownInstrument,
    ZeroQuantity,
)
from micromarket.kernels.curve_matching import CurveMatcherPlain
from micromarket.markets.admission import MOST_STEPS, Collar
from micromarket.markets.book.curve_matching import CurveBook, Priority
from micromarket.markets.mechanism import (
    BestPrices,
    Level,
    Matched,
    OrderAccepted,
    OrderRefused,
    OrderRemoved,
    Reduced,
    Rested,
    digest,
)

NOON = datetime(2026, 7, 6, 12, tzinfo=UTC)
WHOLE = False
AT_ONCE = OrderTerms(Execution.IMMEDIATE)


def order(name, *vertices, instrument="noon", **terms):
    return Order(name, "home", instrument, [Vertex(*vertex) for vertex in vertices], OrderTerms(**terms))


def step(name, side, price, quantity, divisible=True, **terms):
    """Return an order of one step, which may go only whole."""
    corners = [(each.price, each.power, divisible or not each.power) for each in limit(side, price, quantity)]
    return order(name, *corners, **terms)


def sell(name, price, quantity, divisible=True, **terms):
    return step(name, Side.SELL, price, quantity, divisible, **terms)


def buy(name, price, quantity, divisible=True, **terms):
    return step(name, Side.BUY, price, quantity, divisible, **terms)


def book_of(*orders, **options):
    book = CurveBook(["noon"], **options)
    for each in orders:
        assert [Rested(each.order_id, each.quantity)] == book.submit(each)[1:]
    return book


def met(book, aggressive):
    """Submit an order; return from whom it got how much, at what price."""
    told = book.submit(aggressive)
    return [(each.standing_id, each.price, each.quantity) for each in told if isinstance(each, Matched)]


def random_order(chance, number):
    prices, powers = sorted(chance.choices(range(-9, 10), k=4)), [0, *sorted(chance.choices(range(9), k=3))]
    powers[-1] += 1
    side = chance.choice((1, -1))
    corners = [(side * p, side * q, chance.random() < 0.7) for p, q in zip(prices, powers, strict=True)]
    execution = Execution.STANDING if chance.random() < 0.8 else Execution.IMMEDIATE
    return order(str(number), *corners[::side], execution=execution)


def random_run(seed, orders=60, **options):
    """Return a book after random orders and cancellations, and all that it told."""
    chance, told = random.Random(seed), []
    book = CurveBook(["noon"], chance.choice(list(Priority)), **options)
    for number in range(orders):
        told += book.submit(random_order(chance, number))
        if chance.random() < 0.1:
            told += book.cancel(str(chance.randint(0, number)))
    return book, told


def test_two_slopes_cross_between_their_vertices():
    """Neither curve has a vertex at price 15."""
    book = book_of(order("wind", (10, 0), (20, 10)))

    assert [("wind", 15, 5)] == met(book, order("heat", (10, -10), (20, 0)))


def test_each_is_paid_its_own_price():
    book = book_of(sell("cheap", 5, 3), sell("dear", 9, 3))

    assert [("cheap", 5, 3), ("dear", 9, 1)] == met(book, buy("a", 10, 4, WHOLE))


def test_a_whole_order_is_filled_exactly():
    book = book_of(sell("a", 10, 3), sell("b", 10, 2))

    assert [("a", 10, 3), ("b", 10, 2)] == met(book, buy("c", 10, 5, WHOLE))


def test_a_whole_order_that_cannot_be_filled_leaves_everything_as_it_was():
    """Not to stand, it is fill-or-kill."""
    book = book_of(sell("a", 10, 3))
    before = book.depth("noon")
    told = book.submit(buy("c", 10, 4, WHOLE, execution=Execution.IMMEDIATE))

    assert [OrderAccepted("c"), OrderRemoved("c", "not matched at once")] == told
    assert before == book.depth("noon")


def test_a_block_that_does_not_fit_is_passed_over():
    book = book_of(sell("block", 8, 5, WHOLE), sell("b", 9, 2))

    assert [("b", 9, 2)] == met(book, buy("c", 10, 4))


@pytest.mark.parametrize(("priority", "first"), [(Priority.AGE, "old"), (Priority.VOLUME, "large")])
def test_age_or_volume_decides_at_one_price(priority, first):
    book = book_of(sell("old", 10, 2), sell("large", 10, 4), priority=priority)

    assert [(first, 10, 1)] == met(book, buy("c", 10, 1))


def test_what_becomes_of_each_is_told_in_order():
    book = book_of(sell("a", 10, 3), sell("b", 12, 3))

    assert [
        OrderAccepted("c"),
        Matched("a", "c", 10, 3),
        OrderRemoved("a", "matched"),
        Matched("b", "c", 12, 1),
        OrderRemoved("c", "matched"),
    ] == book.submit(buy("c", 15, 4))
    assert 2 == book.left("b")


def test_an_order_of_two_steps_goes_after_its_last():
    """It is told removed after its second match, though another's match lies between."""
    book = book_of(order("a", (5, 0), (5, 1), (9, 1), (9, 2)), sell("b", 7, 1))

    assert ["Matched", "Matched", "OrderRemoved", "Matched", "OrderRemoved", "OrderRemoved"] == [
        type(each).__name__ for each in book.submit(buy("c", 9, 3))[1:]
    ]


def test_what_is_left_keeps_its_age():
    book = book_of(sell("old", 10, 3), sell("new", 10, 3))
    book.submit(buy("c", 10, 1))

    assert [("old", 10, 2), ("new", 10, 1)] == met(book, buy("d", 10, 3))


def test_a_market_order_takes_what_there_is_and_never_stands():
    book = book_of(sell("a", 10, 3))
    told = book.submit(Order("c", "home", "noon", market(Side.BUY, 5)))

    assert [Matched("a", "c", 10, 3), OrderRemoved("c", "not matched at once")] == [told[1], told[-1]]
    assert () == book.depth("noon")


def test_the_flat_part_of_a_curve_is_matched_at_any_price():
    """Two steps are wanted whatever they cost, three more only up to 10."""
    book = book_of(sell("dear", 99, 9))

    assert [("dear", 99, 2)] == met(book, order("c", (10, -5), (10, -2), execution=Execution.IMMEDIATE))


def test_less_of_a_step_keeps_its_place_and_more_loses_it():
    book = book_of(sell("a", 10, 5), sell("b", 10, 5))

    assert [Reduced("a", 2, 3)] == book.amend("a", limit(Side.SELL, 10, 3))
    assert [("a", 10, 1)] == met(book, buy("c", 10, 1))
    assert ["replaced", OrderAccepted("a"), Rested("a", 4)] == [
        getattr(each, "reason", each) for each in book.amend("a", limit(Side.SELL, 10, 4))
    ]
    assert [("b", 10, 1)] == met(book, buy("d", 10, 1))


def test_a_block_made_divisible_comes_in_anew():
    """Only the quantity may be smaller: a step that goes whole and one that need not are not the same."""
    book = book_of(sell("a", 10, 5, WHOLE))

    assert "replaced" == book.amend("a", limit(Side.SELL, 10, 5))[0].reason
    assert [("a", 10, 2)] == met(book, buy("c", 10, 2))


def test_amending_what_was_matched_counts_from_what_is_left():
    """Of 5, 3 were matched and 2 are left: 4 is more, 1 is less."""
    book = book_of(sell("a", 10, 5))
    book.submit(buy("c", 10, 3))

    assert [Reduced("a", 1, 1)] == book.amend("a", limit(Side.SELL, 10, 1))
    assert "replaced" == book.amend("a", limit(Side.SELL, 10, 4))[0].reason


WRONG = [
    (limit(Side.BUY, float("nan"), 5), {}, NotFinite),
    ((Vertex(1, 0), Vertex(2, float("nan"))), {}, NotFinite),
    (limit(Side.BUY, 1.5, 5), {}, OffGrid),
    ((Vertex(1, 0), Vertex(2, 2.5)), {}, OffGrid),
    ((Vertex(1, 0), Vertex(2, 0)), {}, ZeroQuantity),
    ((Vertex(1, -5), Vertex(2, 5)), {}, MixedSides),
    (limit(Side.BUY, MOST_STEPS + 1, 5), {}, TooLarge),
    (limit(Side.BUY, 1, MOST_STEPS + 1), {}, TooLarge),
    (limit(Side.BUY, 101, 5), {}, OutsideCollar),
    ((Vertex(1, 2), Vertex(2, 5)), {}, NotSupported),
    (limit(Side.BUY, 1, 5), {"minimum": 2}, NotSupported),
    (limit(Side.BUY, 1, 5), {"post_only": True}, NotSupported),
    (limit(Side.BUY, 1, 5), {"one_of": "these"}, NotSupported),
    (limit(Side.BUY, 1, 5), {"execution": Execution.ALL_OR_NONE}, NotSupported),
    (limit(Side.BUY, 1, 5), {"good_till": NOON}, OrderExpired),
]


@pytest.mark.parametrize(("vertices", "terms", "reason"), WRONG)
def test_refusals_have_names_and_change_nothing(vertices, terms, reason):
    """Also when a standing order is amended to what is refused."""
    book = book_of(sell("a", 10, 3), rules=(Collar(-100, 100),))
    book.expire(NOON)
    before = book.snapshot()
    told = book.submit(Order("b", "home", "noon", vertices, OrderTerms(**terms)))
    told += book.amend("a", vertices) if not terms else []

    assert [(OrderRefused, reason)] * len(told) == [(type(each), each.reason) for each in told]
    assert before == book.snapshot()


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (sell("a", 11, 3), DuplicateOrder),
        (sell("b", 10, 3, instrument="midnight"), UnknownInstrument),
        (sell("b", 10, 3, instrument="one"), GateClosed),
    ],
)
def test_names_instruments_and_gates_are_asked_first(wrong, reason):
    book = book_of(sell("a", 10, 3))
    book.open("one", gate=NOON)
    book.expire(NOON)

    assert [reason] == [each.reason for each in book.submit(wrong)]


@pytest.mark.parametrize("vertices", [[(10, 0), (11, 3), (12, 2)], [(11, 0), (10, 3)]])
def test_a_curve_that_falls_is_no_order(vertices):
    with pytest.raises(NotMonotone):
        order("a", *vertices)


def test_an_instrument_is_opened_once():
    with pytest.raises(InvalidValue, match="before"):
        book_of().open("noon")


def test_orders_go_with_their_time_then_with_the_gate():
    """An amended order keeps its time and goes in the place of its new arrival."""
    book = CurveBook([])
    book.open("noon", gate=NOON)
    for name, minutes in [("a", -10), ("b", -10), ("c", None), ("d", -20)]:
        good_till = None if minutes is None else NOON + timedelta(minutes=minutes)
        book.submit(sell(name, 10, 3, good_till=good_till))
    book.amend("a", limit(Side.SELL, 11, 3))

    assert [("d", "expired"), ("b", "expired"), ("a", "expired"), ("c", "gate closed")] == [
        (each.order_id, each.reason) for each in book.expire(NOON)
    ]


def test_a_reduced_order_still_has_its_time():
    book = book_of(sell("a", 10, 3, good_till=NOON))
    book.amend("a", limit(Side.SELL, 10, 2))

    assert [OrderRemoved("a", "expired")] == book.expire(NOON)


def test_depth_and_prices_of_slopes_blocks_and_what_is_left():
    """A slope has a row for each price at which it offers more; of this one, one step is gone."""
    book = book_of(order("wind", (10, 0), (20, 5)), sell("block", 16, 4, WHOLE), buy("b", 3, 2))
    book.submit(buy("c", 12, 1))

    assert [(Side.BUY, 3, 2, 1), (Side.SELL, 14, 1, 1), (Side.SELL, 16, 5, 2), (Side.SELL, 18, 1, 1)] == [
        (row.side, row.price, row.quantity, row.orders) for row in book.depth("noon")[:4]
    ]
    assert BestPrices(bid=3, ask=14) == book.best_prices("noon")


def test_the_curve_of_the_book_is_the_sum_of_what_stands():
    """Half of the slope is gone: it begins at its middle."""
    book = book_of(order("wind", (10, 0), (20, 10)), buy("b", 3, 2))
    book.submit(buy("c", 15, 5))
    curve = book.curve("noon")

    assert [-2, 0, 0, 1.5, 5] == [float(curve.powers_at(price)[1][0, 0]) for price in (2, 3, 15, 16.5, 30)]


def test_instruments_do_not_meet():
    book = CurveBook(["noon", "one"])
    book.submit(sell("a", 10, 3))

    assert [] == met(book, buy("b", 10, 3, instrument="one"))
    assert (Level(Side.BUY, 10, 3, 1),) == book.depth("one")


def test_divisible_orders_never_leave_the_book_crossed():
    """Nobody who stands could still trade with another, however often they meet."""
    for seed in range(20):
        chance, book = random.Random(seed), CurveBook(["noon"])
        for number in range(40):
            wish = random_order(chance, number)
            book.submit(order(wish.order_id, *((vertex.price, vertex.power) for vertex in wish.vertices)))
            best = book.best_prices("noon")
            assert None in {best.bid, best.ask} or best.bid < best.ask


def test_the_same_orders_make_the_same_book():
    """Compiled or plain, today or tomorrow."""
    runs = [random_run(8, **options) for options in ({}, {}, {"matcher": CurveMatcherPlain})]

    assert 1 == len({(digest(told), book.snapshot()) for book, told in runs})


@pytest.mark.parametrize("priority", Priority)
def test_a_snapshot_at_any_order_and_the_rest_make_the_whole(priority):
    """Slopes in part used, blocks and gates go on from the bytes as if nothing had happened."""
    for seed in range(20):
        chance = random.Random(seed)
        orders = [random_order(chance, number) for number in range(40)]
        cut = chance.randint(0, 40)
        whole, first, second = (CurveBook(["noon"], priority) for _ in range(3))
        told = [outcome for each in orders for outcome in whole.submit(each)]
        before = [outcome for each in orders[:cut] for outcome in first.submit(each)]
        second.restore(first.snapshot())
        after = [outcome for each in orders[cut:] for outcome in second.submit(each)]

        assert (digest(told), whole.snapshot()) == (digest(before + after), second.snapshot())
