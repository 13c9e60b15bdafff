"""The order book: priority, terms, self-trades, sets, waiting orders, gates; against a book by brute force."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micromarket.domain.orders import Execution, Order, OrderTerms, Side, Vertex, limit, market
from micromarket.errors import GateClosed, InvalidValue, NotSupported, ReduceOnly, TradingHalted
from micromarket.markets.admission import TradingState
from micromarket.markets.book.matching import OrderBook, Segment, SelfTrading
from micromarket.markets.mechanism import (
    Matched,
    OrderAccepted,
    OrderRemoved,
    Reduced,
    Rested,
)
from plain_book import PlainBook
from told import told

NOON = datetime(2026, 7, 6, 12, tzinfo=UTC)
OWNERS = {"p0": "house", "p1": "house"}
BUY, SELL = Side.BUY, Side.SELL
WHOLE = Execution.ALL_OR_NONE


@pytest.fixture
def book():
    return OrderBook(["noon", "one"])


def order(name, vertices, instrument="noon", *, party=None, **terms):
    """Return an order of a party of its own."""
    return Order(name, party or f"party-{name}", instrument, vertices, OrderTerms(**terms))


def sell(name, price, quantity, instrument="noon", **terms):
    return order(name, limit(SELL, price, quantity), instrument, **terms)


def buy(name, price, quantity, instrument="noon", **terms):
    return order(name, limit(BUY, price, quantity), instrument, **terms)


@st.composite
def flows(draw, sets):
    """Return orders of every kind, and cancellations."""
    flow = []
    for number in range(draw(st.integers(1, 25))):
        if number and draw(st.integers(0, 5)) == 0:
            flow.append(f"o{draw(st.integers(0, number - 1))}")
            continue
        side, quantity = draw(st.sampled_from(Side)), draw(st.integers(1, 9))
        one_of = draw(st.sampled_from([None, None, None, "s"])) if sets else None
        if draw(st.integers(0, 9)) == 0:
            execution = draw(st.sampled_from([Execution.STANDING, Execution.IMMEDIATE, Execution.ALL_AT_ONCE]))
            vertices, terms = market(side, quantity), OrderTerms(execution, one_of=one_of)
        else:
            execution = draw(st.sampled_from([*Execution, *[Execution.STANDING] * 4]))
            post = execution is Execution.STANDING and draw(st.integers(0, 7)) == 0
            minimum = 0 if post else draw(st.sampled_from([0, 0, 0, quantity // 2]))
            minimum = 0 if execution is Execution.ALL_OR_NONE else minimum
            vertices = limit(side, draw(st.integers(-3, 3)), quantity)
            terms = OrderTerms(execution, minimum, post, one_of=one_of)
        flow.append(Order(f"o{number}", f"p{draw(st.integers(0, 3))}", "noon", vertices, terms))
    return flow


@pytest.mark.parametrize("policy", SelfTrading)
@pytest.mark.parametrize("priority", ["time", "volume", "pro_rata"])
@settings(max_examples=60)
@given(data=st.data())
def test_every_outcome_equals_brute_force(priority, policy, data):
    """A book that searches a list before every match tells the same, word for word, under every rule."""
    ours = OrderBook(["noon"], Segment(priority, policy, owners=OWNERS))
    plain = PlainBook(priority, policy.value, OWNERS)
    for each in data.draw(flows(priority != "pro_rata")):
        if isinstance(each, str):
            assert plain.cancel(each) == told(ours.cancel(each))
        else:
            assert plain.submit(each) == told(ours.submit(each))


def test_best_price_first_then_age(book):
    """An order that arrives takes the best price first, the older first, at the standing prices."""
    for each in (sell("a", 11, 5), sell("b", 10, 5), sell("c", 10, 5)):
        book.submit(each)

    outcomes = book.submit(buy("d", 11, 12))

    assert [Matched("b", "d", 10, 5), Matched("c", "d", 10, 5), Matched("a", "d", 11, 2)] == matches(outcomes)


def matches(outcomes):
    return [each for each in outcomes if isinstance(each, Matched)]


def test_partial_fill_keeps_the_place(book):
    """A standing order that was matched in part stays first; what is left of an aggressive one stands."""
    for each in (sell("a", 10, 5), sell("b", 10, 5), buy("c", 10, 2)):
        book.submit(each)

    assert [OrderAccepted("d"), Matched("a", "d", 10, 3), OrderRemoved("a", "matched")] == book.submit(
        buy("d", 12, 9)
    )[:3]
    assert (12, None) == (book.best_prices("noon").bid, book.best_prices("noon").ask)


def test_a_smaller_order_is_still_judged(book):
    """Less at the same price keeps its place only if it is the same kind of order: this one would go only whole."""
    book.submit(sell("a", 10, 5))
    whole = (Vertex(10, 0), Vertex(10, 3, divisible=False))

    assert [NotSupported] == [each.reason for each in book.amend("a", whole)]
    assert 5 == book.depth("noon")[0].quantity


def test_what_waits_is_asked_after_an_amendment_too():
    """By volume, an own order came first and kept what waits from the other; made smaller, it comes second."""
    book = OrderBook(["noon"], Segment("volume", owners=OWNERS))
    for each in (buy("own", 10, 9, party="p0"), buy("other", 10, 5), sell("a", 10, 5, party="p1", execution=WHOLE)):
        book.submit(each)

    assert [Reduced("own", 6, 3), Matched("other", "a", 10, 5)] == book.amend("own", limit(BUY, 10, 3))[:2]


def test_of_all_that_waits_the_oldest_goes_first(book):
    """Not that of the first instrument, where several resume at once."""
    book.set_state(TradingState.COLLECTING)
    for name, instrument in (("old", "one"), ("new", "noon")):
        (
            book.submit(sell(name, 10, 5, instrument, execution=WHOLE)),
            book.submit(buy(f"{name} buyer", 10, 5, instrument)),
        )

    assert ["old", "new"] == [each.aggressive_id for each in matches(book.set_state(TradingState.ACTIVE))]


def test_reducing_keeps_the_place_and_more_loses_it(book):
    """Less at the same price stays first; more, or another price, goes to the end."""
    for each in (sell("a", 10, 5), sell("b", 10, 5)):
        book.submit(each)

    assert [Reduced("a", 2, 3)] == book.amend("a", limit(SELL, 10, 3))
    assert [Matched("a", "c", 10, 1)] == matches(book.submit(buy("c", 10, 1)))
    book.amend("a", limit(SELL, 10, 8))
    assert [Matched("b", "d", 10, 1)] == matches(book.submit(buy("d", 10, 1)))


def test_largest_first():
    """With priority by volume, the largest remaining quantity of a price comes first."""
    book = OrderBook(["noon"], Segment("volume"))
    for each in (sell("a", 10, 2), sell("b", 10, 6), sell("c", 9, 1)):
        book.submit(each)

    assert [("c", 1), ("b", 4)] == [(m.standing_id, m.quantity) for m in matches(book.submit(buy("d", 10, 5)))]


def test_pro_rata_gives_left_over_steps_to_the_oldest():
    """Shares are rounded down; what is left over goes one step each to the oldest."""
    book = OrderBook(["noon"], Segment("pro_rata"))
    for each in (sell("a", 10, 3), sell("b", 10, 3), sell("c", 10, 3)):
        book.submit(each)

    assert [("a", 2), ("b", 2), ("c", 1)] == [
        (m.standing_id, m.quantity) for m in matches(book.submit(buy("d", 10, 5)))
    ]


def test_terms_of_what_is_not_matched_at_once(book):
    """Immediate drops the rest, all-at-once takes all or nothing, a market order never stands."""
    book.submit(sell("a", 10, 5))
    rest = OrderRemoved("c", "not matched at once")

    assert [OrderAccepted("b"), OrderRemoved("b", "not matched at once")] == book.submit(
        buy("b", 10, 6, execution=Execution.ALL_AT_ONCE)
    )
    assert [OrderAccepted("c"), Matched("a", "c", 10, 5), OrderRemoved("a", "matched"), rest] == book.submit(
        buy("c", 10, 6, execution=Execution.IMMEDIATE)
    )
    assert OrderRemoved("d", "not matched at once") == book.submit(order("d", market(BUY, 6)))[-1]


def test_minimum_quantity(book):
    """An order with a minimum is matched at once with at least that much, or not at all."""
    book.submit(sell("a", 10, 5))

    assert OrderRemoved("b", "not matched at once") == book.submit(buy("b", 10, 9, minimum=6))[-1]
    assert Rested("c", 4) == book.submit(buy("c", 10, 9, minimum=5))[-1]


def test_all_or_none_waits_beside_the_book(book):
    """It does not show and is not matched in part; as soon as the book can fill it whole, it is."""
    book.submit(buy("a", 10, 8, execution=Execution.ALL_OR_NONE))

    assert Rested("b", 5) == book.submit(sell("b", 9, 5))[-1]
    assert (None, 9) == (book.best_prices("noon").bid, book.best_prices("noon").ask)
    assert [Matched("b", "a", 9, 5), Matched("c", "a", 10, 3)] == matches(book.submit(sell("c", 10, 4)))


def test_all_or_none_meets_its_equal(book):
    """Two that wait and want the same quantity meet, at the older one's price."""
    book.submit(buy("a", 10, 8, execution=Execution.ALL_OR_NONE))

    assert [Matched("a", "b", 10, 8)] == matches(book.submit(sell("b", 9, 8, execution=Execution.ALL_OR_NONE)))


def test_linked_block_takes_all_hours_or_none(book):
    """A block waits until every hour can be filled, then takes all at once."""
    block = [buy("a1", 10, 5, "noon"), buy("a2", 10, 5, "one")]

    assert [OrderAccepted("a1"), OrderAccepted("a2")] == book.submit_block(block)
    assert [] == matches(book.submit(sell("b", 9, 5, "noon")))
    assert [Matched("b", "a1", 9, 5), Matched("c", "a2", 8, 6 - 1)] == matches(book.submit(sell("c", 8, 6, "one")))
    assert [OrderAccepted("a1"), OrderAccepted("a2")] == book.submit_block(block)


def test_block_goes_as_one(book):
    """If one leg is cancelled, all go; if one is refused, all are, and nothing changes."""
    book.submit_block([buy("a1", 10, 5, "noon"), buy("a2", 10, 5, "one")])
    assert [OrderRemoved("a2", "cancelled"), OrderRemoved("a1", "cancelled")] == book.cancel("a2")
    before = book.snapshot()

    for wrong in (buy("b2", 10, 5, "two"), buy("b2", 1, 1, "noon"), buy("b2", 1, 1, "one", post_only=True)):
        assert ["b1", "b2"] == [each.order_id for each in book.submit_block([buy("b1", 10, 5, "noon"), wrong])]
        assert before == book.snapshot()


@settings(max_examples=60)
@given(data=st.data())
def test_blocks_are_whole(data):
    """Whatever comes, every leg of a block is matched wholly or not at all, all legs together; no book is crossed."""
    book, matched, blocks = OrderBook(["noon", "one", "two"]), {}, []
    for number in range(data.draw(st.integers(1, 20))):
        hours = data.draw(st.lists(st.sampled_from(["noon", "one", "two"]), min_size=1, max_size=3, unique=True))
        made = data.draw(st.lists(st.tuples(st.integers(-2, 2), st.integers(1, 6)), min_size=3, max_size=3))
        side = data.draw(st.sampled_from(Side))
        legs = [order(f"o{number}-{hour}", limit(side, *one), hour) for hour, one in zip(hours, made, strict=False)]
        if len(legs) > 1:
            blocks.append(legs)
        for each in matches(book.submit_block(legs) if len(legs) > 1 else book.submit(legs[0])):
            for name in (each.standing_id, each.aggressive_id):
                matched[name] = matched.get(name, 0) + each.quantity
        for legs in blocks:
            whole = [matched.get(leg.order_id, 0) == leg.quantity for leg in legs]
            assert all(whole) or not any(leg.order_id in matched for leg in legs)


def test_at_most_one_of_a_set(book):
    """The first match of one of a set, however small, removes the others, also in other hours and in mid-sweep."""
    for name, hour, price in [("a", "noon", 10), ("b", "one", 10), ("c", "noon", 11)]:
        book.submit(sell(name, price, 5, hour, party="p", one_of="car"))

    outcomes = book.submit(buy("d", 12, 7))

    assert [Matched("a", "d", 10, 5)] == matches(outcomes)
    removed = [each.order_id for each in outcomes if isinstance(each, OrderRemoved) and each.reason.startswith("ano")]
    assert ["b", "c"] == removed


@pytest.mark.parametrize(
    ("policy", "outcomes"),
    [
        (SelfTrading.ALLOW, [Matched("a", "b", 10, 3), OrderRemoved("b", "matched")]),
        (SelfTrading.CANCEL_NEWEST, [OrderRemoved("b", "self-trade")]),
        (SelfTrading.CANCEL_OLDEST, [OrderRemoved("a", "self-trade"), Rested("b", 3)]),
        (SelfTrading.CANCEL_BOTH, [OrderRemoved("a", "self-trade"), OrderRemoved("b", "self-trade")]),
        (SelfTrading.DECREMENT, [Reduced("a", 3, 2), OrderRemoved("b", "self-trade")]),
    ],
)
def test_self_trades_are_prevented_by_owner(policy, outcomes):
    """Two parties of one owner do not trade with each other; the segment says which order gives way."""
    book = OrderBook(["noon"], Segment(self_trading=policy, owners=OWNERS))
    book.submit(sell("a", 10, 5, party="p0"))

    assert [OrderAccepted("b"), *outcomes] == book.submit(buy("b", 10, 3, party="p1"))


def test_gate_closes_one_instrument(book):
    """When the gate of an hour closes its orders go, and later ones are refused; other hours trade on."""
    book.open("two", gate=NOON)
    book.submit(buy("a", 10, 5, "two")), book.submit(buy("b", 10, 5, "one"))

    assert [OrderRemoved("a", "gate closed")] == book.expire(NOON)
    assert [GateClosed] == [each.reason for each in book.submit(buy("c", 10, 5, "two"))]
    assert Rested("d", 5) == book.submit(buy("d", 10, 5, "one"))[-1]
    with pytest.raises(InvalidValue, match="before"):
        book.open("two")


def test_halt_reduce_only_and_resume(book):
    """Halted, nothing is taken but cancellations and reductions; reducing, only what brings a position to zero."""
    book.submit(sell("a", 10, 5)), book.submit(buy("b", 10, 3, party="p")), book.submit(sell("w", 12, 2))
    book.set_state(TradingState.HALTED)
    assert [TradingHalted] == [each.reason for each in book.submit(buy("c", 10, 1))]
    assert [Reduced("a", 1, 1)] == book.amend("a", limit(SELL, 10, 1))
    assert [OrderRemoved("w", "cancelled")] == book.cancel("w")

    book.set_state(TradingState.REDUCING)
    for wrong in (buy("d", 9, 1, party="p"), sell("d", 11, 4, party="p"), sell("d", 11, 1, party="q")):
        assert [ReduceOnly] == [each.reason for each in book.submit(wrong)]
    assert Rested("e", 3) == book.submit(sell("e", 11, 3, party="p"))[-1]
    assert [ReduceOnly] == [each.reason for each in book.submit(sell("f", 12, 1, party="p"))]

    book.set_state(TradingState.ACTIVE)
    assert Rested("g", 1) == book.submit(buy("g", 9, 1))[-1]
    with pytest.raises(InvalidValue, match="not traded"):
        book.set_state(TradingState.HALTED, "midnight")


def test_nothing_that_waits_is_matched_while_halted(book):
    """An all-or-none order that the book could fill waits for the resumption."""
    book.submit(buy("a", 10, 8, execution=Execution.ALL_OR_NONE)), book.submit(sell("b", 9, 9))
    book.submit(buy("c", 9, 2, execution=Execution.ALL_OR_NONE))
    book.set_state(TradingState.HALTED)

    assert [] == book.cancel("never heard of")
    assert [] == book.set_state(TradingState.ACTIVE)


@settings(max_examples=40)
@given(flow=flows(True), cut=st.integers(0, 25))
def test_snapshot_and_tail_make_the_whole(flow, cut):
    """With every kind of order standing or waiting, a restored book goes on as if nothing had happened."""
    whole, first, second = (OrderBook(["noon"], Segment(owners=OWNERS)) for _ in range(3))

    def play(book, calls):
        return [book.cancel(each) if isinstance(each, str) else book.submit(each) for each in calls]

    outcomes, before = play(whole, flow), play(first, flow[:cut])
    second.restore(first.snapshot())

    assert first.snapshot() == second.snapshot()
    assert outcomes == before + play(second, flow[cut:])
    assert whole.snapshot() == second.snapshot()


def test_gates_and_states_are_in_the_snapshot(book):
    """A restored book knows its instruments, gates, states and clock."""
    book.open("two", gate=NOON), book.set_state(TradingState.HALTED, "one"), book.submit(buy("a", 10, 5, "two"))
    other = OrderBook(["noon", "one"])
    other.restore(book.snapshot())

    assert [TradingHalted] == [each.reason for each in other.submit(buy("b", 10, 5, "one"))]
    assert book.expire(NOON) == other.expire(NOON) == [OrderRemoved("a", "gate closed")]


def test_a_changed_snapshot_is_refused(book):
    """A snapshot of which any letter was changed is not opened."""
    book.submit(buy("a", 10, 5))
    whole = book.snapshot()
    for place in range(0, len(whole), 7):
        changed = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        with pytest.raises(InvalidValue):
            book.restore(changed)

    assert whole == book.snapshot()


def test_sets_do_not_share_pro_rata():
    """A set of which at most one is matched is refused where orders share."""
    book = OrderBook(["noon"], Segment("pro_rata"))

    assert [NotSupported] == [each.reason for each in book.submit(buy("a", 10, 5, one_of="s"))]
