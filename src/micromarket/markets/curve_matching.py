"""Continuous matching of orders that are curves, with a record of what became of each.

Everything is counted in whole steps of price and quantity, so that each trade conserves quantity exactly; between two
corners a curve offers the whole steps on or below the straight line, and two curves cross at the first whole price
step at which they meet. The rules, with the cases in which they differ from those of the source, are on the page
``docs/explanation/curve-orders.md``.

Source: Transactive Network Template v4 (PNNL, 2024), appendix C.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum

from micromarket.domain.ids import OrderId, PartyId
from micromarket.domain.orders import Side
from micromarket.domain.products import Steps
from micromarket.errors import DuplicateOrder, InvalidValue
from micromarket.kernels.curve_matching import CurveMatcher, Trade, curve_matcher
from micromarket.markets.curve_orders import CurveOrder, CurveVertex, OrderStatus, corners_of, require_zone

CHILD = "#"
"""Stands between the name of an order that was submitted and the number of its child."""


class Priority(Enum):
    """Which of the orders at one price goes first."""

    AGE = "age"
    """The one that came first; what is left of an order keeps its age."""

    VOLUME = "volume"
    """The one with most left, then the older."""


@dataclass(slots=True)
class _Line:
    """What was submitted as one order, and what became of it; all parts are derived from this when asked for.

    `name` is what names of its children begin with; `matches` holds price and quantity of each match, for each time
    that the order was matched.
    """

    submitted: CurveOrder
    name: str
    left: int
    children: int = 0
    matches: list[list[tuple[int, int]]] = field(default_factory=list)
    ending: OrderStatus | None = None

    def match(self, price: int, quantity: int) -> OrderId:
        """Enter one match and return the name of its record."""
        self.matches[-1].append((price, quantity))
        self.left -= quantity
        self.children += 1
        return OrderId(self.name + str(self.children))

    def revise(self) -> None:
        """Count the part that is left after all matches of one moment, if any."""
        self.children += self.left > 0

    def parts(self) -> list[CurveOrder]:
        """Return the order and all its children, in the order in which they came to be."""
        parts, part, used = list[CurveOrder](), self.submitted, self.submitted.used
        number = 0
        for matches in self.matches:
            children = list[CurveOrder]()
            for price, quantity in matches:
                number += 1
                children.append(self._matched(part, number, price, quantity))
            used = Steps(used + sum(quantity for _, quantity in matches))
            rest = self._rest(part, number + 1, used)
            names = tuple(child.order_id for child in (*children, *rest))
            parts += [replace(part, child_ids=names, status=OrderStatus.SUPERSEDED), *children]
            if not rest:
                return parts
            number, part = number + 1, rest[0]
        return [*parts, replace(part, status=self._last_status())]

    def _last_status(self) -> OrderStatus:
        if self.ending is not None:
            return self.ending
        if not self.submitted.persistent:
            return OrderStatus.UNMATCHED
        return OrderStatus.REVISED_STANDING if self.matches else OrderStatus.STANDING

    def _matched(self, part: CurveOrder, number: int, price: int, quantity: int) -> CurveOrder:
        name = OrderId(f"{self.name}{number}")
        vertex = CurveVertex(Steps(price), part.side.signed(Steps(quantity)))
        return CurveOrder(name, part.party_id, (vertex,), parent_id=part.order_id, status=OrderStatus.MATCHED)

    def _rest(self, part: CurveOrder, number: int, used: Steps) -> list[CurveOrder]:
        if used - part.used == part.quantity:
            return []
        name = OrderId(f"{self.name}{number}")
        return [replace(part, order_id=name, used=used, parent_id=part.order_id)]


@dataclass(frozen=True, slots=True)
class CurveMatch:
    """One match: a single price and quantity, between one standing and one aggressive order.

    Parameters
    ----------
    standing_id, aggressive_id : OrderId
        Children, of status MATCHED, that record the match on either side.
    price : Steps
        Price of the standing order for the last step of it [price steps].
    quantity : Steps
        How much [quantity steps, unsigned].
    """

    standing_id: OrderId
    aggressive_id: OrderId
    price: Steps
    quantity: Steps


class CurveBook:
    """Standing curve orders of one instrument, matched one aggressive order at a time; and all that became of them.

    Parameters
    ----------
    priority : Priority, default AGE
        Which of the orders at one price goes first.
    matcher : callable of bool, default `curve_matcher`
        Makes the kernel, given whether volume goes first.

    Notes
    -----
    An order that is matched is superseded by its children: one of status MATCHED for each match, and one for what is
    left. Children are named after the order that was submitted, counted from 1: ``a#1``, ``a#2``.
    """

    def __init__(
        self, priority: Priority = Priority.AGE, matcher: Callable[[bool], CurveMatcher] = curve_matcher
    ) -> None:
        self._matcher = matcher(priority is Priority.VOLUME)
        self._lines: list[_Line] = []
        self._numbers: dict[OrderId, int] = {}
        self._standing: dict[int, None] = {}
        self._expiries: list[tuple[datetime, int]] = []
        self._matches: list[CurveMatch] = []

    def submit(self, order: CurveOrder) -> list[CurveMatch]:
        """Match an order with the standing ones of the other side; what is left stands, if it is to.

        Returns
        -------
        list of CurveMatch
            What was matched: best price first, then by priority.

        Raises
        ------
        DuplicateOrder
            If an order of that name was submitted before.
        InvalidValue
            If the order is not new, or named as children are.
        """
        if order.order_id in self._numbers:
            raise DuplicateOrder(f"order {order.order_id} was submitted before")
        if order.status is not OrderStatus.NEW or order.child_ids or CHILD in order.order_id:
            raise InvalidValue(
                f"order {order.order_id} is {order.status.value}: only new ones, without {CHILD}, match"
            )
        trades = self._matcher.add(order.side.value, corners_of(order), order.used, order.persistent)
        made = self._record(self._enter(order), trades)
        self._matches += made
        return made

    def cancel(self, order_id: OrderId) -> CurveOrder | None:
        """Take away what stands of an order, named as it was submitted or as any child; return that, or None."""
        number = self._numbers.get(_root_of(order_id))
        return None if number is None else self._remove(number, OrderStatus.CANCELLED)

    def expire(self, now: datetime) -> list[CurveOrder]:
        """Take away every order that is good till `now` or earlier; return them, by that time, then by age.

        Raises
        ------
        NaiveTime
            If `now` has no zone.
        """
        require_zone(now)
        due = []
        while self._expiries and self._expiries[0][0] <= now:
            due.append(heapq.heappop(self._expiries)[1])
        gone = [self._remove(number, OrderStatus.EXPIRED) for number in due]
        return [order for order in gone if order is not None]

    def order(self, order_id: OrderId) -> CurveOrder | None:
        """Return an order or a child by name, as it is now; None if there is none."""
        return next((part for part in self.family(order_id) if part.order_id == order_id), None)

    def family(self, order_id: OrderId) -> list[CurveOrder]:
        """Return an order that was submitted and all its children, given the name of any; empty if there is none."""
        number = self._numbers.get(_root_of(order_id))
        return [] if number is None else self._lines[number].parts()

    @property
    def matches(self) -> tuple[CurveMatch, ...]:
        """Every match so far, in order."""
        return tuple(self._matches)

    def standing(self, side: Side) -> tuple[CurveOrder, ...]:
        """Return the standing orders of a side, the oldest first."""
        lines = (self._lines[number] for number in self._standing)
        return tuple(line.parts()[-1] for line in lines if line.submitted.side is side)

    def orders_of(self, party_id: PartyId) -> tuple[CurveOrder, ...]:
        """Return every order of a party with its children, by the time it was submitted."""
        own = (line for line in self._lines if line.submitted.party_id == party_id)
        return tuple(part for line in own for part in line.parts())

    def _enter(self, order: CurveOrder) -> int:
        number = len(self._lines)
        self._lines.append(_Line(order, order.order_id + CHILD, order.quantity))
        self._numbers[order.order_id] = number
        if order.good_till is not None:
            heapq.heappush(self._expiries, (order.good_till, number))
        return number

    def _record(self, number: int, trades: list[Trade]) -> list[CurveMatch]:
        """Enter the matches of an aggressive order, and what is left of it and of those it met."""
        own = self._lines[number]
        met = {standing: self._lines[standing] for standing, _, _ in trades} | ({number: own} if trades else {})
        for line in met.values():
            line.matches.append([])
        made = [
            CurveMatch(met[at].match(price, quantity), own.match(price, quantity), Steps(price), Steps(quantity))
            for at, price, quantity in trades
        ]
        for at, line in met.items():
            line.revise()
            if not line.left:
                self._standing.pop(at, None)
        if own.left and own.submitted.persistent:
            self._standing[number] = None
        return made

    def _remove(self, number: int, status: OrderStatus) -> CurveOrder | None:
        if not self._matcher.cancel(number):
            return None
        line = self._lines[number]
        line.ending = status
        del self._standing[number]
        return line.parts()[-1]


def _root_of(order_id: OrderId) -> OrderId:
    return OrderId(order_id.partition(CHILD)[0])
