"""A scenario file as frozen types; quantities are floats in base units (kW, kWh, °C, currency/kWh, l/h)."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from msgspec import Struct, field

from micromarket.simulation.scenario.fields import (
    Currency,
    Duration,
    Fraction,
    Hours,
    Identifier,
    Moment,
    MoneyPerDay,
    Power,
    Price,
    PriceSlope,
    SeriesRef,
    Slug,
    Zone,
    about,
)
from micromarket.simulation.scenario.information import Service
from micromarket.simulation.scenario.local_assets import LocalAsset


class _Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Horizon(_Part, frozen=True, kw_only=True):
    """The time a run covers: half-open, from `start` until `end`."""

    start: Annotated[Moment, about("Start of the first step, with offset from UTC.")]
    end: Annotated[Moment, about("End of the last step, with offset from UTC.")]
    step: Annotated[Duration, about("Duration of a step; divides an hour, or a day in whole hours.")] = timedelta(
        minutes=15
    )
    timezone: Annotated[Zone, about("Local zone (IANA name) of clocks and days.")] = "UTC"


class MarketSeries(_Part, frozen=True, kw_only=True):
    """Markets before the spot market, one after another: each clears when what it covers begins."""

    name: Annotated[Identifier, about("Name.")]
    interval: Annotated[Duration, about("Duration of its intervals.")] = timedelta(hours=1)
    intervals: Annotated[int, about("Intervals that one market clears.", least=1)] = 1
    rounds: Annotated[int, about("How often bids and prices go back and forth.", least=1, most=100)] = 1
    commits: Annotated[bool, about("Whether what it clears binds, so that later markets settle the change.")] = False
    price_model: Annotated[
        str | None,
        about(
            "Model that learns its prices, by its registered name; by default it expects what spot markets taught."
        ),
    ] = None


class OrderBook(_Part, frozen=True, kw_only=True):
    """How customers trade continuously: one instrument for each step of the run, one book for all of them."""

    ahead: Annotated[Duration, about("How long before its delivery an instrument opens.")] = timedelta(hours=6)
    gate: Annotated[Duration, about("How long before its delivery it closes; shorter than a step.")] = timedelta(
        minutes=5
    )
    price_step: Annotated[Price, about("Prices are whole multiples of it.", above=0)] = 0.0005
    power_step: Annotated[Power, about("Quantities are whole multiples of it.", above=0)] = 0.04
    lot: Annotated[Power, about("Power of each of the supplier's offers, up its curve.", above=0)] = 5.0
    imbalance_fee: Annotated[
        Price, about("What the supplier adds to its price, or takes off, for power that was not traded.", least=0)
    ] = 0.01


class MarketRules(_Part, frozen=True, kw_only=True):
    """How the market clears."""

    mechanism: Annotated[
        str,
        about(
            "`double_auction` clears every node in every step; with `order_book` customers trade continuously. A run "
            "knows no other."
        ),
    ] = "double_auction"
    order_book: Annotated[OrderBook | None, about("Rules of continuous trading; only with that mechanism.")] = None
    default_price: Annotated[
        Price | None, about("Price expected before any was seen; by default the supplier's mean price.")
    ] = None
    horizon: Annotated[Duration, about("How far assets look ahead.")] = timedelta(hours=24)
    price_cap: Annotated[Price | None, about("Price when demand is short.")] = None
    network_income: Annotated[
        Literal["returned", "kept"],
        about("Whether customers get back, in equal shares, what the lines earn on losses and congestion."),
    ] = "returned"
    make_whole: Annotated[
        Literal["paid", "none"],
        about("Whether owners get what engaged generators lost on a day; customers pay it by the energy they drew."),
    ] = "paid"
    price_model: Annotated[
        str, about("Model that learns the prices of spot markets: `hourly`, `weekday_weekend` or a registered one.")
    ] = "hourly"
    series: Annotated[
        tuple[MarketSeries, ...],
        about(
            "Markets before the spot market of each step, the longest first; each divides the one before it. Without "
            "them assets expect what each hour usually costs."
        ),
    ] = ()


class Tier(_Part, frozen=True, kw_only=True):
    """A stretch of the supplier's power at one price."""

    up_to: Annotated[Power | None, about("Power up to which it holds; the last tier has none.", above=0)] = None
    add: Annotated[Price, about("What it adds to the supplier's price.", least=0)]


class Supplier(_Part, frozen=True, kw_only=True):
    """Who sells to the root node, and buys what it exports."""

    id: Annotated[Identifier, about("Name.")] = "supplier"
    price: Annotated[Price | SeriesRef, about("Price of the first kW.")]
    feed_in_price: Annotated[Price | SeriesRef, about("What it pays for exports; never above `price`.")] = 0.0
    capacity: Annotated[Power | None, about("Highest power it supplies; by default unlimited.", above=0)] = None
    feed_in_capacity: Annotated[Power | None, about("Highest power it takes; by default unlimited.", least=0)] = None
    slope: Annotated[PriceSlope, about("Rise of the price with each kW; not together with `tiers`.", least=0)] = 0.0
    tiers: Annotated[tuple[Tier, ...], about("Steps of the price, in rising order.")] = ()


class TimeOfUse(_Part, frozen=True, kw_only=True):
    """Two rates, by the local clock."""

    off_peak: Annotated[Price, about("Rate outside the peak.")]
    peak: Annotated[Price, about("Rate within the peak.")]
    peak_hours: Annotated[Hours, about("Local hours of the peak.")]
    weekdays_only: Annotated[bool, about("Whether Saturday and Sunday have no peak.")] = False


class Tariff(_Part, frozen=True, kw_only=True):
    """What customers pay without the market."""

    id: Annotated[Identifier, about("Name.")]
    import_rate: Annotated[
        Price | Literal["break_even"] | TimeOfUse,
        about("Rate of energy drawn; `break_even` is the flat rate at which the supplier just recovers its cost."),
    ] = field(name="import")
    export_rate: Annotated[Price, about("What the customer gets for energy fed in.")] = field(
        default=0.0, name="export"
    )
    fixed: Annotated[MoneyPerDay, about("Charge for each day.", least=0)] = 0.0


class Node(_Part, frozen=True, kw_only=True):
    """A circuit region: a feeder, a substation; exactly one has no parent and is the root."""

    id: Annotated[Identifier, about("Name.")]
    parent: Annotated[Identifier | None, about("Node it hangs on; the root has none.")] = None
    import_limit: Annotated[Power | None, about("Highest power from its parent; by default unlimited.", least=0)] = (
        None
    )
    export_limit: Annotated[Power | None, about("Highest power to its parent; by default unlimited.", least=0)] = None
    full_load_loss: Annotated[
        Fraction, about("Share lost on the line to its parent at its limit; needs a limit.", least=0, below=0.5)
    ] = 0.0


class Connection(_Part, frozen=True, kw_only=True):
    """A customer's own line, which makes the customer a node."""

    import_limit: Annotated[Power | None, about("Highest power drawn; by default unlimited.", least=0)] = None
    export_limit: Annotated[Power | None, about("Highest power fed in; by default unlimited.", least=0)] = None
    full_load_loss: Annotated[Fraction, about("Share lost on the line at its limit.", least=0, below=0.5)] = 0.0


class Customer(_Part, frozen=True, kw_only=True):
    """Someone who owns assets, has a tariff and a preference between cost and comfort."""

    id: Annotated[Identifier, about("Name.")]
    node: Annotated[Identifier | None, about("Node it is connected to; by default the root.")] = None
    connection: Annotated[Connection | None, about("Its own line, if it has limits or losses.")] = None
    tariff: Annotated[Identifier | None, about("Its tariff; by default the first.")] = None
    comfort: Annotated[float, about("From 0, save money, to 1, never trade comfort for money.", least=0, most=1)] = (
        0.5
    )
    assets: Annotated[tuple[LocalAsset, ...], about("What it owns.")]


class DataSource(_Part, frozen=True, kw_only=True):
    """Where data come from; the report names it."""

    name: Annotated[str, about("Name of the source.")]
    licence: Annotated[str, about("Licence of the data.")]
    what: Annotated[str, about("What was taken from it.")]
    url: Annotated[str | None, about("Where it is found.")] = None


class ScenarioFile(_Part, frozen=True, kw_only=True):
    """A scenario of micromarket: who is there, what they own, where, when, and how the market clears."""

    schema: Annotated[Literal[1], about("Version of this format.")]
    name: Annotated[Slug, about("Name: small letters, digits and dashes.")]
    description: Annotated[str, about("One line for the report.")] = ""
    seed: Annotated[int, about("Start of all chance.", least=0)] = 1
    currency: Annotated[Currency, about("Currency (ISO 4217).")]
    time: Annotated[Horizon, about("When.")]
    market: Annotated[MarketRules, about("How the market clears.")] = MarketRules()
    supplier: Annotated[Supplier, about("Who sells to the root node.")]
    tariffs: Annotated[
        tuple[Tariff, ...], about("What customers pay without the market; by default one that breaks even.")
    ] = (Tariff(id="break-even", import_rate="break_even"),)
    nodes: Annotated[tuple[Node, ...], about("Circuit regions; by default one called `root`.")] = (Node(id="root"),)
    services: Annotated[tuple[Service, ...], about("Who foretells what drives devices.")] = ()
    data_sources: Annotated[tuple[DataSource, ...], about("Where data come from.")] = ()
    customers: Annotated[tuple[Customer, ...], about("Who takes part.")]
