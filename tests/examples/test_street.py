"""The example street: its committed files are what its scripts write, and it is a valid scenario."""

import runpy
import shutil
from pathlib import Path

import numpy as np
import pytest

from micromarket.simulation.scenario.local_assets import kind_of
from micromarket.simulation.scenario.reading import read_scenario

STREET = Path(__file__).parents[2] / "examples" / "street"
SURPLUS_SOLAR = STREET.parent / "surplus-solar"
INTRADAY = STREET.parent / "intraday"
THREE_MARKETS = STREET.parent / "three-markets"


def numbers(path):
    """Return the values of a series file, without its times."""
    return np.loadtxt(
        path, delimiter=",", skiprows=1, usecols=range(1, len(path.read_text().split("\n")[0].split(",")))
    )


def test_homes_are_what_the_script_writes(tmp_path):
    """The seeded script gives the committed scenario and series, byte for byte."""
    (tmp_path / "data").mkdir()
    shutil.copy(STREET / "data" / "weather.csv", tmp_path / "data")

    runpy.run_path(str(STREET / "derive_homes.py"))["derive"](tmp_path)

    names = ["scenario.yaml", "data/loads.csv", "data/draws.csv", "data/prices.csv"]
    assert [(STREET / name).read_text() for name in names] == [(tmp_path / name).read_text() for name in names]


def test_weather_is_what_the_script_writes(tmp_path):
    """The station's file gives the committed weather, to the digits that are written."""
    pytest.importorskip("pvlib")

    runpy.run_path(str(STREET / "derive_weather.py"))["derive"](tmp_path)

    np.testing.assert_allclose(
        numbers(STREET / "data" / "weather.csv"), numbers(tmp_path / "weather.csv"), atol=0.0021
    )


def test_hours_of_sunshine_are_kept():
    """Quarter hours of global irradiance add up to the station's hours."""
    pytest.importorskip("pvlib")
    hours, _ = runpy.run_path(str(STREET / "derive_weather.py"))["station"]()
    week = hours.ghi.loc["2026-07-06 00:00-05:00":"2026-07-12 23:00-05:00"].to_numpy()

    quarters = numbers(STREET / "data" / "weather.csv")[:, 1]

    np.testing.assert_allclose(week, quarters.reshape(-1, 4).mean(axis=1), atol=0.001)


def test_surplus_solar_is_what_its_script_writes(tmp_path):
    """The two homes' series are cut from the street's."""
    runpy.run_path(str(SURPLUS_SOLAR / "derive.py"))["derive"](tmp_path)

    assert (SURPLUS_SOLAR / "data" / "series.csv").read_text() == (tmp_path / "series.csv").read_text()


def test_intraday_is_what_its_script_writes(tmp_path):
    """One day of the street with another market; nothing else differs."""
    runpy.run_path(str(INTRADAY / "derive.py"))["derive"](tmp_path)

    names = ["scenario.yaml", *(f"data/{path.name}" for path in sorted((STREET / "data").glob("*.csv")))]
    assert [(INTRADAY / name).read_text() for name in names] == [(tmp_path / name).read_text() for name in names]


def test_street_mixes_devices():
    """Thirty homes with loads and cooled houses; many with PV, water heater, car or battery."""
    kinds = [kind_of(owned.asset) for owned in read_scenario(STREET).assets]

    expected = {"load": 30, "house": 30, "pv": 18, "water_heater": 16, "ev": 11, "battery": 9}
    assert expected == {kind: kinds.count(kind) for kind in expected}


def test_committed_series_are_small():
    """Example data stay below 400 kB in total."""
    sizes = [path.stat().st_size for path in STREET.parent.rglob("*.csv")]

    assert sum(sizes) < 400_000


def test_three_markets_is_what_its_script_writes(tmp_path):
    """The village's series are the street's under made-up clouds, from one seed."""
    runpy.run_path(str(THREE_MARKETS / "derive.py"))["derive"](tmp_path)

    assert (THREE_MARKETS / "data" / "series.csv").read_text() == (tmp_path / "series.csv").read_text()
