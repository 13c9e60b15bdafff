"""What is read as a plain limit order is one: no rule would object to it, and its numbers are its own."""

from hypothesis import given
from hypothesis import strategies as st

from micromarket.domain.orders import Order, Side, Vertex
from micromarket.errors import MicromarketError
from micromarket.markets.admission import CONTINUOUS, judge
from micromarket.markets.book.matching import OrderBook
from micromarket.markets.book.plain_orders import plain_limit

numbers = st.sampled_from([-(2**31), -5, -1, 0, 1, 5, 2**31 - 1, 2**31, 1.0, float("nan"), True])
corners = st.lists(st.builds(Vertex, numbers, numbers, st.booleans()), min_size=1, max_size=3)


@given(corners)
def test_no_rule_objects_to_a_plain_limit_order(vertices):
    try:
        order = Order("a", "p", "noon", vertices)
    except MicromarketError:
        return
    if (plain := plain_limit(order)) is not None:
        assert judge(order, OrderBook(["noon"]), CONTINUOUS) is None
        assert (Side.BUY if plain.buys else Side.SELL, vertices[0].price, order.quantity) == (
            order.side,
            plain.price,
            plain.quantity,
        )
