"""Runs in which engaged generators are made whole."""

from pathlib import Path

import numpy as np
import pytest
from test_commitments import chained

from micromarket.simulation.run import RunOptions, run

PLANT = """
  - id: plant
    node: feeder-1
    assets:
      - {kind: generator, id: diesel, minimum: 1 kW, maximum: 4 kW, price: 0.15 USD/kWh,
         engagement: {start: 0.9 USD, stop: 0.1 USD, hold: 0.1 USD/h, minimum_on: PT2H, minimum_off: PT1H}}
"""
DAY = "(start - INTERVAL 4 HOUR)::DATE"
"""The day of the run, which begins at 4:00 UTC."""


def street(folder: Path, rule: str = "paid") -> Path:
    """Write a street with a chain of markets and a plant whose starts cost more than prices often pay back."""
    scenario = chained(folder) / "scenario.yaml"
    text = scenario.read_text().replace("network_income: kept", f"network_income: kept\n  make_whole: {rule}")
    scenario.write_text(text + PLANT)
    return folder


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run of that street."""
    folder = tmp_path_factory.mktemp("plant")
    return run(street(folder / "street"), RunOptions(out=folder / "out"))


def test_costs_are_fuel_starts_stops_and_holding(finished):
    """By day, from what the meter of the plant counted."""
    kw = finished.sql(
        "SELECT metered_kw AS kw FROM powers WHERE asset = 'diesel' AND \"case\" = 'market' ORDER BY start"
    ).to_numpy()["kw"]
    changes = np.diff((kw > 0).astype(int), prepend=0)
    hourly = 0.25 * (0.15 * kw + 0.1 * (kw > 0)) + 0.9 * (changes > 0) + 0.1 * (changes < 0)
    told = finished.sql("SELECT cost_micro FROM make_whole WHERE customer = 'plant' ORDER BY start").to_numpy()

    by_day = np.rint(hourly.reshape(-1, 96).sum(axis=1) * 1e6).astype(int)
    assert [cost for cost in by_day if cost] == told["cost_micro"].tolist()


def test_income_is_what_all_commitments_came_to(finished):
    """Every change at its own price, within a micro-unit for each commitment."""
    rows = finished.sql(
        f"SELECT sum(amount_micro), count(*), any_value(income_micro) FROM commitments JOIN (SELECT {DAY} AS day, "
        f"income_micro FROM make_whole WHERE customer = 'plant') ON {DAY} = day WHERE account = 'plant' GROUP BY day"
    ).rows()

    assert [] == [row for row in rows if abs(row[0] - row[2]) > row[1]]


def test_no_engaged_supplier_loses(finished):
    """A day's loss is received to the micro-unit, and nothing beyond it; on some day there is one."""
    rows = finished.sql("SELECT income_micro, cost_micro, received_micro FROM make_whole").rows()

    assert [max(cost - income, 0) for income, cost, _ in rows] == [received for _, _, received in rows]
    assert any(received for _, _, received in rows)


def test_those_who_drew_pay_in_proportion(finished):
    """What is charged on a day is what is received, in shares of the energy drawn."""
    powers = "powers JOIN assets USING (asset) WHERE \"case\" = 'market'"
    net = f"SELECT start, customer, sum(metered_kw) AS kw FROM {powers}"
    rows = finished.sql(
        "SELECT charged_micro, drawn, sum(received_micro) OVER d, sum(drawn) OVER d, sum(charged_micro) OVER d "
        f"FROM (SELECT *, {DAY} AS day FROM make_whole) JOIN (SELECT {DAY} AS day, customer, "
        f"sum(greatest(-kw, 0)) AS drawn FROM ({net} GROUP BY ALL) GROUP BY ALL) USING (day, customer) "
        "WINDOW d AS (PARTITION BY day)"
    ).rows()

    assert [] == [row for row in rows if row[2] != row[4] or abs(row[0] - row[1] * row[2] / row[3]) > 1.1]


def test_bills_and_ledger_hold_it(finished):
    """A line of its own, in a ledger that still sums to zero everywhere."""
    unequal = finished.sql(
        "SELECT customer FROM bills JOIN ("
        "SELECT customer, sum(charged_micro - received_micro) AS uplift FROM make_whole "
        "GROUP BY 1) USING (customer) JOIN (SELECT account AS customer, -sum(amount_micro) AS paid FROM ledger "
        "WHERE \"case\" = 'market' GROUP BY 1) USING (customer) WHERE \"case\" = 'market' AND "
        "(uplift <> uplift_micro OR paid <> energy_micro + uplift_micro)"
    )

    assert ([], 0.0) == (unequal.rows(), finished.kpi("money_residual_micro"))


def test_nothing_is_paid_if_the_rules_say_so(finished, tmp_path):
    """The same powers, and no such line."""
    without = run(street(tmp_path / "street", "none"), RunOptions(out=tmp_path / "out"))

    powers = "SELECT start, asset, metered_kw FROM powers WHERE \"case\" = 'market' ORDER BY ALL"
    assert finished.sql(powers).rows() == without.sql(powers).rows()
    paid = without.sql("SELECT sum(uplift_micro) FROM bills").rows()
    assert (False, [(0,)]) == ("make_whole" in without.tables, paid)
