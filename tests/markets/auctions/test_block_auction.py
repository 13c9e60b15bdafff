"""The block auction: all hours or none at uniform prices, named rejections, a good answer with its gap."""

from datetime import UTC, datetime

import pytest

from micromarket.domain.orders import Execution, Order, OrderTerms, Side, limit
from micromarket.errors import DuplicateOrder, MissingExtra, NotSupported, UnknownInstrument
from micromarket.markets.auctions import block_program
from micromarket.markets.auctions.block_auction import BlockAuction, BlockClearing, clear_blocks
from micromarket.markets.auctions.block_book import BlockBook, Leg
from micromarket.markets.mechanism import Awarded, Cleared, OrderAccepted, OrderRemoved

NOON = datetime(2026, 7, 6, 12, tzinfo=UTC)
WHOLE = OrderTerms(execution=Execution.ALL_OR_NONE)


@pytest.fixture
def auction():
    return BlockAuction(["noon", "one"])


def sell(name, price, quantity, hour="noon", terms=WHOLE):
    return Order(name, f"of {name}", hour, limit(Side.SELL, price, quantity), terms)


def buy(name, price, quantity, hour="noon", terms=WHOLE):
    return Order(name, f"of {name}", hour, limit(Side.BUY, price, quantity), terms)


def submit(auction, *orders):
    """Submit simple orders."""
    for each in orders:
        auction.submit(Order(each.order_id, each.party_id, each.instrument_id, each.vertices))


def parts(outcomes):
    return {each.order_id: (each.price, each.power) for each in outcomes if isinstance(each, Awarded)}


def removed(outcomes):
    return {each.order_id: each.reason for each in outcomes if isinstance(each, OrderRemoved)}


def test_simple_orders_alone(auction):
    """Without blocks it is an auction at one price, the middle of the stretch, and needs no solver."""
    submit(auction, sell("roof", 10, 5), buy("car", 13, 3))

    assert auction.clear() == [
        Cleared("noon", 10.0, 2.0),
        Awarded("roof", 10, 3),
        Awarded("car", 10, -3),
        OrderRemoved("roof", "cleared"),
        OrderRemoved("car", "cleared"),
        Cleared("one", 0.0, 0.0),
    ]


def test_the_price_is_in_the_middle():
    """Where a stretch of prices balances, the middle, rounded down; prices end a step beyond all limits."""
    books = [BlockBook.of([orders], []) for orders in ([(10, 3), (13, -3)], [(10, -3)])]

    assert [(11,), (10,)] == [clear_blocks(book).prices for book in books]


def test_a_block_gains_in_one_hour_what_it_loses_in_the_other(auction):
    """The washing machine pays 14 where it wished 12 and 8 where it wished 12: together it does not lose."""
    submit(auction, sell("dear", 14, 9, "noon"), sell("cheap", 8, 9, "one"))
    auction.submit_block([buy("wash-1", 12, 3, "noon"), buy("wash-2", 12, 3, "one")])

    outcomes = auction.clear()

    assert {"dear": (14, 3), "wash-1": (14, -3), "cheap": (8, 3), "wash-2": (8, -3)} == parts(outcomes)
    assert (6, 0) == (auction.clearing.gain, auction.clearing.gap)


def test_a_block_that_loses_stays_out(auction):
    """It would pay 22 where it wished to pay 21 at most: nothing of it is matched, in no hour."""
    submit(auction, sell("dear", 14, 9, "noon"), sell("cheap", 8, 9, "one"))
    submit(auction, buy("lamp", 15, 1, "noon"), buy("fan", 9, 1, "one"))
    auction.submit_block([buy("wash-1", 11, 3, "noon"), buy("wash-2", 10, 3, "one")])

    outcomes = auction.clear()

    assert {"dear": (14, 1), "lamp": (14, -1), "cheap": (8, 1), "fan": (8, -1)} == parts(outcomes)
    assert "cleared" == removed(outcomes)["wash-1"] == removed(outcomes)["wash-2"]


def test_a_paradoxically_rejected_block_is_named(auction):
    """The block would gain at the price of 20, but with it the price would be 5 and it would lose."""
    submit(auction, buy("high", 20, 4), buy("low", 5, 20), sell("some", 0, 2))
    auction.submit(sell("plant", 8, 10))

    outcomes = auction.clear()

    assert (20, "paradoxically rejected") == (auction.clearing.prices[0], removed(outcomes)["plant"])
    assert {"some": (20, 2), "high": (20, -2)} == parts(outcomes)


def test_of_two_equal_blocks_the_older_goes_first(auction):
    """Two blocks of the same content and room for one: always the older."""
    submit(auction, buy("load", 20, 4))
    for name in ("a", "b"):
        auction.submit(sell(name, 10, 4))

    assert {"load", "a"} == set(parts(auction.clear()))


def test_the_greedy_answer_and_its_gap():
    """Taken one by one, neither block finds a price; together both gain. The gap says by how much at most."""
    orders = [(2, -2), (-3, 2), (-2, 4)]
    blocks = [[Leg(0, -3, 5)], [Leg(0, -2, -3)]]
    best, good = (clear_blocks(BlockBook.of([orders], blocks), exact_up_to) for exact_up_to in (2, 1))

    assert BlockClearing(prices=(-3,), accepted=(0, 1), paradoxical=(), gain=13, bound=13) == best
    assert ((), 10, 3) == (good.accepted, good.gain, good.gap)


def test_a_block_goes_as_one(auction):
    """If a leg is cancelled or over, all go; a leg is not amended; the same block again changes nothing."""
    block = [buy("a1", 12, 3, "noon"), buy("a2", 12, 3, "one", OrderTerms(good_till=NOON))]
    assert [OrderAccepted("a1"), OrderAccepted("a2")] == auction.submit_block(block) == auction.submit_block(block)
    assert [NotSupported] == [each.reason for each in auction.amend("a1", limit(Side.BUY, 12, 2))]
    auction.submit_block([buy("b1", 12, 3, "noon"), buy("b2", 12, 3, "one")])

    assert [OrderRemoved("b2", "cancelled"), OrderRemoved("b1", "cancelled")][::-1] == auction.cancel("b2")
    assert [OrderRemoved("a1", "expired"), OrderRemoved("a2", "expired")] == auction.expire(NOON)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (buy("old", 1, 1, "one"), DuplicateOrder),
        (buy("b", 1, 1, "two"), UnknownInstrument),
        (buy("b", 1, 1, "noon"), NotSupported),
        (buy("b", 1, 1, "one", OrderTerms(minimum=1)), NotSupported),
    ],
)
def test_a_refused_leg_refuses_the_block(auction, wrong, reason):
    """All legs are refused by the same name, and nothing changes."""
    submit(auction, buy("old", 2, 2))
    before = auction.snapshot()

    refused = auction.submit_block([buy("a", 1, 1, "noon"), wrong])

    assert [("a", reason), (wrong.order_id, reason)] == [(each.order_id, each.reason) for each in refused]
    assert before == auction.snapshot()


def test_without_a_solver_blocks_are_refused(auction, monkeypatch):
    """Where highspy is not installed simple orders clear, and a block is refused, with what to install."""
    monkeypatch.setattr(block_program, "highspy", None)
    submit(auction, sell("roof", 10, 5), buy("car", 13, 3))
    (refused,) = auction.submit(sell("plant", 8, 10))

    assert (MissingExtra, True) == (refused.reason, "micromarket[opt]" in refused.detail)
    assert {"roof": (10, 3), "car": (10, -3)} == parts(auction.clear())
    with pytest.raises(MissingExtra):
        clear_blocks(BlockBook.of([[]], [[Leg(0, 1, 1)]]))


def test_links_are_in_the_snapshot(auction):
    """A restored auction knows which orders go together, and their order in time."""
    auction.submit_block([buy("a1", 12, 3, "noon"), buy("a2", 12, 3, "one")]), auction.submit(sell("b", 8, 3))
    submit(auction, sell("c", 8, 3, "one"))
    other = BlockAuction(["noon", "one"])
    other.restore(auction.snapshot())

    assert auction.snapshot() == other.snapshot()
    assert auction.clear() == other.clear()
