"""Derive data/series.csv of this example: the street's weather with passing clouds, loads that flicker, and a price.

Run ``python examples/three-markets/derive.py``; the file it writes is committed.
"""

from __future__ import annotations

import csv
import sys
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from micromarket.simulation.importers.scenario_folder import SeriesFile

STREET = Path(__file__).parent.parent / "street" / "data"
START, DAYS, STEP = datetime.fromisoformat("2026-07-08T00:00:00-04:00"), 2, timedelta(minutes=5)
YIELDS = {"south_kw_per_kw": "south_30_kw_per_kw", "west_kw_per_kw": "west_30_kw_per_kw"}
HOMES = {"home_1_kw": "home_05_kw", "home_2_kw": "home_08_kw", "home_3_kw": "home_12_kw"}
NIGHT, DAY, EVENING = 0.09, 0.15, 0.32
"""Price of supply from 23 to 7, otherwise, and from 17 to 22 o'clock [USD/kWh]."""

Floats = NDArray[np.float64]


def derive(folder: Path) -> None:
    chance = np.random.default_rng(3)
    steps = int(timedelta(days=DAYS) / STEP)
    hour = np.arange(steps) * (STEP / timedelta(hours=1)) % 24
    clouds = 1 - 0.75 * np.clip(_wandering(chance, steps, minutes=25), 0, 1)
    columns = {name: _taken("weather.csv", column) * clouds for name, column in YIELDS.items()}
    for name, column in HOMES.items():
        columns[name] = _taken("loads.csv", column) * (
            1 + 0.1 * np.clip(_wandering(chance, steps, minutes=15), -2, 2)
        )
    shift = np.clip((hour - 6) / 2, 0, 1) * np.clip((21 - hour) / 2, 0, 1)
    columns["workshop_kw"] = 2 + 11 * shift * (1 + 0.1 * np.clip(_wandering(chance, steps, minutes=15), -2, 2))
    price = np.where((hour >= 17) & (hour < 22), EVENING, np.where((hour >= 7) & (hour < 23), DAY, NIGHT))
    SeriesFile(START, STEP, "America/New_York", columns | {"supply_usd_per_kwh": price}).write(folder / "series.csv")


def _taken(file: str, column: str) -> Floats:
    """Return a column of the street, each of its quarter hours three times."""
    with (STREET / file).open() as stream:
        rows = {datetime.fromisoformat(row["timestamp"]): float(row[column]) for row in csv.DictReader(stream)}
    quarters = [value for time, value in rows.items() if START <= time < START + timedelta(days=DAYS)]
    return np.repeat(quarters, 3)


def _wandering(chance: np.random.Generator, steps: int, minutes: float) -> Floats:
    """Return a standard normal process that forgets itself within some minutes."""
    keep = float(np.exp(-STEP / timedelta(minutes=minutes)))
    state, shocks = np.empty(steps), chance.standard_normal(steps)
    state[0] = shocks[0]
    for step in range(1, steps):
        state[step] = keep * state[step - 1] + np.sqrt(1 - keep**2) * shocks[step]
    return state


if __name__ == "__main__":
    derive(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "data")
