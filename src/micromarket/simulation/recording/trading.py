"""The tables of continuous trading: orders, trades, depth and positions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from micromarket.domain.intervals import MICROSECOND
from micromarket.dso.imbalance import Settled, Traded
from micromarket.simulation.continuous.venue import TradingRecord
from micromarket.simulation.neighborhood import Trading
from micromarket.simulation.recording.recorder import Array, Coded, Column, Moments, grid
from micromarket.simulation.recording.tables import Part, Tables


class TradingTables:
    """Writes what happened in continuous trading.

    Parameters
    ----------
    tables : Tables
        The tables of the run.
    trading : Trading
        How customers trade.
    """

    def __init__(self, tables: Tables, trading: Trading) -> None:
        self._write = tables.write
        self._start_of = tables.street.calendar.start_of
        self._accounts = tables.street.ledger_accounts[:-2]
        self._trading = trading

    def trading(self, part: Part, record: TradingRecord) -> None:
        """Write what happened in a day of continuous trading: orders, trades, and depth after every round."""
        self._orders(part, record)
        self._trades(part, record)
        self._depth(part, record)

    def positions(self, part: Part, traded: Traded, settled: Settled) -> None:
        """Write what each customer and the supplier had traded, what was metered, and what each received for it."""
        t, k = grid(len(part.steps), len(traded.metered_kwh))
        columns = {
            "position_kwh": traded.position_kwh,
            "metered_kwh": traded.metered_kwh,
            "traded_micro": settled.traded_micro,
            "imbalance_micro": settled.imbalance_micro,
            "losses_micro": settled.losses_micro,
        }
        starts = self._start_of(part.steps)
        when: dict[str, Column] = {"start": Moments(starts[t]), "account": Coded(k, self._accounts)}
        self._write("positions", part.name, {**when, **{name: values.T.ravel() for name, values in columns.items()}})

    def _orders(self, part: Part, record: TradingRecord) -> None:
        at, step, account, side, price, quantity = _columns(record.orders, 6)
        columns = {
            "number": np.arange(len(at)),
            "account": Coded(account, self._accounts),
            "side": _side(side),
            **self._steps(price, quantity),
        }
        self._write("orders", part.name, {**self._tendered(at, step), **columns})

    def _trades(self, part: Part, record: TradingRecord) -> None:
        at, step, buyer, seller, aggressor, price, quantity, amount = _columns(record.trades, 8)
        columns = {
            "number": np.arange(len(at)),
            "buyer": Coded(buyer, self._accounts),
            "seller": Coded(seller, self._accounts),
            "aggressor": _side(aggressor),
            **self._steps(price, quantity),
            "amount_micro": amount,
        }
        self._write("trades", part.name, {**self._tendered(at, step), **columns})

    def _depth(self, part: Part, record: TradingRecord) -> None:
        rows = [
            (at, step, level.side.value, level.price, level.quantity, level.orders)
            for at, step, level in record.depth
        ]
        at, step, side, price, quantity, orders = _columns(rows, 6)
        columns = {"side": _side(side), **self._steps(price, quantity), "orders": orders}
        self._write("depth", part.name, {**self._tendered(at, step), **columns})

    def _tendered(self, at: Array, step: Array) -> dict[str, Column]:
        moment = self._start_of(at) - self._trading.gate // MICROSECOND
        return {"moment": Moments(moment), "start": Moments(self._start_of(step))}

    def _steps(self, price: Array, quantity: Array) -> dict[str, Column]:
        product = self._trading.product
        return {"price": product.prices.to_values(price), "power_kw": product.quantities.to_values(quantity)}


def _columns(rows: Sequence[Sequence[int]], width: int) -> Array:
    return np.array(rows, dtype=np.int64).reshape(-1, width).T


def _side(signs: Array) -> Coded:
    return Coded((signs > 0).astype(np.int32), ("buy", "sell"))
