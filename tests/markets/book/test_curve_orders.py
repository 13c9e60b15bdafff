"""Curve orders as the matcher reads them: what is offered where, what is left, either part of a battery's curve."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micromarket.domain.curves import Curves
from micromarket.domain.orders import Order, Side, Vertex, market
from micromarket.errors import InvalidValue
from micromarket.kernels.curve_matching import quantity_at
from micromarket.markets.admission import MOST_STEPS
from micromarket.markets.book.curve_orders import corners_of, offers, part_of, polyline

BATTERY = (Vertex(10, -6), Vertex(20, -3), Vertex(29, 4), Vertex(40, 9, divisible=False))


def order(*vertices):
    return Order("a", "home", "noon", [Vertex(*vertex) for vertex in vertices])


def offered(order, levels):
    return [quantity_at(corners_of(order), level) for level in levels]


@st.composite
def sloping(draw):
    """Return corners that begin at nothing, and how much of them is gone."""
    count = draw(st.integers(2, 5))
    levels, powers = (sorted(draw(st.lists(st.integers(0, 30), min_size=count, max_size=count))) for _ in range(2))
    wholes = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    corners = [(levels[0], 0, False), *zip(levels, (power + 1 for power in powers), wholes, strict=True)]
    return corners, draw(st.integers(0, corners[-1][1] - 1))


def test_a_curve_offers_whole_steps_on_or_below_the_line():
    curve = order((10, 0), (13, 2), (20, 5, False))

    assert [0, 0, 0, 1, 2, 2, 5, 5] == offered(curve, (9, 10, 11, 12, 13, 19, 20, 21))


def test_demand_is_the_mirror_of_supply():
    curve = order((-20, -5, False), (-13, -2), (-10, 0))

    assert [0, 0, 0, 1, 2, 2, 5, 5] == offered(curve, (9, 10, 11, 12, 13, 19, 20, 21))


def test_what_is_wanted_everywhere_is_wanted_at_any_price():
    """A market order, and the flat part of a curve: both reach to the last price that is counted."""
    assert [3, 3] == [
        offered(Order("a", "home", "noon", vertices), [-MOST_STEPS])[0]
        for vertices in (market(Side.BUY, 3), (Vertex(10, 3), Vertex(20, 5)))
    ]


@given(sloping())
def test_offers_are_the_rises_of_the_curve(curve):
    """Every level at which more is offered appears once; in sum they are all that is left."""
    corners, used = curve
    expected = [
        (level, now - before)
        for level in range(-1, 32)
        if (now := max(used, quantity_at(corners, level))) > (before := max(used, quantity_at(corners, level - 1)))
    ]

    assert expected == list(offers(corners, used))


@given(sloping())
def test_the_curve_that_is_left_rounds_to_what_is_offered(curve):
    """At every whole price: the whole steps below the polyline are those that the corners offer."""
    corners, used = curve
    left = Curves.from_vertices([polyline(corners, used)])
    for level in range(-1, 32):
        most = float(left.powers_at(level)[1][0, 0])
        assert max(0, quantity_at(corners, level) - used) == int(most + 1e-9)


def test_the_parts_of_a_curve_with_both_add_up_to_it():
    """At every price the demand part and the supply part give what the battery's own curve gives, rounded to zero."""
    sells, buys = (Order("a", "home", "noon", part_of(BATTERY, side)) for side in (Side.SELL, Side.BUY))
    levels = range(8, 42)
    sold, bought = offered(sells, levels), offered(buys, [-price for price in levels])
    parts = [much - little for much, little in zip(sold, bought, strict=True)]

    assert [-6, -6, -6, -5, -5, -5, -4, -4, -4, -3, -3, -3, -3, -2, -1, 0, 0, 0, 1, 2, 3, *[4] * 11, 9, 9] == parts


@given(st.integers(-9, -1), st.integers(1, 9), st.integers(0, 12))
def test_a_part_is_never_more_than_the_curve(least, most, run):
    """Where a slope is cut, at most one step is lost."""
    part = Order("a", "home", "noon", part_of([Vertex(0, least), Vertex(run, most)], Side.SELL))
    for price in range(run):
        exact = max(0, (least * run + price * (most - least)) // run)
        assert exact - 1 <= offered(part, [price])[0] <= exact


def test_a_curve_without_a_side_has_no_part_there():
    assert [(), BATTERY[2:3]] == [part_of(BATTERY[2:3], side) for side in (Side.BUY, Side.SELL)]


def test_a_whole_segment_through_zero_has_no_parts():
    with pytest.raises(InvalidValue, match="whole"):
        part_of([Vertex(10, -3), Vertex(10, 3, divisible=False)], Side.SELL)
