"""The tables in which a run of nodes can be queried, declared once for every database.

Names take the place of numbered keys: a node, a market of a node, an interval of a market are told apart by what they
are called. Times are in UTC, powers are averages over the interval and positive into the node, NULL is what is not
known or has no limit.

Source: Transactive Network Template v4 (PNNL, 2024), appendix A, whose figures name the tables and how they belong
together; their columns follow the properties of the template's classes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from micromarket.markets.auctions.auction import Outcome
from micromarket.markets.series.states import MarketState
from micromarket.node.demand.meter_point import Measurement
from micromarket.node.living.facts import Source
from micromarket.node.neighbor import Direction

VERSION = 2


class Kind(Enum):
    """What a column holds."""

    TEXT = "text"
    INTEGER = "integer"
    REAL = "real"
    """A binary64 number, kept to the last bit."""
    TRUTH = "truth"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    name : str
        Name.
    kind : Kind
        What it holds.
    meaning : str
        What it says.
    unit : str
        Unit, where there is one.
    refers : str
        Enumeration whose names it takes.
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    refers: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Parameters
    ----------
    name : str
        Name.
    meaning : str
        What a row is.
    columns : tuple of Column
        Its columns, those of the key first.
    key : int
        How many columns make the primary key.
    parents : tuple of str
        Tables whose keys its first columns, or columns of the same names, repeat.
    content : tuple of tuple
        Rows of an enumeration.
    query : str
        For a view: the query behind it, in SQL that every database understands; its key tells rows apart.
    """

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: int
    parents: tuple[str, ...] = ()
    content: tuple[tuple[str | int, ...], ...] = ()
    query: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the columns of the primary key."""
        return tuple(column.name for column in self.columns[: self.key])


def _text(name: str, meaning: str, refers: str = "") -> Column:
    return Column(name, Kind.TEXT, meaning, refers=refers)


def _real(name: str, unit: str, meaning: str) -> Column:
    return Column(name, Kind.REAL, meaning, unit)


def _count(name: str, meaning: str) -> Column:
    return Column(name, Kind.INTEGER, meaning)


def _truth(name: str, meaning: str) -> Column:
    return Column(name, Kind.TRUTH, meaning)


def _time(name: str, meaning: str) -> Column:
    return Column(name, Kind.TIME, meaning)


def _names(table: str, meaning: str, names: Iterable[str]) -> Table:
    return Table(table, meaning, (_text("name", "name"),), 1, content=tuple((name,) for name in names))


NODE = _text("node", "name of the node")
FACT = _count("fact", "place of the fact in the record of the node, from 1")
ASSET = _text("asset", "name of the local asset")
MARKET = _text("market", "name of the market: its series and the start of its first interval")
START = _time("start_time", "start of the interval")
NEIGHBOR = _text("neighbor", "name of the neighboring node")
SERIES = _text("series", "name of the series")
INTERVAL = (NODE, MARKET, START)
STEP = (NODE, ASSET, START)

ENUMERATIONS = (
    Table(
        "market_state",
        "States of a market, in their order.",
        (_text("name", "name"), _count("number", "place in their order, from 0")),
        1,
        content=tuple((state.name.lower(), int(state)) for state in MarketState),
    ),
    _names("outcome", "What came of clearing an interval.", (one.name.lower() for one in Outcome)),
    _names("direction", "Where a neighbor stands in a nested auction.", (one.value for one in Direction)),
    _names("record_direction", "Ways of a signal.", ("sent", "received")),
    _names("source_type", "What a value is about.", ("node", "local_asset", "neighbor")),
    _names("curve_source", "Where a neighbor's curve came from.", (one.value for one in Source)),
    _names("measurement_unit", "Units.", ("kW", "kWh", "currency/kWh", "currency")),
    Table(
        "measurement_type",
        "What is measured or scheduled.",
        (_text("name", "name"), _text("unit", "unit of its values", "measurement_unit")),
        1,
        content=(
            *((one.value, one.unit) for one in Measurement),
            ("marginal_price", "currency/kWh"),
            ("production_cost", "currency"),
        ),
    ),
)

_NODE_TABLES = (
    Table(
        "node",
        "A node whose facts are here.",
        (NODE, _text("timezone", "local zone (IANA name)"), _time("started_at", "when a program last began to run")),
        1,
    ),
    Table(
        "fact",
        "One for each recorded fact, whether or not it has rows elsewhere: the index of the record.",
        (
            NODE,
            FACT,
            _time("at", "when, by the node's clock"),
            _text("kind", "`NodeStarted`, `StateEntered`, `SignalSent`, ..."),
            _text("market", "market it is about"),
            _text("neighbor", "neighbor it is about"),
            _text("detail", "state, reason to send, fate of what came, what stands in, or why refused"),
            _text("digest", "BLAKE2b of the fact, to notice another record"),
        ),
        2,
        ("node",),
    ),
    Table(
        "information_service",
        "Where a node gets weather, prices or the like.",
        (
            NODE,
            _text("service", "name"),
            _text("provides", "what it tells, such as outdoor temperature"),
            _text("unit", "in which unit"),
            _real("refresh_s", "s", "time between updates"),
            _real("valid_for_s", "s", "age at which an update is no longer used"),
            _real("usual", "its `unit`", "what is used then"),
            _text("address", "where it is found"),
            _text("license", "on which terms"),
        ),
        2,
        ("node",),
    ),
    Table(
        "local_asset",
        "A local asset of a node.",
        (
            NODE,
            ASSET,
            _count("number", "place among the curves of the node, from 1"),
            _text("kind", "what it is"),
            _real("minimum_kw", "kW", "least power; a load's is negative"),
            _real("maximum_kw", "kW", "most power"),
        ),
        2,
        ("node",),
    ),
    Table(
        "neighbor",
        "A neighbor as one node sees it.",
        (
            NODE,
            NEIGHBOR,
            _text("direction", "where it stands", "direction"),
            _truth("transactive", "whether it sends and receives signals"),
            _real("import_limit_kw", "kW", "most power from it, at the sending end"),
            _real("export_limit_kw", "kW", "most power to it, at the sending end"),
            _real("full_load_loss", "share", "part of the power that is lost at the limit"),
            _real("demand_rate", "currency/kW", "charge for a month's highest demand"),
            _real("demand_threshold_kw", "kW", "demand up to which the charge added nothing at the start"),
        ),
        2,
        ("node",),
    ),
    Table(
        "meter_point",
        "A meter on the line to a neighbor: one of the node file, or one that somebody read.",
        (
            NODE,
            NEIGHBOR,
            _text("measurement_type", "what it measures", "measurement_type"),
            _real("interval_s", "s", "time between readings"),
            _real("scale", "", "what a shown 1 stands for"),
            _text("description", "where it is"),
            _time("last_update", "when it was last read"),
            _real("last_measurement", "kW", "average power that it then proved"),
        ),
        2,
        ("neighbor",),
    ),
    Table(
        "meter_reading",
        "What a meter said of one interval; a later reading of the same interval replaces it.",
        (NODE, NEIGHBOR, START, _real("value", "kW", "average power from the neighbor")),
        3,
        ("meter_point",),
    ),
    Table(
        "demand_peak",
        "The highest demand in a local month from a neighbor that charges for it.",
        (
            NODE,
            NEIGHBOR,
            _count("year", "local year"),
            _count("month", "local month, 1 to 12"),
            _real("peak_kw", "kW", "highest average power of an interval, at the sending end"),
            _time("start_time", "start of that interval"),
            _truth("from_meter", "whether a meter tells it, or what was settled"),
        ),
        4,
        ("neighbor",),
    ),
    Table(
        "delivery",
        "What a device was told and did in one base step.",
        (
            *STEP,
            _real("set_point_kw", "kW", "what it was told; NULL if nothing was cleared, and it followed its habit"),
            _real("power_kw", "kW", "what it did, as far as its physics allowed"),
        ),
        3,
        ("local_asset",),
    ),
    Table(
        "asset_reading",
        "What was read from a device at the end of a base step.",
        (
            *STEP,
            _text("reading", "what is read, its unit at the end: `stored_kwh`, `indoor_c`, ..."),
            _real("value", "as named", "its value"),
        ),
        4,
        ("delivery",),
    ),
)

_MARKET_TABLES = (
    Table(
        "market_series",
        "A series of markets at a node.",
        (
            NODE,
            SERIES,
            _text("coordination", "registered name of how neighbors agree"),
            _text("price_model", "registered name of the model that foresees its prices"),
            _truth("commitment", "whether what it clears binds"),
            _real("default_price", "currency/kWh", "expected where nothing better is known"),
            _real("precision", "share", "part of the exchanged money that a consensus may leave in disagreement"),
            _real("clearing_interval_s", "s", "from one clearing to the next"),
            _real("interval_duration_s", "s", "duration of an interval"),
            _count("intervals_to_clear", "intervals that one market clears"),
            _real("activation_lead_s", "s", "time in state active"),
            _real("negotiation_lead_s", "s", "time in state negotiation"),
            _real("market_lead_s", "s", "time in state market_lead"),
            _real("delivery_lead_s", "s", "time from clearing to delivery"),
            _real("reconciliation_s", "s", "time in state reconcile"),
            _text("refines", "series that it refines or corrects"),
        ),
        2,
        ("node",),
    ),
    Table(
        "series_price_model",
        "What the node's model of a series last expected at an hour of the day.",
        (
            NODE,
            SERIES,
            _truth("weekend", "whether on Saturday and Sunday, else from Monday to Friday"),
            _count("hour", "local hour of the day, 0 to 23"),
            _real("mean", "currency/kWh", "expected price"),
            _real("deviation", "currency/kWh", "standard deviation"),
            FACT,
        ),
        4,
        ("market_series", "fact"),
    ),
    Table(
        "market_object",
        "A market of a series: exactly one clearing.",
        (
            NODE,
            MARKET,
            SERIES,
            _count("number", "place in its series, from 0"),
            _text("state", "the last state that it entered", "market_state"),
            _time("clearing_time", "when it clears by its timing"),
            _time("delivery_start", "start of its first interval"),
            _time("delivery_end", "end of its last interval"),
            _time("settled_at", "when the node last settled on prices and powers"),
            _text("prior_market", "market before it in its series"),
            _text("refined_market", "market that it refines or corrects"),
        ),
        2,
        ("market_series",),
    ),
    Table(
        "time_interval",
        "An interval of a market.",
        (
            *INTERVAL,
            _real("duration_s", "s", "how long it lasts"),
            _text("outcome", "what came of clearing it; NULL until then", "outcome"),
        ),
        3,
        ("market_object",),
    ),
    Table(
        "interval_value",
        "A value in an interval as last settled: price of the node, powers of assets and neighbors, costs of assets.",
        (
            *INTERVAL,
            _text("source_type", "what the value is about", "source_type"),
            _text("source", "name of that node, asset or neighbor"),
            _text("measurement_type", "what the value is", "measurement_type"),
            _real("value", "kW, currency/kWh or currency", "the value, in the unit of its measurement type"),
            _text("basis", "for a neighbor: where its curve came from", "curve_source"),
            FACT,
        ),
        6,
        ("time_interval", "fact"),
    ),
    Table(
        "transactive_record",
        "One record of one interval of a signal that was sent or came; every message has its own.",
        (
            NODE,
            FACT,
            START,
            _count("record", "0 scheduled point, 1 lower end, 2 upper end, 3 and on the vertices between"),
            MARKET,
            NEIGHBOR,
            _text("direction", "sent or received", "record_direction"),
            _text("status", "reason it was sent, or what became of it: only `taken` counted"),
            _count("signal", "number of the signal; the highest holds"),
            _time("created_at", "when it was sent, by the sender's clock"),
            _real("marginal_price", "currency/kWh", "price"),
            _real("power_kw", "kW", "power toward the receiver, at the sending end"),
        ),
        4,
        ("fact", "neighbor"),
    ),
)

TABLES = (*ENUMERATIONS, *_NODE_TABLES, *_MARKET_TABLES)
"""Parents before children."""
