"""What happened at a node, for whoever records or shows it; nothing here changes what the node does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from micromarket.domain.curves import Floats
from micromarket.markets.series.market import Market
from micromarket.markets.series.states import MarketState
from micromarket.node.balancing import Balance
from micromarket.node.living.dialog import Reason
from micromarket.node.living.inventory import Inventory, ListedNeighbor, ListedSeries
from micromarket.node.living.signals import TransactiveSignal


class Source(StrEnum):
    """Where a neighbor's curve came from."""

    SIGNAL = "signal"
    PRICE_LIST = "price list"
    """It is not transactive: its default is all it ever says."""
    LAST_KNOWN = "last known"
    """Its last curve of an earlier market, faded toward its default by age."""
    DEFAULT = "default"
    NOTHING = "nothing"
    """It sent none and has no default: nothing is exchanged with it."""


class Fate(StrEnum):
    """What became of a signal that came."""

    TAKEN = "taken"
    KNOWN = "known"
    """Its number, or a higher one, had come before."""
    EARLY = "early"
    """One before it has not come yet, and each one matters."""
    LATE = "late"
    """The market no longer minds what this neighbor says."""
    UNFIT = "unfit"
    """It speaks of other intervals than those of the market."""
    STRANGE = "strange"
    """From no neighbor, for somebody else, or on no market that is open here."""


@dataclass(frozen=True, slots=True)
class NodeStarted:
    """A program began to run the node, for the first time or again."""

    at: datetime
    timezone: str
    neighbors: tuple[ListedNeighbor, ...]
    series: tuple[ListedSeries, ...]
    inventory: Inventory


@dataclass(frozen=True, slots=True)
class StateEntered:
    """A market entered a state at this node."""

    at: datetime
    market: Market
    state: MarketState


@dataclass(frozen=True, slots=True)
class SignalSent:
    """The node sent a signal, and why."""

    at: datetime
    signal: TransactiveSignal
    reason: Reason


@dataclass(frozen=True, slots=True)
class SignalReceived:
    """A signal came, and what became of it."""

    at: datetime
    signal: TransactiveSignal
    fate: Fate


@dataclass(frozen=True, slots=True)
class MessageRefused:
    """Something came over the bus that is no signal."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class MeterRead:
    """The meter toward a neighbor was read: average power from it in the interval that began at `start`."""

    at: datetime
    neighbor: str
    start: datetime
    power_kw: float


@dataclass(frozen=True, slots=True)
class PeakRaised:
    """The highest demand from a neighbor in a local month rose, by an interval that began at `start`."""

    at: datetime
    neighbor: str
    start: datetime
    year: int
    month: int
    peak_kw: float
    from_meter: bool
    """Whether a meter tells it, or what was settled."""


@dataclass(frozen=True, slots=True)
class NeighborSilent:
    """A neighbor said nothing in time, and what stands in for it."""

    at: datetime
    market: str
    neighbor: str
    stand_in: Source


@dataclass(frozen=True, slots=True)
class NoAgreement:
    """Time was over before the node and a neighbor agreed; each settled on what it said last."""

    at: datetime
    market: str
    neighbor: str


@dataclass(frozen=True, slots=True, eq=False)
class Cleared:
    """The node settled on prices and powers; a later one of the same market replaces an earlier one."""

    at: datetime
    market: Market
    balance: Balance
    sources: tuple[tuple[str, Source], ...]
    """Where the curve of each neighbor came from."""
    production_cost: Floats
    """What the power of each local asset costs, shape (n, T) [currency]; minus what it is worth to a load."""


@dataclass(frozen=True, slots=True)
class SetPointsGiven:
    """Devices were told what to do in the base step that began at `start`."""

    at: datetime
    start: datetime
    power_kw: tuple[tuple[str, float], ...]
    """Average power of each device [kW]; empty if nothing was cleared, and each follows its habit."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """Devices lived through the base step that began at `start`."""

    at: datetime
    start: datetime
    power_kw: tuple[tuple[str, float], ...]
    """Average power of each device [kW], as far as its physics allowed."""
    readings: tuple[tuple[str, str, float], ...]
    """Device, what is read from it with its unit (``stored_kwh``, ``indoor_c``), and its value at the end."""


@dataclass(frozen=True, slots=True)
class PricesForeseen:
    """What the node's model of a series expects in the 24 hours after a market's delivery began."""

    at: datetime
    series: str
    weekend: tuple[bool, ...]
    hours: tuple[int, ...]
    """Local hour of the day of each."""
    mean: tuple[float, ...]
    """Expected price of each [currency/kWh]."""
    deviation: tuple[float, ...]
    """Standard deviation of each [currency/kWh]."""


Fact = (
    NodeStarted
    | StateEntered
    | SignalSent
    | SignalReceived
    | MessageRefused
    | MeterRead
    | PeakRaised
    | NeighborSilent
    | NoAgreement
    | Cleared
    | SetPointsGiven
    | Delivered
    | PricesForeseen
)
