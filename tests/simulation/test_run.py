"""A run from scenario to tables: alike, resumable, balanced."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from streets import tiny_street

import micromarket
from micromarket.errors import RunError
from micromarket.simulation.run import RunOptions, run


def digests(folder: Path) -> dict[str, str]:
    """Return a digest of every file of a run."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run of the tiny street."""
    folder = tmp_path_factory.mktemp("run")
    return run(tiny_street(folder / "street"), RunOptions(out=folder / "out"))


def test_the_same_scenario_gives_the_same_bytes(finished, tmp_path):
    """Every file of a second run equals the first one's."""
    again = run(tiny_street(tmp_path / "street"), RunOptions(out=tmp_path / "out"))

    assert digests(finished.path) == digests(again.path)


def test_another_seed_gives_other_forecasts(finished, tmp_path):
    """The noisy forecast of home-1 changes what was scheduled, not what was metered."""
    other = run(tiny_street(tmp_path / "street"), RunOptions(out=tmp_path / "out", seed=8))
    load = "SELECT {} AS kw FROM powers WHERE asset = 'home-1/load' AND \"case\" = 'market' ORDER BY start"

    same = [
        np.array_equal(*(one.sql(load.format(column)).to_numpy()["kw"] for one in (finished, other)))
        for column in ("scheduled_kw", "metered_kw")
    ]

    assert [False, True] == same


@pytest.mark.parametrize("stop_at", [("without a market", 100), ("with the market", 100), ("with the market", 192)])
def test_an_interrupted_run_goes_on_to_the_same_bytes(finished, tmp_path, stop_at):
    """Ctrl-C in either case, early or late: called again, the run ends as if nothing had happened."""

    def interrupt(phase: str, done: int, total: int) -> None:
        if (phase, done) == stop_at:
            raise KeyboardInterrupt

    street = tiny_street(tmp_path / "street")
    with pytest.raises(KeyboardInterrupt):
        run(street, RunOptions(out=tmp_path / "out"), interrupt)

    assert digests(finished.path) == digests(run(street, RunOptions(out=tmp_path / "out")).path)


def test_a_resumed_run_does_not_repeat_whole_days(tmp_path):
    """After an interruption on the second day only that day is lived through again."""
    seen = []

    def interrupt(phase: str, done: int, total: int) -> None:
        seen.append((phase, done))
        if (phase, done) == ("with the market", 150):
            raise KeyboardInterrupt

    street = tiny_street(tmp_path / "street")
    with pytest.raises(KeyboardInterrupt):
        run(street, RunOptions(out=tmp_path / "out"), interrupt)
    run(street, RunOptions(out=tmp_path / "out"), lambda phase, done, total: seen.append((phase, done)))

    assert ("with the market", 97) == seen[seen.index(("with the market", 150)) + 1]


def test_refuses_to_run_over_a_complete_run(finished, tmp_path):
    """What is there stays, and the message says what to do."""
    street = tiny_street(tmp_path / "street")

    with pytest.raises(RunError, match="--anew"):
        run(street, RunOptions(out=finished.path))


def test_refuses_to_go_on_with_another_scenario(tmp_path):
    """An interrupted run belongs to its scenario."""

    def interrupt(phase: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tiny_street(tmp_path / "a"), RunOptions(out=tmp_path / "out"), interrupt)
    with pytest.raises(RunError, match="differs in scenario"):
        run(tiny_street(tmp_path / "b", more="description: Another one.\n"), RunOptions(out=tmp_path / "out"))


def test_refuses_a_folder_that_holds_something_else(tmp_path):
    """Nobody's files are mixed with a run's."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("precious")

    with pytest.raises(RunError, match="not empty"):
        run(tiny_street(tmp_path / "street"), RunOptions(out=tmp_path / "out"))


def test_every_node_balances_as_cleared(finished):
    """Energy before metering, at every node and interval, within 1e-9 kW."""
    worst = finished.kpi("energy_residual_kw")

    assert worst <= 1e-9


def test_money_sums_to_zero_at_every_node(finished):
    """In both cases, to the micro-unit."""
    assert (0.0, 0.0) == (finished.kpi("money_residual_micro"), finished.kpi("money_residual_micro", "no_market"))


def test_bills_break_even(finished):
    """Without a market customers pay what supply costs, within one micro-unit for each kWh drawn."""
    paid, cost = finished.kpi("bills_total", "no_market"), finished.kpi("supply_cost", "no_market")

    assert pytest.approx(cost, abs=1e-6 * finished.kpi("consumption_kwh")) == paid


def test_the_market_reaches_the_optimum_of_what_was_bid(finished):
    """Losses included, since no price here is negative."""
    assert pytest.approx(0.0, abs=1e-9) == finished.kpi("welfare_gap")


def test_the_ledger_explains_every_bill(finished):
    """What a customer pays is what its account paid in all intervals, less what it got back."""
    unequal = finished.sql(
        'SELECT b."case", customer FROM bills b JOIN ('
        'SELECT "case", account AS customer, -sum(amount_micro) AS paid FROM ledger GROUP BY ALL'
        ') USING ("case", customer) WHERE paid <> total_micro - fixed_micro'
    )

    assert [] == unequal.rows()


def test_public_names_are_those_of_the_first_tutorial():
    """A new public name is a decision."""
    assert ["Clearing", "Curves", "Run", "RunOptions", "clear", "compare", "load", "run"] == micromarket.__all__


ENGAGED = """
  - id: workshop
    node: feeder-1
    assets:
      - {kind: load, power: {file: data/series.csv, column: evening_kw}}
      - {kind: generator, id: diesel, minimum: 1 kW, maximum: 6 kW, price: 0.15 USD/kWh,
         engagement: {start: 0.5 USD, hold: 0.1 USD/h, minimum_on: PT2H, minimum_off: PT1H}}
"""


def test_a_generator_pays_for_its_starts_across_interruptions(tmp_path):
    """Fuel cost in the tables is energy, holding and every start, whether or not the run was interrupted between."""
    street = tiny_street(tmp_path / "street", more=ENGAGED)

    def interrupt(phase: str, done: int, total: int) -> None:
        if (phase, done) == ("with the market", 100):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(street, RunOptions(out=tmp_path / "out"), interrupt)
    finished = run(street, RunOptions(out=tmp_path / "out"))
    powers = finished.sql(
        "SELECT asset, metered_kw AS kw FROM powers WHERE \"case\" = 'market' ORDER BY asset, start"
    ).to_pandas()
    small, diesel = (powers[powers.asset == name].kw.to_numpy() for name in ("home-2/generator", "diesel"))
    starts = np.count_nonzero((diesel > 0) & (np.concatenate([[0.0], diesel[:-1]]) == 0))
    hours = 0.25 * np.array([small.sum(), (small**2).sum(), diesel.sum(), np.count_nonzero(diesel)])
    fuel = finished.sql("SELECT sum(fuel_cost) / 4 AS fuel FROM supply WHERE \"case\" = 'market'").to_numpy()["fuel"]

    assert (starts > 0, hours @ [0.2, 0.005, 0.15, 0.1] + 0.5 * starts) == (True, pytest.approx(fuel[0]))
