"""What every mechanism keeps: conservation, limits, priority, named refusals, and that nothing is left to chance.

A mechanism takes part as soon as it is registered, by whichever package. It declares the kinds of orders it takes;
all others it must refuse by name.
"""

from collections import Counter

import numpy as np
import pytest
from flows import (
    INSTRUMENTS,
    SAMPLES,
    at,
    calls,
    create,
    curves,
    every_mechanism,
    matches_at_once,
    order,
    parts,
    play,
    submitted,
    taking,
    wish,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from micromarket.domain.orders import Order, Side, Vertex, limit
from micromarket.errors import (
    DuplicateOrder,
    InvalidValue,
    MicromarketError,
    NotFinite,
    NotMonotone,
    OffGrid,
    OrderExpired,
    UnknownInstrument,
)
from micromarket.markets import registry
from micromarket.markets.mechanism import (
    Awarded,
    Cleared,
    Matched,
    OrderAccepted,
    OrderKind,
    OrderRefused,
    OrderRemoved,
    Reduced,
    Rested,
    digest,
)

few = settings(max_examples=40)
"""There are many mechanisms, and each takes part in every property."""

every_mechanism_of_limits = taking(OrderKind.LIMIT)


@every_mechanism
def test_every_kind_is_taken_or_refused(name):
    """A mechanism takes exactly the kinds it declares, and at least one that can be held."""
    mechanism = create(name)
    taken = [
        kind
        for kind, vertices in SAMPLES.items()
        if isinstance(mechanism.submit(Order(kind.value, kind.value, "noon", vertices))[0], OrderAccepted)
    ]

    assert set(taken) == mechanism.takes
    assert mechanism.takes & {OrderKind.LIMIT, OrderKind.CURVE}


def test_a_third_party_takes_part():
    """A mechanism of another package, found by its entry point, is held to this contract like ours."""
    assert "first_come" in registry.names()
    assert create("first_come").__class__.__module__ == "first_come"


@every_mechanism
@few
@given(played=calls() | calls(curves()))
def test_what_is_sold_is_bought(name, played):
    """Powers are whole steps and sum to zero in every instrument."""
    totals = Counter()
    for each, price, power in parts(play(create(name), played), submitted(played)[0]):
        assert (int, int, True) == (type(power), type(price), power != 0)
        totals[each.instrument_id] += power

    assert not any(totals.values())


@every_mechanism
@few
@given(played=calls() | calls(curves()))
def test_nobody_trades_outside_the_curve(name, played):
    """Nobody is given more than the most that was ever wished; a part of it never goes the other way."""
    orders, wished = submitted(played)
    for each, _, power in parts(play(create(name), played), orders):
        least = min(0, *(vertices[0].power for vertices in wished[each.order_id]))
        most = max(0, *(vertices[-1].power for vertices in wished[each.order_id]))

        assert least <= power <= most


@every_mechanism_of_limits
@few
@given(played=calls())
def test_no_trade_outside_a_limit(name, played):
    """No seller gets less than asked, no buyer pays more than bid, whatever they asked or bid last."""
    orders, asked = {}, {}
    mechanism = create(name)
    for kind, *arguments in played:
        if kind == "submit":
            orders[arguments[0].order_id], asked[arguments[0].order_id] = arguments[0], arguments[0].vertices
        outcomes = getattr(mechanism, kind)(*arguments)
        if kind == "amend" and outcomes and not isinstance(outcomes[0], OrderRefused):
            asked[arguments[0]] = arguments[1]
        for outcome in outcomes:
            for order_id in named(outcome):
                corner = asked[order_id][0]
                buys = corner.power < 0
                assert outcome.price <= corner.price if buys else outcome.price >= corner.price


def named(outcome):
    """Return the orders that got a part."""
    if isinstance(outcome, Matched):
        return [outcome.standing_id, outcome.aggressive_id]
    return [outcome.order_id] if isinstance(outcome, Awarded) else []


@every_mechanism_of_limits
@few
@given(played=calls(most=40))
def test_every_step_is_accounted_for(name, played):
    """What an order brought in equals what was matched, what was taken back and what is still held."""
    orders = submitted(played)[0]
    mechanism = create(name)
    balance = Counter()
    for kind, *arguments in played:
        for outcome in getattr(mechanism, kind)(*arguments):
            if isinstance(outcome, OrderAccepted) and kind in {"submit", "amend"}:
                vertices = arguments[0].vertices if kind == "submit" else arguments[1]
                balance[outcome.order_id] = max(abs(vertex.power) for vertex in vertices)
            elif isinstance(outcome, Reduced):
                balance[outcome.order_id] -= outcome.quantity
            elif isinstance(outcome, Rested):
                assert outcome.quantity == balance[outcome.order_id]
            elif isinstance(outcome, OrderRemoved):
                matched = outcome.reason == "matched"
                assert (balance.pop(outcome.order_id) == 0) == matched or outcome.reason == "cleared"
            for order_id in named(outcome):
                balance[order_id] -= outcome.quantity if isinstance(outcome, Matched) else abs(outcome.power)
                assert balance[order_id] >= 0
    held = Counter()
    for order_id, quantity in balance.items():
        held[orders[order_id].instrument_id] += quantity
    for each in INSTRUMENTS:
        assert held[each] == sum(level.quantity for level in mechanism.depth(each))


@every_mechanism_of_limits
@few
@given(played=calls())
def test_the_book_is_never_crossed(name, played):
    """Where orders match as they come, no buyer stands at or above a seller; depth, prices and curve agree."""
    at_once, mechanism = matches_at_once(name), create(name)
    for call in played:
        play(mechanism, [call])
        for each in INSTRUMENTS:
            best, depth = mechanism.best_prices(each), mechanism.depth(each)

            assert not at_once or None in {best.bid, best.ask} or best.bid < best.ask
            for side in Side:
                ranked = [side.value * level.price for level in depth if level.side is side]
                assert sorted(ranked) == ranked
                assert best.of(side) == (side.value * ranked[0] if ranked else None)


@every_mechanism_of_limits
@few
@given(played=calls())
def test_the_curve_is_the_depth(name, played):
    """The curve of a book of limit orders is its levels, added up."""
    mechanism = create(name)
    play(mechanism, played)
    curve, depth = mechanism.curve("noon"), mechanism.depth("noon")
    for price in range(-7, 8):
        low, high = (float(end[0, 0]) for end in curve.powers_at(price))
        sold = [level for level in depth if level.side is Side.SELL and level.price <= price]
        bought = [level for level in depth if level.side is Side.BUY and level.price > price]
        at_price = sum(level.quantity for level in depth if level.price == price)
        most = sum(level.quantity for level in sold) - sum(level.quantity for level in bought)

        np.testing.assert_allclose((low, high), (most - at_price, most), atol=1e-9)


@every_mechanism
@few
@given(played=calls() | calls(curves()))
def test_same_calls_same_digest(name, played):
    """Nothing is left to chance: outcomes and state are the same, byte for byte."""
    one, two = create(name), create(name)

    assert digest(play(one, played)) == digest(play(two, played))
    assert one.snapshot() == two.snapshot()


@every_mechanism
@few
@given(played=calls() | calls(curves()), cut=st.integers(0, 30))
def test_snapshot_and_tail_make_the_whole(name, played, cut):
    """A mechanism restored from a snapshot at any call goes on as if nothing had happened."""
    whole, first, second = (create(name) for _ in range(3))
    outcomes = play(whole, played)
    before = play(first, played[:cut])
    second.restore(first.snapshot())

    assert second.snapshot() == first.snapshot()
    assert outcomes == before + play(second, played[cut:])
    assert second.snapshot() == whole.snapshot()


@every_mechanism
def test_a_foreign_snapshot_is_refused(name):
    """A snapshot of another mechanism, or no snapshot at all, is refused and changes nothing."""
    mechanism = create(name)
    mechanism.submit(wish(mechanism, "a", Side.BUY, 9, 5))
    own = mechanism.snapshot()
    for foreign in (b"", b"\x00", *(create(other).snapshot() for other in registry.names() if other != name)):
        with pytest.raises(InvalidValue):
            mechanism.restore(foreign)

    assert own == mechanism.snapshot()


@every_mechanism_of_limits
@few
@given(side=st.sampled_from(Side), taken=st.integers(1, 9))
def test_the_younger_of_two_equals_never_gets_more(name, side, taken):
    """Ties are broken by arrival, or shared, and a step of rounding goes to the older; never the other way."""
    mechanism, orders = create(name), [order("a", side, 3, 5), order("b", side, 3, 5)]
    orders.append(order("c", side.opposite, 3, taken))
    outcomes = [outcome for each in orders for outcome in mechanism.submit(each)] + mechanism.clear()
    got = Counter()
    for each, _, power in parts(outcomes, {each.order_id: each for each in orders}):
        got[each.order_id] += abs(power)

    assert got["a"] >= got["b"]
    assert got["a"] + got["b"] == got["c"] <= taken


@every_mechanism
@few
@given(played=calls())
def test_every_submission_is_answered(name, played):
    """The first outcome of a submission says accepted or refused; clearing names every instrument once."""
    mechanism = create(name)
    for kind, *arguments in played:
        outcomes = getattr(mechanism, kind)(*arguments)
        if kind == "submit":
            assert isinstance(outcomes[0], OrderAccepted | OrderRefused)
            assert arguments[0].order_id == outcomes[0].order_id
        if kind == "clear":
            assert [o.instrument_id for o in outcomes if isinstance(o, Cleared)] in ([], list(INSTRUMENTS))


@every_mechanism
@pytest.mark.parametrize("question", ["best_prices", "depth", "curve"])
def test_what_is_not_traded_is_named(name, question):
    """Whoever asks for an instrument that is not traded hears so, as whoever submits an order for it does."""
    with pytest.raises(UnknownInstrument, match="midnight is not traded here"):
        getattr(create(name), question)("midnight")


@every_mechanism
@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (order("a", Side.SELL, 1, 5), DuplicateOrder),
        (order("b", Side.SELL, 1, 5, instrument="midnight"), UnknownInstrument),
        (order("b", Side.SELL, 1, 5, good_till=at(30)), OrderExpired),
        (order("b", Side.SELL, 1.5, 5), OffGrid),
        (order("b", Side.SELL, 1, 5.5), OffGrid),
        (order("b", Side.SELL, float("nan"), 5), NotFinite),
        (order("b", Side.SELL, float("inf"), 5), NotFinite),
        (order("b", Side.SELL, "1", 5), NotFinite),
    ],
)
def test_refusals_change_nothing(name, wrong, reason):
    """A refused order has a named reason, leaves no trace, and its name stays free."""
    mechanism = create(name)
    mechanism.submit(order("a", Side.BUY, 9, 5))
    mechanism.expire(at(30))
    before = mechanism.snapshot()
    (refused,) = mechanism.submit(wrong)

    assert (OrderRefused, wrong.order_id, reason) == (type(refused), refused.order_id, refused.reason)
    assert before == mechanism.snapshot()
    assert wrong.order_id == "a" or isinstance(mechanism.submit(order("b", Side.BUY, 8, 1))[0], OrderAccepted)


@pytest.mark.parametrize(
    ("vertices", "reason"),
    [
        ([Vertex(1, 0), Vertex(0, 5)], NotMonotone),
        ([Vertex(0, 5), Vertex(1, 0)], NotMonotone),
        ([], InvalidValue),
    ],
)
def test_what_is_no_order(vertices, reason):
    """A curve that falls is refused where it is made; a held order cannot be amended to it."""
    with pytest.raises(reason):
        Order("a", "p", "noon", vertices)
    for name in registry.names():
        mechanism = create(name)
        mechanism.submit(order("a", Side.BUY, 9, 5))
        before = mechanism.snapshot()

        assert [reason] == [outcome.reason for outcome in mechanism.amend("a", vertices)]
        assert before == mechanism.snapshot()


@pytest.mark.parametrize("quantity", [0, -1])
def test_nothing_is_no_quantity(quantity):
    """A limit order for nothing, or less, is refused where it is made."""
    with pytest.raises(MicromarketError):
        limit(Side.BUY, 1, quantity)


@every_mechanism
def test_the_same_order_again(name):
    """The same order again gets the same answer and changes nothing, also after it was cancelled or cleared."""
    mechanism = create(name)
    first, second = order("a", Side.BUY, 9, 5), order("b", Side.BUY, 9, 5)
    mechanism.submit(first), mechanism.cancel("a"), mechanism.submit(second), mechanism.clear()
    before = mechanism.snapshot()

    assert [[OrderAccepted("a")], [OrderAccepted("b")]] == [mechanism.submit(first), mechanism.submit(second)]
    assert before == mechanism.snapshot()


@every_mechanism
def test_cancel(name):
    """A cancelled order takes no part; cancelling it again does nothing."""
    mechanism = create(name)
    mechanism.submit(order("a", Side.BUY, 9, 5))

    assert [OrderRemoved("a", "cancelled")] == mechanism.cancel("a")
    assert [] == mechanism.cancel("a") == mechanism.cancel("never heard of")
    outcomes = mechanism.submit(order("b", Side.SELL, 1, 5)) + mechanism.clear()
    assert [] == [outcome for outcome in outcomes if isinstance(outcome, Matched | Awarded)]


@every_mechanism
def test_cancel_all(name):
    """All of a party's orders go, oldest first, and nobody else's."""
    mechanism = create(name)
    for number, (party, instrument) in enumerate([("p", "two"), ("q", "noon"), ("p", "noon")]):
        mechanism.submit(order(f"o{number}", Side.BUY, 9, 5, instrument, party=party))

    assert [OrderRemoved(each, "cancelled") for each in ("o0", "o2")] == mechanism.cancel_all("p")
    assert [[], 0, 5] == [
        mechanism.cancel_all("p"),
        *(sum(level.quantity for level in mechanism.depth(each)) for each in ("two", "noon")),
    ]


@every_mechanism
def test_expiry(name):
    """Orders go when the event clock reaches their time, by time, then arrival; the clock never goes back."""
    mechanism = create(name)
    for order_id, minutes in [("a", 20), ("b", 10), ("c", 10), ("d", 30)]:
        mechanism.submit(order(order_id, Side.BUY, 9, 5, good_till=at(minutes)))

    assert [] == mechanism.expire(at(9))
    assert [OrderRemoved(each, "expired") for each in "bca"] == mechanism.expire(at(20))
    assert [] == mechanism.expire(at(0))
    assert [OrderExpired] == [o.reason for o in mechanism.submit(order("e", Side.BUY, 9, 5, good_till=at(20)))]


@every_mechanism_of_limits
def test_amend(name):
    """Less at the same price keeps the place; anything else comes in anew; unknown orders are no matter."""
    mechanism = create(name)
    mechanism.submit(order("a", Side.BUY, 3, 5))

    assert [] == mechanism.amend("never heard of", limit(Side.BUY, 3, 5))
    assert [Reduced("a", 2, 3)] == mechanism.amend("a", limit(Side.BUY, 3, 3))
    assert [OrderRemoved("a", "replaced"), OrderAccepted("a")] == mechanism.amend("a", limit(Side.BUY, 4, 3))[:2]
    assert [(Side.BUY, 4, 3, 1)] == [(o.side, o.price, o.quantity, o.orders) for o in mechanism.depth("noon")]


@every_mechanism
def test_mechanism_names_itself(name):
    """A log can say which rule gave an outcome, and in which version."""
    mechanism = create(name)

    assert (name, True) == (mechanism.name, mechanism.version >= 1)
