"""Derive data/series.csv of this example from the street's weather and loads, and from a made-up price of supply.

Run ``python examples/surplus-solar/derive.py``; the file it writes is committed.
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
START, DAYS, STEP = datetime.fromisoformat("2026-07-08T00:00:00-04:00"), 2, timedelta(minutes=15)
COLUMNS = {
    "temperature_c": ("weather.csv", "temperature_c"),
    "windows_w_per_m2": ("weather.csv", "windows_w_per_m2"),
    "south_30_kw_per_kw": ("weather.csv", "south_30_kw_per_kw"),
    "home_1_kw": ("loads.csv", "home_05_kw"),
    "home_2_kw": ("loads.csv", "home_08_kw"),
}
OTHERWISE, EVENING = 0.16, 0.40
"""Price of supply, and from 17 to 22 o'clock [USD/kWh]."""


def derive(folder: Path) -> None:
    columns = {name: _taken(*source) for name, source in COLUMNS.items()}
    hour = np.arange(int(timedelta(days=DAYS) / STEP)) % 96 / 4
    price = np.where((hour >= 17) & (hour < 22), EVENING, OTHERWISE)
    SeriesFile(START, STEP, "America/New_York", columns | {"supply_usd_per_kwh": price}).write(folder / "series.csv")


def _taken(file: str, column: str) -> NDArray[np.float64]:
    with (STREET / file).open() as stream:
        rows = {datetime.fromisoformat(row["timestamp"]): float(row[column]) for row in csv.DictReader(stream)}
    return np.array([value for time, value in rows.items() if START <= time < START + timedelta(days=DAYS)])


if __name__ == "__main__":
    derive(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "data")
