"""Names of orders: taken as long as the order is held, and for a while after it was let go."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from micromarket.domain.ids import InstrumentId, OrderId
from micromarket.domain.orders import Order
from micromarket.markets.mechanism import OrderRemoved, Outcome
from micromarket.markets.order_columns import columns_of, orders_of
from micromarket.markets.snapshots import moment_of, moment_text


class Memory:
    """Orders as they were submitted, until they are forgotten.

    What is let go before the clock was first moved counts from that first move.

    Parameters
    ----------
    span : timedelta
        How long an order that was let go is still known.
    """

    def __init__(self, span: timedelta) -> None:
        self._span = span
        self.seen: dict[OrderId, Order] = {}
        """By name, in the order in which they came."""
        self.gone: deque[tuple[datetime | None, OrderId]] = deque()
        """Names that were let go, and when; the oldest first."""

    def note(self, outcomes: Iterable[Outcome], now: datetime | None) -> None:
        """Note which orders were let go."""
        for outcome in outcomes:
            if type(outcome) is OrderRemoved and outcome.reason != "replaced":
                self.gone.append((now, outcome.order_id))

    def instruments_of(self, outcomes: Iterable[Outcome]) -> list[InstrumentId]:
        """Return the instruments of the orders that were removed."""
        return [self.seen[each.order_id].instrument_id for each in outcomes if isinstance(each, OrderRemoved)]

    def forget(self, now: datetime) -> None:
        """Forget what was let go long enough ago."""
        if self.gone and self.gone[0][0] is None:
            self.gone = deque((now if moment is None else moment, name) for moment, name in self.gone)
        while self.gone and (moment := self.gone[0][0]) is not None and moment + self._span <= now:
            del self.seen[self.gone.popleft()[1]]

    def rows(self) -> dict[str, Any]:
        """Return everything as JSON can hold it."""
        moments, names = [moment_text(moment) for moment, _ in self.gone], [name for _, name in self.gone]
        return {"seen": columns_of(self.seen.values()), "gone": [moments, names]}

    def take(self, rows: Mapping[str, Any]) -> None:
        """Take over what `rows` wrote."""
        self.seen = {order.order_id: order for order in orders_of(rows["seen"])}
        self.gone = deque(zip(map(moment_of, rows["gone"][0]), rows["gone"][1], strict=True))
