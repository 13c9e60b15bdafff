"""Write the node files and the series of five microgrids in a ring.

Run ``python examples/ring/derive.py``; the files it writes are committed. All numbers are made up, without chance.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from micromarket.simulation.importers.scenario_folder import SeriesFile

HERE = Path(__file__).parent
START = datetime(2026, 7, 6, tzinfo=UTC)
HOURS = np.arange(24)
LIMIT_KW, LOSS = 45, 4

NAMES = ("north", "east", "south", "west", "mill")
LOADS = {"north": (30, 20), "east": (20, 25), "south": (15, 10), "west": (25, 30), "mill": (60, 0)}
SUN_KW = {"east": 40, "south": 90, "west": 30}
BATTERIES_KW = {"east": 15, "west": 25}


def derive(folder: Path) -> None:
    (folder / "data").mkdir(parents=True, exist_ok=True)
    SeriesFile(START, timedelta(hours=1), "UTC", powers(), decimals=2).write(folder / "data" / "powers.csv")
    for at, name in enumerate(NAMES):
        (folder / f"{name}.yaml").write_text(node(name, NAMES[at - 1], NAMES[(at + 1) % 5]), encoding="utf-8")


def powers() -> dict[str, np.ndarray]:
    """Return loads, negative, and what the sun gives [kW] in each hour of a day."""
    evening = np.exp(-(((HOURS - 19) / 3.0) ** 2)) + 0.6 * np.exp(-(((HOURS - 7) / 2.0) ** 2))
    sun = np.maximum(np.cos(np.pi * (HOURS - 12.5) / 14), 0.0) ** 1.5
    columns = {f"{name}_load_kw": -(base + most * evening) for name, (base, most) in LOADS.items()}
    columns["mill_load_kw"] = -np.where((HOURS >= 6) & (HOURS < 16), 60.0, 10.0)
    return columns | {f"{name}_sun_kw": most * sun for name, most in SUN_KW.items()}


def node(name: str, before: str, after: str) -> str:
    """Return the file of one microgrid between two others."""
    limits = f"import_limit: {LIMIT_KW} kW, export_limit: {LIMIT_KW} kW"
    line = f"direction: bidirectional, {limits}, full_load_loss: {LOSS} %"
    assets = [series("load", f"{name}_load_kw")]
    assets += [series("solar", f"{name}_sun_kw")] if name in SUN_KW else []
    assets += [battery(BATTERIES_KW[name])] if name in BATTERIES_KW else []
    assets += [GENSET] if name == "mill" else []
    assets += [UTILITY] if name == "north" else []
    return "\n".join([HEAD.format(name=name, before=before, after=after, line=line), *assets, ""])


def series(name: str, column: str) -> str:
    known = f"[{{series: hours, column: {column}}}]"
    return f"  - {{kind: series, id: {name}, file: data/powers.csv, power: {known}}}"


def battery(most: int) -> str:
    corners = ((0.10, -most), (0.18, 0), (0.25, 0), (0.33, most))
    curve = ", ".join(f"{{price: {price:.2f} USD/kWh, power: {power} kW}}" for price, power in corners)
    return f"  - {{kind: curve, id: battery, vertices: [{curve}]}}"


HEAD = """schema: 1
network: ring
node: {name}
currency: USD
start: 2026-07-05T20:00:00Z
end: 2026-07-06T00:30:00Z
first_clearing: 2026-07-05T23:00:00Z
series:
  name: hours
  coordination: consensus
  interval: PT1H
  intervals: 24
  negotiation_lead: PT1H
  market_lead: PT0M
  delivery_lead: PT1H
  default_price: 0.20 USD/kWh
neighbors:
  - {{id: {before}, {line}}}
  - {{id: {after}, {line}}}
assets:"""
GENSET = """  - kind: curve
    id: generator
    vertices: [{price: 0.22 USD/kWh, power: 0 kW}, {price: 0.34 USD/kWh, power: 50 kW}]"""
UTILITY = """  - kind: curve
    id: utility
    vertices:
      - {price: 0.05 USD/kWh, power: -100 kW}
      - {price: 0.05 USD/kWh, power: 0 kW}
      - {price: 0.25 USD/kWh, power: 0 kW}
      - {price: 0.25 USD/kWh, power: 100 kW}"""

if __name__ == "__main__":
    derive(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
