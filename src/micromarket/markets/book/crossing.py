"""One order against the other side of the book: what it could take, what it takes, and whom it must not meet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum

from micromarket.domain.ids import InstrumentId, OrderId, PartyId
from micromarket.domain.orders import Execution, Order, Side
from micromarket.domain.products import Steps
from micromarket.kernels.matching import Book, Kind
from micromarket.markets.admission import MOST_STEPS, Rule, crosses
from micromarket.markets.book.holdings import Held, Holdings, buys
from micromarket.markets.book.plain_orders import PlainLimit
from micromarket.markets.by_instrument import ByInstrument
from micromarket.markets.mechanism import BestPrices, Level, Matched, OrderRemoved, Outcome, Reduced, Rested
from micromarket.markets.standing import keeps_place

SIDES = {Side.BUY: 0, Side.SELL: 1}
"""What the kernel calls the sides."""


class SelfTrading(Enum):
    """What happens before an order would meet one of the same beneficial owner."""

    ALLOW = "allow"
    """They trade."""
    CANCEL_NEWEST = "cancel newest"
    """What is left of the order that arrived is removed."""
    CANCEL_OLDEST = "cancel oldest"
    """The order that stood is removed."""
    CANCEL_BOTH = "cancel both"
    """Both are removed."""
    DECREMENT = "decrement"
    """Both are made smaller by the smaller of the two."""


@dataclass(frozen=True, slots=True)
class Segment:
    """The rules of a part of the market.

    Parameters
    ----------
    priority : {"time", "volume", "pro_rata"}
        Who comes first among orders of one price: the oldest, the largest, or all in proportion, rounded down, what
        is left over one step each to the oldest.
    self_trading : SelfTrading
        What happens before an order would meet one of the same owner.
    rules : tuple of Rule
        Asked after those of every order book: collars, largest quantities, your own.
    owners : mapping of PartyId to str
        Beneficial owner of each party; a party that is not named owns itself.
    remembers : timedelta
        How long, by the event clock, a name stays taken after its order was let go, and an instrument is known after
        its gate.
    """

    priority: str = "time"
    self_trading: SelfTrading = SelfTrading.CANCEL_NEWEST
    rules: tuple[Rule, ...] = ()
    owners: Mapping[PartyId, str] = field(default_factory=dict)
    remembers: timedelta = timedelta(days=1)


class Crossing:
    """The kernel's book, the orders in it, and what happens between two matches.

    Parameters
    ----------
    segment : Segment
        Its rules.
    """

    def __init__(self, segment: Segment) -> None:
        self._segment = segment
        self.book = Book(segment.priority)
        self.holdings = Holdings(segment.owners)
        self.indices = ByInstrument[int]()
        self.free: list[int] = []
        self.positions = ByInstrument[Counter[PartyId]]()
        self.last_prices: dict[InstrumentId, int] = {}

    def admit(self, instrument_id: InstrumentId) -> None:
        """Give an instrument a place in the kernel, that of one that was dropped if there is such."""
        if instrument_id not in self.indices:
            index = self.free.pop() if self.free else len(self.indices)
            self.indices[instrument_id] = index
            self.positions[instrument_id] = Counter()

    def drop(self, instrument_id: InstrumentId) -> None:
        """Forget an instrument of which nothing is held."""
        self.free.append(self.indices.pop(instrument_id))
        del self.positions[instrument_id]
        self.last_prices.pop(instrument_id, None)

    def of_instrument(self, instrument_id: InstrumentId) -> list[Held]:
        """Return what is held of an instrument, by arrival."""
        beside = self.holdings.waiting(instrument_id) + self.holdings.collected(instrument_id)
        return sorted(self.standing(instrument_id) + beside, key=lambda held: held.number)

    def standing(self, instrument_id: InstrumentId) -> list[Held]:
        """Return what stands in the book of an instrument."""
        rows = self.book.orders(self.indices[instrument_id])
        return [self.holdings.numbered(number) for number in rows["order_id"].tolist()]

    def remaining(self, held: Held) -> int:
        """Return how much of a held order is left [quantity steps]."""
        return self.book.remaining(held.number) if held.stands else held.order.quantity

    def remove(self, order_id: OrderId, reason: str, out: list[Outcome]) -> None:
        """Let go of an order, and of those it is linked with."""
        held = self.holdings.remove(order_id)
        self.book.cancel(held.number)
        out.append(OrderRemoved(order_id, reason))
        for partner in held.block:
            if self.holdings.get(partner) is not None:
                self.remove(partner, reason, out)

    def best_prices(self, instrument_id: InstrumentId) -> BestPrices:
        """Return the best price of each side."""
        index = self.indices[instrument_id]
        fronts = (self.book.front(index, number) for number in SIDES.values())
        return BestPrices(*(None if front is None else Steps(front[1]) for front in fronts))

    def depth(self, instrument_id: InstrumentId) -> tuple[Level, ...]:
        """Return what stands by side and price, buyers first, best price first."""
        index = self.indices[instrument_id]
        return tuple(
            Level(side, Steps(price), Steps(quantity), orders)
            for side, number in SIDES.items()
            for price, quantity, orders in self.book.depth(index, number)
        )

    def would_meet_own(self, order: Order) -> bool:
        """Return whether an order of the same owner stands at a price that the order accepts."""
        return any(
            held.order.side is not order.side and crosses(order, held.order.vertices[0].price)
            for held in self.standing(order.instrument_id)
            if self.holdings.same_owner(order, held.order)
        )

    def keeps_place(self, held: Held, amended: Order) -> bool:
        """Return whether an amendment only makes an order smaller than what is left of it."""
        return not held.block and keeps_place(held.order, amended, self.remaining(held))

    def reduce(self, held: Held, amended: Order) -> None:
        """Make an order smaller that keeps its place."""
        if held.stands:
            self.book.reduce(held.number, int(amended.quantity))
        else:
            self.holdings.remove(held.order.order_id)
            self.holdings.add(Held(amended, held.number, collected=True))

    def trade(self, order: Order, number: int, quantity: int, out: list[Outcome]) -> None:
        """Match `quantity` of an order; what is left of it stands or is dropped, as its terms ask."""
        left, prevented = self.match(order, number, quantity, out)
        if prevented or not left:
            out.append(OrderRemoved(order.order_id, "self-trade" if prevented else "matched"))
        elif order.terms.execution is Execution.STANDING and not order.is_market:
            self.holdings.add(Held(order, number))
            self._add(order, number, left, Kind.NEW)
            out.append(Rested(order.order_id, Steps(left)))
        else:
            out.append(OrderRemoved(order.order_id, "not matched at once"))

    def enter(self, held: Held, plain: PlainLimit, out: list[Outcome]) -> bool:
        """Match a limit order without terms and let the rest stand, in one step; return whether that could be."""
        order, (buying, price, left) = held.order, plain
        index, side = self.indices[order.instrument_id], 0 if buying else 1
        front = self.book.front(index, 1 - side)
        if front is not None and (front[1] <= price if buying else front[1] >= price) and self._is_guarded(order):
            return False
        trades = self.book.add(index, side, price, left, held.number)
        left -= self._tell(order, trades, out) if trades else 0
        if left:
            self.holdings.add(held)
            out.append(Rested(order.order_id, Steps(left)))
        else:
            out.append(OrderRemoved(order.order_id, "matched"))
        return True

    def match(self, order: Order, number: int, quantity: int, out: list[Outcome]) -> tuple[int, bool]:
        """Match `quantity` of an order, as far as it accepts and may meet what stands.

        Returns
        -------
        left : int
            What is left of it [quantity steps].
        prevented : bool
            Whether it must go, for it would have met an order of its owner.
        """
        if not self._is_guarded(order):
            return self._take(order, number, quantity, out), False
        while quantity and (standing := self._next(order)) is not None:
            held, within_reach = standing
            if self._is_sibling(order, held.order):
                self.remove(held.order.order_id, "self-trade", out)
            elif self._may_not_meet(order, held.order):
                quantity = self._prevent(order, held, quantity, out)
                if not quantity:
                    return 0, True
            else:
                taken = min(quantity, within_reach)
                quantity -= taken - self._take(order, number, taken, out)
        return quantity, False

    def reach(self, order: Order, met: set[tuple[PartyId, str]]) -> int:
        """Return how much of an order would be matched now [quantity steps], up to its quantity.

        `met` gathers the sets of which an order would be matched, so that no other of theirs is counted.
        """
        quantity = int(order.quantity)
        if not self._is_guarded(order):
            place = self.indices[order.instrument_id], SIDES[_side(order)], _worst_price(order)
            return min(quantity, int(self.book.available(*place)))
        total = 0
        for held, available in self._queue(order):
            if total >= quantity or not crosses(order, held.order.vertices[0].price):
                break
            of_set = _set_of(held.order)
            if self._is_sibling(order, held.order) or of_set in met:
                continue
            if self._may_not_meet(order, held.order):
                quantity = self._left_after(quantity, available, total)
                continue
            total += available
            if of_set is not None:
                met.add(of_set)
        return min(total, quantity)

    def _left_after(self, quantity: int, available: int, total: int) -> int:
        """Return how much of an order may still be matched once it came upon one of its owner."""
        if self._segment.self_trading is SelfTrading.CANCEL_OLDEST:
            return quantity
        return max(total, quantity - available) if self._segment.self_trading is SelfTrading.DECREMENT else total

    def report(self, standing: Order, order: Order, price: int, quantity: int, out: list[Outcome]) -> None:
        """Tell of a match, and book it."""
        out.append(Matched(standing.order_id, order.order_id, Steps(price), Steps(quantity)))
        self.last_prices[order.instrument_id] = price
        bought = quantity if buys(order) else -quantity
        self.book_position(order, bought)
        self.book_position(standing, -bought)

    def book_position(self, order: Order, bought: int) -> None:
        """Add to what the party of an order bought of its instrument [quantity steps]."""
        positions = self.positions[order.instrument_id]
        positions[order.party_id] += bought
        if not positions[order.party_id]:
            del positions[order.party_id]

    def drop_siblings(self, order: Order, out: list[Outcome]) -> None:
        """Let go of the others of a set of which one was matched."""
        for held in self.holdings.siblings(order):
            if self.holdings.get(held.order.order_id) is not None:
                self.remove(held.order.order_id, "another of its set was matched", out)

    def may_meet(self, order: Order, other: Order) -> bool:
        """Return whether two orders may be matched with each other."""
        return not self._is_sibling(order, other) and not self._may_not_meet(order, other)

    def _is_guarded(self, order: Order) -> bool:
        """Return whether the order may meet one that must not simply be matched with it."""
        cares = self._segment.self_trading is not SelfTrading.ALLOW or order.terms.one_of is not None
        return (cares and self.holdings.meets_own(order)) or self.holdings.meets_sets(order)

    def _may_not_meet(self, order: Order, other: Order) -> bool:
        prevented = self._segment.self_trading is not SelfTrading.ALLOW
        return prevented and self.holdings.same_owner(order, other)

    def _is_sibling(self, order: Order, other: Order) -> bool:
        return order.terms.one_of is not None and _set_of(order) == _set_of(other)

    def _next(self, order: Order) -> tuple[Held, int] | None:
        """Return the standing order that comes next and how much may be taken before asking again."""
        instrument, side = self.indices[order.instrument_id], SIDES[_side(order).opposite]
        front = self.book.front(instrument, side)
        if front is None or not crosses(order, Steps(front[1])):
            return None
        if self._segment.priority != "pro_rata":
            return self.holdings.numbered(front[0]), front[2]
        held = next(self._queue(order))[0]
        return held, self.book.depth(instrument, side, 1)[0][1]

    def _queue(self, order: Order) -> Iterator[tuple[Held, int]]:
        """Go through the other side in priority; where a price is shared, those that it must not meet come first."""
        side = SIDES[_side(order).opposite]
        rows = self.book.orders(self.indices[order.instrument_id])
        found = [(self.holdings.numbered(int(row["order_id"])), row) for row in rows[rows["side"] == side]]
        queue = [(held, int(row["price"]), int(row["quantity"])) for held, row in found]
        turn = _side(order).value
        if self._segment.priority == "volume":
            queue.sort(key=lambda each: (-turn * each[1], -each[2]))
        if self._segment.priority == "pro_rata":
            queue.sort(key=lambda each: (-turn * each[1], self.may_meet(order, each[0].order)))
        return ((held, quantity) for held, _, quantity in queue)

    def _prevent(self, order: Order, held: Held, quantity: int, out: list[Outcome]) -> int:
        """Keep an order from meeting one of its owner; return what is left of it."""
        policy, name, stood = self._segment.self_trading, held.order.order_id, self.remaining(held)
        if policy is SelfTrading.CANCEL_NEWEST:
            return 0
        if policy is SelfTrading.DECREMENT and stood > quantity:
            self.book.reduce(held.number, stood - quantity)
            out.append(Reduced(name, Steps(quantity), Steps(stood - quantity)))
            return 0
        self.remove(name, "self-trade", out)
        if policy is SelfTrading.CANCEL_BOTH:
            return 0
        if policy is SelfTrading.CANCEL_OLDEST or stood == quantity:
            return 0 if policy is SelfTrading.DECREMENT else quantity
        out.append(Reduced(order.order_id, Steps(stood), Steps(quantity - stood)))
        return quantity - stood

    def _take(self, order: Order, number: int, quantity: int, out: list[Outcome]) -> int:
        """Match at once what can be; return what is left of `quantity`."""
        return quantity - self._tell(order, self._add(order, number, quantity, Kind.IOC), out)

    def _tell(self, order: Order, trades: Iterable[tuple[int, int, int]], out: list[Outcome]) -> int:
        """Tell of what the kernel matched; return how much."""
        total = 0
        for maker, price, matched in trades:
            held = self.holdings.numbered(maker)
            self.report(held.order, order, price, matched, out)
            total += matched
            if not self.book.remaining(maker):
                self.holdings.remove(held.order.order_id)
                out.append(OrderRemoved(held.order.order_id, "matched"))
            self.drop_siblings(held.order, out)
            self.drop_siblings(order, out)
        return total

    def _add(self, order: Order, number: int, quantity: int, kind: Kind) -> list[tuple[int, int, int]]:
        place = self.indices[order.instrument_id], 0 if buys(order) else 1
        return self.book.add(*place, _worst_price(order), quantity, number, kind)


def _side(order: Order) -> Side:
    return Side.BUY if buys(order) else Side.SELL


def _worst_price(order: Order) -> int:
    if order.is_market:
        return -_side(order).value * MOST_STEPS
    return int(order.vertices[0].price)


def _set_of(order: Order) -> tuple[PartyId, str] | None:
    return None if order.terms.one_of is None else (order.party_id, order.terms.one_of)
