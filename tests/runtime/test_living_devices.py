"""Devices of a node that lives: told what its markets cleared, they deliver, and plan on from there."""

from pathlib import Path

import numpy as np
import pytest

from devices_at_home import (
    ALL_KINDS,
    BATTERY,
    HOUR,
    cleared,
    delivered,
    home,
    lived,
    lived_with_kills,
    powers,
    readings,
    told,
)
from micromarket.errors import InvalidValue
from micromarket.node.living.facts import Cleared, Delivered, MeterRead, PeakRaised, SetPointsGiven
from micromarket.node.living.running import RunningNode
from micromarket.runtime.network import run_network
from micromarket.runtime.saving import restored, saved
from micromarket.simulation.scenario.node_reading import read_node


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    return home(tmp_path_factory.mktemp("node"), ALL_KINDS)


@pytest.fixture(scope="module")
def facts(everything):
    return lived(everything)


def test_every_kind_is_told_and_delivers_hour_by_hour(everything, facts):
    """Eleven devices, from the first delivery at 1:00 to the end at 4:00 a day later."""
    starts = [everything.file.start + at * HOUR for at in range(1, 28)]

    assert starts == [fact.start for fact in delivered(facts)] == [fact.start for fact in told(facts)[:-1]]
    assert {len(fact.power_kw) for fact in delivered(facts)} == {11}


def test_devices_are_told_what_was_cleared(everything, facts):
    """The rows of the balance are those of the inventory, in its order."""
    names = [asset.name for asset in everything.setup.inventory.assets]
    wanted = [
        dict(zip(names, cleared(facts)[fact.start].local_kw[:, 0].tolist(), strict=True)) for fact in told(facts)
    ]

    assert wanted == [dict(fact.power_kw) for fact in told(facts)]


def test_a_battery_keeps_account_of_its_charge(facts):
    """What is stored changes by what is delivered, a tenth of it lost on each way: an account kept by hand."""
    stored, accounts = 5.0, []
    for power in powers(facts, "home/battery"):
        stored += -0.9 * power if power < 0 else -power / 0.9
        accounts.append(stored)

    assert accounts == pytest.approx(readings(facts, "home/battery", "stored_kwh"))


def test_a_battery_charges_by_night_and_serves_by_day(tmp_path):
    """Nights cost a third: full before 6:00, empty before 22:00."""
    facts = lived(home(tmp_path, BATTERY + "  - {kind: load, power: 2 kW}\n"))
    hours = [fact.start.hour for fact in delivered(facts)]
    stored = dict(zip(hours, readings(facts, "home/battery", "stored_kwh"), strict=True))

    assert (10.0, 0.0) == pytest.approx((stored[5], stored[21]))


def test_nothing_is_cleared_that_a_battery_cannot_deliver(facts):
    """With one hour in each market, plans begin from the true charge, so all that is told is done."""
    aimed, done = powers(facts, "home/battery", SetPointsGiven)[:27], powers(facts, "home/battery")

    assert aimed == pytest.approx(done)


def test_killed_in_the_middle_of_every_hour_they_go_on_as_if_nothing_had_been(everything, facts):
    """The very facts of a life without kills, with devices of every kind."""
    moments = [everything.file.start + at * HOUR / 4 + HOUR / 7 for at in range(4 * 27)]

    assert repr(facts) == repr(lived_with_kills(everything, moments))


def test_what_nobody_cleared_is_done_by_habit(tmp_path):
    """A node that sleeps from 3:10 to 7:30 tells nobody anything: a load draws, and a battery serves it."""
    node = home(tmp_path, BATTERY + "  - {kind: load, power: 2 kW}\n")
    running, at = RunningNode(node.setup), node.file.start
    asleep = []
    for hour in (1, 2, 3, 3 + 1 / 6, 7.5):
        asleep = running.handle(at + hour * HOUR).facts

    assert [-2.0] * 3 == powers(asleep, "home/load")[1:]
    assert [2.0] * 3 == powers(asleep, "home/battery")[1:]


def test_the_state_of_other_devices_is_refused(tmp_path):
    """A battery was added to the file since."""
    before = home(tmp_path, "  - {kind: load, power: 2 kW}\n")
    running = RunningNode(before.setup)
    running.handle(before.file.start + HOUR)
    content = saved("home", running.state)
    after = home(tmp_path, BATTERY + "  - {kind: load, power: 2 kW}\n")

    with pytest.raises(InvalidValue, match=r"expected the state of .*home/battery.*; found that of \['home/load'\]"):
        RunningNode(after.setup, restored(after.setup, content))


CHARGED = (
    "    import_limit: 60 kW\n",
    "    import_limit: 60 kW\n    charge: {rate: 10 USD/kW, hours_of_use: PT20H}\n    meter: {}\n",
)


@pytest.fixture(scope="module")
def charged(tmp_path_factory):
    return home(tmp_path_factory.mktemp("charged"), ALL_KINDS, charge=CHARGED)


def test_a_meter_tells_what_all_devices_drew(charged):
    """The utility is the only neighbor, so it supplies what they did, whatever was cleared."""
    facts = lived(charged)
    drawn = [-sum(power for _, power in fact.power_kw) for fact in delivered(facts)]

    assert drawn == pytest.approx([fact.power_kw for fact in facts if isinstance(fact, MeterRead)])


def test_the_peak_of_the_month_is_the_highest_reading(charged):
    """Each time it rises, the record says so."""
    facts = lived(charged)
    read = np.maximum.accumulate([max(fact.power_kw, 0.0) for fact in facts if isinstance(fact, MeterRead)])
    raised = [fact.peak_kw for fact in facts if isinstance(fact, PeakRaised)]

    assert raised == pytest.approx(np.unique(np.round(read[read > 0], 9)))
    assert len(raised) > 1


def test_a_demand_charge_makes_a_generator_worth_its_fuel_by_night(tmp_path):
    """At 0.10 a kWh nobody burns fuel for 0.25; where a peak adds 0.50, it serves the load."""
    assets = "  - {kind: load, power: 2 kW}\n  - {kind: generator, maximum: 5 kW, price: 0.25 USD/kWh}\n"
    free, dear = (lived(home(tmp_path, assets, **change)) for change in ({}, {"charge": CHARGED}))

    assert ([0.0] * 4, [2.0] * 4) == (powers(free, "home/generator")[:4], powers(dear, "home/generator")[:4])
    assert [] == [fact for fact in dear if isinstance(fact, PeakRaised)]


def test_kills_change_no_meter(charged):
    """Registers, readings and peaks are saved with the node."""
    moments = [charged.file.start + at * HOUR / 2 + HOUR / 7 for at in range(2 * 27)]

    assert repr(lived(charged)) == repr(lived_with_kills(charged, moments))


SERVED = """services:
  - id: meteorologist
    provides: load of the home
    foretells: {file: data.csv, column: load_kw}
    by: {file: data.csv, column: told_kw}
    valid_for: PT2H
    usual: 2.5 kW
    silent: [{start: 2026-07-06T05:00:00Z, end: 2026-07-06T08:00:00Z}]
assets:
"""


def test_forecasts_come_from_the_service_and_what_happens_does_not(tmp_path):
    """It tells 1 kW less; from 5:00 to 8:00 it is silent, so at 7:00 and 8:00 the usual is expected."""
    hours = [f"2026-07-0{6 + hour // 24}T{hour % 24:02}:00:00Z,{3 + hour % 4},{2 + hour % 4}" for hour in range(30)]
    (tmp_path / "data.csv").write_text("\n".join(["timestamp,load_kw,told_kw", *hours, ""]))
    assets = "  - {kind: load, power: {file: data.csv, column: load_kw}}\n"
    facts = lived(home(tmp_path, assets, services=("assets:\n", SERVED)))
    happens = [3 + hour % 4 for hour in range(1, 28)]
    tells = [2.5 if hour in (7, 8) else 2 + hour % 4 for hour in range(1, 28)]

    assert happens == [-power for power in powers(facts, "home/load")]
    assert tells == [-power for power in powers(facts, "home/load", SetPointsGiven)[:27]]


ROLLING = (
    "{name: hourly, every: PT1H, intervals: 24, negotiation_lead: PT10M, delivery_lead: PT1H, "
    "default_price: 0.20 USD/kWh}"
)


def test_windows_that_roll_begin_where_what_was_cleared_before_will_end(tmp_path):
    """A day each hour, an hour ahead: plans begin with the charge that is left then, so all that is told is done."""
    changes = {
        "first": ("first_clearing: 2026-07-06T00:55", "first_clearing: 2026-07-06T01:00"),
        "series": ("{name: hourly, default_price: 0.20 USD/kWh}", ROLLING),
    }
    facts = lived(home(tmp_path, BATTERY + "  - {kind: load, power: 2 kW}\n", **changes))
    aimed, done = (powers(facts, "home/battery", kind) for kind in (SetPointsGiven, Delivered))

    assert aimed[: len(done)] == pytest.approx(done)
    assert max(readings(facts, "home/battery", "stored_kwh")) == pytest.approx(10.0)


GOOD_NODE = Path(__file__).parents[1] / "simulation" / "scenario" / "good_node" / "node.yaml"


def test_of_markets_in_series_the_finest_tells_devices_what_to_do():
    """Hours that commit, refined by quarters: devices are told every quarter, as its market cleared."""
    node = read_node(GOOD_NODE)
    facts = run_network([node.setup], node.file.start, node.file.end)["home-01"]
    quarters = {
        fact.market.delivery.start: fact.balance.local_kw[-2:, 0].tolist()
        for fact in facts
        if isinstance(fact, Cleared) and fact.market.rules.series == "quarters"
    }

    assert 8 == len(delivered(facts))
    assert [quarters[fact.start] for fact in told(facts)] == [
        [power for _, power in fact.power_kw] for fact in told(facts)
    ]
