"""The continuous order book: an order that arrives trades at once with what stands, at the standing price.

The kernel matches: sides, price levels, priority, whole or partial fill. All else is a step of its own: rules before
it (`micromarket.markets.admission`), self-trades and sets between two matches
(`micromarket.markets.book.crossing`), and here what becomes of the rest: it stands, is dropped, or waits beside.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from heapq import heappop, heappush
from typing import Any, ClassVar

from micromarket.domain.curves import Curves
from micromarket.domain.ids import InstrumentId, OrderId, PartyId
from micromarket.domain.intervals import utc
from micromarket.domain.orders import PLAIN, Execution, Order, Side, Vertex, limit
from micromarket.domain.products import Steps
from micromarket.errors import DuplicateOrder, InvalidValue, NotSupported
from micromarket.kernels.matching import Book
from micromarket.markets import snapshots
from micromarket.markets.admission import (
    CONTINUOUS,
    OF_TERMS,
    Objection,
    Rule,
    TradingState,
    crosses,
    judge,
    plain_leg,
    whole_steps,
)
from micromarket.markets.book.crossing import SIDES, Crossing, Segment, SelfTrading
from micromarket.markets.book.holdings import Held
from micromarket.markets.mechanism import (
    BestPrices,
    Level,
    OrderAccepted,
    OrderKind,
    OrderRefused,
    OrderRemoved,
    Outcome,
    Reduced,
    Rested,
)
from micromarket.markets.standing import amended_order, curve_of, keeps_place, later, repeated

__all__ = ["OrderBook", "Segment", "SelfTrading"]


class OrderBook:
    """A continuous order book for many instruments.

    Parameters
    ----------
    instrument_ids : sequence of InstrumentId
        What it trades from the start; more come with `open`.
    segment : Segment, optional
        Its rules: priority, self-trades, collars and the like.
    """

    name: ClassVar[str] = "order_book"
    version: ClassVar[int] = 1
    takes: ClassVar[frozenset[OrderKind]] = frozenset({OrderKind.LIMIT, OrderKind.MARKET})

    def __init__(self, instrument_ids: Sequence[InstrumentId], segment: Segment | None = None) -> None:
        self._segment = segment or Segment()
        self._rules: tuple[Rule, ...] = (*CONTINUOUS, self._no_shared_sets, *self._segment.rules)
        without_terms = (rule for rule in CONTINUOUS if rule not in OF_TERMS)
        self._plain_rules: tuple[Rule, ...] = (*without_terms, *self._segment.rules)
        self._begin()
        for each in instrument_ids:
            self.open(each)

    def _begin(self) -> None:
        self._crossing = Crossing(self._segment)
        self._seen: dict[OrderId, Order] = {}
        self._gates: dict[InstrumentId, datetime] = {}
        self._closing: list[tuple[datetime, int, InstrumentId]] = []
        self._states: dict[InstrumentId, TradingState] = {}
        self._now: datetime | None = None
        self._last = 0

    @property
    def now(self) -> datetime | None:
        """The event clock; None before it was first moved."""
        return self._now

    def trades(self, instrument_id: InstrumentId) -> bool:
        """Return whether the instrument is, or was, traded here."""
        return instrument_id in self._crossing.indices

    def gate(self, instrument_id: InstrumentId) -> datetime | None:
        """Return when the instrument's gate closes; None if it has none."""
        return self._gates.get(instrument_id)

    def state(self, instrument_id: InstrumentId) -> TradingState:
        """Return what the instrument takes."""
        return self._states.get(instrument_id, TradingState.ACTIVE)

    def position(self, party_id: PartyId, instrument_id: InstrumentId) -> int:
        """Return what the party bought, less what it sold [quantity steps]."""
        return self._crossing.positions[party_id, instrument_id]

    def standing(self, party_id: PartyId, instrument_id: InstrumentId, side: Side) -> int:
        """Return how much of the party's orders stands or waits on a side [quantity steps]."""
        held = [each for each in self._crossing.holdings.of_party(party_id) if each.order.side is side]
        return sum(self._crossing.remaining(each) for each in held if each.order.instrument_id == instrument_id)

    def meets_own(self, order: Order) -> bool:
        """Return whether an order of the same owner stands at a price that the order accepts."""
        return any(
            not held.block and held.order.side is not order.side and crosses(order, held.order.vertices[0].price)
            for held in self._crossing.holdings.of_instrument(order.instrument_id)
            if self._crossing.holdings.same_owner(order, held.order)
        )

    def _no_shared_sets(self, order: Order, venue: object) -> Objection | None:
        if order.terms.one_of is None or self._segment.priority != "pro_rata":
            return None
        return Objection(NotSupported, "a set of which at most one is matched cannot share pro rata")

    def open(self, instrument_id: InstrumentId, gate: datetime | None = None) -> None:
        """Trade an instrument from now on, until its gate closes by the event clock.

        Raises
        ------
        InvalidValue
            If it was opened before.
        """
        if self.trades(instrument_id):
            raise InvalidValue(f"{instrument_id} was opened before")
        index = len(self._crossing.indices)
        self._crossing.indices[instrument_id] = index
        if gate is not None:
            self._gates[instrument_id] = utc(gate)
            heappush(self._closing, (utc(gate), index, instrument_id))

    def set_state(self, state: TradingState, instrument_id: InstrumentId | None = None) -> list[Outcome]:
        """Halt, reduce or resume an instrument, or all; what waited and can be matched on resuming, is.

        Raises
        ------
        InvalidValue
            If the instrument is not traded here.
        """
        if instrument_id is not None and not self.trades(instrument_id):
            raise InvalidValue(f"{instrument_id} is not traded here")
        chosen = list(self._crossing.indices) if instrument_id is None else [instrument_id]
        for each in chosen:
            self._states[each] = state
            if state is TradingState.ACTIVE:
                del self._states[each]
        return self._settle(chosen, [])

    def submit(self, order: Order) -> list[Outcome]:
        """Match an order with what stands; what is left of it stands, is dropped or waits, as its terms ask."""
        answer = self._answer(order)
        if isinstance(answer, OrderRefused) or order.order_id in self._seen:
            return [answer]
        self._seen[order.order_id] = order
        out: list[Outcome] = [answer]
        self._enter(order, out)
        return self._settle([order.instrument_id], out)

    def submit_block(self, orders: Sequence[Order]) -> list[Outcome]:
        """Take limit orders for several instruments that are matched all together and wholly, or not at all.

        The block is matched as soon as the books can fill every leg; until then it waits. If one leg is refused, all
        are; if one is cancelled or over, all go.
        """
        if orders and all(self._seen.get(order.order_id) == order for order in orders):
            return [OrderAccepted(order.order_id) for order in orders]
        if (refusal := self._block_refusal(orders)) is not None:
            return [replace(refusal, order_id=order.order_id) for order in orders]
        self._seen.update((order.order_id, order) for order in orders)
        out: list[Outcome] = [OrderAccepted(order.order_id) for order in orders]
        self._wait(orders)
        return self._settle([order.instrument_id for order in orders], out)

    def amend(self, order_id: OrderId, vertices: Sequence[Vertex]) -> list[Outcome]:
        """Make a standing order smaller, or take it out and let it in again with other vertices.

        The quantity is what shall be left from now on; what was matched before is not counted.
        """
        if (held := self._crossing.holdings.get(order_id)) is None:
            return []
        if len(held.block) > 1:
            return [OrderRefused(order_id, NotSupported, "a leg of a block cannot be amended")]
        amended = self._amended(held, vertices)
        if isinstance(amended, OrderRefused):
            return [amended]
        left = self._crossing.remaining(held)
        if self._only_smaller(held, amended):
            self._crossing.book.reduce(held.number, int(amended.quantity))
            return [Reduced(order_id, Steps(left - amended.quantity), amended.quantity)]
        if (refusal := self._judged(amended)) is not None:
            return [refusal]
        out: list[Outcome] = []
        self._crossing.remove(order_id, "replaced", out)
        out.append(OrderAccepted(order_id))
        self._enter(amended, out)
        return self._settle([amended.instrument_id], out)

    def cancel(self, order_id: OrderId) -> list[Outcome]:
        """Let go of an order that stands or waits, and of those it is linked with."""
        return self._remove([order_id], "cancelled")

    def cancel_all(self, party_id: PartyId) -> list[Outcome]:
        """Let go of every order of a party, oldest first."""
        return self._remove([held.order.order_id for held in self._crossing.holdings.of_party(party_id)], "cancelled")

    def clear(self) -> list[Outcome]:
        """Return nothing: what can be matched was matched."""
        return []

    def expire(self, now: datetime) -> list[Outcome]:
        """Move the event clock; let go of what is over by its time, then of what stands where a gate has closed."""
        self._now = later(self._now, now)
        out: list[Outcome] = []
        changed = self._release(self._crossing.holdings.due(self._now), "expired", out)
        while self._closing and self._closing[0][0] <= self._now:
            held = self._crossing.holdings.of_instrument(heappop(self._closing)[2])
            changed += self._release([each.order.order_id for each in held], "gate closed", out)
        return self._settle(changed, out)

    def best_prices(self, instrument_id: InstrumentId) -> BestPrices:
        """Return the best price of each side."""
        index, book = self._crossing.indices[instrument_id], self._crossing.book
        fronts = {side: book.front(index, number) for side, number in SIDES.items()}
        return BestPrices(*(None if (front := fronts[side]) is None else Steps(front[1]) for side in SIDES))

    def depth(self, instrument_id: InstrumentId) -> tuple[Level, ...]:
        """Return what stands by side and price, buyers first, best price first; not what waits beside the book."""
        index, book = self._crossing.indices[instrument_id], self._crossing.book
        return tuple(
            Level(side, Steps(price), Steps(quantity), orders)
            for side, number in SIDES.items()
            for price, quantity, orders in book.depth(index, number)
        )

    def curve(self, instrument_id: InstrumentId) -> Curves:
        """Return the book as one curve of one interval [price steps, quantity steps]."""
        name, party = OrderId("level"), PartyId("all")
        return curve_of(
            Order(name, party, instrument_id, limit(level.side, level.price, level.quantity))
            for level in self.depth(instrument_id)
        )

    def snapshot(self) -> bytes:
        """Return the whole state."""
        held = list(self._crossing.holdings)
        state = {
            "now": snapshots.moment_text(self._now),
            "last": self._last,
            "instruments": list(self._crossing.indices),
            "gates": {each: gate.isoformat() for each, gate in self._gates.items()},
            "closing": sorted(index for _, index, _ in self._closing),
            "states": {each: state.value for each, state in self._states.items()},
            "seen": [snapshots.order_row(order) for order in self._seen.values()],
            "held": [[each.number, each.order.order_id, each.block] for each in held],
            "amended": [snapshots.order_row(each.order) for each in held if self._was_amended(each)],
            "positions": sorted([*key, amount] for key, amount in self._crossing.positions.items()),
            "book": self._crossing.book.snapshot().hex(),
        }
        return snapshots.to_bytes(self.name, self.version, state)

    def restore(self, snapshot: bytes) -> None:
        """Take over the state of a snapshot."""
        state = snapshots.from_bytes(self.name, self.version, snapshot)
        book = Book.restore(bytes.fromhex(state["book"]))
        self._begin()
        self._crossing.book = book
        self._now, self._last = snapshots.moment_of(state["now"]), state["last"]
        self._seen = {order.order_id: order for order in map(snapshots.order_of, state["seen"])}
        self._states = {each: TradingState(value) for each, value in state["states"].items()}
        self._restore_instruments(state)
        amended = {order.order_id: order for order in map(snapshots.order_of, state["amended"])}
        for number, name, block in state["held"]:
            self._crossing.holdings.add(Held(amended.get(name) or self._seen[name], number, tuple(block)))
        for party_id, instrument_id, amount in state["positions"]:
            self._crossing.positions[party_id, instrument_id] = amount

    def _was_amended(self, held: Held) -> bool:
        return held.order is not self._seen[held.order.order_id]

    def _restore_instruments(self, state: dict[str, Any]) -> None:
        for each in state["instruments"]:
            self.open(each, snapshots.moment_of(state["gates"].get(each)))
        still = set(state["closing"])
        self._closing = sorted(entry for entry in self._closing if entry[1] in still)

    def _answer(self, order: Order) -> OrderAccepted | OrderRefused:
        known = repeated(order, self._seen)
        return known or self._judged(order) or OrderAccepted(order.order_id)

    def _judged(self, order: Order) -> OrderRefused | None:
        return judge(order, self, self._plain_rules if order.terms is PLAIN else self._rules)

    def _block_refusal(self, orders: Sequence[Order]) -> OrderRefused | None:
        for order in orders:
            if order.order_id in self._seen:
                return OrderRefused(order.order_id, DuplicateOrder, f"{order.order_id} was submitted before")
            if (refusal := judge(order, self, (*self._rules, plain_leg))) is not None:
                return refusal
        for what in ({order.order_id for order in orders}, {order.instrument_id for order in orders}):
            if len(what) < len(orders):
                return OrderRefused(orders[0].order_id, NotSupported, "a block has one leg an instrument, each named")
        return None

    def _amended(self, held: Held, vertices: Sequence[Vertex]) -> Order | OrderRefused:
        amended = amended_order(held.order, vertices)
        return amended if isinstance(amended, OrderRefused) else judge(amended, self, (whole_steps,)) or amended

    def _only_smaller(self, held: Held, amended: Order) -> bool:
        side = held.order.side
        if held.block or side is None:
            return False
        left = Steps(self._crossing.remaining(held))
        now = replace(held.order, vertices=limit(side, held.order.vertices[0].price, left))
        return keeps_place(now, amended)

    def _enter(self, order: Order, out: list[Outcome]) -> None:
        """Match an accepted order by its terms."""
        execution = order.terms.execution
        if execution is Execution.ALL_OR_NONE:
            self._wait([order])
            return
        needed = int(order.quantity) if execution is Execution.ALL_AT_ONCE else order.terms.minimum
        self._last += 1
        number, left = self._last, int(order.quantity)
        if not needed or self._crossing.reach(order, set()) >= needed:
            left, prevented = self._crossing.match(order, number, out)
            if prevented or not left:
                out.append(OrderRemoved(order.order_id, "self-trade" if prevented else "matched"))
                return
            needed = 0
        if execution is Execution.STANDING and not order.is_market and not needed:
            self._crossing.rest(Held(order, number), left)
            out.append(Rested(order.order_id, Steps(left)))
        else:
            out.append(OrderRemoved(order.order_id, "not matched at once"))

    def _wait(self, orders: Sequence[Order]) -> None:
        """Let orders wait beside the book until all of them can be matched wholly."""
        block = tuple(order.order_id for order in orders)
        for order in orders:
            self._last += 1
            self._crossing.holdings.add(Held(order, self._last, block))

    def _settle(self, instrument_ids: Iterable[InstrumentId], out: list[Outcome]) -> list[Outcome]:
        """Match whatever waits beside the books of instruments that changed, oldest first; return all outcomes."""
        if not self._crossing.holdings.anything_waits:
            return out
        changed, told = dict.fromkeys(instrument_ids), 0
        while self._crossing.holdings.anything_waits and (changed or told < len(out)):
            removed = [each.order_id for each in out[told:] if isinstance(each, OrderRemoved)]
            changed |= dict.fromkeys(self._instruments_of(removed))
            told = len(out)
            for instrument_id in list(changed):
                waiting = self._crossing.holdings.waiting(instrument_id)
                if any(self._match_waiting(held, out) for held in waiting):
                    break
                del changed[instrument_id]
        return out

    def _match_waiting(self, held: Held, out: list[Outcome]) -> bool:
        """Match a waiting block if every leg can be matched wholly, or a lone order if its equal waits too."""
        legs = [leg for each in held.block if (leg := self._crossing.holdings.get(each)) is not None]
        if any(self.state(leg.order.instrument_id) is TradingState.HALTED for leg in legs):
            return False
        met: set[tuple[PartyId, str]] = set()
        if any(self._crossing.reach(leg.order, met) < leg.order.quantity for leg in legs):
            return len(legs) == 1 and self._match_equals(held, out)
        for leg in legs:
            self._crossing.holdings.remove(leg.order.order_id)
        for leg in legs:
            self._crossing.match(leg.order, leg.number, out)
            out.append(OrderRemoved(leg.order.order_id, "matched"))
        return True

    def _match_equals(self, held: Held, out: list[Outcome]) -> bool:
        """Match an all-or-none order with the oldest waiting one of the same quantity that it crosses."""
        order = held.order
        for other in self._crossing.holdings.waiting(order.instrument_id):
            fits = len(other.block) == 1 and other.order.side is not order.side
            price = other.order.vertices[0].price
            if fits and other.order.quantity == order.quantity and crosses(order, price):
                if not self._crossing.may_meet(order, other.order):
                    continue
                older, newer = sorted((held, other), key=lambda each: each.number)
                price, quantity = older.order.vertices[0].price, int(order.quantity)
                for each in (older, newer):
                    self._crossing.holdings.remove(each.order.order_id)
                self._crossing.report(older.order, newer.order, price, quantity, out)
                for each in (older, newer):
                    out.append(OrderRemoved(each.order.order_id, "matched"))
                    self._crossing.drop_siblings(each.order, out)
                return True
        return False

    def _instruments_of(self, order_ids: Iterable[OrderId]) -> list[InstrumentId]:
        return [self._seen[each].instrument_id for each in order_ids]

    def _remove(self, order_ids: Iterable[OrderId], reason: str) -> list[Outcome]:
        out: list[Outcome] = []
        return self._settle(self._release(order_ids, reason, out), out)

    def _release(self, order_ids: Iterable[OrderId], reason: str, out: list[Outcome]) -> list[InstrumentId]:
        """Let go of those orders that are still held; return the instruments that changed."""
        before = len(out)
        for order_id in order_ids:
            if self._crossing.holdings.get(order_id) is not None:
                self._crossing.remove(order_id, reason, out)
        removed = [outcome for outcome in out[before:] if isinstance(outcome, OrderRemoved)]
        return self._instruments_of(outcome.order_id for outcome in removed)
