"""Sides, orders, and tenders that become orders."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micromarket.domain.orders import Order, Side, Vertex, limit
from micromarket.domain.products import Product, Resource, StepGrid
from micromarket.domain.tenders import Tender, order_of
from micromarket.errors import InvalidValue, NotMonotone, OffGrid

GRID = StepGrid.of("0.001")
ENERGY = Product(Resource("energy", "feeder-1"), timedelta(hours=1), GRID, GRID)
NOON = ENERGY.starting(datetime(2026, 7, 6, 12, tzinfo=UTC))


def test_sides_have_signs():
    """What is sold flows into the region, what is bought flows out."""
    assert (5, -5) == (Side.SELL.signed(5), Side.BUY.signed(5))
    assert Side.SELL is Side.BUY.opposite


@pytest.mark.parametrize("quantity", [0, -1])
def test_quantities_are_unsigned(quantity):
    """The side says the direction; a sign on the quantity would say it twice."""
    with pytest.raises(InvalidValue, match="unsigned"):
        Side.BUY.signed(quantity)


@given(st.sampled_from(Side), st.integers(-1000, 1000), st.integers(1, 1000))
def test_limit_order_is_a_step(side, price, quantity):
    """A limit order gives nothing at worse prices and everything at better ones."""
    below, above = limit(side, price, quantity)

    assert (price, price) == (below.price, above.price)
    assert (quantity, 0) == (above.power - below.power, above.power if side is Side.BUY else below.power)


def test_falling_curve_is_refused():
    """Nobody offers less at a better price."""
    with pytest.raises(NotMonotone, match="order a falls"):
        Order("a", "home-1", NOON.instrument_id, [Vertex(1, 5), Vertex(2, 4)])


def test_order_without_vertex_is_refused():
    """An order says something."""
    with pytest.raises(InvalidValue, match="no vertex"):
        Order("a", "home-1", NOON.instrument_id, [])


def test_tender_makes_an_order():
    """Units people use become whole steps, and the order's name follows from the tender's."""
    order = order_of(Tender("17", "home-1", Side.BUY, price=0.25, quantity_kw=1.5), NOON)

    assert Order("home-1/17", "home-1", NOON.instrument_id, limit(Side.BUY, 250, 1500)) == order


@pytest.mark.parametrize(("price", "quantity_kw"), [(0.2505, 1.5), (0.25, 1.5004)])
def test_tender_off_the_grid_is_refused(price, quantity_kw):
    """Nothing is rounded on the way into a market."""
    with pytest.raises(OffGrid):
        order_of(Tender("17", "home-1", Side.SELL, price, quantity_kw), NOON)
