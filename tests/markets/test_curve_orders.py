import json
from datetime import UTC, datetime

import pytest

from micromarket.domain.orders import Side
from micromarket.errors import InvalidValue, MixedSides, NaiveTime, NotMonotone, OffGrid, ZeroQuantity
from micromarket.markets.curve_orders import (
    ANY_PRICE,
    MOST_QUANTITY,
    CurveOrder,
    CurveVertex,
    OrderStatus,
    market_order,
    message_of,
    order_of_message,
    part_of,
)

BATTERY = [CurveVertex(10, -6), CurveVertex(20, -3), CurveVertex(29, 4), CurveVertex(40, 9, divisible=False)]


def order(*vertices, **terms):
    return CurveOrder("a", "home", [CurveVertex(*vertex) for vertex in vertices], **terms)


def test_a_curve_offers_whole_steps_on_or_below_the_line():
    sloping = order((10, 0), (13, 2), (20, 5, False))

    assert [0, 0, 0, 1, 2, 2, 5, 5] == [sloping.quantity_at(price) for price in (9, 10, 11, 12, 13, 19, 20, 21)]


def test_demand_is_the_mirror_of_supply():
    sloping = order((-20, -5, False), (-13, -2), (-10, 0))

    assert [0, 0, 0, 1, 2, 2, 5, 5] == [sloping.quantity_at(-price) for price in (9, 10, 11, 12, 13, 19, 20, 21)]


@pytest.mark.parametrize(
    ("vertices", "terms", "error"),
    [
        ([(10, -1), (20, 1)], {}, MixedSides),
        ([(10, 0)], {}, ZeroQuantity),
        ([], {}, ZeroQuantity),
        ([(10, 3)], {"used": 3}, ZeroQuantity),
        ([(10, 3)], {"used": -1}, InvalidValue),
        ([(10, 3), (9, 4)], {}, NotMonotone),
        ([(10, 3), (11, 2)], {}, NotMonotone),
        ([(10.5, 3)], {}, OffGrid),
        ([(10, float("nan"))], {}, OffGrid),
        ([(10, True)], {}, OffGrid),
        ([(ANY_PRICE + 1, 3)], {}, InvalidValue),
        ([(10, MOST_QUANTITY + 1)], {}, InvalidValue),
        ([(-ANY_PRICE, 3)], {}, InvalidValue),
        ([(10, 3)], {"good_till": datetime(2026, 7, 6)}, NaiveTime),
    ],
)
def test_refusals_have_names(vertices, terms, error):
    with pytest.raises(error):
        order(*vertices, **terms)


def test_a_market_order_never_stands():
    assert (-ANY_PRICE, False) == (
        market_order("a", "home", Side.SELL, 5).vertices[0].price,
        market_order("a", "home", Side.SELL, 5).persistent,
    )


def test_the_parts_of_a_curve_with_both_add_up_to_it():
    """At every price the demand part and the supply part give what the battery's own curve gives, rounded to zero."""
    sells, buys = (part_of("a", "home", BATTERY, side) for side in (Side.SELL, Side.BUY))

    parts = [sells.quantity_at(price) - buys.quantity_at(price) for price in range(8, 42)]

    assert [-6, -6, -6, -5, -5, -5, -4, -4, -4, -3, -3, -3, -3, -2, -1, 0, 0, 0, 1, 2, 3, *[4] * 11, 9, 9] == parts


def test_a_curve_without_a_side_has_no_part_there():
    assert [None, 4] == [
        part and part.quantity for part in (part_of("a", "p", BATTERY[2:3], side) for side in (Side.BUY, Side.SELL))
    ]


def test_a_whole_segment_through_zero_has_no_parts():
    with pytest.raises(InvalidValue, match="whole"):
        part_of("a", "home", [CurveVertex(10, -3), CurveVertex(10, 3, divisible=False)], Side.SELL)


def test_a_message_survives_json():
    """Every field comes back from the text as it was."""
    sent = order(
        (10, 0),
        (20, 5, False),
        used=2,
        persistent=False,
        good_till=datetime(2026, 7, 6, tzinfo=UTC),
        parent_id="b",
        child_ids=("c",),
        status=OrderStatus.SUPERSEDED,
    )

    assert sent == order_of_message(json.loads(json.dumps(message_of(sent))))


@pytest.mark.parametrize(
    "wrong",
    [
        {"colour": "blue"},
        {"status": "sold"},
        {"vertices": [[10, 5]]},
        {"vertices": [[10, 5.5, True]]},
        {"vertices": "10"},
        {"used": "1"},
        {"good_till": "noon"},
        {"child_ids": [1]},
        {"order_id": 7},
        {"persistent": 1},
    ],
)
def test_a_wrong_message_is_refused(wrong):
    with pytest.raises(InvalidValue):
        order_of_message(message_of(order((10, 5))) | wrong)
