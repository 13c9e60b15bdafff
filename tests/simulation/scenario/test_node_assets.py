"""Assets of node files that change with time: series of power, and a supplier's monthly rates."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from micromarket.domain.curves import UNLIMITED_KW
from micromarket.domain.intervals import IntervalGrid
from micromarket.dso.bulk_rates import BulkRates
from micromarket.errors import InvalidValue, ScenarioError
from micromarket.node.living.facts import Cleared
from micromarket.runtime.network import run_network
from micromarket.simulation.scenario.node_assets import BulkSupply, PriceList, read_powers
from micromarket.simulation.scenario.node_reading import read_node

MIDNIGHT = datetime(2026, 7, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
SHOP = """schema: 1
network: one
node: shop
currency: USD
start: 2026-07-06T00:00:00Z
end: 2026-07-06T02:00:00Z
first_clearing: 2026-07-06T00:00:00Z
series: {name: hourly, default_price: 0.2 USD/kWh}
assets:
  - {kind: series, id: fridge, file: powers.csv, power: [{series: hourly, column: COLUMN}]}
"""


def written(folder, powers):
    """A file with half hours from midnight."""
    rows = [f"{MIDNIGHT + k * HOUR / 2:%Y-%m-%dT%H:%M:%SZ},{power}" for k, power in enumerate(powers)]
    (folder / "powers.csv").write_text("\n".join(["timestamp,fridge_kw", *rows, ""]))
    return folder


def test_power_is_averaged_over_an_interval(tmp_path):
    """Half hours of 1 and 3 kW are an hour of 2 kW."""
    series = read_powers(written(tmp_path, [-1, -3, -4, -4]), "fridge", "powers.csv", {"hourly": "fridge_kw"})

    assert [-2.0, -4.0] == series.average_kw("hourly", IntervalGrid(MIDNIGHT, HOUR, 2)).tolist()


@pytest.mark.parametrize(
    ("start", "step", "says"),
    [(MIDNIGHT - HOUR, HOUR, "does not reach"), (MIDNIGHT + HOUR / 4, HOUR, "no powers for the intervals of hourly")],
)
def test_power_that_is_not_known_is_refused(tmp_path, start, step, says):
    """Before the first row, and across its steps."""
    series = read_powers(written(tmp_path, [-1, -3, -4, -4]), "fridge", "powers.csv", {"hourly": "fridge_kw"})

    with pytest.raises(InvalidValue, match=says):
        series.average_kw("hourly", IntervalGrid(start, step, 1))


@pytest.mark.parametrize(
    ("column", "powers", "says"),
    [
        ("oven_kw", [-1, -2], "a column of powers.csv; the file has: fridge_kw"),
        ("fridge_kw", [-1, ""], "without a value"),
    ],
)
def test_what_is_wrong_with_a_series_is_told_with_its_place(tmp_path, column, powers, says):
    """The node file is named, and the line of the asset."""
    (written(tmp_path, powers) / "shop.yaml").write_text(SHOP.replace("COLUMN", column))

    with pytest.raises(ScenarioError, match=rf"shop.yaml:10.*{says}"):
        read_node(tmp_path / "shop.yaml")


def test_a_supplier_is_dearer_in_heavy_hours_and_beyond_what_is_agreed():
    """A Monday in July in Washington: light before 6, heavy from then; 10 kW are agreed."""
    rates = BulkRates(np.full(12, 0.04), np.full(12, 0.03), np.full(12, 0.02))
    five = datetime(2026, 7, 6, 5, tzinfo=ZoneInfo("America/Los_Angeles"))

    curve = BulkSupply(rates, 10.0, five.tzinfo).curve(IntervalGrid(five, HOUR, 2))

    assert [[0.03, 0.03, 0.03, 0.03], [0.04, 0.04, 0.06, 0.06]] == np.round(curve.prices[0], 12).tolist()
    assert [0.0, 10.0, 10.0] == curve.powers[0, 1, :3].tolist()


def test_a_price_that_changes_with_time_is_a_price_list():
    """Half hours of 0.10 and 0.30 are an hour of 0.20, for any power."""
    prices = PriceList("utility", IntervalGrid(MIDNIGHT, HOUR / 2, 4), np.array([0.1, 0.3, 0.4, 0.6]))
    curve = prices.curve(IntervalGrid(MIDNIGHT, HOUR, 2))

    assert [[0.2, 0.2], [0.5, 0.5]] == np.round(curve.prices[0], 12).tolist()
    assert [0.0, UNLIMITED_KW] == curve.powers[0, 0].tolist()


def test_a_price_that_is_not_known_is_refused():
    """Two hours are; the third is not."""
    prices = PriceList("utility", IntervalGrid(MIDNIGHT, HOUR, 2), np.array([0.1, 0.3]))

    with pytest.raises(InvalidValue, match="the price of utility is not known"):
        prices.curve(IntervalGrid(MIDNIGHT, HOUR, 3))


def test_a_home_pays_the_price_of_a_file(tmp_path):
    """Two hours from 1:00 on, at 0.20 and 0.30."""
    hours = [f"2026-07-06T0{hour}:00:00Z,0.{hour + 1}" for hour in range(4)]
    (tmp_path / "prices.csv").write_text("\n".join(["timestamp,price_usd_per_kwh", *hours, ""]))
    price = "{file: prices.csv, column: price_usd_per_kwh}"
    neighbor = f"{{id: utility, direction: upstream, transactive: false, price: {price}}}"
    load = "assets:\n  - {kind: load, power: 2 kW}\n"
    shop = SHOP.split("assets:", maxsplit=1)[0].replace(
        "first_clearing: 2026-07-06T00:00", "first_clearing: 2026-07-06T00:55"
    )
    (tmp_path / "shop.yaml").write_text(f"{shop}neighbors:\n  - {neighbor}\n{load}")
    node = read_node(tmp_path / "shop.yaml")
    facts = run_network([node.setup], node.file.start, node.file.end)["shop"]

    assert [0.2, 0.3] == [round(float(fact.balance.price[0]), 9) for fact in facts if isinstance(fact, Cleared)]


def test_a_series_that_ends_before_the_last_delivery_is_refused_when_it_is_read(tmp_path):
    """Not in the last hour of a life of days: two more markets clear than the file has powers for."""
    folder = written(tmp_path, [-1, -3])
    shop = SHOP.replace("COLUMN", "fridge_kw").replace(
        "first_clearing: 2026-07-06T00:00", "first_clearing: 2026-07-06T00:55"
    )
    (folder / "shop.yaml").write_text(shop)

    with pytest.raises(ScenarioError, match=r"shop\.yaml:10.* fridge does not reach .*; it ends at 2026-07-06 01:00"):
        read_node(folder / "shop.yaml")
