"""Continuous matching of orders that are curves, with segments that go only whole.

Everything is counted in whole steps of price and quantity, so that each trade conserves quantity exactly; between two
corners a curve offers the whole steps on or below the straight line, and two curves cross at the first whole price
step at which they meet. The rules, with the cases in which they differ from those of the source, are on the page
``docs/explanation/curve-orders.md``; `micromarket.markets.book.lineage` names the parts of a matched order.

Source: Transactive Network Template v4 (PNNL, 2024), appendix C.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import ClassVar, cast

from micromarket.domain.curves import Curves
from micromarket.domain.ids import InstrumentId, OrderId, PartyId
from micromarket.domain.orders import Execution, Order, Side, Vertex
from micromarket.domain.products import Steps
from micromarket.kernels.curve_matching import CurveMatcher, curve_matcher
from micromarket.markets import snapshots
from micromarket.markets.admission import CURVES, CalendarRule, judge, whole_steps
from micromarket.markets.book.calendar import Phase, TradingCalendar
from micromarket.markets.book.curve_orders import corners_of, offers, polyline, sign_of
from micromarket.markets.book.ends import Ends
from micromarket.markets.by_instrument import ByInstrument
from micromarket.markets.mechanism import (
    BestPrices,
    Level,
    Matched,
    OrderAccepted,
    OrderKind,
    OrderRefused,
    OrderRemoved,
    Outcome,
    Reduced,
    Rested,
)
from micromarket.markets.memory import Memory
from micromarket.markets.standing import amended_order, keeps_place, repeated, summed


class Priority(Enum):
    """Which of the orders at one price goes first."""

    AGE = "age"
    """The one that came first; what is left of an order keeps its age."""

    VOLUME = "volume"
    """The one with most left, then the older."""


@dataclass(slots=True)
class _Book:
    """The standing orders of one instrument, by the number that the kernel gave them; `count` were given."""

    matcher: CurveMatcher
    orders: dict[int, Order] = field(default_factory=dict)
    count: int = 0


@dataclass(slots=True, eq=False)
class _Place:
    """Where an order stands."""

    book: _Book
    number: int

    @property
    def order(self) -> Order:
        return self.book.orders[self.number]

    @property
    def left(self) -> int:
        return self.book.matcher.left(self.number)


class CurveBook:
    """A continuous market for orders that are curves, for many instruments.

    Parameters
    ----------
    instrument_ids : sequence of InstrumentId
        What it trades from the start; more come with `open`.
    priority : Priority, default AGE
        Which of the orders at one price goes first.
    rules : tuple of CalendarRule
        Asked after those of every curve book: collars, largest quantities, your own.
    remembers : timedelta, default one day
        How long, by the event clock, a name stays taken after its order was let go, and an instrument is known after
        its gate.
    matcher : callable of bool, default `curve_matcher`
        Makes the kernel of one instrument, given whether volume goes first.
    """

    name: ClassVar[str] = "curve_book"
    version: ClassVar[int] = 2
    takes: ClassVar[frozenset[OrderKind]] = frozenset({OrderKind.LIMIT, OrderKind.MARKET, OrderKind.CURVE})

    def __init__(
        self,
        instrument_ids: Sequence[InstrumentId],
        priority: Priority = Priority.AGE,
        rules: tuple[CalendarRule, ...] = (),
        remembers: timedelta = timedelta(days=1),
        matcher: Callable[[bool], CurveMatcher] = curve_matcher,
    ) -> None:
        self._rules, self._remembers = (*CURVES, *rules), remembers
        self._volume_first, self._matcher = priority is Priority.VOLUME, matcher
        self._begin()
        for each in instrument_ids:
            self.open(each)

    def _begin(self) -> None:
        self._calendar, self._memory = TradingCalendar(self._remembers), Memory(self._remembers)
        self._books = ByInstrument[_Book]()
        self._held: dict[OrderId, _Place] = {}
        self._ends, self._arrivals = Ends(), 0

    def open(self, instrument_id: InstrumentId, gate: datetime | None = None) -> None:
        """Trade one more instrument, until its gate closes if it has one.

        Raises
        ------
        InvalidValue
            If it was opened before.
        NaiveTime
            If the gate has no zone.
        """
        self._calendar.open(instrument_id, gate)
        self._books[instrument_id] = self._empty()

    def submit(self, order: Order) -> list[Outcome]:
        """Match an order with the standing ones of the other side, best price first, then by priority.

        What is left of it stands, or is dropped, as its terms ask.
        """
        answer = repeated(order, self._memory.seen) or judge(order, self._calendar, self._rules)
        if answer is not None:
            return [answer]
        self._memory.seen[order.order_id] = order
        return self._noted(self._match(order))

    def amend(self, order_id: OrderId, vertices: Sequence[Vertex]) -> list[Outcome]:
        """Make a standing order of one step smaller, or take it out and let it in again with other vertices.

        The vertices say what shall be left from now on; what was matched before is not counted.
        """
        if (place := self._held.get(order_id)) is None:
            return []
        held, left = place.order, place.left
        amended = amended_order(held, vertices)
        if isinstance(amended, OrderRefused):
            return [amended]
        if (refusal := judge(amended, self._calendar, (whole_steps,))) is not None:
            return [refusal]
        if keeps_place(held, amended, left):
            place.book.matcher.reduce(place.number, amended.quantity)
            place.book.orders[place.number] = amended
            return [Reduced(order_id, Steps(left - amended.quantity), amended.quantity)]
        if (refusal := judge(amended, self._calendar, self._rules)) is not None:
            return [refusal]
        return self._noted([*self._remove([order_id], "replaced"), *self._match(amended)])

    def cancel(self, order_id: OrderId) -> list[Outcome]:
        """Let go of a standing order."""
        return self._noted(self._remove([order_id], "cancelled"))

    def cancel_all(self, party_id: PartyId) -> list[Outcome]:
        """Let go of every order of a party, oldest first."""
        theirs = [order_id for order_id, place in self._held.items() if place.order.party_id == party_id]
        return self._noted(self._remove(theirs, "cancelled"))

    def clear(self) -> list[Outcome]:
        """Return nothing: what can be matched was matched."""
        return []

    def expire(self, now: datetime) -> list[Outcome]:
        """Move the event clock, and do all that is due on the way: many small steps equal a big one.

        At each moment orders that are over go first, then those that stand where a gate has closed.
        """
        stops = self._calendar.stops(now, self._ends.next)
        return [outcome for moment in stops for outcome in self._arrive(moment)]

    def _arrive(self, moment: datetime) -> list[Outcome]:
        """Do all that is due at a moment."""
        self._memory.forget(moment)
        removed = self._remove(self._ends.due(moment), "expired")
        for instrument_id, phase in self._calendar.turns():
            if phase is Phase.DROPPED:
                del self._books[instrument_id]
            elif phase is Phase.CLOSED:
                orders = list(self._books[instrument_id].orders.values())
                removed += self._remove((order.order_id for order in orders), "gate closed")
        return self._noted(removed)

    def left(self, order_id: OrderId) -> Steps:
        """Return how much of an order stands [quantity steps, unsigned]; 0 if it does not."""
        place = self._held.get(order_id)
        return Steps(0 if place is None else place.left)

    def best_prices(self, instrument_id: InstrumentId) -> BestPrices:
        """Return the best price of each side: that of the next step of what stands there."""
        levels = {side: self._books[instrument_id].matcher.best(side.value) for side in Side}
        return BestPrices(*(None if level is None else Steps(side.value * level) for side, level in levels.items()))

    def depth(self, instrument_id: InstrumentId) -> tuple[Level, ...]:
        """Return what stands by side and price, buyers first, best price first.

        A slope has a row for each price at which it offers more; a segment that goes only whole is at its price.
        """
        return summed(
            (side, side.value * level, quantity)
            for side, order, used in self._standing(instrument_id)
            for level, quantity in offers(corners_of(order), used)
        )

    def curve(self, instrument_id: InstrumentId) -> Curves:
        """Return the sum of all that stands as one curve of one interval [price steps, quantity steps]."""
        curves = [
            [(side.value * level, side.value * quantity) for level, quantity in polyline(corners_of(order), used)]
            for side, order, used in self._standing(instrument_id)
        ]
        return Curves.from_vertices([sorted(each) for each in curves] or [[(0.0, 0.0)]]).sum()

    def snapshot(self) -> bytes:
        """Return the whole state."""
        state = {
            "calendar": self._calendar.rows(),
            "held": [[snapshots.order_row(place.order), place.left] for place in self._held.values()],
            **self._memory.rows(),
        }
        return snapshots.to_bytes(self.name, self.version, state)

    def restore(self, snapshot: bytes) -> None:
        """Take over the state of a snapshot."""
        state = snapshots.from_bytes(self.name, self.version, snapshot)
        self._begin()
        self._calendar.take(state["calendar"])
        self._memory.take(state)
        self._books = ByInstrument({each: self._empty() for each in self._calendar.instruments})
        for row, left in state["held"]:
            order = snapshots.order_of(row)
            book = self._books[order.instrument_id]
            book.matcher.stand(sign_of(order), corners_of(order), order.quantity - left)
            self._hold(order, book)

    def _empty(self) -> _Book:
        return _Book(self._matcher(self._volume_first))

    def _match(self, order: Order) -> list[Outcome]:
        """Match an admitted order and say what became of it and of those it met."""
        book, name, corners = self._books[order.instrument_id], order.order_id, corners_of(order)
        stands = order.terms.execution is Execution.STANDING and not order.is_market
        trades = cast("list[tuple[int, Steps, Steps, Steps]]", book.matcher.add(sign_of(order), corners, stands))
        out: list[Outcome] = [OrderAccepted(name)]
        left = corners[-1][1]
        for number, price, quantity, rest in trades:
            met = book.orders[number].order_id
            out.append(Matched(met, name, price, quantity))
            left -= quantity
            if not rest:
                self._let_go(met)
                out.append(OrderRemoved(met, "matched"))
        if left and stands:
            self._hold(order, book)
            out.append(Rested(name, Steps(left)))
        else:
            book.count += 1
            out.append(OrderRemoved(name, "not matched at once" if left else "matched"))
        return out

    def _hold(self, order: Order, book: _Book) -> None:
        """Remember an order that the kernel took last."""
        book.orders[book.count] = order
        self._held[order.order_id] = _Place(book, book.count)
        if order.terms.good_till is not None:
            self._arrivals += 1
            self._ends.add(order.terms.good_till, self._arrivals, order.order_id)
        book.count += 1

    def _remove(self, order_ids: Iterable[OrderId], reason: str) -> list[Outcome]:
        """Let go of those orders that stand."""
        removed: list[Outcome] = []
        for each in order_ids:
            if (place := self._held.get(each)) is not None:
                place.book.matcher.cancel(place.number)
                self._let_go(each)
                removed.append(OrderRemoved(each, reason))
        return removed

    def _let_go(self, order_id: OrderId) -> None:
        place = self._held.pop(order_id)
        del place.book.orders[place.number]
        self._ends.remove(order_id)

    def _noted(self, outcomes: list[Outcome]) -> list[Outcome]:
        """Return outcomes, after noting which orders were let go."""
        self._memory.note(outcomes, self._calendar.now)
        return outcomes

    def _standing(self, instrument_id: InstrumentId) -> Iterator[tuple[Side, Order, int]]:
        """Go through the orders that stand, by arrival, and how much of each was matched."""
        book = self._books[instrument_id]
        for number, order in book.orders.items():
            yield Side(sign_of(order)), order, order.quantity - book.matcher.left(number)
