"""Derive this example from the street: one of its days, traded continuously. Writes scenario.yaml and data/.

Run ``python examples/intraday/derive.py``; what it writes is committed. Homes, devices, weather and prices are the
street's, word for word; what differs is the day, the mechanism and how loads and sunshine are foreseen.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

STREET = Path(__file__).parent.parent / "street"
FIRST, LAST = "2026-07-07T00:00:00-04:00", "2026-07-08T00:00:00-04:00"

CHANGES = {
    "# A street of thirty homes for one hot week at 15 minutes. Written by derive_homes.py; see README.md.": (
        "# The street for one hot day, traded continuously. Written by derive.py; see README.md."
    ),
    "micromarket validate examples/street": "micromarket validate examples/intraday",
    "name: street": "name: intraday",
    "description: Thirty homes on one feeder in a hot week of a typical year in Greensboro, North Carolina.": (
        "description: Thirty homes trade the next 24 quarter-hours of a hot day as their forecasts change."
    ),
    "start: '2026-07-06T00:00:00-04:00', end: '2026-07-13T00:00:00-04:00'": (
        "start: '2026-07-07T00:00:00-04:00', end: '2026-07-08T00:00:00-04:00'"
    ),
    "  mechanism: double_auction\n": (
        "  mechanism: order_book\n"
        "  order_book:\n"
        "    ahead: PT6H\n"
        "    gate: PT5M\n"
        "    price_step: 0.0005 USD/kWh\n"
        "    power_step: 0.04 kW\n"
        "    lot: 5 kW\n"
        "    imbalance_fee: 0.01 USD/kWh\n"
    ),
    "forecast: yesterday": "forecast: revised",
    "forecast: perfect": "forecast: revised",
}
"""What is replaced in the street's file."""


def derive(folder: Path) -> None:
    """Write the example into `folder`."""
    text = (STREET / "scenario.yaml").read_text(encoding="utf-8")
    for old, new in CHANGES.items():
        assert old in text, old
        text = text.replace(old, new)
    (folder / "data").mkdir(parents=True, exist_ok=True)
    (folder / "scenario.yaml").write_text(text, encoding="utf-8")
    for source in sorted((STREET / "data").glob("*.csv")):
        _copy_day(source, folder / "data" / source.name)


def _copy_day(source: Path, target: Path) -> None:
    with source.open(encoding="utf-8", newline="") as read, target.open("w", encoding="utf-8", newline="") as write:
        rows = csv.reader(read)
        head = next(rows)
        kept = [row for row in rows if FIRST <= row[0] < LAST]
        csv.writer(write, lineterminator="\n").writerows([head, *kept])


if __name__ == "__main__":
    derive(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
