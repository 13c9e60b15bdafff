"""What a scenario became: time, tree, fleets and supplier, ready to run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta, tzinfo

import numpy as np
from numpy.typing import NDArray

from micromarket.assets.asset import LocalAsset, Steps
from micromarket.assets.customer import Customer
from micromarket.domain.curves import Floats
from micromarket.domain.intervals import EPOCH, MICROSECOND, IntervalGrid, LocalTimes
from micromarket.domain.products import Product
from micromarket.dso.load_serving_entity import Supplier
from micromarket.dso.settlement import summed
from micromarket.dso.tariffs import RateTable
from micromarket.markets.series.series import SeriesPlan
from micromarket.node.networks.tree import NodeTree

Indices = NDArray[np.int64]

STORING = frozenset({"house", "commercial_building", "chiller", "water_heater", "ev", "battery"})
"""Kinds of devices that store something."""
SPOT = "spot"
"""Series of the markets that clear each base step last."""


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """The base steps of a run, and the day after them that plans still look at.

    Parameters
    ----------
    grid : IntervalGrid
        The `S` base steps; one divides the hour.
    zone : tzinfo
        Whose hours of the day the price model learns.
    """

    grid: IntervalGrid
    zone: tzinfo
    _local: LocalTimes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Look the local times up once, those of the two days beyond the end included."""
        beyond = IntervalGrid(self.grid.start, self.grid.step, len(self.grid) + 2 * self.steps_per_day)
        object.__setattr__(self, "_local", LocalTimes.of(beyond.starts, self.zone))

    @property
    def steps(self) -> int:
        """Number of base steps, `S`."""
        return len(self.grid)

    @property
    def step_hours(self) -> float:
        """Duration of a base step [h]."""
        return self.grid.hours

    @property
    def steps_per_hour(self) -> int:
        """Base steps in one hour."""
        return round(1 / self.step_hours)

    @property
    def steps_per_day(self) -> int:
        """Base steps in 24 hours."""
        return 24 * self.steps_per_hour

    def start_of(self, steps: Steps) -> Indices:
        """Return when base steps begin [microseconds since 1970 UTC], also beyond the end of the run."""
        first, step = (self.grid.start - EPOCH) // MICROSECOND, self.grid.step // MICROSECOND
        return np.asarray(first + steps * step)

    def when(self, steps: Steps) -> LocalTimes:
        """Return when base steps begin, in local time; long after the end, the last hour and day looked up hold."""
        known = self._local[np.minimum(steps, len(self._local) - 1)]
        return LocalTimes(self.start_of(steps), known.hours, known.days)


@dataclass(frozen=True, slots=True, eq=False)
class Fleet:
    """A fleet of one kind, and where each of its `n` devices belongs.

    Parameters
    ----------
    kind : str
        As in the scenario file.
    asset : LocalAsset
        The devices as they are at the start of the run.
    node : array of int, shape (n,)
        Node of the tree at which each is connected.
    customer : array of int, shape (n,)
        Owner of each.
    """

    kind: str
    asset: LocalAsset
    node: Indices
    customer: Indices

    @property
    def stores(self) -> bool:
        """Whether what it does in one interval changes what it can do in others: it holds energy, heat or cold."""
        return self.kind in STORING


@dataclass(frozen=True, slots=True)
class Trading:
    """How customers trade continuously.

    Parameters
    ----------
    ahead_steps : int
        How many instruments are open at a time; the nearest is delivered in the next base step.
    gate : timedelta
        How long before its delivery an instrument closes.
    product : Product
        What is traded, and in which steps of price and power.
    lot_kw : float
        Power of each of the supplier's offers [kW].
    imbalance_fee : float
        What the supplier adds or takes off for power that was not traded [currency/kWh].
    """

    ahead_steps: int
    gate: timedelta
    product: Product
    lot_kw: float
    imbalance_fee: float


@dataclass(frozen=True, slots=True)
class MarketSettings:
    """How the market is run.

    Parameters
    ----------
    default_price : float
        Expected where nothing better is known [currency/kWh].
    price_cap : float or None
        Price at which anyone may be served in part [currency/kWh].
    horizon_steps : int
        How far assets look ahead [base steps].
    plan : SeriesPlan
        Its series of markets, the longest first; the last is the spot market of each base step.
    rounds : mapping of str to int
        How often each series negotiates before it clears.
    learning : frozenset of str
        Series with a price model of their own; the others expect what the spot market's has learned.
    returns_network_income : bool
        Whether customers get back, in equal shares, what the distribution owner earns on losses and congestion.
    makes_whole : bool
        Whether owners of engaged generators get what these lost on a day.
    trading : Trading or None
        How customers trade, if they do so continuously.
    """

    default_price: float
    price_cap: float | None
    horizon_steps: int
    plan: SeriesPlan
    rounds: Mapping[str, int]
    learning: frozenset[str]
    returns_network_income: bool
    makes_whole: bool
    trading: Trading | None = None

    @property
    def commits(self) -> bool:
        """Whether what any of its markets clears binds."""
        return any(plan.rules.commitment for plan in self.plan.chain)


@dataclass(frozen=True, slots=True, eq=False)
class Neighborhood:
    """Everything a run needs that does not change while it runs.

    Parameters
    ----------
    calendar : Calendar
        Its base steps.
    tree : NodeTree
        Its circuit regions.
    fleets : tuple of Fleet
        Its devices, one fleet of each kind.
    supplier : Supplier
        Who sells to the root; prices reach a day beyond the run.
    market : MarketSettings
        How the market is run.
    customers : tuple of Customer
        Who owns the devices; `C` of them.
    rates : RateTable
        What they pay without the market.
    tariff_of : array of int, shape (C,)
        Which of the rates each pays.
    breaks_even : array of bool, shape (K,)
        Whether a tariff's rate is still to be found, so that the supplier just recovers its cost.
    """

    calendar: Calendar
    tree: NodeTree
    fleets: tuple[Fleet, ...]
    supplier: Supplier
    market: MarketSettings
    customers: tuple[Customer, ...]
    rates: RateTable
    tariff_of: Indices
    breaks_even: NDArray[np.bool_]

    @property
    def customer_ids(self) -> tuple[str, ...]:
        """Name of each customer."""
        return tuple(customer.customer_id for customer in self.customers)

    @property
    def customer_node(self) -> Indices:
        """Node at which each customer is connected, shape (C,)."""
        index = {name: k for k, name in enumerate(self.tree.ids)}
        return np.array([index[customer.node] for customer in self.customers])

    @property
    def initial(self) -> tuple[LocalAsset, ...]:
        """The fleets as they are at the start."""
        return tuple(fleet.asset for fleet in self.fleets)

    @property
    def asset_ids(self) -> tuple[str, ...]:
        """Name of every device, fleet by fleet, then the supplier."""
        return (*(name for fleet in self.fleets for name in fleet.asset.ids), self.supplier.supplier_id)

    @property
    def ledger_accounts(self) -> tuple[str, ...]:
        """Name of every account of the ledger: customers, the supplier, the distribution owner, and rounding."""
        return (*self.customer_ids, self.supplier.supplier_id, "distribution_owner", "rounding")

    @property
    def member_of(self) -> Indices:
        """Node of every participant: every device, then the supplier at the root."""
        return np.concatenate([*(fleet.node for fleet in self.fleets), [0]])

    @property
    def account_of(self) -> Indices:
        """Account of every participant: its customer's, and the supplier's after the last customer."""
        return np.concatenate([*(fleet.customer for fleet in self.fleets), [len(self.customers)]])

    def by_account(self, powers_kw: Floats) -> Floats:
        """Return the power of every account, shape (C + 1, ...), from that of every participant, shape (n, ...)."""
        return summed(np.ascontiguousarray(powers_kw), self.account_of, len(self.customers) + 1)

    def split(self, values: Floats) -> list[Floats]:
        """Return the parts of `values`, shape (n, ...), that belong to each fleet; the supplier's is left out."""
        ends = np.cumsum([len(fleet.node) for fleet in self.fleets])
        return np.split(values[: ends[-1]], ends[:-1])


def by_customer(street: Neighborhood, powers: Sequence[Floats]) -> Floats:
    """Return what the devices of each customer feed in together [kW], shape (C,)."""
    total = np.zeros(len(street.customers))
    for fleet, power in zip(street.fleets, powers, strict=True):
        total += np.bincount(fleet.customer, weights=power, minlength=len(total))
    return total
