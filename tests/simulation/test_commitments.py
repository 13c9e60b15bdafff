"""Runs in which a day-ahead market commits, and shorter ones correct it."""

import re
from fractions import Fraction
from pathlib import Path

import pytest
from streets import tiny_street
from test_run import digests

from micromarket.simulation.report.corrections import corrections
from micromarket.simulation.report.study import study
from micromarket.simulation.run import RunOptions, run

CHAIN = """series:
    - {name: day-ahead, intervals: 24, rounds: 2, commits: true, price_model: weekday_weekend}
    - {name: half-hours, interval: PT30M, commits: true}"""
STORE = """
  - id: home-3
    node: feeder-1
    assets:
      - {kind: battery, energy: 6 kWh, charge: 3 kW, discharge: 3 kW}
"""


def chained(folder: Path, chain: str = CHAIN) -> Path:
    """Write a tiny street with a battery whose markets form a chain."""
    scenario = tiny_street(folder, more=STORE) / "scenario.yaml"
    text = re.sub(
        r"market: \{.*",
        f"market:\n  default_price: 0.15 USD/kWh\n  network_income: kept\n  {chain}",
        scenario.read_text(),
    )
    scenario.write_text(text)
    return folder


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run of the street with a chain of markets."""
    folder = tmp_path_factory.mktemp("chain")
    return run(chained(folder / "street"), RunOptions(out=folder / "out"))


def test_each_row_is_its_change_at_its_price(finished):
    """Joules and micro-units of every commitment, by fractions."""
    rows = finished.sql(
        "SELECT change_w, price, energy_j, amount_micro, "
        "CASE series WHEN 'day-ahead' THEN 3600 WHEN 'half-hours' THEN 1800 ELSE 900 END FROM commitments"
    ).rows()

    expected = [
        (watts * seconds, round(Fraction(watts * seconds, 3_600_000) * round(Fraction(price) * 10**6)))
        for watts, price, _, _, seconds in rows
    ]
    assert expected == [(joules, micro) for _, _, joules, micro, _ in rows]


def test_commitments_explain_the_ledger(finished):
    """Every account's energy and money at every node, to the joule and the micro-unit."""
    by_account = "SELECT node, account, sum({}) AS j, sum(amount_micro) AS m FROM {} GROUP BY ALL"
    committed = by_account.format("energy_j", "commitments")
    posted = by_account.format("energy_kwh * 3.6e6", "ledger WHERE \"case\" = 'market' AND account <> 'rounding'")
    unequal = finished.sql(
        f"SELECT * FROM ({committed}) AS c FULL JOIN ({posted}) AS l USING (node, account) "
        "WHERE coalesce(c.j, 0) <> round(l.j) OR coalesce(c.m, 0) <> l.m"
    )

    assert [] == unequal.rows()


def test_what_was_committed_is_what_earlier_markets_changed(finished):
    """At every start of an hour, where all series meet."""
    rows = finished.sql(
        "SELECT list(committed_w ORDER BY place), list(change_w ORDER BY place) FROM (SELECT *, "
        "list_position(['day-ahead', 'half-hours', 'spot', 'delivery'], series) AS place FROM commitments "
        "WHERE minute(start) = 0) GROUP BY start, node, account"
    ).rows()

    assert [] == [row for row in rows if row[0] != [sum(row[1][:place]) for place in range(4)]]


def test_every_node_balances_in_every_market(finished):
    """Watts sum to zero, lines included."""
    unbalanced = "SELECT 1 FROM commitments GROUP BY series, start, node HAVING sum(change_w) <> 0"

    assert [] == finished.sql(unbalanced).rows()


def test_money_sums_to_zero_at_every_node(finished):
    """In both cases, to the micro-unit."""
    assert (0.0, 0.0) == (finished.kpi("money_residual_micro"), finished.kpi("money_residual_micro", "no_market"))


def test_committing_moves_money_and_no_power(finished, tmp_path):
    """Prices that bind nobody lead to the same powers; bills differ."""
    free = run(chained(tmp_path / "street", CHAIN.replace(", commits: true", "")), RunOptions(out=tmp_path / "out"))

    powers = "SELECT start, asset, metered_kw FROM powers WHERE \"case\" = 'market' ORDER BY ALL"
    assert finished.sql(powers).rows() == free.sql(powers).rows()
    assert finished.kpi("bills_total") != free.kpi("bills_total")


@pytest.mark.parametrize("stop_at", [("with the market", 50), ("with the market", 150)])
def test_an_interrupted_run_goes_on_to_the_same_bytes(finished, tmp_path, stop_at):
    """On either day: prices learned, commitments and money are as if nothing had happened."""

    def interrupt(phase: str, done: int, total: int) -> None:
        if (phase, done) == stop_at:
            raise KeyboardInterrupt

    street = chained(tmp_path / "street")
    with pytest.raises(KeyboardInterrupt):
        run(street, RunOptions(out=tmp_path / "out"), interrupt)

    assert digests(finished.path) == digests(run(street, RunOptions(out=tmp_path / "out")).path)


def test_a_store_commits_to_what_it_holds(finished):
    """On the first day the battery sells no more than the 3 kWh in it and what is left of all that it buys."""
    sold, bought = finished.sql(
        "SELECT sum(greatest(energy_j, 0)) / 3.6e6, sum(greatest(-energy_j, 0)) / 3.6e6 FROM commitments "
        "WHERE account = 'home-3' AND series = 'day-ahead' AND start < '2026-07-07 04:00'"
    ).rows()[0]

    assert 0 < sold <= 3 * 0.9**0.5 + 0.9 * bought + 0.012


def test_the_report_says_what_corrections_cost(finished):
    """Changes at their own price, less what they had cost at the day-ahead price of the same hour and node."""
    paid = finished.sql(
        "SELECT sum(energy_j / 3.6e6 * ahead.price - amount_micro / 1e6) FROM commitments JOIN customers ON "
        "account = customer JOIN (SELECT start, commitments.node, account, price FROM commitments "
        "WHERE series = 'day-ahead') AS ahead ON ahead.start = date_trunc('hour', commitments.start) "
        "AND ahead.node = commitments.node AND ahead.account = commitments.account WHERE series <> 'day-ahead'"
    ).rows()[0][0]

    section = corrections(study(finished))
    words = f"{abs(paid):.2f}\N{NO-BREAK SPACE}USD {'more' if paid > 0 else 'less'}"
    assert f"Corrections cost customers {words} than the day-ahead prices" == section.finding
