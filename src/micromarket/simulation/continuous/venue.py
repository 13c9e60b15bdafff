"""One day of continuous trading: the order book, what everyone has traded, and what there is to record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from micromarket.domain.ids import InstrumentId, OrderId, PartyId
from micromarket.domain.orders import Order, Side, limit
from micromarket.markets.book.matching import OrderBook
from micromarket.markets.mechanism import Level, Matched
from micromarket.simulation.continuous.tenders import Wish
from micromarket.simulation.neighborhood import Calendar, Trading

Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Commitments:
    """What `A` accounts, the supplier last, have traded for each of `S` base steps; changed in place.

    Parameters
    ----------
    power : array of int, shape (A, S)
        Sold less bought [quantity steps].
    money_micro : array of int, shape (A, S)
        Received less paid for it [micro-units].
    volume : array of int, shape (S,)
        Sum of all trades [quantity steps].
    turnover : array of int, shape (S,)
        Sum of all trades, each times its price [quantity steps x price steps].
    """

    power: Whole
    money_micro: Whole
    volume: Whole
    turnover: Whole

    @classmethod
    def none(cls, accounts: int, steps: int) -> Commitments:
        """Return the commitments before anything was traded."""
        of_accounts, of_steps = (accounts, steps), (steps,)
        return cls(*(np.zeros(shape, dtype=np.int64) for shape in (of_accounts, of_accounts, of_steps, of_steps)))


class OrderRow(NamedTuple):
    """An order as it was tendered; `side` is the sign of its power, and what became of it stands in the trades."""

    at: int
    step: int
    account: int
    side: int
    price: int
    quantity: int


class TradeRow(NamedTuple):
    """A trade, at the standing order's price; `aggressor` is the side that arrived, as the sign of its power."""

    at: int
    step: int
    buyer: int
    seller: int
    aggressor: int
    price: int
    quantity: int
    amount_micro: int


class DepthRow(NamedTuple):
    """A level of the book of one instrument after a round."""

    at: int
    step: int
    level: Level


@dataclass(frozen=True, slots=True)
class TradingRecord:
    """What one day's trading leaves to be recorded; `at` is the base step before which it happened."""

    orders: list[OrderRow] = field(default_factory=list)
    trades: list[TradeRow] = field(default_factory=list)
    depth: list[DepthRow] = field(default_factory=list)


class Venue:
    """A marketplace with one instrument for each base step, for one day; orders do not outlive the day.

    Parameters
    ----------
    calendar : Calendar
        Base steps of the run.
    trading : Trading
        What is traded, and until when.
    parties : sequence of str
        Name of each account.
    commitments : Commitments
        What was traded before; trades are added to it.
    """

    def __init__(
        self, calendar: Calendar, trading: Trading, parties: Iterable[str], commitments: Commitments
    ) -> None:
        self._calendar, self._trading = calendar, trading
        self._parties = [PartyId(party) for party in parties]
        self._account_of: list[int] = []
        self._tendered: dict[tuple[int, int], list[OrderId]] = {}
        self._book = OrderBook([])
        self._instruments: dict[int, InstrumentId] = {}
        self.commitments = commitments
        self.record = TradingRecord()

    def open_until(self, steps: Iterable[int]) -> None:
        """Open the instruments of `steps` that were not open yet."""
        for step in steps:
            if step not in self._instruments:
                start = self._calendar.grid[step].start
                self._instruments[step] = self._trading.product.starting(start).instrument_id
                self._book.open(self._instruments[step], self._gate(step))

    def close_gate(self, step: int) -> None:
        """Move the clock to when the gate of `step` closes; what still stands there is let go of."""
        self._book.expire(self._gate(step))

    def tender(self, account: int, at: int, step: int, wishes: Iterable[Wish]) -> None:
        """Tender orders of an account for base step `step`, in place of those it tendered there before.

        Every trade changes the commitments at once.
        """
        for order_id in self._tendered.pop((account, step), ()):
            self._book.cancel(order_id)
        tendered = self._tendered.setdefault((account, step), [])
        for wish in wishes:
            order_id = OrderId(str(len(self._account_of)))
            self._account_of.append(account)
            tendered.append(order_id)
            vertices = limit(wish.side, wish.price, wish.quantity)
            order = Order(order_id, self._parties[account], self._instruments[step], vertices)
            self.record.orders.append(OrderRow(at, step, account, wish.side.value, wish.price, wish.quantity))
            for outcome in self._book.submit(order):
                if isinstance(outcome, Matched):
                    self._commit(at, step, wish.side, outcome)

    def snapshot_depth(self, at: int, steps: Iterable[int]) -> None:
        """Note what stands in the books of `steps`."""
        for step in steps:
            self.record.depth.extend(DepthRow(at, step, level) for level in self._book.depth(self._instruments[step]))

    def _commit(self, at: int, step: int, side: Side, matched: Matched) -> None:
        aggressor, other = (self._account_of[int(each)] for each in (matched.aggressive_id, matched.standing_id))
        buyer, seller = (aggressor, other) if side is Side.BUY else (other, aggressor)
        amount = self._trading.product.cost_micro(matched.price, matched.quantity)
        held = self.commitments
        held.power[[buyer, seller], step] += [-matched.quantity, matched.quantity]
        held.money_micro[[buyer, seller], step] += [-amount, amount]
        held.volume[step] += matched.quantity
        held.turnover[step] += matched.quantity * matched.price
        row = TradeRow(at, step, buyer, seller, side.value, matched.price, matched.quantity, amount)
        self.record.trades.append(row)

    def _gate(self, step: int) -> datetime:
        return self._calendar.grid[step].start - self._trading.gate
