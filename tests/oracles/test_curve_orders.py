"""Curve orders against a page that goes through every price step and every unit, in very many books."""

from random import Random

import pytest

from every_price import EveryPrice
from micromarket.domain.orders import Execution, Order, OrderTerms, Vertex
from micromarket.markets.book.curve_matching import CurveBook, Priority
from micromarket.markets.mechanism import Matched, OrderAccepted, OrderRemoved, Rested

ORDERS_A_BOOK = 25


def random_order(chance, number):
    """Return an order of steps, slopes, flats and whole segments; some take any price, some are not to stand."""
    count, side, likely = chance.randint(1, 4), chance.choice((1, -1)), chance.choice((0, 0.3, 1))
    prices, powers = sorted(chance.choices(range(-8, 9), k=count)), sorted(chance.choices(range(9), k=count))
    stands, start = chance.random() < 0.85, chance.random() < 0.85
    powers[-1] += 1
    if start or stands:
        prices, powers = [prices[0], *prices], [0, *powers]
    corners = [
        Vertex(side * price, side * power, chance.random() >= likely)
        for price, power in zip(prices, powers, strict=True)
    ]
    terms = OrderTerms(Execution.STANDING if stands else Execution.IMMEDIATE)
    return Order(f"o{number}", f"p{number}", "noon", corners[::side], terms)


class PlainBook:
    """Tells the outcomes that the page's trades ask for."""

    def __init__(self, priority):
        self.matcher, self.names = EveryPrice(priority is Priority.VOLUME), []

    def submit(self, order):
        """Return what is told of an order that arrives."""
        side = 1 if any(vertex.power > 0 for vertex in order.vertices) else -1
        rows = [(side * each.price, side * each.power, not each.divisible) for each in order.vertices][::side]
        corners = rows if rows[0][1] == 0 else [(-12, *rows[0][1:]), *rows]
        stands, left = order.terms.execution is Execution.STANDING, corners[-1][1]
        self.names.append(order.order_id)
        told = [OrderAccepted(order.order_id)]
        for number, price, quantity, rest in self.matcher.add(side, corners, stands):
            told.append(Matched(self.names[number], order.order_id, price, quantity))
            told += [] if rest else [OrderRemoved(self.names[number], "matched")]
            left -= quantity
        if left and stands:
            return [*told, Rested(order.order_id, left)]
        return [*told, OrderRemoved(order.order_id, "not matched at once" if left else "matched")]

    def cancel(self, order_id):
        """Return what is told of an order that is taken back."""
        return [OrderRemoved(order_id, "cancelled")] if self.matcher.cancel(self.names.index(order_id)) else []


@pytest.mark.parametrize("part", range(5))
@pytest.mark.parametrize("priority", Priority)
def test_every_outcome_is_that_of_every_price(priority, part, oracle_events):
    """A tenth as many orders as events are judged, in books of 25, some of which are cancelled on the way."""
    for seed in range(oracle_events // 10 // ORDERS_A_BOOK // 10):
        chance = Random(f"{priority.value} {part} {seed}")
        book, plain = CurveBook(["noon"], priority), PlainBook(priority)
        for number in range(ORDERS_A_BOOK):
            order = random_order(chance, number)
            expected = plain.submit(order)

            assert expected == book.submit(order)
            if chance.random() < 0.1:
                gone = f"o{chance.randint(0, number)}"
                assert plain.cancel(gone) == book.cancel(gone)
