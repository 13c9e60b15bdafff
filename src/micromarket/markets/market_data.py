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
from micromarket.markets.book.curve_orders import corners_of, offers, sign_of
from micromarket.markets.mechanism import (
    Awarded,
    Cleared,
    Matched,
    OrderAccepted,
    OrderRemoved,
    Outcome,
    Reduced,
    Rested,
)


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


@dataclass(slots=True, eq=False)
class _Standing:
    """An order that is held, and how much of it stands: the last steps of its curve."""

    order: Order
    quantity: int = 0

    @property
    def side(self) -> Side:
        return Side(sign_of(self.order))

    def taken(self, quantity: int) -> list[tuple[Steps, int]]:
        """Return at which prices the next steps are, and how many; less if less stands."""
        corners, rows, left = corners_of(self.order), list[tuple[Steps, int]](), min(quantity, self.quantity)
        for level, offered in offers(corners, corners[-1][1] - self.quantity):
            if not left:
                break
            rows.append((Steps(self.side.value * level), min(offered, left)))
            left -= rows[-1][1]
        return rows


class BookFeed:
    """Turns the outcomes of an order book, or a curve book, into a public, numbered stream of levels and trades.

    Notes
    -----
    Who stands behind a level or a trade is not in it; where orders cross at one price, each buyer's part is a
    trade. A slope has a level at each price at which it offers more, as in `Mechanism.depth`. A reader that starts
    with `levels` and goes on with the next number misses nothing.
    """

    def __init__(self) -> None:
        self.number = 0
        self._amended: tuple[Vertex, ...] = ()
        self._standing: dict[OrderId, _Standing] = {}
        self._levels: dict[InstrumentId, dict[tuple[Side, Steps], Steps]] = defaultdict(dict)

    def levels(self, instrument_id: InstrumentId) -> dict[tuple[Side, Steps], Steps]:
        """Return what stands by side and price [quantity steps], as the stream so far tells it."""
        return dict(self._levels.get(instrument_id, {}))

    def submitted(self, order: Order, at: datetime, outcomes: Iterable[Outcome]) -> list[LevelChanged | Trade]:
        """Tell what an order that came in at `at` led to."""
        return self.submitted_block([order], at, outcomes)

    def submitted_block(
        self, orders: Iterable[Order], at: datetime, outcomes: Iterable[Outcome]
    ) -> list[LevelChanged | Trade]:
        """Tell what orders that came in together at `at` led to."""
        told = list(outcomes)
        for order in orders:
            known = self._standing.get(order.order_id)
            if OrderAccepted(order.order_id) in told and not (known and known.quantity):
                self._standing[order.order_id] = _Standing(order)
        return self.followed(at, told)

    def amended(
        self, order_id: OrderId, vertices: Sequence[Vertex], at: datetime, outcomes: Iterable[Outcome]
    ) -> list[LevelChanged | Trade]:
        """Tell what an amendment at `at` led to."""
        self._amended = tuple(vertices)
        return self.followed(at, outcomes)

    def followed(self, at: datetime, outcomes: Iterable[Outcome]) -> list[LevelChanged | Trade]:
        """Tell what any other call led to: a cancellation, an expiry."""
        return [told for outcome in outcomes for told in self._told(at, outcome)]

    def _told(self, at: datetime, outcome: Outcome) -> list[LevelChanged | Trade]:
        if isinstance(outcome, Cleared):
            return []
        standing = self._standing.get(outcome.standing_id if isinstance(outcome, Matched) else outcome.order_id)
        return [] if standing is None else [*self._trades(at, standing, outcome), *self._changes(standing, outcome)]

    def _trades(self, at: datetime, standing: _Standing, outcome: Outcome) -> Iterator[Trade]:
        place = at, standing.order.instrument_id
        match outcome:
            case Matched(_, _, price, quantity):
                yield Trade(self._next(), *place, standing.side.opposite, price, quantity)
            case Awarded(_, price, power) if power < 0:
                yield Trade(self._next(), *place, Side.BUY, price, Steps(-power))

    def _changes(self, standing: _Standing, outcome: Outcome) -> Iterable[LevelChanged]:
        match outcome:
            case Rested(_, quantity):
                standing.quantity = quantity
                return [self._change(standing, *row) for row in standing.taken(quantity)]
            case Matched(_, _, _, change) | Reduced(_, change, _) | Awarded(_, _, change):
                return self._less(standing, abs(change))
            case OrderRemoved(_, reason):
                self._remove(standing, replaced=reason == "replaced")
                return self._less(standing, standing.quantity)
        return ()

    def _remove(self, standing: _Standing, *, replaced: bool) -> None:
        """Forget an order; one that is replaced comes in anew with other vertices."""
        order = self._standing.pop(standing.order.order_id).order
        if replaced:
            self._standing[order.order_id] = _Standing(replace(order, vertices=self._amended))

    def _less(self, standing: _Standing, quantity: int) -> Iterator[LevelChanged]:
        """Tell that less of an order stands, if any of it did: what waits beside the book is in no level."""
        rows = standing.taken(quantity)
        standing.quantity -= sum(part for _, part in rows)
        return (self._change(standing, price, -part) for price, part in rows)

    def _change(self, standing: _Standing, price: Steps, change: int) -> LevelChanged:
        instrument_id, side = standing.order.instrument_id, standing.side
        levels = self._levels[instrument_id]
        quantity = Steps(levels.pop((side, price), 0) + change)
        if quantity:
            levels[side, price] = quantity
        return LevelChanged(self._next(), instrument_id, side, price, quantity)

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
