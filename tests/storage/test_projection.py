"""Facts that no run of the examples has: meters, services, charges."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from living_nodes import CLEARING, START, hourly, nothing
from micromarket.assets.information_service import InformationService
from micromarket.errors import UnknownParty
from micromarket.node.demand_charge import DemandCharge
from micromarket.node.inventory import Inventory, ListedAsset
from micromarket.node.neighbor import Direction, Neighbor
from micromarket.node.node import TransactiveNode
from micromarket.node.running import NodeSetup, RunningNode, StartingSeries
from micromarket.runtime.bus import InProcessBus
from micromarket.runtime.clocks import VirtualClock
from micromarket.runtime.program import NodeProgram, Surroundings
from micromarket.storage.opening import open_store

NOON = datetime(2026, 7, 6, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


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
    assert [("home", "utility", "average_power", START, 2.5)] == rows(address, record, "meter_point")


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
