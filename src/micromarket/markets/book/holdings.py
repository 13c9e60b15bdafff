"""What an order book holds, found by name, number, party, owner, set, instrument and time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from heapq import heappop, heappush
from typing import TypeVar

from micromarket.domain.ids import InstrumentId, OrderId, PartyId
from micromarket.domain.orders import Order

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Held:
    """An order that is held.

    Parameters
    ----------
    order : Order
        As it was submitted or last amended.
    number : int
        Its arrival, counted from 1; what the kernel calls it.
    block : tuple of OrderId
        Empty if it stands in the book; else it waits beside the book with these, itself among them.
    """

    order: Order
    number: int
    block: tuple[OrderId, ...] = ()


class Holdings:
    """The orders that stand or wait, each found in one step.

    Parameters
    ----------
    owners : mapping of PartyId to str
        Beneficial owner of each party; a party that is not named owns itself.
    """

    def __init__(self, owners: Mapping[PartyId, str]) -> None:
        self._owners = owners
        self._by_name: dict[OrderId, Held] = {}
        self._by_number: dict[int, Held] = {}
        self._parties: dict[PartyId, dict[OrderId, None]] = defaultdict(dict)
        self._instruments: dict[InstrumentId, dict[OrderId, None]] = defaultdict(dict)
        self._sets: dict[tuple[PartyId, str], dict[OrderId, None]] = defaultdict(dict)
        self._owned: dict[tuple[str, InstrumentId, bool], int] = {}
        self._in_sets: dict[tuple[InstrumentId, bool], int] = {}
        self._waiting: dict[InstrumentId, dict[OrderId, None]] = defaultdict(dict)
        self._dated: list[tuple[datetime, int, OrderId]] = []

    def __iter__(self) -> Iterator[Held]:
        """Go through all that is held, by arrival."""
        return iter(sorted(self._by_name.values(), key=lambda held: held.number))

    def get(self, order_id: OrderId) -> Held | None:
        """Return an order if it is held."""
        return self._by_name.get(order_id)

    def numbered(self, number: int) -> Held:
        """Return the order of that number."""
        return self._by_number[number]

    def add(self, held: Held) -> None:
        """Hold an order."""
        order, name = held.order, held.order.order_id
        self._by_name[name] = self._by_number[held.number] = held
        self._parties[order.party_id][name] = None
        self._instruments[order.instrument_id][name] = None
        if order.terms.one_of is not None:
            self._sets[order.party_id, order.terms.one_of][name] = None
        if order.terms.good_till is not None:
            heappush(self._dated, (order.terms.good_till, held.number, name))
        if held.block:
            self._waiting[order.instrument_id][name] = None
        self._count(held, 1)

    def remove(self, order_id: OrderId) -> Held:
        """Hold an order no longer."""
        held = self._by_name.pop(order_id)
        order = held.order
        del self._by_number[held.number]
        _discard(self._parties, order.party_id, order_id)
        _discard(self._instruments, order.instrument_id, order_id)
        if order.terms.one_of is not None:
            _discard(self._sets, (order.party_id, order.terms.one_of), order_id)
        if held.block:
            _discard(self._waiting, order.instrument_id, order_id)
        self._count(held, -1)
        return held

    def of_party(self, party_id: PartyId) -> list[Held]:
        """Return what a party has, by arrival."""
        return self._sorted(self._parties.get(party_id, {}))

    def of_instrument(self, instrument_id: InstrumentId) -> list[Held]:
        """Return what is held of an instrument, by arrival."""
        return self._sorted(self._instruments.get(instrument_id, {}))

    def waiting(self, instrument_id: InstrumentId) -> list[Held]:
        """Return what waits beside the book of an instrument, by arrival."""
        return self._sorted(self._waiting.get(instrument_id, {}))

    @property
    def anything_waits(self) -> bool:
        """Whether any order waits beside the books."""
        return bool(self._waiting)

    def siblings(self, order: Order) -> list[Held]:
        """Return the other orders of the set of which at most one shall be matched, by arrival."""
        if order.terms.one_of is None:
            return []
        found = self._sorted(self._sets.get((order.party_id, order.terms.one_of), {}))
        return [held for held in found if held.order.order_id != order.order_id]

    def same_owner(self, one: Order, other: Order) -> bool:
        """Return whether two orders belong to the same beneficial owner."""
        return self._owner(one) == self._owner(other)

    def meets_own(self, order: Order) -> bool:
        """Return whether the owner of `order` has an order standing on the other side of its instrument."""
        return (self._owner(order), order.instrument_id, not buys(order)) in self._owned

    def meets_sets(self, order: Order) -> bool:
        """Return whether an order of a set stands on the other side of the instrument."""
        return (order.instrument_id, not buys(order)) in self._in_sets

    def due(self, now: datetime) -> Iterator[OrderId]:
        """Go through the orders that are over at `now`, by their time, then arrival; each must be removed."""
        while self._dated and self._dated[0][0] <= now:
            _, number, order_id = heappop(self._dated)
            held = self._by_name.get(order_id)
            if held is not None and held.number == number:
                yield order_id

    def _owner(self, order: Order) -> str:
        return self._owners.get(order.party_id, order.party_id)

    def _sorted(self, order_ids: Mapping[OrderId, None]) -> list[Held]:
        return sorted((self._by_name[each] for each in order_ids), key=lambda held: held.number)

    def _count(self, held: Held, change: int) -> None:
        order = held.order
        if held.block:
            return
        _add(self._owned, (self._owner(order), order.instrument_id, buys(order)), change)
        if order.terms.one_of is not None:
            _add(self._in_sets, (order.instrument_id, buys(order)), change)


def buys(order: Order) -> bool:
    """Return whether an order of one side buys."""
    return order.vertices[0].power < 0


def _discard(index: dict[Key, dict[OrderId, None]], key: Key, order_id: OrderId) -> None:
    del index[key][order_id]
    if not index[key]:
        del index[key]


def _add(counts: dict[Key, int], key: Key, change: int) -> None:
    count = counts.get(key, 0) + change
    if count:
        counts[key] = count
    else:
        del counts[key]
