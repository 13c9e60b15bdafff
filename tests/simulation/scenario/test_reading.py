"""A scenario file becomes values in base units, with defaults filled in and its series beside it."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta

import pytest
from scenarios import GOOD, changed, copy_of_good

from micromarket.errors import ScenarioError
from micromarket.simulation.scenario.fields import SeriesRef
from micromarket.simulation.scenario.reading import read_scenario


@pytest.fixture(scope="module")
def good():
    """The good scenario, read."""
    return read_scenario(GOOD)


def test_quantities_are_floats_in_base_units(good):
    """Each field holds a float in kW, kWh, °C, currency/kWh or a share."""
    battery, house = good.file.customers[0].assets[2:]
    heater = good.file.customers[1].assets[3]

    found = (
        battery.energy,
        battery.round_trip_efficiency,
        house.desired,
        heater.draw,
        good.file.nodes[1].full_load_loss,
    )

    assert (10.0, 0.9, {"06:00": 22.0, "09:00": 26.0}, 3.0, 0.02) == found


def test_times_and_clocks(good):
    """Times are moments, durations are durations, hours are minutes after midnight."""
    vehicle, rate = good.file.customers[1].assets[2], good.file.tariffs[2].import_rate

    found = (good.grid.start, good.grid.step, len(good.grid), vehicle.plugged, vehicle.weekdays, rate.peak_hours)

    start = datetime(2026, 7, 6, 4, tzinfo=UTC)
    assert (start, timedelta(minutes=30), 48, (1080, 450), (0, 1, 2, 3, 4), (960, 1260)) == found


def test_assets_have_names(good):
    """An asset is called by its id, or by customer and kind."""
    names = [f"home-01/{kind}" for kind in ("load", "pv", "battery", "house")]
    names += ["home-02/load", "diesel", "home-02/ev", "home-02/water_heater"]

    assert names == [owned.id for owned in good.assets]


def test_assets_of_one_kind_are_numbered(tmp_path):
    """Two assets of one kind are told apart by a number."""
    second = "      - {kind: battery, energy: 5 kWh, charge: 1 kW, discharge: 1 kW}\n      - kind: house"
    path = changed(tmp_path, ("      - kind: house", second))

    names = [owned.id for owned in read_scenario(path).assets if "battery" in owned.id]

    assert ["home-01/battery-1", "home-01/battery-2"] == names


MINIMAL = """
schema: 1
name: two
currency: EUR
time: {start: 2026-01-01T00:00:00Z, end: 2026-01-02T00:00:00Z}
supplier: {price: 30 ct}
customers:
  - {id: a, assets: [{kind: load, power: 500 W}]}
""".replace("30 ct", "300 EUR/MWh")


def test_short_scenarios_are_completed(tmp_path):
    """What is left out has a default: node, tariff, step, the price expected at first."""
    (tmp_path / "scenario.yaml").write_text(MINIMAL)

    file = read_scenario(tmp_path).file

    customer, tariff = file.customers[0], file.tariffs[0]
    found = (customer.node, customer.tariff, tariff.import_rate, file.market.default_price, customer.assets[0].power)
    assert ("root", "break-even", "break_even", 0.3, 0.5) == found


def test_yaml_is_version_1_2(tmp_path):
    """NO and 12:30 are text, as in YAML 1.2, and no number or truth."""
    second = "  - {id: NO, assets: [{kind: load, power: 1 kW}, {id: 12:30, kind: load, power: 2 kW}]}\n"
    (tmp_path / "scenario.yaml").write_text(MINIMAL + second)

    assert ["a/load", "NO/load-1", "12:30"] == [owned.id for owned in read_scenario(tmp_path).assets]


def test_anchors_and_merge_keys(tmp_path):
    """A customer may be written as another one with changes."""
    pair = "  - &b {id: b, comfort: 0.9, assets: [{kind: load, power: 1 kW}]}\n  - {<<: *b, id: c}\n"
    (tmp_path / "scenario.yaml").write_text(MINIMAL + pair)

    found = [(customer.id, customer.comfort) for customer in read_scenario(tmp_path).file.customers]

    assert [("a", 0.5), ("b", 0.9), ("c", 0.9)] == found


def test_a_mapping_merged_into_itself(tmp_path):
    """An endless merge ends."""
    loop = "  - &b {id: b, <<: [*b, *b], assets: [{kind: load, power: 1 kW}]}\n"
    (tmp_path / "scenario.yaml").write_text(MINIMAL + loop)

    assert ["a", "b"] == [customer.id for customer in read_scenario(tmp_path).file.customers]


def test_deep_nesting_is_refused(tmp_path):
    """Ten thousand brackets are a problem, not a traceback."""
    (tmp_path / "scenario.yaml").write_text("[" * 10_000)

    with pytest.raises(ScenarioError):
        read_scenario(tmp_path)


def test_daily_schedule(good):
    """A schedule holds from each local time on, through midnight."""
    desired = good.series(good.file.customers[0].assets[3].desired)

    expected = [26.0] * 12 + [22.0] * 6 + [26.0] * 30
    assert expected == desired.tolist()


def test_a_constant_is_a_series(good):
    """A plain number holds in every step."""
    assert [3.0] * 48 == good.series(3).tolist()


def test_the_hash_tells_changes(tmp_path):
    """The hash is that of the content: a copy has the same, another number in a series another one."""
    same = read_scenario(copy_of_good(tmp_path)).hash
    other = read_scenario(changed(tmp_path, (",0.10", ",0.11"), file="data/prices.csv")).hash

    assert (True, False) == (same == read_scenario(GOOD).hash, other == same)


def test_a_folder_or_its_file(good):
    """A scenario is named by its folder or its file."""
    assert good.file == read_scenario(GOOD / "scenario.yaml").file


def test_a_folder_without_scenario(tmp_path):
    """A folder without scenario.yaml is refused with its name."""
    with pytest.raises(ScenarioError, match=r"scenario\.yaml: found no such file"):
        read_scenario(tmp_path)


def test_series_files_are_found_beside_the_scenario(tmp_path, monkeypatch):
    """Files are relative to the scenario, wherever the command runs."""
    shutil.copytree(GOOD, tmp_path / "there")
    monkeypatch.chdir(tmp_path)

    price = read_scenario("there").series(SeriesRef(file="data/prices.csv", column="wholesale_usd_per_kwh"))

    assert [0.10, 0.10, 0.11, 0.11] == price[:4].tolist()
