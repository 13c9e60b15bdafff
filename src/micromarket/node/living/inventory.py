"""What a node consists of, in plain values: what it tells a record about itself when it starts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from micromarket.assets.information_service import InformationService
from micromarket.markets.series.market import MarketRules
from micromarket.node.demand.meter_point import MeterPoint
from micromarket.node.neighbor import Direction


@dataclass(frozen=True, slots=True)
class ListedAsset:
    """A local asset by name.

    Parameters
    ----------
    name : str
        Name.
    kind : str
        What it is.
    minimum_kw, maximum_kw : float or None
        Least and most power [kW], where they are known.
    """

    name: str
    kind: str
    minimum_kw: float | None = None
    maximum_kw: float | None = None


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a node has, by name.

    Parameters
    ----------
    assets : tuple of ListedAsset
        In the order of their curves.
    services : tuple of InformationService
        Where it gets weather, prices and the like.
    meters : tuple of MeterPoint
        Its meters, each named by the neighbor toward which it stands.
    """

    assets: tuple[ListedAsset, ...] = ()
    services: tuple[InformationService, ...] = ()
    meters: tuple[MeterPoint, ...] = ()


@dataclass(frozen=True, slots=True)
class ListedNeighbor:
    """A neighbor in plain numbers; fields as of `Neighbor`, limits None where there is none, no charge None."""

    name: str
    direction: Direction
    transactive: bool
    import_limit_kw: float | None
    export_limit_kw: float | None
    full_load_loss: float
    demand_rate: float | None
    demand_threshold_kw: float


@dataclass(frozen=True, slots=True)
class ListedSeries:
    """A series of markets: its rules, from one clearing to the next, and the series that it refines."""

    rules: MarketRules
    clearing_interval: timedelta
    refines: str | None
