"""A node file as frozen types: one transactive node of a network, to be run as a program of its own."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from msgspec import Struct

from micromarket.simulation.scenario.fields import (
    Currency,
    DemandRate,
    Duration,
    Fraction,
    Identifier,
    Moment,
    Power,
    Price,
    SeriesRef,
    Slug,
    Zone,
    about,
)
from micromarket.simulation.scenario.information import Service
from micromarket.simulation.scenario.local_assets import LocalAsset


class _Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Corner(_Part, frozen=True, kw_only=True):
    """A vertex of a curve: from one to the next power is linear in price; two at one price are a step."""

    price: Annotated[Price, about("Price.")]
    power: Annotated[Power, about("Power at this price, positive into the region.")]


class CurveAsset(_Part, frozen=True, kw_only=True, tag_field="kind", tag="curve"):
    """Anything that gives or takes power by price."""

    id: Annotated[Identifier, about("Name.")]
    vertices: Annotated[tuple[Corner, ...], about("Its curve, from the lowest price up; one vertex is inelastic.")]


class KnownPower(_Part, frozen=True, kw_only=True):
    """What is known of a power when the markets of one series negotiate."""

    series: Annotated[Identifier, about("Name of the series of markets.")]
    column: Annotated[str, about("Column [kW], positive into the region.")]


class SeriesAsset(_Part, frozen=True, kw_only=True, tag_field="kind", tag="series"):
    """Something that gives or takes a power that changes with time, whatever the price."""

    id: Annotated[Identifier, about("Name.")]
    file: Annotated[str, about("CSV or Parquet file with the power in equal steps, beside this one.")]
    power: Annotated[tuple[KnownPower, ...], about("Its power as known in each series of markets.")]


NodeAsset = LocalAsset | CurveAsset | SeriesAsset
"""What a node may have: everything a customer of a scenario may, and what only answers."""


ONLY_ANSWERS = (CurveAsset, SeriesAsset)
"""Kinds that are never told anything, and that no time changes."""


class MonthlyRates(_Part, frozen=True, kw_only=True):
    """What a bulk supplier charges by month, January first; heavy hours are 6 to 22, but for Sundays and holidays."""

    heavy: Annotated[tuple[Price, ...], about("Energy in heavy hours; 12 of them.")]
    light: Annotated[tuple[Price, ...], about("Energy in all other hours; 12 of them.")]
    agreed: Annotated[Power, about("Power up to which nothing is added.", least=0)]
    beyond: Annotated[tuple[Price, ...], about("What is added in heavy hours beyond the agreed power; 12 of them.")]


class Demand(_Part, frozen=True, kw_only=True):
    """What a neighbor charges for the highest average power drawn from it in a month."""

    rate: Annotated[DemandRate, about("Charge for each kW of a month's highest demand.", least=0)]
    hours_of_use: Annotated[Duration, about("Time over which one more kW of peak is expected to be used.")] = (
        timedelta(hours=1)
    )
    threshold: Annotated[Power, about("Demand at the start up to which nothing is added.", least=0)] = 0.0
    carry_over: Annotated[
        Fraction, about("Share of a month's peak that is expected at least in the next.", least=0, most=1)
    ] = 0.8


class Meter(_Part, frozen=True, kw_only=True):
    """A meter toward a neighbor, which counts what devices deliver."""

    measures: Annotated[
        Literal["average_power", "energy", "register"],
        about("Average power or energy of the interval before a reading; or energy since it was installed."),
    ] = "average_power"
    interval: Annotated[Duration, about("Time between readings, which are at whole multiples of it.")] = timedelta(
        hours=1
    )
    scale: Annotated[float, about("What a shown 1 stands for [kW or kWh]; not 0.")] = 1.0
    description: Annotated[str, about("Where it is.")] = ""


class NodeNeighbor(_Part, frozen=True, kw_only=True):
    """A neighboring node, or one that is none: a utility with a price list."""

    id: Annotated[Identifier, about("Name.")]
    direction: Annotated[
        Literal["upstream", "downstream", "bidirectional"],
        about("Upstream finds the price for this node, downstream bids to it; both are for nested auctions."),
    ]
    import_limit: Annotated[Power | None, about("Highest power from it; by default unlimited.", least=0)] = None
    export_limit: Annotated[Power | None, about("Highest power to it; by default unlimited.", least=0)] = None
    full_load_loss: Annotated[
        Fraction, about("Share lost on the line at its limit; needs both limits.", least=0, below=0.5)
    ] = 0.0
    transactive: Annotated[bool, about("Whether it sends and receives signals.")] = True
    default: Annotated[
        tuple[Corner, ...],
        about("Its curve toward this node while it says nothing, or for ever if it is not transactive."),
    ] = ()
    rates: Annotated[
        MonthlyRates | None,
        about("What it charges by month and hour, if it is not transactive; instead of a default."),
    ] = None
    price: Annotated[
        Price | SeriesRef | None,
        about("What it charges for any power, if it is not transactive; instead of a default."),
    ] = None
    charge: Annotated[Demand | None, about("What it charges for a month's highest demand.")] = None
    meter: Annotated[Meter | None, about("What tells the demand; without it, what was settled counts as drawn.")] = (
        None
    )


class NodeSeries(_Part, frozen=True, kw_only=True):
    """A series of markets, alike at all nodes of a network."""

    name: Annotated[Identifier, about("Name; the same at all nodes.")]
    coordination: Annotated[
        str,
        about(
            "How neighbors agree, by its registered name: `nested_auction`, `consensus`, `shared_curves` or another."
        ),
    ] = "nested_auction"
    every: Annotated[Duration | None, about("From one clearing to the next; by default what a market delivers.")] = (
        None
    )
    interval: Annotated[Duration, about("Duration of its intervals.")] = timedelta(hours=1)
    intervals: Annotated[int, about("Intervals that one market clears.", least=1)] = 1
    activation_lead: Annotated[Duration, about("Time in ACTIVE.")] = timedelta(0)
    negotiation_lead: Annotated[Duration, about("Time in NEGOTIATION.")] = timedelta(minutes=5)
    market_lead: Annotated[Duration, about("Time in MARKET_LEAD, in which bids go up.")] = timedelta(minutes=5)
    delivery_lead: Annotated[Duration, about("Time from clearing to delivery, in which offers come down.")] = (
        timedelta(minutes=5)
    )
    reconciliation: Annotated[Duration, about("Time in RECONCILE.")] = timedelta(0)
    default_price: Annotated[Price, about("Price expected before any was seen.")]
    price_model: Annotated[str, about("What foresees its prices, by its registered name.")] = "hourly"
    precision: Annotated[
        Fraction, about("Part of the exchanged money that a consensus may leave in disagreement.", above=0, most=1)
    ] = 1e-7
    commits: Annotated[bool, about("Whether what it clears binds, so that later markets trade the change.")] = False
    refined_by: Annotated[NodeSeries | None, about("A series that divides its time and trades again.")] = None


class Signals(_Part, frozen=True, kw_only=True):
    """When the node sends, and how long it waits."""

    threshold: Annotated[Fraction, about("Relative change above which a signal is sent anew.", least=0)] = 0.0
    repeat_after: Annotated[Duration, about("How long to wait before repeating what was not heard.")] = timedelta(
        seconds=5
    )
    patience: Annotated[
        Fraction, about("Share of a market state after which a silent neighbor is stood in for.", least=0, most=1)
    ] = 0.5
    trust: Annotated[Duration, about("Over which time the last curve of a silent neighbor fades to its default.")] = (
        timedelta(hours=2)
    )


class NodeFile(_Part, frozen=True, kw_only=True):
    """One transactive node: its name, its neighbors, its markets and what is in it."""

    schema: Annotated[Literal[1], about("Version of this format.")]
    network: Annotated[Slug, about("Name of the network; nodes of one network hear each other.")]
    node: Annotated[Identifier, about("Name of this node, as its neighbors call it.")]
    currency: Annotated[Currency, about("Currency (ISO 4217).")]
    timezone: Annotated[Zone, about("Local zone (IANA name), for what each hour of the day usually costs.")] = "UTC"
    start: Annotated[Moment, about("From when it lives in a network run in one process, or by a conductor.")]
    end: Annotated[Moment, about("When it stops.")]
    first_clearing: Annotated[Moment, about("When the first market of the series clears.")]
    series: Annotated[NodeSeries, about("Its markets.")]
    neighbors: Annotated[tuple[NodeNeighbor, ...], about("Its neighbors.")] = ()
    comfort: Annotated[float, about("From 0, save money, to 1, never trade comfort for money.", least=0, most=1)] = (
        0.5
    )
    seed: Annotated[int, about("Start of all chance.", least=0)] = 1
    services: Annotated[tuple[Service, ...], about("Who foretells what drives its devices.")] = ()
    assets: Annotated[tuple[NodeAsset, ...], about("What is in it.")] = ()
    signals: Annotated[Signals, about("When it sends, and how long it waits.")] = Signals()
    bus: Annotated[str, about("Address of the NATS server over which it meets its neighbors.")] = (
        "nats://127.0.0.1:4222"
    )
