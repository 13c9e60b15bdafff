"""Orders that are curves with segments that go only whole: what they are, their messages, and their parts.

Source: Transactive Network Template v4 (PNNL, 2024), appendix C, classes Vertex and Order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from itertools import pairwise
from typing import Any

from micromarket.domain.ids import OrderId, PartyId
from micromarket.domain.orders import Side
from micromarket.domain.products import Steps
from micromarket.errors import InvalidValue, MixedSides, NaiveTime, NotMonotone, OffGrid, ZeroQuantity
from micromarket.kernels.curve_matching import Corners, quantity_at

ANY_PRICE = Steps(2**30)
"""Price [price steps] of an order that is to be matched at any price: ``+ANY_PRICE`` buys, ``-ANY_PRICE`` sells."""

MOST_QUANTITY = Steps(2**31 - 1)
"""Largest quantity of one order [quantity steps]."""


class OrderStatus(Enum):
    """What became of an order."""

    NEW = "new"
    STANDING = "standing"
    REVISED_STANDING = "revised standing"
    """It stands, and is what was left of its parent."""

    MATCHED = "matched"
    """It is one match: a single price and quantity."""

    SUPERSEDED = "superseded"
    """Its children took its place: its matches, and what was left of it."""

    UNMATCHED = "unmatched"
    """It is what was not matched at once of an order that was not to stand."""

    CANCELLED = "cancelled"
    EXPIRED = "expired"


_NOTHING = Steps(0)


@dataclass(frozen=True, slots=True)
class CurveVertex:
    """One corner of a curve order.

    Parameters
    ----------
    price : Steps
        Price [price steps].
    power : Steps
        Power offered or asked for up to this price, in all [quantity steps]; positive is supply, negative demand.
    divisible : bool, default True
        Whether the segment between this vertex and the one of next smaller power (or zero) may be matched in part; a
        segment that may not is offered at this vertex's price only, and goes whole or not at all.
    """

    price: Steps
    power: Steps
    divisible: bool = True


@dataclass(frozen=True, slots=True)
class CurveOrder:
    """An offer to sell or a bid to buy as a curve. An order is supply or demand, never both.

    Worse than its best price a supply curve offers nothing, and beyond its last vertex no more than there.

    Parameters
    ----------
    order_id : OrderId
        Name.
    party_id : PartyId
        Whose it is.
    vertices : sequence of CurveVertex
        By rising price and power; one vertex alone is a limit order.
    used : Steps, default 0
        How much of the curve was matched before [quantity steps, unsigned]: what is left is the curve, less this.
    persistent : bool, default True
        Whether what is not matched at once is to stand.
    good_till : datetime, optional
        From when on it stands no more; with a zone.
    parent_id : OrderId, optional
        Order that this one is a part of.
    child_ids : tuple of OrderId
        Parts of this one.
    status : OrderStatus, default NEW
        What became of it.

    Raises
    ------
    MixedSides
        If some power is positive and some negative.
    ZeroQuantity
        If nothing is left.
    NotMonotone
        If price or power falls from one vertex to the next.
    OffGrid, InvalidValue, NaiveTime
        If a number is not whole or too large, an order at any price is to stand, `used` is negative, or a time has no
        zone.
    """

    order_id: OrderId
    party_id: PartyId
    vertices: Sequence[CurveVertex]
    used: Steps = _NOTHING
    persistent: bool = True
    good_till: datetime | None = None
    parent_id: OrderId | None = None
    child_ids: tuple[OrderId, ...] = ()
    status: OrderStatus = OrderStatus.NEW

    def __post_init__(self) -> None:
        """Check the curve."""
        object.__setattr__(self, "vertices", tuple(self.vertices))
        object.__setattr__(self, "child_ids", tuple(self.child_ids))
        _require_whole(self)
        _require_one_side(self)
        _require_rising(self.vertices)
        _require_in_range(self)

    @property
    def side(self) -> Side:
        """Buying or selling."""
        return Side.SELL if self.vertices[-1].power > 0 else Side.BUY

    @property
    def quantity(self) -> Steps:
        """How much is left in all [quantity steps, unsigned]."""
        return Steps(max(abs(self.vertices[0].power), abs(self.vertices[-1].power)) - self.used)

    def quantity_at(self, price: Steps) -> Steps:
        """Return how much is offered or asked for at a price [quantity steps, unsigned], rounded down."""
        offered = quantity_at(corners_of(self), self.side.value * price)
        return Steps(max(0, offered - self.used))


def market_order(order_id: OrderId, party_id: PartyId, side: Side, quantity: Steps) -> CurveOrder:
    """Return an order that is matched at any price as far as there are offers, and never stands.

    Raises
    ------
    InvalidValue
        If `quantity` is not positive.
    """
    vertex = CurveVertex(Steps(-side.value * ANY_PRICE), side.signed(quantity))
    return CurveOrder(order_id, party_id, (vertex,), persistent=False)


def part_of(order_id: OrderId, party_id: PartyId, vertices: Sequence[CurveVertex], side: Side) -> CurveOrder | None:
    """Return the supply or the demand part of a curve that may have both, exactly; None if there is no such part.

    The part keeps the slope that crosses zero: it is the whole slope, of which what lies beyond zero is `used`.

    Parameters
    ----------
    order_id : OrderId
        Name of the part.
    party_id : PartyId
        Whose it is.
    vertices : sequence of CurveVertex
        Curve of a device that may both take and give, such as a battery's.
    side : Side
        Which part.

    Raises
    ------
    NotMonotone
        If price or power falls from one vertex to the next.
    InvalidValue
        If a segment that goes only whole leads from demand to supply: it has no parts.
    """
    _require_rising(vertices)
    across = [(a, b) for a, b in pairwise(vertices) if a.power < 0 < b.power and not (a.divisible and b.divisible)]
    if across:
        raise InvalidValue(f"the segment from {across[0][0]} to {across[0][1]} goes only whole, through zero")
    own = [vertex for vertex in vertices if side.value * vertex.power > 0]
    if not own:
        return None
    ordered = vertices if side is Side.SELL else vertices[::-1]
    start = ordered[len(ordered) - len(own) - 1] if len(own) < len(ordered) else None
    beyond = abs(start.power) if start else 0
    kept = ([start] if start else []) + list(ordered[len(ordered) - len(own) :])
    shifted = [replace(vertex, power=Steps(vertex.power + side.value * beyond)) for vertex in kept]
    return CurveOrder(order_id, party_id, shifted if side is Side.SELL else shifted[::-1], used=Steps(beyond))


def corners_of(order: CurveOrder) -> Corners:
    """Return the curve as the kernel reads it: from the best price on, level and quantity rising."""
    sign = order.side.value
    vertices = order.vertices[::sign]
    return tuple((sign * vertex.price, abs(vertex.power), not vertex.divisible) for vertex in vertices)


def message_of(order: CurveOrder) -> dict[str, Any]:
    """Return an order as a flat dictionary of what JSON can hold; `order_of_message` reads it back.

    Examples
    --------
    >>> order = CurveOrder(OrderId("a"), PartyId("home"), [CurveVertex(Steps(20), Steps(5), divisible=False)])
    >>> message_of(order)["vertices"]
    [[20, 5, False]]
    """
    return {
        "order_id": order.order_id,
        "party_id": order.party_id,
        "vertices": [[vertex.price, vertex.power, vertex.divisible] for vertex in order.vertices],
        "used": order.used,
        "persistent": order.persistent,
        "good_till": None if order.good_till is None else order.good_till.isoformat(),
        "parent_id": order.parent_id,
        "child_ids": list(order.child_ids),
        "status": order.status.value,
    }


def order_of_message(message: Mapping[str, Any]) -> CurveOrder:
    """Return the order that a message holds; nothing is repaired, and nothing is left out silently.

    Raises
    ------
    InvalidValue
        If a field is missing, unknown or of the wrong kind, or the order breaks a rule of `CurveOrder`.
    """
    fields = set(CurveOrder.__slots__)
    if set(message) != fields:
        wrong = sorted(map(str, fields ^ set(message)))
        raise InvalidValue(f"a message of a curve order has the fields {sorted(fields)}; wrong are {wrong}")
    for name, kind in _KINDS.items():
        if not isinstance(message[name], kind):
            raise InvalidValue(f"{name} is of the wrong kind: {message[name]!r}")
    return CurveOrder(
        OrderId(message["order_id"]),
        PartyId(message["party_id"]),
        [_vertex_of(row) for row in message["vertices"]],
        message["used"],
        message["persistent"],
        _time_of(message["good_till"]),
        message["parent_id"],
        tuple(_name_of(child) for child in message["child_ids"]),
        _status_of(message["status"]),
    )


_KINDS: dict[str, Any] = {
    "order_id": str,
    "party_id": str,
    "vertices": list,
    "persistent": bool,
    "good_till": str | None,
    "parent_id": str | None,
    "child_ids": list,
}


def _vertex_of(row: object) -> CurveVertex:
    if not isinstance(row, list) or len(row) != 3 or not isinstance(row[2], bool):
        raise InvalidValue(f"a vertex is [price, power, divisible]; found {row!r}")
    return CurveVertex(*row)


def _name_of(name: object) -> OrderId:
    if not isinstance(name, str):
        raise InvalidValue(f"a name is a string; found {name!r}")
    return OrderId(name)


def _time_of(text: str | None) -> datetime | None:
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        raise InvalidValue(f"good_till is a time such as 2026-07-06T04:00+00:00; found {text!r}") from None


def _status_of(value: object) -> OrderStatus:
    try:
        return OrderStatus(value)
    except ValueError:
        raise InvalidValue(f"status is one of {[each.value for each in OrderStatus]}; found {value!r}") from None


def require_zone(time: datetime) -> None:
    """Refuse a time without a zone.

    Raises
    ------
    NaiveTime
        If `time` has none.
    """
    if time.utcoffset() is None:
        raise NaiveTime(f"{time} has no zone")


def _require_whole(order: CurveOrder) -> None:
    for number in (order.used, *(number for vertex in order.vertices for number in (vertex.price, vertex.power))):
        if type(number) is not int:
            raise OffGrid(f"order {order.order_id} counts whole steps; found {number!r}")


def _require_one_side(order: CurveOrder) -> None:
    powers = [vertex.power for vertex in order.vertices]
    if any(power > 0 for power in powers) and any(power < 0 for power in powers):
        raise MixedSides(f"order {order.order_id} both sells and buys: {powers}; part_of gives either part")
    if not any(powers):
        raise ZeroQuantity(f"order {order.order_id} is for nothing")


def _require_rising(vertices: Sequence[CurveVertex]) -> None:
    for before, after in pairwise(vertices):
        if after.price < before.price or after.power < before.power:
            raise NotMonotone(f"a curve falls from {before} to {after}")


def _require_in_range(order: CurveOrder) -> None:
    if order.used < 0:
        raise InvalidValue(f"order {order.order_id} has used {order.used}, less than nothing")
    if order.quantity <= 0:
        raise ZeroQuantity(f"order {order.order_id} has nothing left")
    if order.quantity + order.used > MOST_QUANTITY or max(abs(vertex.price) for vertex in order.vertices) > ANY_PRICE:
        raise InvalidValue(f"order {order.order_id} goes beyond {MOST_QUANTITY} steps, or a price of {ANY_PRICE}")
    if order.persistent and any(abs(vertex.price) == ANY_PRICE for vertex in order.vertices):
        raise InvalidValue(f"order {order.order_id} would stand at any price")
    if order.good_till is not None:
        require_zone(order.good_till)
