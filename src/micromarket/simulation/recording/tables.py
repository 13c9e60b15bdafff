"""What a run remembers, table by table; the columns are listed in ``docs/reference/tables.md``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from micromarket.assets.asset import Steps
from micromarket.domain.curves import Curves, Floats
from micromarket.domain.intervals import IntervalGrid
from micromarket.domain.money import Micro
from micromarket.dso.settlement import Postings
from micromarket.markets.auctions.auction import Outcome
from micromarket.node.networks.nested import NestedClearing
from micromarket.simulation.neighborhood import Neighborhood
from micromarket.simulation.recording.recorder import Array, Coded, Column, Moments, Recorder, grid
from micromarket.simulation.recording.welfare import Welfare
from micromarket.simulation.uplift import Uplift, postings

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
class Told:
    """Prices that a market told before the spot market.

    Parameters
    ----------
    series : str
        Whose market.
    intervals : IntervalGrid
        Its `T` intervals; it cleared when the first began.
    prices : array of float, shape (m, T)
        What it led each node to expect [currency/kWh].
    """

    series: str
    intervals: IntervalGrid
    prices: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Consumed:
    """What `C` customers consumed in a whole run; each of shape (C,).

    Parameters
    ----------
    drawn_kwh, fed_kwh : array of float
        Energy drawn and fed in [kWh].
    paid_micro : array of int
        Paid for it, and to make others whole [micro-units].
    """

    drawn_kwh: Floats
    fed_kwh: Floats
    paid_micro: Micro


@dataclass(frozen=True, slots=True, eq=False)
class OtherItems:
    """What stands on the bills of `C` customers beside energy [micro-units]; each of shape (C,).

    Parameters
    ----------
    fixed_micro : array of int
        Paid for being connected.
    uplift_micro : array of int
        Paid to make owners of engaged generators whole, less what was received for it.
    returned_micro : array of int
        Given back of what the lines earned.
    """

    fixed_micro: Micro
    uplift_micro: Micro
    returned_micro: Micro


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
        self.write = recorder.write
        self.street = street

    def dimensions(self, parameters: Mapping[str, object]) -> None:
        """Write who and what there is: nodes, customers, and assets with the parameters the file gives each."""
        self._nodes()
        street = self.street
        self.write(
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
        self.write(
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
        tree, homes = self.street.tree, set(self.street.customer_ids)
        below = ["home" if name in homes else "feeder" for name in tree.ids[1:]]
        self.write(
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
        t, k = grid(len(part.steps), len(self.street.tree.ids))
        member_of = self.street.member_of
        unserved = [cleared.unserved_by_node_kw(member_of)[:, 0] for cleared in clearings]
        self.write(
            "prices",
            part.name,
            {
                **self.when(part, t),
                "node": Coded(k, self.street.tree.ids),
                "price": np.concatenate([cleared.price[:, 0] for cleared in clearings]),
                "outcome": Coded(
                    np.concatenate([cleared.outcome[:, 0] for cleared in clearings]).astype(np.int32),
                    [outcome.name.lower() for outcome in Outcome],
                ),
                "congested": np.concatenate([cleared.congested[:, 0] for cleared in clearings]),
                "unserved_kw": np.concatenate(unserved),
            },
        )

    def forward_prices(self, part: Part, told: Sequence[Told]) -> None:
        """Write what the markets before the spot market told, interval by interval."""
        if not told:
            return
        nodes, series = self.street.tree.ids, list(dict.fromkeys(one.series for one in told))
        rows = [len(one.intervals) * len(nodes) for one in told]
        self.write(
            "forward_prices",
            part.name,
            {
                "series": Coded(np.repeat([series.index(one.series) for one in told], rows), series),
                "issued_at": Moments(np.repeat([one.intervals.starts[0] for one in told], rows)),
                "start": Moments(np.concatenate([np.repeat(one.intervals.starts, len(nodes)) for one in told])),
                "node": Coded(np.tile(np.arange(len(nodes)), sum(rows) // len(nodes)), nodes),
                "price": np.concatenate([one.prices.T.ravel() for one in told]),
            },
        )

    def flows(self, part: Part, scheduled: tuple[Floats, Floats], metered: tuple[Floats, Floats]) -> None:
        """Write what went over the line above each node: sent and received, each of shape (m, D) [kW]."""
        t, k = grid(len(part.steps), len(self.street.tree.ids))
        (sent, received), (metered_sent, metered_received) = scheduled, metered
        self.write(
            "flows",
            part.name,
            {
                **self.when(part, t),
                "node": Coded(k, self.street.tree.ids),
                "sent_kw": sent.T.ravel(),
                "received_kw": received.T.ravel(),
                "metered_sent_kw": metered_sent.T.ravel(),
                "metered_received_kw": metered_received.T.ravel(),
            },
        )

    def powers(self, part: Part, scheduled: Floats, metered: Floats) -> None:
        """Write what every asset was scheduled to do and did, each of shape (n, D) [kW]."""
        t, k = grid(len(part.steps), len(scheduled))
        self.write(
            "powers",
            part.name,
            {
                **self.when(part, t),
                "asset": Coded(k, self.street.asset_ids),
                "scheduled_kw": scheduled.T.ravel(),
                "metered_kw": metered.T.ravel(),
            },
        )

    def states(self, part: Part, readings: Sequence[Readings]) -> None:
        """Write the state of every device at the end of every step: `readings` by step, then fleet."""
        names = [(k, name) for k, fleet in enumerate(readings[0]) for name in fleet]
        if not names:
            return
        first = np.cumsum([0, *(len(fleet.node) for fleet in self.street.fleets)])
        sizes = [first[k + 1] - first[k] for k, _ in names]
        asset = np.concatenate([np.arange(first[k], first[k + 1]) for k, _ in names])
        label = np.repeat(np.arange(len(names)), sizes)
        t, row = grid(len(part.steps), len(asset))
        self.write(
            "states",
            part.name,
            {
                **self.when(part, t),
                "asset": Coded(asset[row], self.street.asset_ids),
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
        self.write(
            "curves",
            part.name,
            {
                "start": Moments(self.street.calendar.start_of(np.array([step for step, _ in labels] * 2)[curve])),
                "node": Coded.constant(self.street.tree.ids[0], len(curve)),
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
            moments = Moments(self.street.calendar.start_of(steps))
            columns = {"start": moments, "market": market, "central": bound, "gap": bound - market}
            self.write("welfare", part.name, columns)

    def supply(self, part: Part, power_kw: Floats, cost: Floats, fuel: Floats) -> None:
        """Write what the supplier delivered [kW], its cost, and the fuel of generators [currency/h]; each (D,)."""
        when = self.when(part, np.arange(len(part.steps)))
        self.write("supply", part.name, {**when, "power_kw": power_kw, "cost": cost, "fuel_cost": fuel})

    def ledger(self, part: Part, postings: Postings) -> None:
        """Write who received what at which node."""
        t, entry = grid(len(part.steps), len(postings.node))
        self.write(
            "ledger",
            part.name,
            {
                **self.when(part, t),
                "node": Coded(postings.node[entry], self.street.tree.ids),
                "account": Coded(postings.account[entry], self.street.ledger_accounts),
                "energy_kwh": postings.energy_kwh.T.ravel(),
                "amount_micro": postings.amount_micro.T.ravel(),
            },
        )

    def made_whole(self, part: Part, uplift: Uplift) -> None:
        """Write what engaged generators earned and cost on a day, who gets and pays the loss, and its ledger."""
        customers = self.street.customer_ids
        self.write(
            "make_whole",
            part.name,
            {
                "start": Moments(np.full(len(customers), self.street.calendar.start_of(part.steps[0]))),
                "customer": _texts(customers),
                "income_micro": uplift.income_micro,
                "cost_micro": uplift.cost_micro,
                "received_micro": uplift.paid.received,
                "charged_micro": uplift.paid.charged,
            },
        )
        self.ledger(Part(part.case, part.steps[-1:], f"made-whole-{part.steps[0]:06d}"), postings(uplift.paid))

    def bills(self, case: str, consumed: Consumed, others: OtherItems) -> None:
        """Write what every customer pays, item by item [micro-units]."""
        self.write(
            "bills",
            case,
            {
                "case": Coded.constant(case, len(others.fixed_micro)),
                "customer": _texts(self.street.customer_ids),
                "import_kwh": consumed.drawn_kwh,
                "export_kwh": consumed.fed_kwh,
                "energy_micro": consumed.paid_micro - others.uplift_micro,
                "fixed_micro": others.fixed_micro,
                "uplift_micro": others.uplift_micro,
                "returned_micro": others.returned_micro,
                "total_micro": consumed.paid_micro + others.fixed_micro - others.returned_micro,
            },
        )

    def parts(self, case: str) -> list[Part]:
        """Return the parts of a whole run: 24 hours each, the last one shorter if need be."""
        total, day = self.street.calendar.steps, self.street.calendar.steps_per_day
        return [Part(case, np.arange(first, min(first + day, total))) for first in range(0, total, day)]

    def when(self, part: Part, row_step: Array) -> dict[str, Column]:
        """Return the columns `case` and `start` of rows, given the place of each row's step in `part`."""
        starts = self.street.calendar.start_of(part.steps)
        return {"case": Coded.constant(part.case, len(row_step)), "start": Moments(starts[row_step])}


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
