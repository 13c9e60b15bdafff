"""The continuous order book: an order that arrives trades at once with what stands, at the standing price.

The kernel matches: sides, price levels, priority, whole or partial fill. All else is a step of its own: rules before
it (`micromarket.markets.admission`), self-trades and sets between two matches
(`micromarket.markets.book.crossing`), and here what becomes of the rest: it stands, is dropped, or waits beside.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from micromarket.domain.curves import Curves
from micromarket.domain.ids import InstrumentId, OrderId, PartyId
from micromarket.domain.orders import Execution, Order, Side, Vertex, limit
from micromarket.domain.products import Steps
from micromarket.errors import InvalidValue, NotSupported
from micromarket.markets import snapshots
from micromarket.markets.admission import (
    CONTINUOUS,
    Objection,
    Rule,
    TradingState,
    judge,
    plain_leg,
    whole_steps,
)
from micromarket.markets.auctions.call_auction import Uncrossing
from micromarket.markets.book import saving
from micromarket.markets.book.calendar import Deliveries, Phase, Timetable, TradingCalendar
from micromarket.markets.book.collecting import cross, indication
from micromarket.markets.book.crossing import Crossing, Segment, SelfTrading
from micromarket.markets.book.holdings import Held
from micromarket.markets.book.plain_orders import plain_limit
from micromarket.markets.book.waiting import match_waiting
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
from micromarket.markets.standing import amended_order, block_refusal, curve_of, repeated

__all__ = ["OrderBook", "Segment", "SelfTrading"]


MATCHING = frozenset({TradingState.ACTIVE, TradingState.REDUCING})
"""States in which orders are matched as they come."""


class OrderBook:
    """A continuous order book for many instruments.

    Parameters
    ----------
    instrument_ids : sequence of InstrumentId
        What it trades from the start; more come with `open`.
    segment : Segment, optional
        Its rules: priority, self-trades, collars and the like.
    deliveries : sequence of Deliveries
        Products of which every delivery is opened when its time comes.
    """

    name: ClassVar[str] = "order_book"
    version: ClassVar[int] = 3
    takes: ClassVar[frozenset[OrderKind]] = frozenset({OrderKind.LIMIT, OrderKind.MARKET})

    def __init__(
        self,
        instrument_ids: Sequence[InstrumentId],
        segment: Segment | None = None,
        deliveries: Sequence[Deliveries] = (),
    ) -> None:
        self._segment, self._deliveries = segment or Segment(), deliveries
        self._rules: tuple[Rule, ...] = (*CONTINUOUS, self._no_shared_sets, *self._segment.rules)
        self._begin()
        for each in instrument_ids:
            self.open(each)

    def _begin(self) -> None:
        self._crossing = Crossing(self._segment)
        self._memory = Memory(self._segment.remembers)
        self._calendar = TradingCalendar(self._segment.remembers, self._deliveries)
        self._states: dict[InstrumentId, TradingState] = {}
        self._free: set[InstrumentId] = set()
        self._last = 0

    @property
    def now(self) -> datetime | None:
        """The event clock; None before it was first moved."""
        return self._calendar.now

    def trades(self, instrument_id: InstrumentId) -> bool:
        """Return whether the instrument is traded here, or was and is still known."""
        return self._calendar.trades(instrument_id)

    def opens(self, instrument_id: InstrumentId) -> datetime | None:
        """Return when the instrument opens; None if it was open from the first."""
        return self._calendar.opens(instrument_id)

    def gate(self, instrument_id: InstrumentId) -> datetime | None:
        """Return when the instrument's gate closes; None if it has none."""
        return self._calendar.gate(instrument_id)

    def state(self, instrument_id: InstrumentId) -> TradingState:
        """Return what the instrument takes: what was set, or what its timetable says."""
        if (state := self._states.get(instrument_id)) is not None:
            return state
        collecting = self._calendar.phase(instrument_id) is Phase.COLLECTING
        return TradingState.COLLECTING if collecting else TradingState.ACTIVE

    def position(self, party_id: PartyId, instrument_id: InstrumentId) -> int:
        """Return what the party bought, less what it sold [quantity steps]."""
        return self._crossing.positions[instrument_id][party_id]

    def standing(self, party_id: PartyId, instrument_id: InstrumentId, side: Side) -> int:
        """Return how much of the party's orders stands or waits on a side [quantity steps]."""
        held = [each for each in self._crossing.holdings.of_party(party_id) if each.order.side is side]
        return sum(self._crossing.remaining(each) for each in held if each.order.instrument_id == instrument_id)

    def meets_own(self, order: Order) -> bool:
        """Return whether an order of the same owner stands at a price that the order accepts."""
        return self._crossing.would_meet_own(order)

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
        NaiveTime
            If the gate has no zone.
        """
        self.schedule(instrument_id, Timetable(gate=gate))

    def schedule(self, instrument_id: InstrumentId, times: Timetable) -> None:
        """Trade an instrument by a timetable, with an opening and a closing auction if it has them.

        Raises
        ------
        InvalidValue
            If it was opened before.
        """
        self._calendar.add(instrument_id, times)
        self._crossing.admit(instrument_id)
        self._look_again(instrument_id)

    def set_state(self, state: TradingState, instrument_id: InstrumentId | None = None) -> list[Outcome]:
        """Halt, collect, reduce or resume an instrument, or all; what was collected crosses once matching goes on.

        `TradingState.ACTIVE` gives the instrument back to its timetable.

        Raises
        ------
        InvalidValue
            If the instrument is not traded here.
        """
        if instrument_id is not None and not self.trades(instrument_id):
            raise InvalidValue(f"{instrument_id} is not traded here")
        chosen, out = list(self._crossing.indices) if instrument_id is None else [instrument_id], list[Outcome]()
        for each in chosen:
            self._states[each] = state
            if state is TradingState.ACTIVE:
                del self._states[each]
            self._go_on(each, out)
        return self._settle(chosen, out)

    def indication(self, instrument_id: InstrumentId) -> Uncrossing:
        """Return at what price, and how much, would be matched if what was collected crossed now."""
        return indication(self._crossing, instrument_id)

    def submit(self, order: Order) -> list[Outcome]:
        """Match an order with what stands; what is left of it stands, is dropped or waits, as its terms ask."""
        if (known := repeated(order, self._memory.seen)) is not None:
            return [known]
        plain = plain_limit(order) if order.instrument_id in self._free else None
        rules = self._rules if plain is None else self._segment.rules
        if rules and (refusal := judge(order, self, rules)) is not None:
            return [refusal]
        self._memory.seen[order.order_id] = order
        out: list[Outcome] = [OrderAccepted(order.order_id)]
        if plain is None or not self._crossing.enter(Held(order, self._last + 1), plain, out):
            self._enter(order, out)
        else:
            self._last += 1
        return self._settle([order.instrument_id], out)

    def submit_block(self, orders: Sequence[Order]) -> list[Outcome]:
        """Take limit orders for several instruments that are matched all together and wholly, or not at all.

        The block is matched as soon as the books can fill every leg; until then it waits. If one leg is refused, all
        are; if one is cancelled or over, all go.
        """
        if orders and all(self._memory.seen.get(order.order_id) == order for order in orders):
            return [OrderAccepted(order.order_id) for order in orders]
        rules = (*self._rules, plain_leg)
        if (refusal := block_refusal(orders, self._memory.seen, lambda order: judge(order, self, rules))) is not None:
            return [replace(refusal, order_id=order.order_id) for order in orders]
        self._memory.seen.update((order.order_id, order) for order in orders)
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
        if self._crossing.keeps_place(held, amended):
            self._crossing.reduce(held, amended)
            reduced = Reduced(order_id, Steps(left - amended.quantity), amended.quantity)
            return self._settle([amended.instrument_id], [reduced])
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
        """Move the event clock, and do all that is due on the way: many small steps equal a big one.

        At each moment orders that are over go first; then instruments enter the phases of their timetables: what was
        collected crosses, and what is left where a gate has closed goes.
        """
        stops = self._calendar.stops(now, self._crossing.holdings.ends.next)
        return [outcome for moment in stops for outcome in self._arrive(moment)]

    def _arrive(self, moment: datetime) -> list[Outcome]:
        """Do all that is due at a moment."""
        self._memory.forget(moment)
        out: list[Outcome] = []
        changed = self._release(self._crossing.holdings.ends.due(moment), "expired", out)
        for turn in self._calendar.turns():
            changed.append(turn.instrument_id)
            self._turn(turn.instrument_id, turn.phase, out)
        return self._settle(changed, out)

    def _turn(self, instrument_id: InstrumentId, phase: Phase, out: list[Outcome]) -> None:
        """Follow an instrument into a phase of its timetable; what is halted at its gate is not matched any more."""
        if phase is Phase.DROPPED:
            self._crossing.drop(instrument_id)
            self._states.pop(instrument_id, None)
            return
        if phase is Phase.CLOSED and self.state(instrument_id) is TradingState.COLLECTING:
            self._states.pop(instrument_id, None)
        self._crossing.admit(instrument_id)
        self._go_on(instrument_id, out)
        if phase is Phase.CLOSED:
            left = self._crossing.of_instrument(instrument_id)
            self._release((held.order.order_id for held in left), "gate closed", out)

    def _go_on(self, instrument_id: InstrumentId, out: list[Outcome]) -> None:
        """Let what was collected cross if orders are matched again."""
        self._look_again(instrument_id)
        if self._is_matching(instrument_id):
            cross(self._crossing, instrument_id, out)

    def _look_again(self, instrument_id: InstrumentId) -> None:
        """Note whether the instrument takes every order that is none by itself."""
        continuous = self._calendar.phase(instrument_id) is Phase.CONTINUOUS
        if continuous and self.state(instrument_id) is TradingState.ACTIVE:
            self._free.add(instrument_id)
        else:
            self._free.discard(instrument_id)

    def best_prices(self, instrument_id: InstrumentId) -> BestPrices:
        """Return the best price of each side."""
        return self._crossing.best_prices(instrument_id)

    def depth(self, instrument_id: InstrumentId) -> tuple[Level, ...]:
        """Return what stands by side and price, buyers first, best price first; not what waits beside the book."""
        return self._crossing.depth(instrument_id)

    def curve(self, instrument_id: InstrumentId) -> Curves:
        """Return the book as one curve of one interval [price steps, quantity steps]."""
        name, party = OrderId("level"), PartyId("all")
        return curve_of(
            Order(name, party, instrument_id, limit(level.side, level.price, level.quantity))
            for level in self.depth(instrument_id)
        )

    def snapshot(self) -> bytes:
        """Return the whole state."""
        state = {
            "last": self._last,
            "calendar": self._calendar.rows(),
            "states": {each: state.value for each, state in self._states.items()},
            **saving.rows(self._crossing, self._memory),
        }
        return snapshots.to_bytes(self.name, self.version, state)

    def restore(self, snapshot: bytes) -> None:
        """Take over the state of a snapshot."""
        state = snapshots.from_bytes(self.name, self.version, snapshot)
        self._begin()
        self._last = state["last"]
        self._calendar.take(state["calendar"])
        self._states = {each: TradingState(value) for each, value in state["states"].items()}
        saving.take(self._crossing, self._memory, state)
        for each in self._crossing.indices:
            self._look_again(each)

    def _judged(self, order: Order) -> OrderRefused | None:
        return judge(order, self, self._rules)

    def _amended(self, held: Held, vertices: Sequence[Vertex]) -> Order | OrderRefused:
        amended = amended_order(held.order, vertices)
        return amended if isinstance(amended, OrderRefused) else judge(amended, self, (whole_steps,)) or amended

    def _enter(self, order: Order, out: list[Outcome]) -> None:
        """Match an accepted order by its terms, collect it, or let it wait."""
        execution = order.terms.execution
        if execution is Execution.ALL_OR_NONE:
            self._wait([order])
            return
        self._last += 1
        if self.state(order.instrument_id) is TradingState.COLLECTING:
            self._crossing.holdings.add(Held(order, self._last, collected=True))
            return
        needed = int(order.quantity) if execution is Execution.ALL_AT_ONCE else order.terms.minimum
        if needed and self._crossing.reach(order, set()) < needed:
            out.append(OrderRemoved(order.order_id, "not matched at once"))
        else:
            self._crossing.trade(order, self._last, int(order.quantity), out)

    def _wait(self, orders: Sequence[Order]) -> None:
        """Let orders wait beside the book until all of them can be matched wholly."""
        block = tuple(order.order_id for order in orders)
        for order in orders:
            self._last += 1
            self._crossing.holdings.add(Held(order, self._last, block))

    def _settle(self, changed: Iterable[InstrumentId], out: list[Outcome]) -> list[Outcome]:
        """Match whatever waits beside the books of instruments that changed; return all outcomes, and note them."""
        if self._crossing.holdings.anything_waits:
            match_waiting(self._crossing, self._memory, self._is_matching, changed, out)
        self._memory.note(out, self.now)
        return out

    def _is_matching(self, instrument_id: InstrumentId) -> bool:
        return self.state(instrument_id) in MATCHING

    def _remove(self, order_ids: Iterable[OrderId], reason: str) -> list[Outcome]:
        out: list[Outcome] = []
        return self._settle(self._release(order_ids, reason, out), out)

    def _release(self, order_ids: Iterable[OrderId], reason: str, out: list[Outcome]) -> list[InstrumentId]:
        """Let go of those orders that are still held; return the instruments that changed."""
        before = len(out)
        for order_id in order_ids:
            if self._crossing.holdings.get(order_id) is not None:
                self._crossing.remove(order_id, reason, out)
        return self._memory.instruments_of(out[before:])
