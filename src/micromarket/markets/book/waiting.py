"""What waits beside the book to be matched whole: all-or-none orders and linked blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from heapq import heappop, heappush

from micromarket.domain.ids import InstrumentId, PartyId
from micromarket.markets.admission import crosses
from micromarket.markets.book.crossing import Crossing
from micromarket.markets.book.holdings import Held, Holdings
from micromarket.markets.mechanism import OrderRemoved, Outcome
from micromarket.markets.memory import Memory

Matching = Callable[[InstrumentId], bool]
"""Whether orders of an instrument are matched now."""


def match_waiting(
    crossing: Crossing, memory: Memory, matching: Matching, changed: Iterable[InstrumentId], out: list[Outcome]
) -> None:
    """Match whatever waits beside the books of instruments that changed, oldest first, until nothing more can be.

    Instruments of orders that were removed have changed too.
    """
    untried = _Untried(crossing.holdings)
    untried.add([*changed, *memory.instruments_of(out)])
    while (held := untried.oldest()) is not None:
        told = len(out)
        if _match(crossing, matching, held, out):
            untried.add(memory.instruments_of(out[told:]))


class _Untried:
    """What waits and was not tried since its instrument changed."""

    def __init__(self, holdings: Holdings) -> None:
        self._holdings = holdings
        self._numbers: list[int] = []
        self._waiting: dict[int, Held] = {}

    def add(self, instrument_ids: Iterable[InstrumentId]) -> None:
        """Try again what waits beside the books of these instruments."""
        for each in dict.fromkeys(instrument_ids):
            for held in self._holdings.waiting(each):
                if held.number not in self._waiting:
                    self._waiting[held.number] = held
                    heappush(self._numbers, held.number)

    def oldest(self) -> Held | None:
        """Return the oldest that still waits, which is then no longer untried; None if there is none."""
        while self._numbers:
            held = self._waiting.pop(heappop(self._numbers))
            if self._holdings.get(held.order.order_id) is held:
                return held
        return None


def _match(crossing: Crossing, matching: Matching, held: Held, out: list[Outcome]) -> bool:
    """Match a waiting block if every leg can be matched wholly, or a lone order if its equal waits too."""
    legs = [leg for each in held.block if (leg := crossing.holdings.get(each)) is not None]
    if not all(matching(leg.order.instrument_id) for leg in legs):
        return False
    met: set[tuple[PartyId, str]] = set()
    if any(crossing.reach(leg.order, met) < leg.order.quantity for leg in legs):
        return len(legs) == 1 and _match_equals(crossing, held, out)
    for leg in legs:
        crossing.holdings.remove(leg.order.order_id)
    for leg in legs:
        crossing.match(leg.order, leg.number, int(leg.order.quantity), out)
        out.append(OrderRemoved(leg.order.order_id, "matched"))
    return True


def _match_equals(crossing: Crossing, held: Held, out: list[Outcome]) -> bool:
    """Match an all-or-none order with the oldest waiting one of the same quantity that it crosses."""
    for other in crossing.holdings.waiting(held.order.instrument_id):
        if _are_equals(held, other) and crossing.may_meet(held.order, other.order):
            older, newer = sorted((held, other), key=lambda each: each.number)
            for each in (older, newer):
                crossing.holdings.remove(each.order.order_id)
            price, quantity = older.order.vertices[0].price, int(held.order.quantity)
            crossing.report(older.order, newer.order, price, quantity, out)
            for each in (older, newer):
                out.append(OrderRemoved(each.order.order_id, "matched"))
                crossing.drop_siblings(each.order, out)
            return True
    return False


def _are_equals(held: Held, other: Held) -> bool:
    one, two = held.order, other.order
    fits = len(other.block) == 1 and two.side is not one.side and two.quantity == one.quantity
    return fits and crosses(one, two.vertices[0].price)
