"""Parents and children: read from what a mechanism told, whichever it is."""

import random
from collections import Counter

from micromarket.domain.orders import Execution, Order, OrderTerms, Side, Vertex, limit
from micromarket.markets.book.curve_matching import CurveBook
from micromarket.markets.book.lineage import OrderStatus, families
from micromarket.markets.book.matching import OrderBook

SLOPE = (Vertex(10, 0), Vertex(20, 10))


def order(name, vertices, party="home", **terms):
    return Order(name, party, "noon", vertices, OrderTerms(**terms))


def played(*calls, mechanism=CurveBook):
    """Submit orders and amend others; return the families of all."""
    book, orders, told = mechanism(["noon"]), [], []
    for call in calls:
        if isinstance(call, Order):
            orders.append(call)
            told += book.submit(call)
        else:
            orders.append(order(call[0], call[1]))
            told += book.amend(*call)
    return families(orders, told)


def rows(family):
    return [(part.order.order_id, part.status.value, part.quantity, part.parent_id) for part in family]


def test_a_match_makes_two_children():
    """One records it, the other is what is left; it keeps the vertices and says how much of them is used."""
    family = played(order("wind", SLOPE), order("heat", limit(Side.BUY, 15, 3)))["wind"]

    assert [
        ("wind", "superseded", 10, None),
        ("wind#1", "matched", 3, "wind"),
        ("wind#2", "revised standing", 7, "wind"),
    ] == rows(family)
    assert [("wind#1", "wind#2"), SLOPE, 3] == [family[0].child_ids, family[2].order.vertices, family[2].used]


def test_matches_of_one_moment_have_one_parent():
    """An order met by two others, one after the other, has two generations; one that met both has one."""
    made = played(order("a", limit(Side.SELL, 1, 5)), *(order(name, limit(Side.BUY, 1, 2)) for name in "bc"))
    met_both = played(*(order(name, limit(Side.SELL, 1, 2)) for name in "ab"), order("c", limit(Side.BUY, 1, 5)))["c"]

    assert [None, "a", "a", "a#2", "a#2"] == [part.parent_id for part in made["a"]]
    assert [None, "c", "c", "c"] == [part.parent_id for part in met_both]


def test_what_became_of_what_was_left():
    """Standing, unmatched, wholly matched, cancelled: each has its status."""
    seller, buyer = limit(Side.SELL, 1, 5), limit(Side.BUY, 1, 7)
    made = played(
        order("a", seller),
        order("b", buyer, execution=Execution.IMMEDIATE),
        order("c", seller),
        ("c", limit(Side.SELL, 1, 6)),
        ("c", limit(Side.SELL, 1, 4)),
    )

    assert [("a", "superseded", 5, None), ("a#1", "matched", 5, "a")] == rows(made["a"])
    assert ("b#2", "unmatched", 2, "b") == rows(made["b"])[-1]
    assert [
        ("c", "replaced", 5, None),
        ("c#1", "superseded", 6, "c"),
        ("c#2", "revised standing", 4, "c#1"),
    ] == rows(made["c"])


def test_orders_that_were_not_asked_for_are_passed_over():
    told = CurveBook(["noon"]).submit(order("a", SLOPE))

    assert {} == families([], told)


def test_the_order_book_is_read_alike():
    """A family needs no more than the outcomes that every mechanism tells."""
    orders = order("a", limit(Side.SELL, 1, 5)), order("b", limit(Side.BUY, 1, 2), party="street")

    assert played(*orders) == played(*orders, mechanism=OrderBook)


def test_parts_add_up():
    """In forty books: matched children and what is left sum to their parent, and names are used once."""
    for seed in range(40):
        chance, orders = random.Random(seed), []
        for number in range(40):
            corners = sorted(chance.choices(range(9), k=2)), sorted(chance.choices(range(9), k=2))
            side = chance.choice((1, -1))
            vertices = [Vertex(side * p, side * (q + k)) for k, (p, q) in enumerate(zip(*corners, strict=True))]
            orders.append(order(str(number), [Vertex(vertices[0].price, 0), *vertices][::side]))
        for family in played(*orders).values():
            parts = {part.order.order_id: part for part in family}
            parents = [part for part in family if part.status is OrderStatus.SUPERSEDED]
            assert len(family) == len(parts)
            assert [part.quantity for part in parents] == [
                sum(parts[name].quantity for name in part.child_ids) for part in parents
            ]
            assert Counter(name for part in parents for name in part.child_ids).keys() == parts.keys() - {
                family[0].order.order_id
            }
