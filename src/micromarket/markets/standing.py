"""What every mechanism that collects orders and then clears them has in common: holding, letting go, remembering."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar

from micromarket.domain.curves import Curves
from micromarket.domain.ids import InstrumentId, OrderId, PartyId
from micromarket.domain.intervals import utc
from micromarket.domain.orders import Order, Side, Vertex
from micromarket.domain.products import Steps
from micromarket.errors import DuplicateOrder, MicromarketError, NotSupported
from micromarket.markets import snapshots
from micromarket.markets.admission import EVERYWHERE, RegisterRule, judge, whole_steps
from micromarket.markets.by_instrument import ByInstrument
from micromarket.markets.mechanism import (
    BestPrices,
    Level,
    OrderAccepted,
    OrderKind,
    OrderRefused,
    OrderRemoved,
    Outcome,
    Reduced,
)
from micromarket.markets.memory import Memory


class CallMechanism(ABC):
    """A mechanism that holds orders until it is told to clear. A rule of its own is one method: `uncross`.

    Parameters
    ----------
    instrument_ids : sequence of InstrumentId
        What it trades, in the order in which `clear` goes through it.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    takes: ClassVar[frozenset[OrderKind]] = frozenset(OrderKind)
    """Every kind of order, unless the mechanism says otherwise."""
    rules: ClassVar[tuple[RegisterRule, ...]] = EVERYWHERE
    """What an order must keep to be taken."""
    remembers: ClassVar[timedelta] = timedelta(days=1)
    """How long, by the event clock, a name stays taken after its order was let go."""

    def __init__(self, instrument_ids: Sequence[InstrumentId]) -> None:
        self._books = ByInstrument[dict[OrderId, Order]]({each: {} for each in instrument_ids})
        self._held: dict[OrderId, Order] = {}
        self._memory = Memory(self.remembers)
        self._now: datetime | None = None

    @abstractmethod
    def uncross(self, books: dict[InstrumentId, list[Order]]) -> Iterable[Outcome]:
        """Clear the orders of every instrument, each in order of arrival; none of them is held any longer.

        What shall stay is held again with `hold`; for every other one ``OrderRemoved`` is among the outcomes.
        """

    @property
    def now(self) -> datetime | None:
        """The event clock; None before it was first moved."""
        return self._now

    def trades(self, instrument_id: InstrumentId) -> bool:
        """Return whether the instrument is traded here."""
        return instrument_id in self._books

    def submit(self, order: Order) -> list[Outcome]:
        """Hold an order until the next clearing."""
        if (answer := repeated(order, self._memory.seen) or self.judged(order)) is not None:
            return [answer]
        self._memory.seen[order.order_id] = order
        return self._noted(self.enter(order))

    def judged(self, order: Order) -> OrderRefused | None:
        """Return why an order is not taken, whether it is new or was amended; nothing if it is."""
        return judge(order, self, self.rules)

    def enter(self, order: Order) -> list[Outcome]:
        """Hold an order that may be taken, and tell so."""
        self.hold(order)
        return [OrderAccepted(order.order_id)]

    def hold(self, order: Order) -> None:
        """Hold an order, behind all that are held already."""
        self._books[order.instrument_id][order.order_id] = order
        self._held[order.order_id] = order

    def amend(self, order_id: OrderId, vertices: Sequence[Vertex]) -> list[Outcome]:
        """Give a held order other vertices; less of a limit order at its price keeps the place."""
        if (held := self._held.get(order_id)) is None:
            return []
        amended = amended_order(held, vertices)
        if isinstance(amended, OrderRefused):
            return [amended]
        if (refusal := judge(amended, self, (whole_steps,))) is not None:
            return [refusal]
        if keeps_place(held, amended, held.quantity):
            self.hold(amended)
            return [Reduced(order_id, Steps(held.quantity - amended.quantity), amended.quantity)]
        if (refusal := self.judged(amended)) is not None:
            return [refusal]
        self._release(order_id)
        return [OrderRemoved(order_id, "replaced"), *self.enter(amended)]

    def cancel(self, order_id: OrderId) -> list[Outcome]:
        """Let go of an order that is held."""
        return self._noted(self._remove([order_id] if order_id in self._held else [], "cancelled"))

    def cancel_all(self, party_id: PartyId) -> list[Outcome]:
        """Let go of every order of a party, oldest first."""
        theirs = [each.order_id for each in self._held.values() if each.party_id == party_id]
        return self._noted(self._remove(theirs, "cancelled"))

    def expire(self, now: datetime) -> list[Outcome]:
        """Move the event clock and let go of the orders that are over."""
        self._now = later(self._now, now)
        self._memory.forget(self._now)
        return self._noted(self._remove(over(self._held.values(), self._now), "expired"))

    def clear(self) -> list[Outcome]:
        """Clear every instrument by the rule of this mechanism."""
        books = {each: list(orders.values()) for each, orders in self._books.items()}
        self._books, self._held = ByInstrument({each: {} for each in books}), {}
        return self._noted(list(self.uncross(books)))

    def snapshot(self) -> bytes:
        """Return the whole state."""
        state = {
            "now": snapshots.moment_text(self._now),
            "held": [snapshots.order_row(each) for each in self._held.values()],
            **self._memory.rows(),
        }
        return snapshots.to_bytes(self.name, self.version, state)

    def restore(self, snapshot: bytes) -> None:
        """Take over the state of a snapshot."""
        state = snapshots.from_bytes(self.name, self.version, snapshot)
        self._now = snapshots.moment_of(state["now"])
        self._memory.take(state)
        self._books, self._held = ByInstrument({each: {} for each in self._books}), {}
        for row in state["held"]:
            self.hold(snapshots.order_of(row))

    def best_prices(self, instrument_id: InstrumentId) -> BestPrices:
        """Return the best price of each side."""
        return best_of(self.depth(instrument_id))

    def depth(self, instrument_id: InstrumentId) -> tuple[Level, ...]:
        """Return the steps of all orders that are held; sloped stretches are in `curve` alone."""
        return levels(self._books[instrument_id].values())

    def curve(self, instrument_id: InstrumentId) -> Curves:
        """Return the sum of all that is held as one curve of one interval [price steps, quantity steps]."""
        return curve_of(self._books[instrument_id].values())

    def _remove(self, order_ids: Iterable[OrderId], reason: str) -> list[Outcome]:
        removed: list[Outcome] = []
        for order_id in order_ids:
            self._release(order_id)
            removed.append(OrderRemoved(order_id, reason))
        return removed

    def _noted(self, outcomes: list[Outcome]) -> list[Outcome]:
        """Return outcomes, after noting which orders were let go."""
        self._memory.note(outcomes, self._now)
        return outcomes

    def _release(self, order_id: OrderId) -> None:
        del self._books[self._held.pop(order_id).instrument_id][order_id]


def repeated(order: Order, seen: dict[OrderId, Order]) -> OrderAccepted | OrderRefused | None:
    """Return the answer to an order whose name was used before: the same answer if it is the same order."""
    if (before := seen.get(order.order_id)) is None:
        return None
    if before == order:
        return OrderAccepted(order.order_id)
    return OrderRefused(order.order_id, DuplicateOrder, f"another order of the name {order.order_id} was submitted")


def block_refusal(
    orders: Sequence[Order], seen: Container[OrderId], judged: Callable[[Order], OrderRefused | None]
) -> OrderRefused | None:
    """Return why orders cannot be the legs of a block."""
    for order in orders:
        if order.order_id in seen:
            return OrderRefused(order.order_id, DuplicateOrder, f"{order.order_id} was submitted before")
        if (refusal := judged(order)) is not None:
            return refusal
    for what in ({order.order_id for order in orders}, {order.instrument_id for order in orders}):
        if len(what) < len(orders):
            return OrderRefused(orders[0].order_id, NotSupported, "a block has one leg an instrument, each named")
    return None


def amended_order(held: Order, vertices: Sequence[Vertex]) -> Order | OrderRefused:
    """Return the order with other vertices, or why that is no order."""
    try:
        return replace(held, vertices=tuple(vertices))
    except MicromarketError as error:
        return OrderRefused(held.order_id, type(error), str(error))


def keeps_place(held: Order, amended: Order, left: int) -> bool:
    """Return whether an amendment only makes smaller what is left of a limit order [quantity steps]."""
    if not (held.is_limit and amended.is_limit and amended.quantity <= left):
        return False
    one, other = ((each.side, each.vertices[0].price, each.is_divisible) for each in (held, amended))
    return one == other


def later(clock: datetime | None, now: datetime) -> datetime:
    """Return the later of the event clock and `now`, in UTC: the clock never goes back."""
    return utc(now) if clock is None else max(clock, utc(now))


def over(orders: Iterable[Order], now: datetime) -> list[OrderId]:
    """Return the names of the orders that are over at `now`, by their time, then in the order given."""
    dated = [(each.terms.good_till, each.order_id) for each in orders if each.terms.good_till is not None]
    return [order_id for good_till, order_id in sorted(dated, key=lambda pair: pair[0]) if good_till <= now]


def best_of(depth: Iterable[Level]) -> BestPrices:
    """Return the best prices of levels that come best first."""
    best: dict[Side, Steps] = {}
    for level in depth:
        best.setdefault(level.side, level.price)
    return BestPrices(best.get(Side.BUY), best.get(Side.SELL))


def levels(orders: Iterable[Order]) -> tuple[Level, ...]:
    """Return the steps of curves by side and price, buyers first, best price first."""
    return summed(step for order in orders for step in _steps_of(order))


def _steps_of(order: Order) -> Iterator[tuple[Side, int, int]]:
    for before, after in zip(order.vertices[:-1], order.vertices[1:], strict=True):
        bought = min(after.power, 0) - min(before.power, 0)
        sold = max(after.power, 0) - max(before.power, 0)
        for side, quantity in ((Side.BUY, bought), (Side.SELL, sold)):
            if after.price == before.price and quantity > 0:
                yield side, after.price, quantity


def summed(rows: Iterable[tuple[Side, int, int]]) -> tuple[Level, ...]:
    """Return rows of side, price and quantity summed by side and price, buyers first, best price first."""
    quantities: Counter[tuple[int, int]] = Counter()
    counts: Counter[tuple[int, int]] = Counter()
    for side, price, quantity in rows:
        quantities[side.value, side.value * price] += quantity
        counts[side.value, side.value * price] += 1
    return tuple(
        Level(Side(side), Steps(side * ranked), Steps(quantities[side, ranked]), counts[side, ranked])
        for side, ranked in sorted(quantities)
    )


def curve_of(orders: Iterable[Order]) -> Curves:
    """Return the sum of orders as one curve of one interval [price steps, quantity steps]."""
    corners = [[(float(vertex.price), float(vertex.power)) for vertex in order.vertices] for order in orders]
    return Curves.from_vertices(corners or [[(0.0, 0.0)]]).sum()
