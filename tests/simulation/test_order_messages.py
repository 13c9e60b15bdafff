"""Messages of orders: every field goes through text and back, and nothing wrong comes in."""

import json
from datetime import UTC, datetime

import pytest

from micromarket.domain.orders import Deal, Execution, Order, OrderTerms, Vertex
from micromarket.errors import InvalidValue, MicromarketError
from micromarket.markets.book.lineage import OrderPart, OrderStatus
from micromarket.simulation.order_messages import message_of, part_of_message

TERMS = OrderTerms(Execution.IMMEDIATE, 2, good_till=datetime(2026, 7, 6, tzinfo=UTC), one_of="these")
SENT = OrderPart(
    Order("a#2", "home", "noon", [Vertex(10, 0), Vertex(20, 5, divisible=False)], TERMS),
    2,
    "a",
    ("a#3", "a#4"),
    OrderStatus.SUPERSEDED,
)


def test_a_message_brings_back_every_field():
    assert SENT == part_of_message(message_of(SENT))


def test_a_deal_goes_along():
    """Whom an order is for, and what it takes or answers, comes back; parties are told by name."""
    terms = OrderTerms(deal=Deal(frozenset({"roof", "mill", "car"}), answers="ask"))
    sent = OrderPart(
        Order("quote", "home", "noon", [Vertex(10, 0), Vertex(10, 5)], terms), 0, None, (), OrderStatus.NEW
    )

    assert sent == part_of_message(message_of(sent))
    assert b'["car","mill","roof"]' in message_of(sent)


def test_a_message_is_flat():
    """Nothing in it holds names of its own, unless the order is an offer."""
    assert not [value for value in json.loads(message_of(SENT)).values() if isinstance(value, dict)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"colour": "blue"},
        {"status": "sold"},
        {"vertices": [[10, 5]]},
        {"vertices": [[10, 5.5, True]]},
        {"vertices": "10"},
        {"vertices": []},
        {"vertices": [[10, 5, True], [9, 6, True]]},
        {"used": "1"},
        {"good_till": "noon"},
        {"good_till": "2026-07-06T00:00:00"},
        {"child_ids": [1]},
        {"order_id": 7},
        {"post_only": 1},
    ],
)
def test_a_wrong_message_is_refused(wrong):
    with pytest.raises(MicromarketError):
        part_of_message(json.dumps(json.loads(message_of(SENT)) | wrong))


def test_a_field_that_is_missing_is_refused_by_name():
    """The message of the refusal says which."""
    message = json.loads(message_of(SENT))
    del message["party_id"]

    with pytest.raises(InvalidValue, match="party_id"):
        part_of_message(json.dumps(message))
