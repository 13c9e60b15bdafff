"""A week of 1,000 mixed homes at 15 minutes: time, memory, and growth when the homes double.

Each run is a process of its own, from the scenario file to the last table, both cases, recording included. Half of
the homes have photovoltaics, a third a battery, a quarter a car, half an air-conditioned house; all have a load.

Run it with: python benchmarks/bench_week.py [homes]
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from timing import table

HOMES_PER_FEEDER = 50
STEPS = 672
START = np.datetime64("2026-07-06T04:00")

PLAIN_HOMES = 10
COMPILED = "from micromarket.cli.main import main; main()"
PLAIN = "import sys; sys.modules['micromarket.kernels._native'] = None; " + COMPILED

HEADER = """schema: 1
name: week
seed: 7
currency: USD
time: {start: 2026-07-06T04:00:00Z, end: 2026-07-13T04:00:00Z, step: PT15M, timezone: America/New_York}
market: {default_price: 0.15 USD/kWh, series: [{name: day-ahead, intervals: 24, rounds: 4}]}
supplier:
  id: utility
  price: {file: weather.csv, column: price_usd_per_kwh}
  feed_in_price: 0.04 USD/kWh
  slope: 0.00002 USD/kWh/kW
nodes:
  - {id: substation}
"""

LOAD = "      - {kind: load, power: {file: loads.csv, column: h%d_kw}, forecast: yesterday}\n"
PV = "      - {kind: pv, peak: 5 kW, yield: {file: weather.csv, column: sun_kw_per_kw}}\n"
BATTERY = "      - {kind: battery, energy: 10 kWh, charge: 5 kW, discharge: 5 kW, wear: 0.01 USD/kWh}\n"
CAR = '      - {kind: ev, energy: 60 kWh, charge: 7.4 kW, plugged: "18:00-07:30", trip: 12 kWh}\n'
HOUSE = (
    "      - {kind: house, mode: cooling, power: 3.5 kW, outdoor: {file: weather.csv, column: outdoor_c}, "
    "desired: 23 degC, internal_gain: 0.4 kW}\n"
)


def write_street(folder: Path, homes: int) -> None:
    """Write a scenario of so many homes, the same every time."""
    feeders = -(-homes // HOMES_PER_FEEDER)
    lines = [
        f"  - {{id: f{k}, parent: substation, import_limit: 160 kW, export_limit: 160 kW, full_load_loss: 2 %}}\n"
        for k in range(feeders)
    ]
    lines.append("customers:\n")
    for k in range(homes):
        owned = [LOAD % k, PV * (k % 2), BATTERY * (k % 3 == 0), CAR * (k % 4 == 0), HOUSE * (k % 2 == 0)]
        connection = "{import_limit: 15 kW, export_limit: 12 kW}"
        lines.append(f"  - id: h{k}\n    node: f{k // HOMES_PER_FEEDER}\n    connection: {connection}\n    assets:\n")
        lines.extend(owned)
    (folder / "scenario.yaml").write_text(HEADER + "".join(lines))
    write_series(folder, homes)


def write_series(folder: Path, homes: int) -> None:
    """Write the weather and a load for every home."""
    hour = np.arange(STEPS) % 96 / 4
    when = [f"{START + np.timedelta64(15 * k, 'm')}:00Z" for k in range(STEPS)]
    sun = np.maximum(0, np.sin((hour - 6) / 12 * np.pi)) * ((hour > 6) & (hour < 18))
    outdoor = 26 + 6 * np.sin((hour - 9) / 12 * np.pi)
    price = 0.10 + 0.12 * np.exp(-((hour - 19) ** 2) / 6) - 0.04 * sun
    write(folder / "weather.csv", ["sun_kw_per_kw", "outdoor_c", "price_usd_per_kwh"], when, [sun, outdoor, price])
    chance = np.random.default_rng(1)
    evening = 0.4 + 1.2 * np.exp(-((hour - 19) ** 2) / 8)
    loads = evening * (0.5 + chance.random((homes, 1))) * (0.7 + 0.6 * chance.random((homes, STEPS)))
    write(folder / "loads.csv", [f"h{k}_kw" for k in range(homes)], when, list(loads))


def write(path: Path, names: list[str], when: list[str], columns: list[np.ndarray]) -> None:
    """Write one CSV file."""
    rows = zip(when, np.stack(columns, axis=1), strict=True)
    lines = [f"{at}," + ",".join(f"{value:.4f}" for value in row) for at, row in rows]
    path.write_text("\n".join(["timestamp," + ",".join(names), *lines]) + "\n")


def measure(homes: int, program: str = COMPILED) -> tuple[float, float]:
    """Return seconds and peak memory [MB] of one run, as a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        write_street(Path(folder), homes)
        words = ["run", folder, "--out", f"{folder}/run", "--quiet", "--no-report"]
        begin = time.perf_counter()
        process = subprocess.Popen([sys.executable, "-c", program, *words], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"the run of {homes} homes failed")
        return time.perf_counter() - begin, usage.ru_maxrss / 1000


def main() -> None:
    """Measure and print."""
    homes = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    rows: list[dict[str, object]] = []
    times: list[float] = []
    for size in (homes // 2, homes):
        seconds, memory = measure(size)
        rows.append({"homes": size, "week, both cases": f"{seconds:.1f} s", "peak memory": f"{memory:.0f} MB"})
        times.append(seconds)
        rows[-1]["time / half the homes"] = f"{seconds / times[0]:.2f}" if len(times) > 1 else ""
    table(
        rows, "A week at 15 minutes, from scenario file to last table (aim: 1,000 homes in 60 s and 1 GB, growth 2.2)"
    )
    plain, _ = measure(PLAIN_HOMES, PLAIN)
    quick, _ = measure(PLAIN_HOMES)
    print(f"\n{PLAIN_HOMES} homes: {quick:.1f} s; with the plain kernels {plain:.1f} s, {plain / quick:.1f} x")


if __name__ == "__main__":
    main()
