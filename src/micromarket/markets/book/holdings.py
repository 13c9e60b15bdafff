"""What an order book holds, found by name, number, party, owner, set, instrument and time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from micromarket.domain.ids import InstrumentId, OrderId, PartyId
from micromarket.domain.orders import PLAIN, Order
from micromarket.markets.book.ends import Ends

Key = TypeVar("Key")


@dataclass(slots=True, eq=False)
class Held:
    """An order that is held; never changed.

    Parameters
    ----------
    order : Order
        As it was submitted or last amended.
    number : int
        Its arrival, counted from 1; what the kernel calls it.
    block : tuple of OrderId
        If not empty it waits beside the book with these, itself among them.
    collected : bool
        Whether it waits beside the book for the next crossing at one price.
    """

    order: Order
    number: int
    block: tuple[OrderId, ...] = ()
    collected: bool = False

    @property
    def stands(self) -> bool:
        """Whether it is in the book."""
        return not self.block and not self.collected


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
        self._parties: dict[PartyId, dict[OrderId, Held]] = defaultdict(dict)
        self._owned: dict[tuple[str, InstrumentId, bool], int] = {}
        self._sets: dict[tuple[PartyId, str], dict[OrderId, Held]] = defaultdict(dict)
        self._in_sets: dict[tuple[InstrumentId, bool], int] = {}
        self._waiting: dict[InstrumentId, dict[OrderId, Held]] = defaultdict(dict)
        self._collected: dict[InstrumentId, dict[OrderId, Held]] = defaultdict(dict)
        self.ends = Ends()
        """When those that have an end are over."""

    def __iter__(self) -> Iterator[Held]:
        """Go through all that is held, by arrival."""
        return iter(_sorted(self._by_name))

    def __len__(self) -> int:
        """Return how many orders are held."""
        return len(self._by_name)

    def get(self, order_id: OrderId) -> Held | None:
        """Return an order if it is held."""
        return self._by_name.get(order_id)

    def numbered(self, number: int) -> Held:
        """Return the order of that number."""
        return self._by_number[number]

    def add(self, held: Held) -> None:
        """Hold an order."""
        order = held.order
        self._by_name[order.order_id] = self._by_number[held.number] = held
        self._parties[order.party_id][order.order_id] = held
        if not held.block and not held.collected:
            key = self._owners.get(order.party_id, order.party_id), order.instrument_id, order.vertices[0].power < 0
            self._owned[key] = self._owned.get(key, 0) + 1
        if order.terms is not PLAIN or held.block or held.collected:
            self._add_more(held)

    def _add_more(self, held: Held) -> None:
        order, name = held.order, held.order.order_id
        terms = order.terms
        if terms.one_of is not None:
            self._sets[order.party_id, terms.one_of][name] = held
            if held.stands:
                _add(self._in_sets, (order.instrument_id, buys(order)), 1)
        if terms.good_till is not None:
            self.ends.add(terms.good_till, held.number, name)
        if held.block:
            self._waiting[order.instrument_id][name] = held
        if held.collected:
            self._collected[order.instrument_id][name] = held

    def remove(self, order_id: OrderId) -> Held:
        """Hold an order no longer."""
        held = self._by_name.pop(order_id)
        order = held.order
        del self._by_number[held.number]
        _discard(self._parties, order.party_id, order_id)
        if held.stands:
            owner = self._owners.get(order.party_id, order.party_id)
            _add(self._owned, (owner, order.instrument_id, buys(order)), -1)
        if order.terms is not PLAIN or not held.stands:
            self._remove_more(held)
        return held

    def _remove_more(self, held: Held) -> None:
        order, name = held.order, held.order.order_id
        if order.terms.one_of is not None:
            _discard(self._sets, (order.party_id, order.terms.one_of), name)
            if held.stands:
                _add(self._in_sets, (order.instrument_id, buys(order)), -1)
        if order.terms.good_till is not None:
            self.ends.remove(name)
        if held.block:
            _discard(self._waiting, order.instrument_id, name)
        if held.collected:
            _discard(self._collected, order.instrument_id, name)

    def of_party(self, party_id: PartyId) -> list[Held]:
        """Return what a party has, by arrival."""
        return _sorted(self._parties.get(party_id, {}))

    def waiting(self, instrument_id: InstrumentId) -> list[Held]:
        """Return what waits beside the book of an instrument to be matched whole, by arrival."""
        return _sorted(self._waiting.get(instrument_id, {}))

    def collected(self, instrument_id: InstrumentId) -> list[Held]:
        """Return what was collected for the next crossing of an instrument at one price, by arrival."""
        return _sorted(self._collected.get(instrument_id, {}))

    @property
    def anything_waits(self) -> bool:
        """Whether any order waits beside the books to be matched whole."""
        return bool(self._waiting)

    def siblings(self, order: Order) -> list[Held]:
        """Return the other orders of the set of which at most one shall be matched, by arrival."""
        if order.terms.one_of is None:
            return []
        found = _sorted(self._sets.get((order.party_id, order.terms.one_of), {}))
        return [held for held in found if held.order.order_id != order.order_id]

    def same_owner(self, one: Order, other: Order) -> bool:
        """Return whether two orders belong to the same beneficial owner."""
        owners = (self._owners.get(each.party_id, each.party_id) for each in (one, other))
        return next(owners) == next(owners)

    def meets_own(self, order: Order) -> bool:
        """Return whether the owner of `order` has an order standing on the other side of its instrument."""
        owner = self._owners.get(order.party_id, order.party_id)
        return (owner, order.instrument_id, not buys(order)) in self._owned

    def meets_sets(self, order: Order) -> bool:
        """Return whether an order of a set stands on the other side of the instrument."""
        return bool(self._in_sets) and (order.instrument_id, not buys(order)) in self._in_sets


def buys(order: Order) -> bool:
    """Return whether an order of one side buys."""
    return order.vertices[0].power < 0


def _sorted(held: Mapping[OrderId, Held]) -> list[Held]:
    return sorted(held.values(), key=lambda each: each.number)


def _discard(index: dict[Key, dict[OrderId, Held]], key: Key, order_id: OrderId) -> None:
    del index[key][order_id]
    if not index[key]:
        del index[key]


def _add(counts: dict[Key, int], key: Key, change: int) -> None:
    count = counts.get(key, 0) + change
    if count:
        counts[key] = count
    else:
        del counts[key]
