"""What a run remembers, table by table; the columns are listed in ``docs/reference/tables.md``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from micromarket.assets.asset import Steps
from micromarket.domain.curves import Curves, Floats
from micromarket.domain.intervals import MICROSECOND
from micromarket.domain.money import Micro
from micromarket.dso.imbalance import Settled, Traded
from micromarket.dso.settlement import Postings
from micromarket.markets.auctions.auction import Outcome
from micromarket.markets.series.prediction import KnownPrices
from micromarket.node.coordination import NestedClearing
from micromarket.simulation.continuous.venue import TradingRecord
from micromarket.simulation.neighborhood import Neighborhood
from micromarket.simulation.recording.recorder import Array, Coded, Column, Moments, Recorder, grid
from micromarket.simulation.recording.welfare import Welfare

DRAWN_VERTICES = 200
"""Most vertices of a recorded curve; longer ones are thinned for drawing."""

Readings = Sequence[Mapping[str, Floats]]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A stretch of base steps of one case, recorded together.

    Parameters
    ----------
    case : str
        ``market`` or ``no_market``.
    steps : array of int, shape (D,)
        Base steps.
    label : str
        Name of the part, if it is not the one of its days.
    """

    case: str
    steps: Steps
    label: str = ""

    @property
    def name(self) -> str:
        """Name of the files of this part: parts of one case sort by time."""
        return f"{self.case}-{self.label or format(self.steps[0], '06d')}"


@dataclass(frozen=True, slots=True, eq=False)
class Consumed:
    """What `C` customers consumed in a whole run; each of shape (C,).

    Parameters
    ----------
    drawn_kwh, fed_kwh : array of float
        Energy drawn and fed in [kWh].
    paid_micro : array of int
        Paid for it [micro-units].
    """

    drawn_kwh: Floats
    fed_kwh: Floats
    paid_micro: Micro


class Tables:
    """Writes the tables of one run.

    Parameters
    ----------
    recorder : Recorder
        Where to.
    street : Neighborhood
        Whose.
    """

    def __init__(self, recorder: Recorder, street: Neighborhood) -> None:
        self._write = recorder.write
        self._street = street

    def dimensions(self, parameters: Mapping[str, object]) -> None:
        """Write who and what there is: nodes, customers, and assets with the parameters the file gives each."""
        self._nodes()
        street = self._street
        self._write(
            "customers",
            "all",
            {
                "customer": _texts(street.customer_ids),
                "node": Coded(street.customer_node, street.tree.ids),
                "tariff": _texts([customer.tariff for customer in street.customers]),
                "comfort": np.array([customer.comfort for customer in street.customers]),
            },
        )
        kinds = [fleet.kind for fleet in street.fleets for _ in fleet.asset.ids]
        self._write(
            "assets",
            "all",
            {
                "asset": _texts(street.asset_ids),
                "customer": Coded(street.account_of, (*street.customer_ids, street.supplier.supplier_id)),
                "node": Coded(street.member_of, street.tree.ids),
                "kind": _texts([*kinds, "supplier"]),
                "parameters": _texts([json.dumps(parameters[name], sort_keys=True) for name in street.asset_ids]),
            },
        )

    def _nodes(self) -> None:
        tree, homes = self._street.tree, set(self._street.customer_ids)
        below = ["home" if name in homes else "feeder" for name in tree.ids[1:]]
        self._write(
            "nodes",
            "all",
            {
                "node": _texts(tree.ids),
                "parent": _texts(["", *(tree.ids[k] for k in tree.parent[1:])]),
                "kind": _texts(["root", *below]),
                "import_limit_kw": tree.import_limit_kw,
                "export_limit_kw": tree.export_limit_kw,
                "full_load_loss": tree.full_load_loss,
            },
        )

    def prices(self, part: Part, clearings: Sequence[NestedClearing]) -> None:
        """Write the cleared price of every node."""
        t, k = grid(len(part.steps), len(self._street.tree.ids))
        member_of = self._street.member_of
        unserved = [cleared.unserved_by_node_kw(member_of)[:, 0] for cleared in clearings]
        self._write(
            "prices",
            part.name,
            {
                **self._when(part, t),
                "node": Coded(k, self._street.tree.ids),
                "price": np.concatenate([cleared.price[:, 0] for cleared in clearings]),
                "outcome": Coded(
                    np.concatenate([cleared.outcome[:, 0] for cleared in clearings]).astype(np.int32),
                    [outcome.name.lower() for outcome in Outcome],
                ),
                "congested": np.concatenate([cleared.congested[:, 0] for cleared in clearings]),
                "unserved_kw": np.concatenate(unserved),
            },
        )

    def forward_prices(self, part: Part, issued: int, known: KnownPrices) -> None:
        """Write what a day-ahead market found, hour by hour."""
        t, k = grid(len(known.starts), len(self._street.tree.ids))
        issued_at = np.full(len(t), self._street.calendar.start_of(np.array(issued)))
        self._write(
            "forward_prices",
            part.name,
            {
                "issued_at": Moments(issued_at),
                "start": Moments(known.starts[t]),
                "node": Coded(k, self._street.tree.ids),
                "price": known.prices.T.ravel(),
            },
        )

    def flows(self, part: Part, scheduled: tuple[Floats, Floats], metered: tuple[Floats, Floats]) -> None:
        """Write what went over the line above each node: sent and received, each of shape (m, D) [kW]."""
        t, k = grid(len(part.steps), len(self._street.tree.ids))
        (sent, received), (metered_sent, metered_received) = scheduled, metered
        self._write(
            "flows",
            part.name,
            {
                **self._when(part, t),
                "node": Coded(k, self._street.tree.ids),
                "sent_kw": sent.T.ravel(),
                "received_kw": received.T.ravel(),
                "metered_sent_kw": metered_sent.T.ravel(),
                "metered_received_kw": metered_received.T.ravel(),
            },
        )

    def powers(self, part: Part, scheduled: Floats, metered: Floats) -> None:
        """Write what every asset was scheduled to do and did, each of shape (n, D) [kW]."""
        t, k = grid(len(part.steps), len(scheduled))
        self._write(
            "powers",
            part.name,
            {
                **self._when(part, t),
                "asset": Coded(k, self._street.asset_ids),
                "scheduled_kw": scheduled.T.ravel(),
                "metered_kw": metered.T.ravel(),
            },
        )

    def states(self, part: Part, readings: Sequence[Readings]) -> None:
        """Write the state of every device at the end of every step: `readings` by step, then fleet."""
        names = [(k, name) for k, fleet in enumerate(readings[0]) for name in fleet]
        if not names:
            return
        first = np.cumsum([0, *(len(fleet.node) for fleet in self._street.fleets)])
        sizes = [first[k + 1] - first[k] for k, _ in names]
        asset = np.concatenate([np.arange(first[k], first[k + 1]) for k, _ in names])
        label = np.repeat(np.arange(len(names)), sizes)
        t, row = grid(len(part.steps), len(asset))
        self._write(
            "states",
            part.name,
            {
                **self._when(part, t),
                "asset": Coded(asset[row], self._street.asset_ids),
                "name": Coded(label[row], [name for _, name in names]),
                "value": np.concatenate([fleets[k][name] for fleets in readings for k, name in names]),
            },
        )

    def curves(self, part: Part, drawn: Sequence[Mapping[str, Curves]]) -> None:
        """Write the summed curve of each kind of asset in every step: what it offers, and what it asks."""
        labels = [(step, kind) for step, kinds in zip(part.steps, drawn, strict=True) for kind in kinds]
        whole = Curves.concatenate([curve for kinds in drawn for curve in kinds.values()])
        halves = Curves.concatenate([whole.clipped(0, np.inf), whole.clipped(-np.inf, 0)])
        curve, vertex = np.nonzero(_told(halves))
        kinds = [kind for _, kind in labels]
        self._write(
            "curves",
            part.name,
            {
                "start": Moments(self._street.calendar.start_of(np.array([step for step, _ in labels] * 2)[curve])),
                "node": Coded.constant(self._street.tree.ids[0], len(curve)),
                "side": Coded(curve // len(labels), ("supply", "demand")),
                "kind": _coded(np.array(kinds * 2)[curve]),
                "vertex": vertex.astype(np.int32),
                "price": halves.prices[curve, 0, vertex],
                "power_kw": halves.powers[curve, 0, vertex],
            },
        )

    def welfare(self, part: Part, welfare: Sequence[Welfare | None]) -> None:
        """Write what the market's dispatch is worth, and what none can exceed [currency/h], where all balanced."""
        found = [(step, one.market, one.bound) for step, one in zip(part.steps, welfare, strict=True) if one]
        if found:
            steps, market, bound = (np.array(column) for column in zip(*found, strict=True))
            moments = Moments(self._street.calendar.start_of(steps))
            columns = {"start": moments, "market": market, "central": bound, "gap": bound - market}
            self._write("welfare", part.name, columns)

    def supply(self, part: Part, power_kw: Floats, cost: Floats, fuel: Floats) -> None:
        """Write what the supplier delivered [kW], its cost, and the fuel of generators [currency/h]; each (D,)."""
        when = self._when(part, np.arange(len(part.steps)))
        self._write("supply", part.name, {**when, "power_kw": power_kw, "cost": cost, "fuel_cost": fuel})

    def ledger(self, part: Part, postings: Postings) -> None:
        """Write who received what at which node."""
        accounts = (*self._street.customer_ids, self._street.supplier.supplier_id, "distribution_owner", "rounding")
        t, entry = grid(len(part.steps), len(postings.node))
        self._write(
            "ledger",
            part.name,
            {
                **self._when(part, t),
                "node": Coded(postings.node[entry], self._street.tree.ids),
                "account": Coded(postings.account[entry], accounts),
                "energy_kwh": postings.energy_kwh.T.ravel(),
                "amount_micro": postings.amount_micro.T.ravel(),
            },
        )

    def trading(self, part: Part, record: TradingRecord) -> None:
        """Write what happened in a day of continuous trading: orders, trades, and depth after every round."""
        self._orders(part, record)
        self._trades(part, record)
        self._depth(part, record)

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
        starts = self._street.calendar.start_of(part.steps)
        when: dict[str, Column] = {"start": Moments(starts[t]), "account": Coded(k, self._accounts)}
        self._write("positions", part.name, {**when, **{name: values.T.ravel() for name, values in columns.items()}})

    @property
    def _accounts(self) -> tuple[str, ...]:
        return (*self._street.customer_ids, self._street.supplier.supplier_id)

    def _tendered(self, at: Array, step: Array) -> dict[str, Column]:
        trading, start_of = self._street.market.trading, self._street.calendar.start_of
        assert trading is not None
        return {"moment": Moments(start_of(at) - trading.gate // MICROSECOND), "start": Moments(start_of(step))}

    def _steps(self, price: Array, quantity: Array) -> dict[str, Column]:
        trading = self._street.market.trading
        assert trading is not None
        product = trading.product
        return {"price": product.prices.to_values(price), "power_kw": product.quantities.to_values(quantity)}

    def bills(self, case: str, consumed: Consumed, fixed_micro: Micro, returned_micro: Micro) -> None:
        """Write what every customer pays: energy, plus what is fixed, less what is returned [micro-units]."""
        self._write(
            "bills",
            case,
            {
                "case": Coded.constant(case, len(fixed_micro)),
                "customer": _texts(self._street.customer_ids),
                "import_kwh": consumed.drawn_kwh,
                "export_kwh": consumed.fed_kwh,
                "energy_micro": consumed.paid_micro,
                "fixed_micro": fixed_micro,
                "returned_micro": returned_micro,
                "total_micro": consumed.paid_micro + fixed_micro - returned_micro,
            },
        )

    def parts(self, case: str) -> list[Part]:
        """Return the parts of a whole run: 24 hours each, the last one shorter if need be."""
        total, day = self._street.calendar.steps, self._street.calendar.steps_per_day
        return [Part(case, np.arange(first, min(first + day, total))) for first in range(0, total, day)]

    def _when(self, part: Part, row_step: Array) -> dict[str, Column]:
        starts = self._street.calendar.start_of(part.steps)
        return {"case": Coded.constant(part.case, len(row_step)), "start": Moments(starts[row_step])}


def _columns(rows: Sequence[Sequence[int]], width: int) -> Array:
    return np.array(rows, dtype=np.int64).reshape(-1, width).T


def _side(signs: Array) -> Coded:
    return Coded((signs > 0).astype(np.int32), ("buy", "sell"))


def _texts(labels: Sequence[str]) -> Coded:
    return Coded(np.arange(len(labels), dtype=np.int32), labels)


def _coded(texts: Array) -> Coded:
    labels, codes = np.unique(texts, return_inverse=True)
    return Coded(codes.astype(np.int32), labels.tolist())


def _told(curves: Curves) -> Array:
    """Return which vertices say something, shape (n, V): not those of curves without power, nor repeated ones."""
    prices, powers = curves.prices[:, 0], curves.powers[:, 0]
    repeats = (np.diff(prices, prepend=np.nan) == 0) & (np.diff(powers, prepend=np.nan) == 0)
    return np.asarray(powers.any(axis=1, keepdims=True) & ~repeats)
