"""`micromarket import`: folders that validate, and exit codes that say what is wrong."""

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from micromarket.cli.importing import app
from micromarket.errors import MissingExtra, ScenarioError

CSV = "Zeit;Haus 1 [kWh]\n01.07.2026 00:00;0,25\n01.07.2026 00:15;0,5\n"


def invoked(*arguments):
    """Return the result of `micromarket import ...`; named errors are raised."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)


def test_meters_become_a_scenario(tmp_path):
    """One command: a folder that validates, and what is in it on standard output."""
    (tmp_path / "haus.csv").write_text(CSV)

    result = invoked("meters", tmp_path / "haus.csv", "--timezone", "Europe/Berlin", "--out", tmp_path / "street")

    assert (0, True) == (result.exit_code, "street: valid" in result.output)


def test_json_for_programs(tmp_path):
    """Standard output is one JSON object; progress goes elsewhere."""
    (tmp_path / "haus.csv").write_text(CSV)
    arguments = ["--timezone", "Europe/Berlin", "--json", "--out", tmp_path / "street"]

    assert 2 == json.loads(invoked("meters", tmp_path / "haus.csv", *arguments).stdout)["steps"]


def test_an_unknown_zone_is_refused(tmp_path):
    """The message names the option."""
    with pytest.raises(ScenarioError, match="--timezone"):
        invoked("meters", tmp_path / "haus.csv", "--timezone", "Europe/Berlino")


def test_a_meter_in_two_files_is_refused(tmp_path):
    """The same name twice would count twice or hide one."""
    for name in ("one", "two"):
        (tmp_path / f"{name}.csv").write_text("time,a,b\n2026-07-01T00:00Z,1,1\n2026-07-01T01:00Z,1,1\n")

    with pytest.raises(ScenarioError, match="new meters"):
        invoked("meters", tmp_path / "one.csv", tmp_path / "two.csv", "--unit", "kWh")


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    """Importing SimBench without its package is a named error."""
    monkeypatch.setitem(sys.modules, "simbench", None)

    with pytest.raises(MissingExtra, match=r"micromarket\[grids\]"):
        invoked("simbench", "1-LV-rural1--2-no_sw")


def test_days_are_checked_before_anything_is_read():
    """A wrong day is refused at once, with exit code 2 and no traceback."""
    arguments = ["import", "simbench", "1-LV-rural1--2-no_sw", "--from", "2017-01-01"]

    result = subprocess.run([sys.executable, "-m", "micromarket", *arguments], capture_output=True, check=False)

    assert (2, False) == (result.returncode, b"Traceback" in result.stderr)


def test_a_price_of_one_s_own(tmp_path):
    """A price file needs one column in EUR/kWh."""
    (tmp_path / "price.csv").write_text("timestamp,price_usd_per_kwh\n2016-05-23T00:00:00+02:00,0.1\n")

    with pytest.raises(ScenarioError, match="_eur_per_kwh"):
        invoked("simbench", "1-LV-rural1--2-no_sw", "--price-file", tmp_path / "price.csv")
