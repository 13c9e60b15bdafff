"""Orders and their parts as flat JSON messages, both ways; nothing is repaired, and nothing is left out silently.

Source: Transactive Network Template v4 (PNNL, 2024), appendix C, methods create_json_message and load_json_message.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from micromarket.domain.ids import InstrumentId, OrderId, PartyId
from micromarket.domain.orders import Deal, Execution, Order, OrderTerms, Vertex
from micromarket.domain.products import Steps
from micromarket.errors import InvalidValue
from micromarket.markets.book.lineage import OrderPart, OrderStatus


class _Message(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    order_id: str
    party_id: str
    instrument_id: str
    vertices: list[tuple[int, int, bool]]
    execution: Execution
    minimum: int
    post_only: bool
    good_till: datetime | None
    one_of: str | None
    used: int
    parent_id: str | None
    child_ids: list[str]
    status: OrderStatus
    deal: Deal | None = None


def message_of(part: OrderPart) -> bytes:
    """Return an order, or a part of one, as JSON; `part_of_message` reads it back."""
    order, terms = part.order, part.order.terms
    message = _Message(
        order_id=order.order_id,
        party_id=order.party_id,
        instrument_id=order.instrument_id,
        vertices=[(each.price, each.power, each.divisible) for each in order.vertices],
        execution=terms.execution,
        minimum=terms.minimum,
        post_only=terms.post_only,
        good_till=terms.good_till,
        one_of=terms.one_of,
        used=part.used,
        parent_id=part.parent_id,
        child_ids=list(part.child_ids),
        status=part.status,
        deal=terms.deal,
    )
    return msgspec.json.encode(message, order="deterministic")


def part_of_message(message: bytes | str) -> OrderPart:
    """Return the order, or part of one, that a message holds.

    Raises
    ------
    InvalidValue
        If a field is missing, unknown or of the wrong kind, or the order breaks a rule of `Order`.
    """
    try:
        read = msgspec.json.decode(message, type=_Message)
    except msgspec.DecodeError as error:
        raise InvalidValue(f"expected a message of an order: {error}") from None
    order = Order(
        OrderId(read.order_id),
        PartyId(read.party_id),
        InstrumentId(read.instrument_id),
        [Vertex(Steps(price), Steps(power), divisible) for price, power, divisible in read.vertices],
        OrderTerms(read.execution, read.minimum, read.post_only, read.good_till, read.one_of, read.deal),
    )
    parent_id = None if read.parent_id is None else OrderId(read.parent_id)
    return OrderPart(order, Steps(read.used), parent_id, tuple(map(OrderId, read.child_ids)), read.status)
