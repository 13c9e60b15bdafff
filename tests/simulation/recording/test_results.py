"""Reading a run: its tables, its refusals, and runs side by side."""

import json

import duckdb
import numpy as np
import pytest

from micromarket.errors import MissingExtra, RunError
from micromarket.simulation.recording import results
from micromarket.simulation.recording.results import TABLES, compare, load


def test_tables_by_name(run):
    """Every table is an attribute of the run, still lazy; those of what its scenario does not have are not there."""
    absent = {"information", "orders", "trades", "depth", "positions", "commitments", "make_whole"}

    assert run.table("prices").columns == run.prices.columns == tuple(run.prices.to_numpy())
    assert absent == set(TABLES) - set(run.tables)


def test_arrays(run):
    """A table becomes arrays; times are UTC starts of intervals."""
    start = run.prices.to_numpy()["start"]

    assert np.datetime64("2026-07-06T04:00") == start.min()
    assert len(np.unique(start)) == 2 * 96


def test_pandas(run):
    """A table becomes a frame of the same rows."""
    pytest.importorskip("pandas")

    assert len(run.bills) == len(run.bills.to_pandas()) == 24


def test_no_pandas(run, monkeypatch):
    """Without pandas the refusal names what to install."""
    monkeypatch.setattr(results, "find_spec", lambda name: None)

    with pytest.raises(MissingExtra, match=r"micromarket\[frames\]"):
        run.bills.to_pandas()


def test_sql(run):
    """Queries see the tables, with parameters."""
    rows = run.sql('SELECT count(*) FROM bills WHERE "case" = ?', ["market"]).rows()

    assert rows == [(12,)]


def test_bad_sql(run):
    """A query that DuckDB refuses is a named error."""
    with pytest.raises(RunError, match="the query failed"):
        run.sql("SELECT nothing FROM nowhere")


def test_key_figure(run):
    """A key figure is read by name; one that is not there is None."""
    peak = run.sql("SELECT value FROM kpis WHERE name = 'peak_import_kw' AND \"case\" = 'market'").rows()[0][0]

    assert (peak, None) == (run.kpi("peak_import_kw"), run.kpi("happiness"))


def test_parts(make_run):
    """A table in parts reads as one."""
    path = make_run()
    whole = path / "tables" / "bills.parquet"
    (path / "tables" / "bills").mkdir()
    for part, case in enumerate(("market", "no_market")):
        target = path / "tables" / "bills" / f"{part}.parquet"
        duckdb.sql(f"""COPY (SELECT * FROM '{whole}' WHERE "case" = '{case}') TO '{target}' (FORMAT parquet)""")
    before = load(path).bills.rows()
    whole.unlink()

    assert before == load(path).bills.rows()


def edit(path, **fields):
    file = path / "run.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | fields))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"schema": 2}, "expected run schema 1, found 2"),
        ({"schema": None}, "expected run schema 1, found None"),
        (
            {"status": "interrupted"},
            "the run is interrupted, expected complete; finish it by giving the same `micromarket run` again",
        ),
        ({"timezone": "Oak/Street"}, "No time zone found with key Oak/Street"),
        ({"steps": "many"}, r"Expected `int`, got `str` - at `\$.steps`"),
    ],
)
def test_refused(make_run, fields, message):
    """What cannot be read is refused by name, with what was expected."""
    path = make_run()
    edit(path, **fields)

    with pytest.raises(RunError, match=message):
        load(path)


def test_not_a_run(tmp_path):
    """A folder without run.json is no run."""
    with pytest.raises(RunError, match=r"not a run directory; expected a file run\.json"):
        load(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", "null"])
def test_not_json(tmp_path, text):
    """A broken run.json is refused."""
    (tmp_path / "run.json").write_text(text)

    with pytest.raises(RunError, match="expected a JSON object"):
        load(tmp_path)


def test_missing_table(make_run):
    """A table that the run lacks is refused, naming those it has."""
    run = load(make_run(leave_out=("welfare",)))

    with pytest.raises(RunError, match=r"no table 'welfare'; expected .*, found tables: nodes, customers"):
        _ = run.welfare


def test_no_attribute(run):
    """Any other name is an ordinary missing attribute."""
    assert not hasattr(run, "weather")


def test_compare(run, make_run):
    """Figures stand side by side with their difference to the first run."""
    other = load(make_run())

    comparison = compare([run, other])
    peak = next(line for line in comparison.figures if (line.case, line.name) == ("market", "peak_import_kw"))

    assert (0.0, other.kpi("peak_import_kw") - run.kpi("peak_import_kw")) == peak.differences
    assert (comparison.same_scenario, comparison.runs[1][:18]) == (False, "other (oak-street,")


def test_compare_same(run):
    """Runs of one scenario carry their directory's name only."""
    assert compare([run, run]).runs == ("street", "street")


def test_compare_currencies(run, make_run):
    """Money of two currencies is not compared."""
    with pytest.raises(RunError, match="different currencies cannot be compared; found EUR, USD"):
        compare([run, load(make_run(currency="EUR"))])


def test_compare_alone(run):
    """One run is no comparison."""
    with pytest.raises(RunError, match="at least 2 runs, found 1"):
        compare([run])
