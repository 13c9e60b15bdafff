"""A SimBench grid lives through its sunny week: it balances; without a market the measured energy comes back."""

import pytest

from micromarket.simulation.importers.simbench import HOURS, Period, simbench_folder
from micromarket.simulation.importers.simbench_source import load_grid
from micromarket.simulation.report.build import write
from micromarket.simulation.run import RunOptions, run

pytest.importorskip("simbench")


@pytest.fixture(scope="module")
def grid():
    """The smallest grid with everything in it."""
    return load_grid("1-LV-rural1--2-no_sw")


@pytest.fixture(scope="module")
def week(grid, tmp_path_factory):
    """Its run."""
    folder = tmp_path_factory.mktemp("rural")
    simbench_folder(grid, Period()).write(folder)
    return run(folder, RunOptions(folder / "run"))


def measured(grid, *prefixes):
    """Return what loads with such profiles drew in the week [kWh]."""
    return sum(load.power_kw[Period().rows].sum() for load in grid.loads if load.profile.startswith(prefixes)) * HOURS


def metered(week, kind):
    """Return what devices of one kind draw in the run without a market [kWh]."""
    query = 'SELECT -sum(metered_kw) FROM powers JOIN assets USING (asset) WHERE kind = ? AND "case" = ?'
    return week.sql(query, (kind, "no_market")).rows()[0][0] * HOURS


def test_every_interval_balances(week):
    """Energy to a billionth of a kW, money to the micro-unit, in all 672 quarter hours of all nodes."""
    assert week.kpi("energy_residual_kw") <= 1e-9
    assert 0 == week.kpi("money_residual_micro")
    assert 672 == week.sql("SELECT count(DISTINCT start) FROM prices").rows()[0][0]


def test_without_a_market_the_measured_energy_comes_back(grid, week):
    """Loads draw exactly what was measured, cars and heat pumps within what a week's edges cut off."""
    assert metered(week, "load") == pytest.approx(measured(grid, "H0", "L", "G"), rel=1e-3)
    assert metered(week, "ev") == pytest.approx(measured(grid, "HLS"), rel=0.03)
    assert metered(week, "water_heater") == pytest.approx(measured(grid, "Soil", "Air"), rel=0.03)


def test_the_market_keeps_the_transformer_within_its_rating(week):
    """Without a market the roofs overload the transformer at noon; with one they feed in less, and use more."""
    assert week.kpi("peak_export_kw", "no_market") > 200
    assert week.kpi("peak_export_kw", "market") < 170
    assert week.kpi("self_consumption", "market") > week.kpi("self_consumption", "no_market")


def test_the_report_names_the_source_and_its_license(week):
    """One file, in which SimBench and the Open Database License are named."""
    page = write(week).read_text()

    assert all(words in page for words in ("SimBench", "Open Database License"))
