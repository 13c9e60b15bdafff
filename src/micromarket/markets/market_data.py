"""What a continuous market tells the public: its book level by level, its trades, a ticker and candles."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from micromarket.domain.ids import InstrumentId, OrderId
from micromarket.domain.orders import Order, Side, Vertex
from micromarket.domain.products import Steps
from micromarket.errors import InvalidValue
from micromarket.markets.mechanism import Awarded, Matched, OrderAccepted, OrderRemoved, Outcome, Reduced, Rested


@dataclass(frozen=True, slots=True)
class LevelChanged:
    """All that stands at one price has changed.

    Parameters
    ----------
    number : int
        Place in the public stream, from 1, without gaps.
    instrument_id : InstrumentId
        Of which book.
    side : Side
        Buying or selling.
    price : Steps
        At which price [price steps].
    quantity : Steps
        How much stands now [quantity steps]; 0 if the level is gone.
    """

    number: int
    instrument_id: InstrumentId
    side: Side
    price: Steps
    quantity: Steps


@dataclass(frozen=True, slots=True)
class Trade:
    """One line of the tape: time and sales.

    Parameters
    ----------
    number : int
        Place in the public stream.
    at : datetime
        By the event clock, in UTC.
    instrument_id : InstrumentId
        What was traded.
    aggressor : Side
        Side of the order that arrived.
    price, quantity : Steps
        [price steps], [quantity steps].
    """

    number: int
    at: datetime
    instrument_id: InstrumentId
    aggressor: Side
    price: Steps
    quantity: Steps


@dataclass(frozen=True, slots=True)
class _Standing:
    instrument_id: InstrumentId
    side: Side
    price: Steps
    quantity: Steps


class BookFeed:
    """Turns the outcomes of limit orders into the public, numbered stream of level changes and trades.

    Notes
    -----
    Who stands behind a level or a trade is not in it; where orders cross at one price, each buyer's part is a
    trade. A reader that starts with `levels` and goes on with the next number misses nothing.
    """

    def __init__(self) -> None:
        self.number = 0
        self._amended: _Standing
        self._standing: dict[OrderId, _Standing] = {}
        self._levels: dict[tuple[InstrumentId, Side, Steps], Steps] = defaultdict(lambda: Steps(0))

    def levels(self, instrument_id: InstrumentId) -> dict[tuple[Side, Steps], Steps]:
        """Return what stands by side and price [quantity steps], as the stream so far tells it."""
        return {(side, price): size for (name, side, price), size in self._levels.items() if name == instrument_id}

    def submitted(self, order: Order, at: datetime, outcomes: Iterable[Outcome]) -> list[LevelChanged | Trade]:
        """Tell what an order that came in at `at` led to."""
        told = list(outcomes)
        if order.side is not None and order.order_id not in self._standing and OrderAccepted(order.order_id) in told:
            self._standing[order.order_id] = _coming(order.instrument_id, order.side, order.vertices)
        return self.followed(at, told)

    def amended(
        self, order_id: OrderId, vertices: Sequence[Vertex], at: datetime, outcomes: Iterable[Outcome]
    ) -> list[LevelChanged | Trade]:
        """Tell what an amendment at `at` led to."""
        if order_id in self._standing:
            side = Side.SELL if any(vertex.power > 0 for vertex in vertices) else Side.BUY
            self._amended = _coming(self._standing[order_id].instrument_id, side, vertices)
        return self.followed(at, outcomes)

    def followed(self, at: datetime, outcomes: Iterable[Outcome]) -> list[LevelChanged | Trade]:
        """Tell what any other call led to: a cancellation, an expiry."""
        return [told for outcome in outcomes for told in self._told(at, outcome)]

    def _told(self, at: datetime, outcome: Outcome) -> list[LevelChanged | Trade]:
        match outcome:
            case Matched(standing_id, _, price, quantity):
                standing = self._standing[standing_id]
                trade = Trade(self._next(), at, standing.instrument_id, standing.side.opposite, price, quantity)
                return [trade, *self._less(standing_id, quantity)]
            case Awarded(order_id, price, power) if order_id in self._standing:
                bought = [] if power > 0 else [self._auctioned(at, order_id, price, Steps(-power))]
                return [*bought, *self._less(order_id, abs(power))]
            case Rested(order_id, quantity):
                return [self._change(order_id, quantity)]
            case Reduced(order_id, quantity, _):
                return list(self._less(order_id, quantity))
            case OrderRemoved(order_id, reason) if order_id in self._standing:
                changed = list(self._less(order_id, self._standing[order_id].quantity))
                del self._standing[order_id]
                if reason == "replaced":
                    self._standing[order_id] = self._amended
                return list[LevelChanged | Trade](changed)
        return []

    def _auctioned(self, at: datetime, order_id: OrderId, price: Steps, quantity: Steps) -> Trade:
        return Trade(self._next(), at, self._standing[order_id].instrument_id, Side.BUY, price, quantity)

    def _less(self, order_id: OrderId, quantity: int) -> Iterator[LevelChanged]:
        """Tell that less of an order stands, if any of it did: what waits beside the book is in no level."""
        if self._standing[order_id].quantity:
            yield self._change(order_id, -quantity)

    def _change(self, order_id: OrderId, quantity: int) -> LevelChanged:
        standing = self._standing[order_id]
        self._standing[order_id] = replace(standing, quantity=Steps(standing.quantity + quantity))
        key = (standing.instrument_id, standing.side, standing.price)
        self._levels[key] = Steps(self._levels[key] + quantity)
        changed = LevelChanged(self._next(), *key, self._levels[key])
        if not changed.quantity:
            del self._levels[key]
        return changed

    def _next(self) -> int:
        self.number += 1
        return self.number


@dataclass(frozen=True, slots=True)
class Candle:
    """The trades of one instrument in one stretch of time.

    Parameters
    ----------
    start : datetime
        Start of the half-open stretch, in UTC.
    opening, highest, lowest, closing : Steps
        Prices [price steps].
    quantity : Steps
        Traded in sum [quantity steps].
    trades : int
        How many.
    """

    start: datetime
    opening: Steps
    highest: Steps
    lowest: Steps
    closing: Steps
    quantity: Steps
    trades: int


def _coming(instrument_id: InstrumentId, side: Side, vertices: Sequence[Vertex]) -> _Standing:
    return _Standing(instrument_id, side, vertices[0].price, Steps(0))


def candles(trades: Sequence[Trade], duration: timedelta) -> list[Candle]:
    """Return the candles of trades in their order, stretches without trades left out.

    Raises
    ------
    InvalidValue
        If `duration` is not positive.
    """
    if duration <= timedelta(0):
        raise InvalidValue(f"a candle lasts some time; found {duration}")
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    groups: dict[datetime, list[Trade]] = defaultdict(list)
    for trade in trades:
        groups[trade.at - (trade.at - epoch) % duration].append(trade)
    return [_candle(start, group) for start, group in sorted(groups.items())]


def ticker(trades: Iterable[Trade]) -> dict[InstrumentId, Trade]:
    """Return the last trade of each instrument."""
    return {trade.instrument_id: trade for trade in trades}


def _candle(start: datetime, group: Sequence[Trade]) -> Candle:
    prices = [trade.price for trade in group]
    quantity = Steps(sum(trade.quantity for trade in group))
    return Candle(start, prices[0], max(prices), min(prices), prices[-1], quantity, len(group))
