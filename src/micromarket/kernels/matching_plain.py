"""The order book in plain Python: what the compiled one must equal, and what takes over where none could be built.

A side keeps a heap of prices and a queue of entries at each. An order that is canceled only loses its quantity;
whoever comes across it throws it away, and when most entries are such, all are swept at once.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from typing import Any

import numpy as np

from micromarket.errors import InvalidValue
from micromarket.kernels.order_records import (
    EVENT,
    MOST_INSTRUMENTS,
    PRIORITIES,
    RESTING,
    TRADE,
    Kind,
    Records,
)

Trades = list[tuple[int, int, int, int]]
Queue = Any  # a deque of entries by age; under volume priority a heap of (-quantity, arrival, entry)

QUANTITY, ORDER_ID, KEY, LADDER, ARRIVAL = range(5)
_MAGIC = b"orders01"
_LOW, _HIGH = -(1 << 31), (1 << 31) - 1
_SWEPT = 4096
_NEW, _CANCEL, _AON, _REPLACE = int(Kind.NEW), int(Kind.CANCEL), int(Kind.AON), int(Kind.REPLACE)


class PlainBook:
    """A continuous order book over many instruments; one thread at a time.

    Orders trade at the standing order's price. Sides are 0 (buys) and 1 (sells); prices and quantities are whole
    steps of 32 bits, order identifiers whole numbers above 0. An identifier that stands is not taken a second time:
    adding it again does nothing. Instruments come into being when they are named.

    Parameters
    ----------
    priority : {"time", "volume", "pro_rata"}, default "time"
        Who trades first among orders at one price. Pro rata, each standing order gets its share of what is taken,
        rounded down, in order of age; lots left over go one each to the oldest.

    Raises
    ------
    InvalidValue
        If there is no such priority. Every method raises it for a number out of range, and then changes nothing.
    """

    def __init__(self, priority: str = "time") -> None:
        if priority not in PRIORITIES:
            raise InvalidValue(f"a priority is time, volume or pro_rata; found {priority}")
        self.priority = priority
        self._standing: dict[int, list[int]] = {}
        self._prices: dict[int, list[int]] = {}  # by ladder, 2 * instrument + side: a heap of turned keys
        self._queues: dict[int, dict[int, Queue]] = {}
        self._arrivals = 0
        self._dead = 0
        self._take = {"time": self._oldest, "volume": self._largest, "pro_rata": self._shares}[priority]

    def __len__(self) -> int:
        """Return how many orders stand."""
        return len(self._standing)

    def add(  # noqa: PLR0917
        self, instrument: int, side: int, price: int, quantity: int, order_id: int, kind: int = 0
    ) -> list[tuple[int, int, int]]:
        """Match an order; what is left of it stands, or is dropped if its kind never stands.

        Parameters
        ----------
        instrument, side, price, quantity, order_id : int
            See the class.
        kind : int, default 0
            `Kind.NEW`, `Kind.IOC` or `Kind.AON`: the last trades only if all of it can trade now.

        Returns
        -------
        list of (int, int, int)
            The standing order, price and quantity of each trade, in order.
        """
        if kind not in (_NEW, int(Kind.IOC), _AON):
            raise InvalidValue("to add is kind 0, 2 or 3")
        _check_place(instrument, side)
        _check(price, quantity)
        if not 0 <= instrument < MOST_INSTRUMENTS or order_id <= 0:
            raise InvalidValue("an instrument is 0 to 16777215, an order id above 0")
        trades: Trades = []
        if order_id not in self._standing:
            self._enter(kind, 2 * instrument + side, price, quantity, order_id, trades)
        return [trade[1:] for trade in trades]

    def cancel(self, order_id: int) -> int:
        """Remove an order; return what was left of it, 0 if it does not stand."""
        entry = self._standing.pop(order_id, None)
        if entry is None:
            return 0
        removed = entry[QUANTITY]
        entry[QUANTITY] = 0
        self._dead += 1
        if self._dead > len(self._standing) + _SWEPT:
            self._sweep()
        return removed

    def reduce(self, order_id: int, quantity: int) -> int:
        """Lower what is left of an order to `quantity`, keeping its place; return by how much, maybe 0."""
        if quantity < 0:
            raise InvalidValue("a quantity is not below 0")
        entry = self._standing.get(order_id)
        if entry is None or quantity >= entry[QUANTITY]:
            return 0
        if quantity == 0:
            return self.cancel(order_id)
        removed = entry[QUANTITY] - quantity
        self._lower(entry, quantity)
        return removed

    def replace(self, order_id: int, price: int, quantity: int) -> list[tuple[int, int, int]]:
        """Give an order a new price and quantity; return its trades.

        It keeps its place at the same price with no more than was left; otherwise it enters anew. Nothing happens if
        it does not stand.
        """
        _check(price, quantity)
        trades: Trades = []
        self._replace(order_id, price, quantity, trades)
        return [trade[1:] for trade in trades]

    def remaining(self, order_id: int) -> int:
        """Return what is left of an order, 0 if it does not stand."""
        entry = self._standing.get(order_id)
        return entry[QUANTITY] if entry else 0

    def order(self, order_id: int) -> tuple[int, int, int, int] | None:
        """Return the instrument, side, price and quantity of a standing order."""
        entry = self._standing.get(order_id)
        if entry is None:
            return None
        ladder = entry[LADDER]
        return ladder >> 1, ladder & 1, entry[KEY] ^ -(ladder & 1), entry[QUANTITY]

    def front(self, instrument: int, side: int) -> tuple[int, int, int] | None:
        """Return the standing order that trades next, its price and quantity; pro rata, the oldest at that price."""
        _check_place(instrument, side)
        for key, entries in self._levels(2 * instrument + side):
            leads = self.priority == "volume"
            best = min(entries, key=lambda entry: (-entry[QUANTITY], entry[ARRIVAL])) if leads else entries[0]
            return best[ORDER_ID], key ^ -side, best[QUANTITY]
        return None

    def available(self, instrument: int, side: int, price: int) -> int:
        """Return how much an order of `side` could take now at `price` or better."""
        _check_place(instrument, side)
        _check(price, 1)
        return self._reachable(2 * instrument + (side ^ 1), price ^ -(side ^ 1))

    def depth(self, instrument: int, side: int, levels: int = 0) -> list[tuple[int, int, int]]:
        """Return price, quantity and number of orders of the best `levels` prices of a side, all if 0, best first."""
        _check_place(instrument, side)
        found = []
        for key, entries in self._levels(2 * instrument + side):
            found.append((key ^ -side, sum(entry[QUANTITY] for entry in entries), len(entries)))
            if len(found) == levels:
                break
        return found

    def orders(self, instrument: int | None = None) -> Records:
        """Return the standing orders, of one instrument or all, as an array of `RESTING`."""
        ladders = sorted(self._queues) if instrument is None else [2 * instrument, 2 * instrument + 1]
        rows = [
            (ladder >> 1, ladder & 1, key ^ -(ladder & 1), entry[QUANTITY], entry[ORDER_ID])
            for ladder in ladders
            for key, entries in self._levels(ladder)
            for entry in entries
        ]
        return np.array(rows, dtype=RESTING)

    def replay(self, events: Records) -> Records:
        """Take a batch of events; return its trades.

        Parameters
        ----------
        events : array of `EVENT`
            In order; a cancel or replace takes instrument and side from the order it names.

        Returns
        -------
        array of `TRADE`
            Every trade in order.

        Raises
        ------
        InvalidValue
            If one event breaks a rule of the class; none is taken then.
        """
        events = _as_events(events)
        _check_events(events)
        trades: Trades = []
        standing, enter = self._standing, self._enter
        columns = (events[name].tolist() for name in ("kind", "side", "instrument", "price", "quantity", "order_id"))
        for kind, side, instrument, price, quantity, order_id in zip(*columns, strict=True):
            if kind == _CANCEL:
                self.cancel(order_id)
            elif kind == _REPLACE:
                self._replace(order_id, price, quantity, trades)
            elif order_id not in standing:
                enter(kind, 2 * instrument + side, price, quantity, order_id, trades)
        return np.array(trades, dtype=TRADE)

    def snapshot(self) -> bytes:
        """Return the state as bytes: priority and standing orders; equal states have equal bytes."""
        return _MAGIC + struct.pack("<Q", PRIORITIES.index(self.priority)) + self.orders().tobytes()

    @staticmethod
    def restore(content: bytes) -> PlainBook:
        """Return the book whose snapshot `content` is.

        Raises
        ------
        InvalidValue
            If it is none.
        """
        whole = len(content) >= 16 and (len(content) - 16) % RESTING.itemsize == 0
        if not whole or content[:8] != _MAGIC or (place := struct.unpack("<Q", content[8:16])[0]) > 2:
            raise InvalidValue("not a book's snapshot")
        book = PlainBook(PRIORITIES[place])
        for order in np.frombuffer(content[16:], dtype=RESTING).tolist():
            if book.add(*order) or book.remaining(order[4]) != order[3]:
                raise InvalidValue("a snapshot's book is crossed")
        if book.snapshot() != content:
            raise InvalidValue("a snapshot's orders do not follow in order")
        return book

    def _enter(  # noqa: PLR0917
        self, kind: int, ladder: int, price: int, left: int, order_id: int, trades: Trades
    ) -> None:
        other = ladder ^ 1
        prices = self._prices.get(other)
        if prices:
            limit = price ^ -(other & 1)
            if -prices[0] >= limit and (kind != _AON or self._reachable(other, limit) >= left):
                queues = self._queues[other]
                while left and prices and (key := -prices[0]) >= limit:
                    queue = queues[key]
                    left = self._take(queue, order_id, key ^ -(other & 1), left, trades)
                    if not queue:
                        heappop(prices)
                        del queues[key]
        if left and kind == _NEW:
            self._rest(ladder, price ^ -(ladder & 1), left, order_id)

    def _rest(self, ladder: int, key: int, quantity: int, order_id: int) -> None:
        if ladder not in self._queues:
            self._queues[ladder], self._prices[ladder] = {}, []
        queue: Queue = self._queues[ladder].get(key)
        if queue is None:
            queue = self._queues[ladder][key] = [] if self.priority == "volume" else deque()
            heappush(self._prices[ladder], -key)
        arrival = self._arrivals = self._arrivals + 1
        entry = self._standing[order_id] = [quantity, order_id, key, ladder, arrival]
        if self.priority == "volume":
            heappush(queue, (-quantity, arrival, entry))
        else:
            queue.append(entry)

    def _replace(self, order_id: int, price: int, quantity: int, trades: Trades) -> None:
        entry = self._standing.get(order_id)
        if entry is None:
            return
        ladder = entry[LADDER]
        if entry[KEY] == price ^ -(ladder & 1) and quantity <= entry[QUANTITY]:
            self.reduce(order_id, quantity)
            return
        self.cancel(order_id)
        self._enter(_NEW, ladder, price, quantity, order_id, trades)

    def _oldest(self, queue: Queue, taker: int, price: int, left: int, trades: Trades) -> int:
        while left and queue:
            entry = queue[0]
            quantity = entry[QUANTITY]
            if quantity > left:
                trades.append((taker, entry[ORDER_ID], price, left))
                entry[QUANTITY] = quantity - left
                return 0
            queue.popleft()
            if quantity:
                trades.append((taker, entry[ORDER_ID], price, quantity))
                left -= quantity
                del self._standing[entry[ORDER_ID]]
            else:
                self._dead -= 1
        return left

    def _largest(self, queue: Queue, taker: int, price: int, left: int, trades: Trades) -> int:
        while left and queue:
            negative, _, entry = heappop(queue)
            if -negative != entry[QUANTITY]:
                self._dead -= 1
                continue
            quantity = min(left, entry[QUANTITY])
            trades.append((taker, entry[ORDER_ID], price, quantity))
            left -= quantity
            entry[QUANTITY] -= quantity
            if entry[QUANTITY]:
                heappush(queue, (-entry[QUANTITY], entry[ARRIVAL], entry))
            else:
                del self._standing[entry[ORDER_ID]]
        return left

    def _shares(self, queue: Queue, taker: int, price: int, left: int, trades: Trades) -> int:
        entries = [entry for entry in queue if entry[QUANTITY]]
        whole = sum(entry[QUANTITY] for entry in entries)
        if left >= whole:
            return self._oldest(queue, taker, price, left, trades)
        shares = [left * entry[QUANTITY] // whole for entry in entries]
        over = left - sum(shares)
        for place, (entry, share) in enumerate(zip(entries, shares, strict=True)):
            quantity = share + (place < over)
            if quantity:
                trades.append((taker, entry[ORDER_ID], price, quantity))
                entry[QUANTITY] -= quantity
            if not entry[QUANTITY]:
                del self._standing[entry[ORDER_ID]]
                self._dead += 1
        return 0

    def _lower(self, entry: list[int], quantity: int) -> None:
        entry[QUANTITY] = quantity
        if self.priority == "volume":
            heappush(self._queues[entry[LADDER]][entry[KEY]], (-quantity, entry[ARRIVAL], entry))
            self._dead += 1

    def _reachable(self, ladder: int, limit: int) -> int:
        queues = self._queues.get(ladder, {})
        return sum(entry[QUANTITY] for key in queues if key >= limit for entry in self._entries(queues[key]))

    def _entries(self, queue: Queue) -> list[list[int]]:
        if self.priority != "volume":
            return [entry for entry in queue if entry[QUANTITY]]
        return sorted(
            (entry for negative, _, entry in queue if -negative == entry[QUANTITY]), key=lambda e: e[ARRIVAL]
        )

    def _levels(self, ladder: int) -> Iterator[tuple[int, list[list[int]]]]:
        queues = self._queues.get(ladder, {})
        for key in sorted(queues, reverse=True):
            if entries := self._entries(queues[key]):
                yield key, entries

    def _sweep(self) -> None:
        for ladder, queues in self._queues.items():
            kept = {key: entries for key, queue in queues.items() if (entries := self._entries(queue))}
            queues.clear()
            queues.update((key, self._queue(entries)) for key, entries in kept.items())
            self._prices[ladder][:] = [-key for key in queues]
            heapify(self._prices[ladder])
        self._dead = 0

    def _queue(self, entries: list[list[int]]) -> Queue:
        if self.priority != "volume":
            return deque(entries)
        heap = [(-entry[QUANTITY], entry[ARRIVAL], entry) for entry in entries]
        heapify(heap)
        return heap


def _check_place(instrument: int, side: int) -> None:
    if side not in (0, 1):
        raise InvalidValue("a side is 0 (buy) or 1 (sell)")


def _check(price: int, quantity: int) -> None:
    if not _LOW <= price <= _HIGH:
        raise InvalidValue("the price needs more than 32 bits")
    if not 0 < quantity <= _HIGH:
        raise InvalidValue("a quantity is above 0 and needs no more than 32 bits")


def _as_events(events: Records) -> Records:
    raw = np.ascontiguousarray(events)
    if raw.dtype.itemsize != EVENT.itemsize and raw.nbytes % EVENT.itemsize:
        raise InvalidValue("events are records of 24 bytes each")
    return raw.reshape(-1).view(EVENT)


def _check_events(events: Records) -> None:
    entering = (events["kind"] != _CANCEL) & (events["kind"] != _REPLACE)
    wrong = (events["kind"] > _REPLACE) | (events["order_id"] <= 0)
    wrong |= (events["kind"] != _CANCEL) & (events["quantity"] <= 0)
    wrong |= entering & ((events["side"] > 1) | (events["instrument"] >= MOST_INSTRUMENTS))
    if wrong.any():
        raise InvalidValue(f"event {int(wrong.argmax())} breaks a rule of its kind, side, instrument, quantity or id")
