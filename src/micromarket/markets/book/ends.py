"""When orders are over: the next end is found at once, and ends of orders that are gone are thrown away."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from heapq import heapify, heappop, heappush

from micromarket.domain.ids import OrderId

End = tuple[datetime, int, OrderId]
"""When, the arrival of the order, and which it is."""

_SWEPT = 64
"""How many ends of orders that are held no longer are kept at least before all such are thrown away."""


class Ends:
    """Ends of orders that are held, the earliest first, then by arrival."""

    def __init__(self) -> None:
        self._held: dict[OrderId, End] = {}
        self._heap: list[End] = []

    def add(self, end: datetime, number: int, order_id: OrderId) -> None:
        """Note when an order that arrived as `number` is over."""
        self._held[order_id] = end, number, order_id
        heappush(self._heap, self._held[order_id])

    def remove(self, order_id: OrderId) -> None:
        """Forget the end of an order, if it has one."""
        if self._held.pop(order_id, None) is not None and len(self._heap) > 2 * len(self._held) + _SWEPT:
            self._heap = list(self._held.values())
            heapify(self._heap)

    def next(self) -> datetime | None:
        """Return when the next order is over; None if none has an end."""
        while self._heap and self._held.get(self._heap[0][2]) is not self._heap[0]:
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def due(self, now: datetime) -> Iterator[OrderId]:
        """Go through the orders that are over at `now`; each must be removed before the next is asked for."""
        while (end := self.next()) is not None and end <= now:
            yield self._heap[0][2]
