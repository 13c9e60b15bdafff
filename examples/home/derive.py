"""Write the series of a home in winter.

Run ``python examples/home/derive.py``; the file it writes is committed. All numbers are made up, without chance.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from micromarket.simulation.importers.scenario_folder import SeriesFile

HERE = Path(__file__).parent
START = datetime(2026, 1, 12, 5, tzinfo=UTC)
HOURS = np.arange(73)
CLEAR, WARMER = np.array([1.0, 0.3, 0.8, 0.8]), np.array([0.0, -3.0, 2.0, 2.0])


def derive(folder: Path) -> None:
    (folder / "data").mkdir(parents=True, exist_ok=True)
    SeriesFile(START, timedelta(hours=1), "UTC", series(), decimals=2).write(folder / "data" / "series.csv")


def series() -> dict[str, np.ndarray]:
    """Return load and sun [kW] and the temperature outdoors [degC] in each hour of three days and the next one."""
    clock, day = HOURS % 24, HOURS // 24
    evening = np.exp(-(((clock - 19) / 2.5) ** 2)) + 0.7 * np.exp(-(((clock - 7) / 1.5) ** 2))
    sun = np.maximum(np.cos(np.pi * (clock - 12.5) / 9), 0.0)
    return {
        "load_kw": 0.4 + 1.8 * evening,
        "sun_kw": 3.0 * sun * CLEAR[day],
        "outdoor_c": -2.0 + 4.0 * np.cos(np.pi * (clock - 15) / 12) + WARMER[day],
    }


if __name__ == "__main__":
    derive(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
