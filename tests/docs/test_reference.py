"""The reference pages say what the code says: options, errors, public names, columns, key figures."""

from __future__ import annotations

import inspect
import re
from importlib import import_module

import duckdb
import pytest
import typer.main
from pages import text_of

import micromarket
from micromarket import errors
from micromarket.cli import main
from micromarket.simulation.recording.results import TABLES
from micromarket.simulation.recording.summary import FIGURES
from micromarket.storage.schema import TABLES as STORED
from micromarket.storage.schema import Kind
from micromarket.storage.views import VIEWS

KINDS = {Kind.TIME: "time", Kind.TRUTH: "yes or no"}
ASKED_FOR_EVERYWHERE = {"--help"}


def rows(text):
    """Return the cells of every table row of a page, without headings and rules."""
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def sections(page):
    """Return the text below each second-level heading of a page."""
    parts = re.split(r"^## (.+)$", text_of(page), flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def options_of(verb):
    """Return every option of a verb and of its subcommands."""
    module = import_module(f"micromarket.cli.{main.COMMANDS[verb][0]}")
    application = getattr(module, "app", None) or typer.Typer(add_completion=False)
    if not hasattr(module, "app"):
        application.command()(module.command)
    command = typer.main.get_command(application)
    commands = getattr(command, "commands", {"": command}).values()
    parameters = [
        parameter for each in commands for parameter in each.params if parameter.param_type_name == "option"
    ]
    return {name for each in parameters for name in (*each.opts, *each.secondary_opts)} - ASKED_FOR_EVERYWHERE


@pytest.mark.parametrize("verb", list(main.COMMANDS))
def test_options_of_the_command_line(verb):
    """The page names every option of every verb, and no other."""
    section = sections("docs/reference/cli.md")[f"micromarket {verb}"]
    named = {name for row in rows(section) for name in re.findall(r"`(--?[\w-]+)`", row[0])}

    assert options_of(verb) == named


def test_errors():
    """The page names every error with its parent and the exit code it leads to."""
    defined = [error for _, error in inspect.getmembers(errors, inspect.isclass) if issubclass(error, Exception)]
    expected = {error.__name__: (error.__bases__[0].__name__, code(error)) for error in defined}
    table = rows(text_of("docs/reference/errors.md"))

    assert expected == {row[0].strip("`"): (row[1].strip("`"), int(row[3].strip("| "))) for row in table}


def code(error):
    """Return the exit code of an error, without making one."""
    return main.exit_code(error.__new__(error))


def test_public_names():
    """The first table of the page is what `import micromarket` gives."""
    first = text_of("docs/reference/api.md").partition("\n## ")[0]

    assert micromarket.__all__ == sorted(row[0].strip("`") for row in rows(first))


def test_key_figures():
    """The page names every key figure with its unit."""
    named = {row[0].strip("`"): row[1] for row in rows(sections("docs/reference/tables.md")["kpis"])[4:]}

    assert {figure.name: figure.unit for figure in FIGURES} == named


def test_tables():
    """The page has a section for each table a run may hold."""
    assert sorted(TABLES) == sorted(sections("docs/reference/tables.md"))


@pytest.mark.parametrize("table", [*STORED, *VIEWS], ids=lambda table: table.name)
def test_tables_of_a_store(table):
    """The page has every table with every column in order, its key in bold, its unit and what it says."""
    told = [(row[0].strip("*`"), row[0].startswith("**"), row[1]) for row in store_rows(table.name)]
    meanings = [row[2] for row in store_rows(table.name)]

    assert [(one.name, one.name in table.keys, one.unit or KINDS.get(one.kind, "")) for one in table.columns] == told
    assert all(said.startswith(one.meaning) for said, one in zip(meanings, table.columns, strict=True))


def test_no_other_table_of_a_store_is_named():
    assert sorted(table.name for table in (*STORED, *VIEWS)) == sorted(sections("docs/reference/store.md"))


def store_rows(table):
    """Return the cells of each column of a table on the page of stores."""
    lines = [
        one for one in sections("docs/reference/store.md")[table].splitlines() if one.startswith(("| `", "| **"))
    ]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Two short runs, with an auction and with continuous trading, in one of which every table has rows."""
    runs = []
    for name, text in (("auction", SCENARIO), ("trading", SCENARIO.replace(SERIES, BOOK))):
        folder = tmp_path_factory.mktemp(name)
        (folder / "scenario.yaml").write_text(text, encoding="utf-8")
        (folder / "loads.csv").write_text(LOADS, encoding="utf-8")
        runs.append(micromarket.run(folder, micromarket.RunOptions(out=folder / "run")))
    return runs


@pytest.mark.parametrize("table", TABLES)
def test_columns(table, finished):
    """The page names every column of a table, in order."""
    section = sections("docs/reference/tables.md")[table].split("| key figure")[0]

    named = [name for row in rows(section) for name in re.findall(r"`(\w+)`", row[0])]
    assert named == list(finished[table in TRADING].table(table).columns)


def test_a_table_is_its_parts(finished):
    """The tables can be read without micromarket, as the page says."""
    parts = finished[0].path / "tables" / "powers" / "*.parquet"

    assert len(finished[0].powers) == duckdb.sql(f"SELECT count(*) FROM '{parts}'").fetchall()[0][0]


TRADING = ("orders", "trades", "depth", "positions")
SERIES, BOOK = "series: [{name: day-ahead, intervals: 3, commits: true}]", "mechanism: order_book"
SCENARIO = """
schema: 1
name: every-table
currency: USD
time: {start: 2026-07-06T00:00:00Z, end: 2026-07-06T03:00:00Z, step: PT60M}
market: {series: [{name: day-ahead, intervals: 3, commits: true}]}
supplier: {price: 0.20 USD/kWh, feed_in_price: 0.04 USD/kWh}
customers:
  - id: home
    assets:
      - {kind: load, power: {file: loads.csv, column: home_kw}}
      - {kind: generator, minimum: 1 kW, maximum: 2 kW, price: 0.1 USD/kWh, engagement: {hold: 0.01 USD/h}}
      - {kind: battery, energy: 5 kWh, charge: 2 kW, discharge: 2 kW}
      - {kind: house, mode: cooling, power: 3 kW, outdoor: 30 °C, desired: 23 °C}
services:
  - id: forecaster
    provides: load of the home
    foretells: {file: loads.csv, column: home_kw}
    by: {file: loads.csv, column: told_kw}
    usual: 1 kW
"""
LOADS = "timestamp,home_kw,told_kw\n" + "".join(f"2026-07-06T0{hour}:00:00Z,1,1\n" for hour in range(3))
