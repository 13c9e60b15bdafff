"""Facts that no run of the examples has: meters, services, charges."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from devices_at_home import BATTERY, home, lived, powers, readings
from living_nodes import CLEARING, MINUTE, START, hourly, lives, nothing
from micromarket.assets.information_service import InformationService
from micromarket.domain.curves import Curves
from micromarket.errors import UnknownParty
from micromarket.markets.series.market import MarketRules
from micromarket.markets.series.series import SeriesPlan
from micromarket.markets.series.states import Timing
from micromarket.node.demand.demand_charge import DemandCharge
from micromarket.node.living.facts import Delivered, SetPointsGiven
from micromarket.node.living.inventory import Inventory, ListedAsset
from micromarket.node.living.running import NodeSetup, RunningNode, StartingSeries
from micromarket.node.neighbor import Direction, Neighbor
from micromarket.node.node import TransactiveNode
from micromarket.runtime.bus import InProcessBus
from micromarket.runtime.clocks import VirtualClock
from micromarket.runtime.network import run_network
from micromarket.runtime.program import NodeProgram, Surroundings
from micromarket.storage.opening import open_store
from micromarket.storage.schema import TABLES
from trees import load, offers

BOTH = (SetPointsGiven, Delivered)
NOON = datetime(2026, 7, 6, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
QUARTERS = Timing(15 * MINUTE, 1, 0 * MINUTE, 3 * MINUTE, 3 * MINUTE, 3 * MINUTE)
HOURS = hourly()
CHAIN = SeriesPlan(
    replace(HOURS.rules, commitment=True),
    HOURS.clearing_interval,
    SeriesPlan(MarketRules("quarters", "nested_auction", QUARTERS, 0.2), 15 * MINUTE),
)


class Idle:
    """Nothing that gives or takes power."""

    def local(self, market, expected):
        return nothing(len(expected))

    def default(self, neighbor, market):
        return None


@pytest.fixture
def metered():
    """A program of a node with a meter toward its utility, and what it recorded."""
    utility = Neighbor("utility", Direction.UPSTREAM, 10, 10, charge=DemandCharge(9.5), threshold_kw=2.0)
    weather = InformationService("weather", "outdoor temperature", "degC", HOUR, 6 * HOUR, 13.7, "weather.csv", "CC0")
    listed = Inventory((ListedAsset("lights", "load", -1.5, -1.5),), (weather,))
    series = (StartingSeries(hourly(), CLEARING),)
    setup = NodeSetup(
        TransactiveNode("home", (utility,)), series, Idle(), zone=ZoneInfo("Europe/Berlin"), inventory=listed
    )
    clock, record = VirtualClock(START), []
    program = NodeProgram(RunningNode(setup), Surroundings("here", clock, InProcessBus(clock)), record.append)
    program.start()
    return program, record


def rows(address, record, table):
    with open_store(address, create=True) as store:
        store.fill(("home", fact) for fact in record)
        return list(store.rows(table))


def test_a_reading_is_kept_and_the_meter_shows_the_last(metered, address):
    """A later reading of one interval replaces the earlier one."""
    program, record = metered
    for start, power in ((NOON, 3.0), (NOON + HOUR, 0.1), (NOON, 2.5)):
        program.metered("utility", start, power)

    assert [("home", "utility", NOON, 2.5), ("home", "utility", NOON + HOUR, 0.1)] == rows(
        address, record, "meter_reading"
    )
    assert [("utility", "average_power", START, 2.5)] == named(
        address, record, "meter_point", "neighbor", "measurement_type", "last_update", "last_measurement"
    )
    assert [(2026, 7, 3.0, NOON, True)] == named(
        address, record, "demand_peak", "year", "month", "peak_kw", "start_time", "from_meter"
    )


def test_a_meter_toward_nobody_is_refused_and_not_recorded(metered):
    program, record = metered
    before = list(record)
    with pytest.raises(UnknownParty):
        program.metered("moon", NOON, 1.0)

    assert before == record


def test_what_a_node_is(metered, address):
    """Its first fact names zone, assets, services and neighbors with their charges."""
    record = metered[1]

    assert [("home", "Europe/Berlin", START)] == rows(address, record, "node")
    assert [("home", "lights", 1, "load", -1.5, -1.5)] == rows(address, record, "local_asset")
    weather = ("home", "weather", "outdoor temperature", "degC", 3600.0, 21600.0, 13.7, "weather.csv", "CC0")
    assert [weather] == rows(address, record, "information_service")
    assert [("home", "utility", "upstream", True, 10.0, 10.0, 0.0, 9.5, 2.0)] == rows(address, record, "neighbor")


@pytest.fixture(scope="module")
def chained():
    """What a home lives through in 35 minutes of a market whose hours are refined by quarters."""
    everyone = Curves.concatenate([load(3.0), offers((0.1, 0.0), (0.3, 8.0))])
    return run_network([lives("home", [], everyone, CHAIN)], START, NOON + 35 * MINUTE)["home"]


def named(address, record, table, *columns):
    """Some columns of a table, row by row."""
    names = [column.name for one in TABLES if one.name == table for column in one.columns]
    return [tuple(row[names.index(column)] for column in columns) for row in rows(address, record, table)]


def test_a_market_names_what_it_follows_and_what_it_refines(chained, address):
    """The quarters of the second hour are there as soon as that hour negotiates."""
    columns = ("market", "series", "number", "state", "prior_market", "refined_market")
    markets = {row[0]: row[1:] for row in named(address, chained, "market_object", *columns)}
    hour, quarter = "hourly/2026-07-06T12:00:00Z", "quarters/2026-07-06T12:{}:00Z"

    assert ("hourly", 0, "delivery", None, None) == markets[hour]
    assert ("quarters", 2, "delivery", quarter.format("15"), hour) == markets[quarter.format("30")]
    assert "hourly/2026-07-06T13:00:00Z" == markets["quarters/2026-07-06T13:00:00Z"][-1]


def test_a_series_keeps_its_rules_and_what_it_learned(chained, address):
    """The node expects of its next noon what it paid in this one, a fourteenth of it."""
    series = named(
        address, chained, "market_series", "series", "coordination", "commitment", "interval_duration_s", "refines"
    )
    learned = named(address, chained, "series_price_model", "series", "weekend", "hour", "mean")

    assert [
        ("hourly", "nested_auction", True, 3600.0, None),
        ("quarters", "nested_auction", False, 900.0, "hourly"),
    ] == series
    assert ("hourly", False, 12, pytest.approx((13 * 0.2 + 0.175) / 14)) in learned


def test_an_interval_has_its_place_its_length_and_its_outcome(chained, address):
    """What is not cleared yet has no outcome."""
    columns = ("market", "start_time", "duration_s", "outcome")
    found = {row[0]: row[1:] for row in named(address, chained, "time_interval", *columns)}

    assert (NOON, 3600.0, "balanced") == found["hourly/2026-07-06T12:00:00Z"]
    assert (NOON + 0.75 * HOUR, 900.0, None) == found["quarters/2026-07-06T12:45:00Z"]


@pytest.fixture(scope="module")
def day_at_home(tmp_path_factory):
    """A home with a battery and a register toward a utility that charges for demand."""
    line = "    import_limit: 60 kW\n"
    meter = "    meter: {measures: register, interval: PT2H, scale: 0.001, description: cellar}\n"
    changed = (line, f"{line}    charge: {{rate: 10 USD/kW}}\n{meter}")
    return lived(home(tmp_path_factory.mktemp("home"), BATTERY, charge=changed))


def test_what_devices_were_told_and_did_is_kept_step_by_step(day_at_home, address):
    """In every hour: the set point, the power, and the charge after it."""
    did = list(zip(*(powers(day_at_home, "home/battery", kind) for kind in BOTH), strict=False))
    stored = readings(day_at_home, "home/battery", "stored_kwh")

    assert did == named(address, day_at_home, "delivery", "set_point_kw", "power_kw")[: len(did)]
    assert stored == [value for (value,) in named(address, day_at_home, "asset_reading", "value")]


def test_a_meter_of_a_node_file_says_what_it_measures(day_at_home, address):
    """It was there before it was ever read."""
    columns = ("measurement_type", "interval_s", "scale", "description")

    assert [("register", 7200.0, 0.001, "cellar")] == named(address, day_at_home[:1], "meter_point", *columns)
    assert [("register", 7200.0, 0.001, "cellar")] == named(address, day_at_home, "meter_point", *columns)


def test_services_of_a_node_file_are_listed(tmp_path, address):
    """As the file says; the unit is that of what it foretells."""
    service = (
        "services:\n  - {id: sun, provides: sunshine, foretells: {file: sun.csv, column: pv_kw}, license: CC0,\n"
        "     by: {file: sun.csv, column: told_kw}, usual: 0.5 kW, valid_for: PT3H}\nassets:\n"
    )
    hours = [f"2026-07-0{6 + hour // 24}T{hour % 24:02}:00:00Z,1,2" for hour in range(30)]
    (tmp_path / "sun.csv").write_text("\n".join(["timestamp,pv_kw,told_kw", *hours, ""]))
    node = home(tmp_path, "  - {kind: pv, power: {file: sun.csv, column: pv_kw}}\n", services=("assets:\n", service))
    record = lived(node)[:1]

    assert [("home", "sun", "sunshine", "kW", 3600.0, 10800.0, 0.5, "", "CC0")] == rows(
        address, record, "information_service"
    )
