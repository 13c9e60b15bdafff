"""Information services in a run: devices foresee what was told, the record says how old that was."""

import hashlib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, timedelta
from pathlib import Path

import numpy as np
import pytest
from streets import START, tiny_street

from micromarket.assets.served import Served
from micromarket.simulation.build import build
from micromarket.simulation.run import RunOptions, run
from micromarket.simulation.scenario.reading import read_scenario

SERVICES = """
services:
  - id: forecaster
    provides: evening loads
    foretells: {file: data/series.csv, column: evening_kw}
    by: {file: data/told.csv, column: load_kw}
    refresh: PT3H
    reach: PT12H
    valid_for: PT6H
    usual: 0.8 kW
    silent: [{start: 2026-07-06T08:00:00Z, end: 2026-07-06T16:00:00Z}]
"""
TOLD = [0.5 + step % 7 / 10 for step in range(192)]


def informed_street(folder: Path, more: str = SERVICES) -> Path:
    """Write a street whose loads a service foretells and return its folder."""
    street = tiny_street(folder, more=more)
    when = [(START + timedelta(minutes=15 * step)).strftime("%Y-%m-%dT%H:%M:%SZ") for step in range(192)]
    rows = ["timestamp,load_kw", *(f"{time},{kw}" for time, kw in zip(when, TOLD, strict=True))]
    (street / "data" / "told.csv").write_text("\n".join(rows) + "\n")
    return street


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run of the informed street."""
    folder = tmp_path_factory.mktemp("run")
    return run(informed_street(folder / "street"), RunOptions(out=folder / "out"))


def test_what_is_told_is_scheduled_and_what_happens_is_metered(finished):
    """Bulletins come until 6:00, and at 18:00 again; that of 6:00 holds until 12:00, then the usual."""
    powers = finished.sql(
        "SELECT scheduled_kw, metered_kw FROM powers "
        "WHERE asset = 'home-2/load' AND \"case\" = 'market' ORDER BY start"
    ).to_numpy()
    happens = [2.5 if 17 <= step % 96 / 4 < 21 else 0.6 for step in range(192)]
    expected = [0.8 if 32 < step <= 56 else TOLD[step] for step in range(192)]

    np.testing.assert_allclose(-powers["metered_kw"], happens)
    np.testing.assert_allclose(-powers["scheduled_kw"], expected)


def test_the_record_says_where_each_plan_looked(finished):
    """Plans look 24 hours ahead. A bulletin tells twelve; before the next one is overdue it is fresh."""
    looked = {row[0].replace(tzinfo=UTC): row[2:] for row in finished.information.rows()}
    told = {
        START: (44, 0, 0, 52),  # at 4:00, of 3:00: all that is left until 15:00; no other day was told of yet
        START + timedelta(hours=8): (0, 24, 24, 48),  # at 12:00, of 6:00: until 18:00, and the next morning like it
        START + timedelta(hours=8.25): (0, 0, 0, 96),  # too old
        START + timedelta(hours=14.25): (47, 0, 1, 48),  # at 18:15, of 18:00: until 6:00; 18:00 as today
    }

    assert told == {start: looked[start] for start in told}


def digests(folder: Path) -> dict[str, str]:
    """Return a digest of every file of a run."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_an_interrupted_run_goes_on_to_the_same_bytes(finished, tmp_path):
    """Stopped on its second day and called again, a run with services ends as one that was not."""

    def interrupt(phase: str, done: int, total: int) -> None:
        if (phase, done) == ("with the market", 100):
            raise KeyboardInterrupt

    street = informed_street(tmp_path / "street")
    with pytest.raises(KeyboardInterrupt):
        run(street, RunOptions(out=tmp_path / "out"), interrupt)

    assert digests(finished.path) == digests(run(street, RunOptions(out=tmp_path / "out")).path)


FIELDS = {
    "load": ("power", "kw", "1 kW", ""),
    "pv": ("power", "kw", "1 kW", ""),
    "pv by yield": ("yield", "kw_per_kw", "0.5 kW/kW", "peak: 4 kW"),
    "house": ("outdoor", "c", "10 degC", "mode: cooling, power: 3 kW, desired: 23 °C"),
    "chiller": ("need", "kw", "50 kW", "cooling: 200 kW, tank: 100 kWh"),
    "water_heater by draw": ("draw", "l_per_h", "1 l/h", "volume: 200 l, power: 4 kW"),
    "water_heater by inlet": ("inlet", "c", "10 degC", "volume: 200 l, power: 4 kW, draw: 2 l/h"),
    "water_heater by surroundings": ("ambient", "c", "10 degC", "volume: 200 l, power: 4 kW, draw: 2 l/h"),
}
OTHER = """
  - id: other
    assets:
      - {{kind: {kind}, {field}: {{file: data/other.csv, column: happens_{unit}}}, {rest}}}
services:
  - id: forecaster
    provides: what drives it
    foretells: {{file: data/other.csv, column: happens_{unit}}}
    by: {{file: data/other.csv, column: told_{unit}}}
    usual: {usual}
"""


@pytest.mark.parametrize("device", FIELDS)
def test_a_service_may_tell_of_any_field_that_is_foreseen(device, tmp_path):
    """The device lives with what happens, 20, and expects what is told, 10; a plant of 4 kW four times as much."""
    field, unit, usual, rest = FIELDS[device]
    text = OTHER.format(kind=device.split()[0], field=field, unit=unit, usual=usual, rest=rest)
    street = tiny_street(tmp_path / "street", more=text)
    rows = [f"{START + timedelta(hours=hour):%Y-%m-%dT%H:%M:%SZ},20,10" for hour in range(48)]
    (street / "data" / "other.csv").write_text("\n".join([f"timestamp,happens_{unit},told_{unit}", *rows, ""]))

    fleets = build(read_scenario(street)).fleets
    found = [series for fleet in fleets for series in foretold(fleet.asset)]

    times = 4 if field == "yield" else 1
    last = [(series.actual(0)[-1], series.expected(np.array([0, 4]))[-1, 0]) for series in found]
    assert [(20 * times, 10 * times)] == last


def foretold(part: object) -> Iterator[Served]:
    """Yield the series of a device of which a service tells, wherever they are in it."""
    if isinstance(part, Served):
        yield part
    elif is_dataclass(part):
        for each in fields(part):
            yield from foretold(getattr(part, each.name))
