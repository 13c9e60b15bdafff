"""What homes and their supplier tender: prices that concede, curves as ladders, lots up a cost."""

import numpy as np
import pytest

from micromarket.domain.orders import Side
from micromarket.dso.load_serving_entity import Ramp, Supplier
from micromarket.simulation.continuous.tenders import (
    PriceRange,
    SupplierOffers,
    Wish,
    concession,
    wish_for,
    wishes_along,
)

RANGE = PriceRange(floor=20, ceiling=120)


@pytest.fixture
def offers():
    """A supplier at 0.10 that gets dearer by 0.01 for each kW, in lots of 2 kW, behind a line of 5 kW."""
    supplier = Supplier("utility", np.array([0.10]), np.array([0.02]), Ramp.sloped(0.01))
    return SupplierOffers(supplier, price_step=0.001, power_step=0.5, lot=4, most_sold=10, most_bought=8)


def test_a_buyer_goes_up_and_a_seller_comes_down():
    """Half of the way conceded, both meet in the middle."""
    prices = [RANGE.conceded(side, way) for side in Side for way in (0, 0.5, 1)]

    assert [20, 70, 120, 120, 70, 20] == prices


def test_who_loves_comfort_concedes_early():
    """Halfway to the gate comfort has conceded most of its way, thrift little; at the gate both all of it."""
    halfway = [round(concession(12, 24, comfort), 2) for comfort in (0.0, 0.5, 1.0)]

    assert ([0.25, 0.5, 0.71], 1.0) == (halfway, concession(0, 24, 0.0))


def test_a_home_tenders_the_difference():
    """More planned than sold is sold, less is bought, and nothing is tendered where the plan was traded."""
    tendered = [list(wish_for(gap, RANGE, 0.5)) for gap in (3, -2, 0)]

    assert [[Wish(Side.SELL, 70, 3)], [Wish(Side.BUY, 70, 2)], []] == tendered


def test_a_curve_becomes_orders():
    """Bought at every price up to each order's own: what the orders ask for together is the curve."""
    levels, gaps = [10, 20, 30, 40], [-7, -3, 0, 5]
    orders = list(wishes_along(levels, gaps))

    def at(price):
        sold = sum(o.quantity for o in orders if o.side is Side.SELL and o.price <= price)
        return sold - sum(o.quantity for o in orders if o.side is Side.BUY and o.price >= price)

    assert gaps == [at(price) for price in levels]


def test_the_supplier_asks_its_cost_lot_by_lot(offers):
    """Lots of 2, 2 and 1 kW, at the mean of their slopes: 0.11, 0.13, 0.145; no more than the line carries."""
    asked = [wish for wish in offers.wishes(0, 0) if wish.side is Side.SELL]

    assert [(110, 4), (130, 4), (145, 2)] == [(wish.price, wish.quantity) for wish in asked]


def test_the_supplier_goes_on_from_where_it_has_got_to(offers):
    """With 4 kW sold one lot is left; with all of it sold, none."""
    left = [[w.price for w in offers.wishes(0, sold) if w.side is Side.SELL] for sold in (8, 10)]

    assert [[145], []] == left


def test_the_supplier_buys_at_its_feed_in_price(offers):
    """Whatever it sold before; and no more than the line carries."""
    bids = [[(w.price, w.quantity) for w in offers.wishes(0, sold) if w.side is Side.BUY] for sold in (8, 0, -8)]

    assert [[(20, 4), (20, 4)], [(20, 4), (20, 4)], []] == bids


def test_prices_lie_between_feed_in_and_the_dearest_offer(offers):
    """When everything is sold, that is a whole lot up to the limit of the line."""
    assert [PriceRange(20, 145), PriceRange(20, 140)] == [offers.range(0, sold) for sold in (0, 10)]


def test_what_is_not_traded_costs_what_the_next_lot_costs(offers):
    """Beyond the line too: physics does not ask it."""
    assert [0.11, 0.16] == pytest.approx([offers.next_price(0, power) for power in (-3.0, 5.0)])
