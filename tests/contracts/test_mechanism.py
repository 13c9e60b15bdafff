"""What every mechanism keeps: conservation, limits, refusals that change nothing, same calls, same outcomes."""

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micromarket.domain.orders import Order, Side, Vertex, limit
from micromarket.errors import DuplicateOrder, UnknownInstrument
from micromarket.markets import registry
from micromarket.markets.mechanism import Cleared, Matched, OrderAccepted, OrderRefused, OrderRemoved

INSTRUMENTS = ("noon", "one", "two")

every_mechanism = pytest.mark.parametrize("name", registry.names())


def order(order_id, side, price, quantity, instrument="noon"):
    """Return a limit order of a party of its own."""
    return Order(order_id, f"party-{order_id}", instrument, limit(side, price, quantity))


@st.composite
def books(draw):
    """Return orders for several instruments: limits, slopes, inelastic ones."""
    orders = []
    for number in range(draw(st.integers(0, 14))):
        count = draw(st.integers(1, 4))
        prices = sorted(draw(st.lists(st.integers(-20, 20), min_size=count, max_size=count)))
        powers = sorted(draw(st.lists(st.integers(-50, 50), min_size=count, max_size=count)))
        vertices = [Vertex(*corner) for corner in zip(prices, powers, strict=True)]
        orders.append(Order(f"o{number}", f"p{number % 4}", draw(st.sampled_from(INSTRUMENTS)), vertices))
    return orders


def run(name, orders):
    """Return every outcome of submitting orders and clearing."""
    mechanism = registry.mechanism(name)(INSTRUMENTS)
    submitted = [outcome for each in orders for outcome in mechanism.submit(each)]
    return submitted + mechanism.clear()


def matches(outcomes, orders):
    """Return (order, price, power) of every match."""
    named = {each.order_id: each for each in orders}
    return [(named[o.order_id], o.price, o.power) for o in outcomes if isinstance(o, Matched)]


@every_mechanism
@given(orders=books())
def test_powers_sum_to_zero(name, orders):
    """What is sold is bought, to the last step, in every instrument."""
    totals = defaultdict(int)
    for each, _, power in matches(run(name, orders), orders):
        assert isinstance(power, int)
        totals[each.instrument_id] += power

    assert not any(totals.values())


@every_mechanism
@given(orders=books())
def test_nobody_trades_outside_the_curve(name, orders):
    """Nobody is given more than the most, or less than the least, that was ever wished."""
    for each, _, power in matches(run(name, orders), orders):
        assert min(0, each.vertices[0].power) <= power <= max(0, each.vertices[-1].power)


@every_mechanism
@given(st.lists(st.tuples(st.sampled_from(Side), st.integers(-20, 20), st.integers(1, 50)), max_size=12))
def test_no_trade_outside_a_limit(name, tenders):
    """No seller gets less than asked, no buyer pays more than bid."""
    orders = [order(f"o{number}", *tender) for number, tender in enumerate(tenders)]
    for each, price, power in matches(run(name, orders), orders):
        asked = each.vertices[0].price

        assert price >= asked if power > 0 else price <= asked


@every_mechanism
@given(orders=books())
def test_same_calls_same_outcomes(name, orders):
    """Nothing is left to chance."""
    assert run(name, orders) == run(name, orders)


@every_mechanism
@given(orders=books())
def test_every_order_is_answered(name, orders):
    """Every order is accepted; a clearing names every instrument once, in the order given."""
    outcomes = run(name, orders)

    assert [each.order_id for each in orders] == [o.order_id for o in outcomes if isinstance(o, OrderAccepted)]
    assert [o.instrument_id for o in outcomes if isinstance(o, Cleared)] in ([], list(INSTRUMENTS))


@every_mechanism
@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (order("a", Side.SELL, 1, 5), DuplicateOrder),
        (order("b", Side.SELL, 1, 5, instrument="midnight"), UnknownInstrument),
    ],
)
def test_refusals_change_nothing(name, wrong, reason):
    """A refused order has a named reason, and the market clears as if it had never come."""
    mechanism, twin = (registry.mechanism(name)(INSTRUMENTS) for _ in range(2))
    first = order("a", Side.BUY, 9, 5)
    mechanism.submit(first), twin.submit(first)
    (refused,) = mechanism.submit(wrong)

    assert (OrderRefused, wrong.order_id, reason) == (type(refused), refused.order_id, refused.reason)
    assert twin.clear() == mechanism.clear()


@every_mechanism
def test_cancel(name):
    """A cancelled order takes no part; cancelling it again does nothing."""
    mechanism = registry.mechanism(name)(INSTRUMENTS)
    mechanism.submit(order("a", Side.BUY, 9, 5))

    assert [OrderRemoved("a", "cancelled")] == mechanism.cancel("a")
    assert [] == mechanism.cancel("a") == mechanism.cancel("never heard of")
    mechanism.submit(order("b", Side.SELL, 1, 5))
    assert not [outcome for outcome in mechanism.clear() if isinstance(outcome, Matched)]


@every_mechanism
def test_a_name_is_used_once(name):
    """An order's name stays taken, after it was cancelled and after it was cleared."""
    mechanism = registry.mechanism(name)(INSTRUMENTS)
    mechanism.submit(order("a", Side.BUY, 9, 5)), mechanism.cancel("a")
    mechanism.submit(order("b", Side.BUY, 9, 5)), mechanism.clear()

    assert [DuplicateOrder] * 2 == [mechanism.submit(order(each, Side.BUY, 9, 5))[0].reason for each in "ab"]


@every_mechanism
def test_mechanism_names_itself(name):
    """A log can say which rule gave an outcome, and in which version."""
    mechanism = registry.mechanism(name)(INSTRUMENTS)

    assert (name, True) == (mechanism.name, mechanism.version >= 1)
