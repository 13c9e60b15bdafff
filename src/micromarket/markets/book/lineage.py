"""Parents and children: the parts into which matches divide an order, read from what a mechanism told.

A match makes a child that records it; what is left is another child. Nothing of this is kept by a mechanism: like a
ledger, it is a reading of facts in their order, for those who ask. It reads every mechanism that tells `Matched`.

Source: Transactive Network Template v4 (PNNL, 2024), appendix C, class Order.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from micromarket.domain.ids import OrderId
from micromarket.domain.orders import Order, Side, Vertex, limit
from micromarket.domain.products import Steps
from micromarket.markets.book.curve_orders import sign_of
from micromarket.markets.mechanism import Matched, OrderAccepted, OrderRemoved, Outcome, Reduced, Rested

CHILD = "#"
"""Stands between the name of an order that was submitted and the number of its child: ``a#1``, ``a#2``."""


class OrderStatus(Enum):
    """What became of an order, or of a part of one."""

    NEW = "new"
    """Nothing yet."""

    STANDING = "standing"
    REVISED_STANDING = "revised standing"
    """It stands, and is what was left of its parent."""

    MATCHED = "matched"
    """It is one match: a single price and quantity."""

    SUPERSEDED = "superseded"
    """Its children took its place: its matches, and what was left of it."""

    UNMATCHED = "unmatched"
    """It is what was not matched at once of an order that was not to stand."""

    REPLACED = "replaced"
    """It was given other vertices and came in anew under its name."""

    CANCELLED = "cancelled"
    EXPIRED = "expired"


_ENDINGS = {
    "expired": OrderStatus.EXPIRED,
    "gate closed": OrderStatus.EXPIRED,
    "not matched at once": OrderStatus.UNMATCHED,
    "replaced": OrderStatus.REPLACED,
}
"""What a reason for removal makes of what was left; any other makes it cancelled."""


@dataclass(frozen=True, slots=True)
class OrderPart:
    """An order as it was submitted, a match of it, or what was left of it.

    Parameters
    ----------
    order : Order
        Under the name of the part. A match is a limit order at its price; what is left keeps the vertices.
    used : Steps
        How much of the curve was matched before [quantity steps, unsigned].
    parent_id : OrderId, optional
        Part that this one is a part of; None if it was submitted.
    child_ids : tuple of OrderId
        Parts of this one.
    status : OrderStatus
        What became of it.
    """

    order: Order
    used: Steps
    parent_id: OrderId | None
    child_ids: tuple[OrderId, ...]
    status: OrderStatus

    @property
    def quantity(self) -> Steps:
        """How much of it there is or was [quantity steps, unsigned]."""
        return Steps(self.order.quantity - self.used)


def families(orders: Iterable[Order], outcomes: Iterable[Outcome]) -> dict[OrderId, list[OrderPart]]:
    """Return each order with all its parts, by its name and in the order in which they came to be.

    Parameters
    ----------
    orders : iterable of Order
        Those to be read about, as they were submitted; one that was amended, once more with its other vertices.
    outcomes : iterable of Outcome
        All that the mechanism told, in order.
    """
    submitted: dict[OrderId, deque[Order]] = defaultdict(deque)
    for order in orders:
        submitted[order.order_id].append(order)
    made: dict[OrderId, _Family] = {}
    for outcome in outcomes:
        if isinstance(outcome, Matched):
            for order_id in {outcome.standing_id, outcome.aggressive_id} & made.keys():
                made[order_id].match(outcome.aggressive_id, outcome.price, outcome.quantity)
        elif isinstance(outcome, OrderAccepted) and submitted[outcome.order_id]:
            family = made.setdefault(outcome.order_id, _Family(outcome.order_id))
            if family.current is None:
                family.begin(submitted[outcome.order_id].popleft())
        elif isinstance(outcome, Rested | Reduced | OrderRemoved) and outcome.order_id in made:
            made[outcome.order_id].read(outcome)
    return {order_id: family.parts for order_id, family in made.items()}


class _Family:
    """The parts of one order: those that are over, the one that is not, and the newest matches of that."""

    def __init__(self, order_id: OrderId) -> None:
        self._name, self._count = order_id, 0
        self._over: list[OrderPart] = []
        self._matches: list[OrderPart] = []
        self._aggressive_id: OrderId | None = None
        self.current: OrderPart | None = None

    @property
    def parts(self) -> list[OrderPart]:
        """All parts so far."""
        self._revise()
        return [*self._over, *([] if self.current is None else [self.current])]

    def begin(self, order: Order) -> None:
        """Take the order as it was submitted, or amended: then it is a child of what it was."""
        self.current = OrderPart(order, Steps(0), None, (), OrderStatus.NEW)
        if self._over:
            before = self._over.pop()
            self.current = self._child(before, order.vertices, Steps(0), OrderStatus.NEW)
            self._over.append(replace(before, child_ids=(self.current.order.order_id,)))

    def match(self, aggressive_id: OrderId, price: Steps, quantity: Steps) -> None:
        """Record a match of what is left; all with one aggressive order are of one moment."""
        if aggressive_id != self._aggressive_id:
            self._revise()
        if self.current is not None:
            self._aggressive_id = aggressive_id
            vertices = limit(Side(sign_of(self.current.order)), price, quantity)
            self._matches.append(self._child(self.current, vertices, Steps(0), OrderStatus.MATCHED))

    def read(self, outcome: Rested | Reduced | OrderRemoved) -> None:
        """Let what is left stand, be smaller, or go."""
        self._revise()
        if (part := self.current) is None:
            return
        if isinstance(outcome, Rested):
            revised = part.parent_id is not None
            self.current = replace(part, status=OrderStatus.REVISED_STANDING if revised else OrderStatus.STANDING)
        elif isinstance(outcome, Reduced):
            vertices = _smaller(part.order, outcome.remaining)
            self._supersede(part, [], self._child(part, vertices, Steps(0), OrderStatus.REVISED_STANDING))
        else:
            self._over.append(replace(part, status=_ENDINGS.get(outcome.reason, OrderStatus.CANCELLED)))
            self.current = None

    def _revise(self) -> None:
        """Put the newest matches, and what is left after them, in the place of the part that was matched."""
        if (part := self.current) is None or not self._matches:
            return
        used = Steps(part.used + sum(each.quantity for each in self._matches))
        left = used < part.order.quantity
        rest = self._child(part, part.order.vertices, used, OrderStatus.REVISED_STANDING) if left else None
        self._supersede(part, self._matches, rest)
        self._matches, self._aggressive_id = [], None

    def _supersede(self, part: OrderPart, matches: list[OrderPart], rest: OrderPart | None) -> None:
        names = tuple(each.order.order_id for each in (*matches, *([] if rest is None else [rest])))
        self._over += [replace(part, child_ids=names, status=OrderStatus.SUPERSEDED), *matches]
        self.current = rest

    def _child(self, part: OrderPart, vertices: Sequence[Vertex], used: Steps, status: OrderStatus) -> OrderPart:
        self._count += 1
        order = replace(part.order, order_id=OrderId(f"{self._name}{CHILD}{self._count}"), vertices=vertices)
        return OrderPart(order, used, part.order.order_id, (), status)


def _smaller(order: Order, remaining: Steps) -> list[Vertex]:
    """Return the vertices of an order of one step with another quantity."""
    power = Steps(sign_of(order) * remaining)
    return [replace(each, power=power) if each.power else each for each in order.vertices]
