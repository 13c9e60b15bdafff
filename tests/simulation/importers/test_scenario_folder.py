"""Writing scenario folders: text that reads back, times that carry their offset, files that are not overwritten."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from ruamel.yaml import YAML

from micromarket.errors import InvalidValue, RunError, WrongShape
from micromarket.simulation.importers.scenario_folder import ScenarioFolder, SeriesFile, quantity, scenario_text
from micromarket.simulation.scenario.series_files import header, read

HALF_HOUR = timedelta(minutes=30)
BEFORE_CLOCKS_FALL_BACK = datetime(2016, 10, 30, 0, 0, tzinfo=UTC)


def series(**columns):
    """Return a series file around the end of summer time in Germany."""
    arrays = {name: np.asarray(values, dtype=float) for name, values in columns.items()}
    return SeriesFile(BEFORE_CLOCKS_FALL_BACK, HALF_HOUR, "Europe/Berlin", arrays)


def test_the_hour_that_comes_twice_is_told_apart_by_its_offset():
    """At the end of summer time 02:30 comes twice, first at +02:00, then at +01:00."""
    times = series(a_kw=range(4)).times()

    assert ["02:30:00+02:00", "02:30:00+01:00"] == [times[1][11:], times[3][11:]]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_what_was_written_reads_back(tmp_path, suffix):
    """CSV and Parquet give back times and values."""
    path = tmp_path / f"x{suffix}"

    series(a_kw=[1.5, -0.0001, 1e-9, 12345.678]).write(path)

    back = read(path, str(path), header(path, str(path)), ["a_kw"])
    assert [1.5, 0.0, 0.0, 12345.678] == back.columns["a_kw"].tolist()
    assert [HALF_HOUR / timedelta(microseconds=1)] * 3 == np.diff(back.times).tolist()


def test_columns_of_different_length_are_refused():
    """A series file is a table."""
    with pytest.raises(WrongShape):
        series(a_kw=[1.0, 2.0], b_kw=[1.0])


def test_other_suffixes_are_refused(tmp_path):
    """Only CSV and Parquet can be read again."""
    with pytest.raises(InvalidValue, match=r"x\.txt"):
        series(a_kw=[1.0]).write(tmp_path / "x.txt")


def test_yaml_text_means_what_was_given():
    """Clock times stay text, short mappings stand on one line."""
    scenario = {"schema": 1, "customers": [{"id": "a", "desired": {"06:00": "22 °C", "22:00": "18 °C"}}]}

    text = scenario_text(scenario, ["by hand"])

    assert scenario == YAML(typ="safe").load(text)
    assert '{id: a, desired: {"06:00": 22 °C, "22:00": 18 °C}}' in text
    assert text.startswith("# by hand\n")


def test_a_scenario_is_not_written_over_unasked(tmp_path):
    """What somebody changed by hand is safe."""
    folder = ScenarioFolder({"schema": 1})
    folder.write(tmp_path)

    with pytest.raises(RunError, match="--replace"):
        folder.write(tmp_path)


def test_quantities_are_short():
    """Six digits, no exponent, no trailing zeros."""
    assert ["7.4 kW", "0.333333 kW", "20000 W"] == [quantity(7.4, "kW"), quantity(1 / 3, "kW"), quantity(2e4, "W")]
