"""``micromarket report`` and ``micromarket compare``."""

import json
import re

import pytest
import typer
from typer.testing import CliRunner

from micromarket.cli import compare, report
from micromarket.errors import RunError
from micromarket.simulation.recording.results import load


def call(module, *arguments):
    """Return what a command prints."""
    application = typer.Typer()
    application.command()(module.command)
    return CliRunner().invoke(application, [str(argument) for argument in arguments], catch_exceptions=False).output


def test_report(street, tmp_path):
    """It writes the file and prints where."""
    target = tmp_path / "page.html"

    assert f"{target}\n" == call(report, street, "--out", target)
    assert target.stat().st_size > 4_000_000


def test_open(street, tmp_path, monkeypatch):
    """With --open the browser is shown the file."""
    shown = []
    monkeypatch.setattr(report.webbrowser, "open", shown.append)

    call(report, street, "--out", tmp_path / "page.html", "--open")

    assert [(tmp_path / "page.html").as_uri()] == shown


def test_key_figures(street, run):
    """With --json it prints the key figures, as stored."""
    content = json.loads(call(report, street, "--json"))
    peaks = [row["value"] for row in content["kpis"] if (row["case"], row["name"]) == ("market", "peak_import_kw")]

    assert ("oak-street", [run.kpi("peak_import_kw")]) == (content["scenario"], peaks)


def test_absent_is_null(make_run):
    """A figure that has no value is null, not NaN."""
    content = json.loads(call(report, make_run(kinds=("load",)), "--json"))

    assert [row["value"] for row in content["kpis"] if row["name"] == "self_consumption"] == [None, None]


def test_report_refuses(tmp_path):
    """What is no run is refused by name."""
    with pytest.raises(RunError, match="not a run directory"):
        call(report, tmp_path)


def test_compare(street, make_run):
    """Figures stand in columns, with a warning when scenarios differ."""
    printed = call(compare, street, make_run())

    assert "These runs differ in scenario or series" in printed
    assert re.search(r"Peak import +market +[\d.]+\skW +[\d.]+\skW +−[\d.]+\skW", printed)


def test_compare_as_json(street, make_run):
    """The same as JSON."""
    other = make_run()
    content = json.loads(call(compare, street, other, "--json"))
    line = next(line for line in content["figures"] if (line["case"], line["name"]) == ("no_market", "supply_cost"))

    assert [load(path).kpi("supply_cost", "no_market") for path in (street, other)] == line["values"]


def test_compare_as_page(street, make_run, tmp_path):
    """The same as a page that needs no script."""
    call(compare, street, make_run(), "--html", tmp_path / "both.html")
    page = (tmp_path / "both.html").read_text()

    assert (page.count("<script"), page.count("<table")) == (0, 2)
