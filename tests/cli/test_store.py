"""`micromarket store`."""

from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from micromarket.cli.main import app, exit_code
from micromarket.storage.export import TYPES
from micromarket.storage.opening import open_store
from micromarket.storage.store import readable

TWO = [Path(__file__).parents[2] / "examples" / "feeder" / name for name in ("feeder.yaml", "home-1.yaml")]


def run(*words):
    return CliRunner().invoke(app, list(map(str, words)))


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """Facts of two nodes, and a store of them."""
    folder = tmp_path_factory.mktemp("store")
    run("network", *TWO, "--record", folder / "facts.jsonl")
    assert run("store", "fill", folder / "facts.jsonl", "--to", folder / "run.sqlite").exit_code == 0
    return folder


def test_two_nodes_and_their_auction(filled):
    """What the home draws is what the feeder sends less the loss, at a price that is higher by it."""
    with open_store(str(filled / "run.sqlite")) as store:
        at_noon = [row for row in store.rows("interval_value") if row[1].endswith("T12:00:00Z")]
    values = {
        (node, source): value for node, _, _, _, source, what, value, *_ in at_noon if what != "production_cost"
    }

    assert values["home-1", "lights"] == -1.5
    assert values["feeder", "feeder"] < values["home-1", "home-1"]
    assert values["home-1", "feeder"] < -values["feeder", "home-1"]


def test_filling_again_says_that_nothing_is_new(filled):
    done = run("store", "fill", filled / "facts.jsonl", "--to", filled / "run.sqlite")

    assert done.stdout.startswith("0 new facts of 0 nodes")


@pytest.mark.parametrize(
    "table", ["neighbor", "fact", "transactive_record", "vertex", "market_total", "meter_reading"]
)
def test_both_forms_of_a_table_hold_what_the_store_does(table, filled):
    """Texts, numbers to the last bit, times, truths, and what is not there."""
    for form in ("csv", "parquet"):
        run("store", "export", filled / "run.sqlite", "--table", table, "--to", filled / f"{table}.{form}")
    with open_store(str(filled / "run.sqlite")) as store:
        expected = list(store.rows(table))

    columns = {column.name: TYPES[column.kind] for column in readable(table).columns}
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        csv = connection.execute(
            f"FROM read_csv('{filled / table}.csv', header = true, columns = {columns})"
        ).fetchall()
        parquet = connection.execute(f"FROM '{filled / table}.parquet'").fetchall()
    assert expected == csv == parquet


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("export", "none.sqlite", "--table", "fact", "--to", "fact.csv"), "there is no such store"),
        (("export", "run.sqlite", "--table", "rain", "--to", "rain.csv"), "there is no table 'rain'"),
        (("export", "run.sqlite", "--table", "fact", "--to", "fact.xlsx"), "ending in .csv or .parquet"),
        (("export", "run.sqlite", "--table", "fact", "--to", "none/fact.csv"), "No such file"),
        (("fill", "none.jsonl", "--to", "new.sqlite"), "No such file"),
    ],
)
def test_what_cannot_be_done_is_named(words, said, filled, monkeypatch):
    monkeypatch.chdir(filled)
    done = run("store", *words)

    assert said in str(done.exception)
    assert 2 == exit_code(done.exception)
