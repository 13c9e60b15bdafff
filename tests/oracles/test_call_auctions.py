"""Auctions against programs: HiGHS finds no more gain, no more volume and no less surplus, in very many books."""

from itertools import accumulate
from random import Random

import highspy
import numpy as np
import pytest

from micromarket.domain.orders import Order, Vertex
from micromarket.markets import registry
from micromarket.markets.auctions.call_auction import uncross
from micromarket.markets.mechanism import Awarded, Matched


def solver():
    """Return a silent HiGHS."""
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    return highs


def step_orders(random, most):
    """Return orders of up to `most` steps each, on one side of zero."""
    orders = []
    for number in range(random.randint(2, 8)):
        prices = sorted({random.randint(-4, 4) for _ in range(most)})
        reached = [0, *accumulate(random.randint(1, 9) for _ in prices)]
        start = random.choice((0, -reached[-1]))
        corners = [Vertex(price, start + reached[step + end]) for step, price in enumerate(prices) for end in (0, 1)]
        orders.append(Order(f"o{number}", f"p{number}", "noon", corners))
    return orders


def worth(order, power):
    """Return what an order gains by a power before it pays: every step between, at its price."""
    gain = 0
    for left, right in zip(order.vertices[:-1], order.vertices[1:], strict=True):
        if left.price == right.price:
            reached = [min(max(end, left.power), right.power) for end in (0, power)]
            gain -= left.price * (reached[1] - reached[0])
    return gain


def best(orders):
    """Return the most that can be gained: a linear program of one variable a step."""
    steps = [
        (left.price, left.power, right.power)
        for order in orders
        for left, right in zip(order.vertices[:-1], order.vertices[1:], strict=True)
        if left.price == right.price and left.power < right.power
    ]
    highs, count = solver(), len(steps)
    prices, low, high = np.array(steps, dtype=float).T
    low, high = np.where(high <= 0, low - high, 0.0), np.where(high <= 0, 0.0, high - low)
    none = np.array([], dtype=np.int32)
    highs.addCols(count, prices, low, high, 0, none, none, none.astype(float))
    highs.addRow(0.0, 0.0, count, np.arange(count, dtype=np.int32), np.ones(count))
    highs.run()
    return -round(highs.getObjectiveValue())


def powers(outcomes, orders):
    """Return what each order gives or takes."""
    found = dict.fromkeys((order.order_id for order in orders), 0)
    sides = {order.order_id: order.side.value for order in orders}
    for each in outcomes:
        if isinstance(each, Awarded):
            found[each.order_id] = each.power
        elif isinstance(each, Matched):
            for name in (each.standing_id, each.aggressive_id):
                found[name] += sides[name] * each.quantity
    return found


@pytest.mark.parametrize(("name", "steps"), [("call_auction", 1), ("pay_as_bid", 1), ("double_auction", 3)])
def test_no_program_gains_more(name, steps, oracle_events):
    """What all gain together is the optimum of a linear program, to the step."""
    random = Random(name)
    for case in range(-(-oracle_events // 100)):
        orders = step_orders(random, steps)
        auction = registry.mechanism(name)(["noon"])
        for each in orders:
            auction.submit(each)
        found = powers(auction.clear(), orders)

        assert (0, best(orders)) == (
            sum(found.values()),
            sum(worth(each, found[each.order_id]) for each in orders),
        ), case


def most_matched(book):
    """Return largest volume and, at it, smallest surplus: an integer program of one binary for each price."""
    highs = solver()
    prices = range(min(p for p, _ in book) - 1, max(p for p, _ in book) + 2)
    chosen = [highs.addBinary() for _ in prices]
    volume, surplus = highs.addVariable(lb=0), highs.addVariable(lb=0)
    highs.addConstr(sum(chosen) == 1)
    offered, wanted = (
        sum(
            abs(q) * pick
            for p, q in book
            for t, pick in zip(prices, chosen, strict=True)
            if sign * q > 0 and at(p, t)
        )
        + 0 * surplus
        for sign, at in ((1, int.__le__), (-1, int.__ge__))
    )
    highs.addConstr(volume <= offered)
    highs.addConstr(volume <= wanted)
    highs.addConstr(surplus >= offered - wanted)
    highs.addConstr(surplus >= wanted - offered)
    highs.maximize(1000 * volume - surplus)
    values = highs.getSolution().col_value
    return round(values[-2]), round(values[-1])


def test_volume_and_surplus_of_an_integer_program(oracle_events):
    """The call auction matches the most that any price can, and of those prices leaves the least over."""
    rng = np.random.default_rng(3)
    for _ in range(-(-oracle_events // 100)):
        size = rng.integers(2, 8)
        book = list(zip(rng.integers(-3, 4, size).tolist(), rng.integers(-6, 7, size).tolist(), strict=True))
        found = uncross(*zip(*book, strict=True))

        assert most_matched(book) == (found.volume, abs(found.imbalance))
