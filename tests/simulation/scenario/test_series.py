"""Series over base steps: repeated, averaged, summed, in base units, across changes of the clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micromarket.errors import ScenarioError
from micromarket.simulation.scenario.fields import SeriesRef
from micromarket.simulation.scenario.reading import read_scenario

HEAD = """
schema: 1
name: series
currency: USD
time: {{start: "{start}", end: "{end}", step: {step}, timezone: Europe/Berlin}}
supplier: {{price: 0.2 USD/kWh}}
customers:
  - {{id: a, assets: [{asset}]}}
"""
LOAD = "{{kind: load, power: {{file: {file}, column: {column}}}}}"


def loaded(folder, rows, *, column="a_kw", step="PT15M", hours=24, file="a.csv", asset=LOAD):
    """Write `rows` of time and value and read them as a series of a run of `hours` from 2026-03-29 in UTC."""
    start = datetime(2026, 3, 29, tzinfo=UTC)
    text = HEAD.format(
        start=start.isoformat(),
        end=(start + timedelta(hours=hours)).isoformat(),
        step=step,
        asset=asset.format(file=file, column=column),
    )
    (folder / "scenario.yaml").write_text(text)
    if file.endswith(".csv"):
        lines = [f"timestamp,{column}", *(f"{time.isoformat()},{value!r}" for time, value in rows)]
        (folder / file).write_text("\n".join(lines))
    return read_scenario(folder).series(SeriesRef(file=file, column=column))


def rows(values, minutes, start=datetime(2026, 3, 29, tzinfo=UTC)):
    """Return values with the start of their interval."""
    return [(start + at * timedelta(minutes=minutes), value) for at, value in enumerate(values)]


def test_coarser_is_repeated(tmp_path):
    """An hourly power holds in each quarter of its hour."""
    found = loaded(tmp_path, rows([1.5, 2.5], 60), hours=2)

    assert [1.5] * 4 + [2.5] * 4 == found.tolist()


def test_finer_is_averaged(tmp_path):
    """Quarters of an hour become the mean of their hour."""
    found = loaded(tmp_path, rows([1.0, 2.0, 3.0, 4.0, 5.0, 5.0, 5.0, 6.0], 15), step="PT1H", hours=2)

    assert [2.5, 5.25] == found.tolist()


def test_energy_becomes_power(tmp_path):
    """A meter's kWh in half an hour are twice as many kW."""
    found = loaded(tmp_path, rows([0.5, 1.0], 30), column="a_kwh", hours=1)

    assert [1.0, 1.0, 2.0, 2.0] == found.tolist()


TRIP = '{{kind: ev, energy: 60 kWh, charge: 7 kW, trip: {{file: {file}, column: {column}}}, plugged: "18:00-08:00"}}'


@pytest.mark.parametrize(("minutes", "count"), [(60, 2), (15, 8), (5, 24)])
def test_energy_keeps_its_sum(tmp_path, minutes, count):
    """Where a field holds energy, steps share it or add it up."""
    found = loaded(tmp_path, rows([3.0] * count, minutes), column="a_kwh", hours=2, asset=TRIP)

    assert 3.0 * count == pytest.approx(found.sum())


def test_only_the_run_counts(tmp_path):
    """Rows before and after the run are left out; what is odd there does no harm."""
    values = [-1.0] * 24 + list(range(24)) + [float("nan")] * 24

    found = loaded(tmp_path, rows(values, 60, datetime(2026, 3, 28, tzinfo=UTC)), step="PT1H")

    assert list(range(24)) == found.tolist()


def test_clocks_that_change_lose_nothing(tmp_path):
    """On the day the clocks go forward, local times with their offsets are 24 hours in a row."""
    berlin = ZoneInfo("Europe/Berlin")
    local = [(time.astimezone(berlin), value) for time, value in rows(range(24), 60)]

    assert list(range(24)) == loaded(tmp_path, local, step="PT1H").tolist()


@pytest.mark.parametrize("kind", ["TIMESTAMPTZ", "VARCHAR"])
def test_parquet_is_read_alike(tmp_path, kind):
    """The same series from CSV and from Parquet is the same to the bit."""
    values = np.random.default_rng(1).random(96)
    expected = loaded(tmp_path, rows(values.tolist(), 15))
    source = f"read_csv('{tmp_path}/a.csv', all_varchar=true)"
    query = f"SELECT timestamp::{kind} AS timestamp, a_kw::DOUBLE AS a_kw FROM {source}"
    duckdb.sql(f"COPY ({query}) TO '{tmp_path}/a.parquet' (FORMAT parquet)")

    found = loaded(tmp_path, [], file="a.parquet")

    assert expected.tobytes() == found.tobytes() == values.tobytes()


@pytest.mark.parametrize(
    ("time", "value", "message"),
    [
        ("timestamp::TIMESTAMP", "a_kw::DOUBLE", "timestamp: found the type TIMESTAMP"),
        ("timestamp::TIMESTAMPTZ", "a_kw", "a_kw: found the type VARCHAR"),
        ("timestamp::TIMESTAMPTZ", "NULL::DOUBLE", "a_kw: found no number at 2026-03-29T00:00:00Z"),
    ],
)
def test_parquet_of_wrong_types(tmp_path, time, value, message):
    """Naive times, text and nothing for numbers are refused in Parquet too."""
    lines = "\n".join(f"{time.isoformat()},{value}" for time, value in rows(range(24), 60))
    (tmp_path / "a.csv").write_text(f"timestamp,a_kw\n{lines}")
    source = f"read_csv('{tmp_path}/a.csv', all_varchar=true)"
    query = f"SELECT {time} AS timestamp, {value} AS a_kw FROM {source}"
    duckdb.sql(f"COPY ({query}) TO '{tmp_path}/a.parquet' (FORMAT parquet)")

    with pytest.raises(ScenarioError, match=message.replace(" ", r"\s")):
        loaded(tmp_path, [], file="a.parquet")


def test_quotes_and_odd_names(tmp_path):
    """Columns may have quotes, commas and umlauts in their names."""
    name = 'Müller\'s "new" house, left_kw'
    quoted = name.replace('"', '""')
    lines = "\n".join(f'"{time.isoformat()}",{value}' for time, value in rows(range(24), 60))
    asset = '{{kind: load, power: {{file: a.csv, column: "' + name.replace('"', '\\"') + '"}}}}'
    (tmp_path / "b.csv").write_text(f'timestamp,"{quoted}"\n{lines}\n')

    start = datetime(2026, 3, 29, tzinfo=UTC)
    text = HEAD.format(start=start.isoformat(), end=(start + timedelta(days=1)).isoformat(), step="PT1H", asset=asset)
    (tmp_path / "scenario.yaml").write_text(text.replace("{{", "{").replace("}}", "}").replace("a.csv", "b.csv"))

    found = read_scenario(tmp_path).series(SeriesRef(file="b.csv", column=name))
    assert list(range(24)) == found.tolist()


@settings(max_examples=25)
@given(
    data=st.data(),
    row_minutes=st.sampled_from([5, 15, 30, 60, 120]),
    step_minutes=st.sampled_from([5, 15, 30, 60]),
    early=st.integers(0, 3),
)
def test_means_are_kept(data, row_minutes, step_minutes, early, tmp_path_factory):
    """Whatever the steps, the mean over two hours is that of the rows within."""
    folder = tmp_path_factory.mktemp("series")
    number = st.floats(0, 1e6, allow_subnormal=False)
    count = max(2, 120 // row_minutes + 2 * early)
    values = data.draw(st.lists(number, min_size=count, max_size=count))
    start = datetime(2026, 3, 29, tzinfo=UTC) - early * timedelta(minutes=row_minutes)

    found = loaded(folder, rows(values, row_minutes, start), step=f"PT{step_minutes}M", hours=2)

    inside = values[early : early + 120 // row_minutes]
    assert np.mean(inside) == pytest.approx(found.mean(), rel=1e-12)
