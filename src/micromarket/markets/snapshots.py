"""States as bytes: plain JSON with sorted names, so that equal states give equal bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from micromarket.domain.ids import InstrumentId, OrderId, PartyId
from micromarket.domain.orders import PLAIN, Deal, Execution, Order, OrderTerms, Vertex
from micromarket.errors import InvalidValue


def to_bytes(name: str, version: int, state: Mapping[str, Any]) -> bytes:
    """Return the state of the mechanism `name` as bytes: a line that names it and its digest, then the state."""
    text = _text(state)
    return _headed(name, version, text) + text


def from_bytes(name: str, version: int, snapshot: bytes) -> dict[str, Any]:
    """Return the state that `to_bytes` wrote.

    Raises
    ------
    InvalidValue
        If it is of another mechanism or version, was changed on the way, or is no snapshot at all.
    """
    line, _, text = snapshot.partition(b"\n")
    try:
        header = json.loads(line)
        found = header["mechanism"], header["version"]
    except (ValueError, KeyError, TypeError):
        raise InvalidValue(f"expected a snapshot of {name}; found {snapshot[:40]!r}") from None
    if found != (name, version):
        raise InvalidValue(f"expected a snapshot of {name}, version {version}; found {found[0]}, version {found[1]}")
    if _headed(name, version, text) + text != snapshot:
        raise InvalidValue(f"the snapshot of {name} was changed: its SHA-256 does not match")
    return dict(json.loads(text))


def _headed(name: str, version: int, text: bytes) -> bytes:
    return _text({"mechanism": name, "version": version, "sha256": sha256(text).hexdigest()}) + b"\n"


def _text(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, separators=(",", ":"), sort_keys=True).encode()


def moment_text(moment: datetime | None) -> str | None:
    """Return a time as text; None stays None."""
    return None if moment is None else moment.isoformat()


def moment_of(text: str | None) -> datetime | None:
    """Return the time that `moment_text` wrote."""
    return None if text is None else datetime.fromisoformat(text)


def order_row(order: Order) -> list[Any]:
    """Return an order as a list that JSON can hold; terms are left out if there are none."""
    corners = [_corner(vertex) for vertex in order.vertices]
    row = [order.order_id, order.party_id, order.instrument_id, corners]
    return row if order.terms is PLAIN or order.terms == PLAIN else [*row, _terms_row(order.terms)]


def _corner(vertex: Vertex) -> tuple[int, ...]:
    corner = int(vertex.price), int(vertex.power)
    return corner if vertex.divisible else (*corner, False)


def order_of(row: list[Any]) -> Order:
    """Return the order that `order_row` wrote."""
    order_id, party_id, instrument_id, corners, *terms = row
    vertices = [Vertex(*corner) for corner in corners]
    names = OrderId(order_id), PartyId(party_id), InstrumentId(instrument_id)
    return Order(*names, vertices, _terms_of(terms[0]) if terms else PLAIN)


def _terms_row(terms: OrderTerms) -> list[Any]:
    row = [terms.execution.value, terms.minimum, terms.post_only, moment_text(terms.good_till), terms.one_of]
    return row if terms.deal is None else [*row, _deal_row(terms.deal)]


def _terms_of(row: list[Any]) -> OrderTerms:
    execution, minimum, post_only, good_till, one_of, *deal = row
    told = Execution(execution), minimum, post_only, moment_of(good_till), one_of
    return OrderTerms(*told, _deal_of(deal[0]) if deal else None)


def _deal_row(deal: Deal) -> list[Any]:
    to = None if deal.to is None else sorted(deal.to)
    return [to, deal.takes, deal.answers, deal.informs, deal.answered_privately, deal.wants_tradeable]


def _deal_of(row: list[Any]) -> Deal:
    to, *rest = row
    return Deal(None if to is None else frozenset(map(PartyId, to)), *rest)
