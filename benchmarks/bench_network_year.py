"""PNNL's network over a year: a day ahead and every quarter hour, settled.

Beside it stand the same nodes as independent programs that exchange signals, for the first two hours of a day.
"""

from __future__ import annotations

import runpy
import tempfile
from datetime import timedelta
from pathlib import Path

from micromarket.node.living.running import NodeSetup
from micromarket.runtime.network import run_network
from micromarket.simulation.scenario.node_reading import read_node
from micromarket.simulation.whole_network import NetworkRun, WholeNetwork
from timing import duration, median_of, table

EXAMPLE = runpy.run_path(str(Path(__file__).parents[1] / "examples" / "pnnl-campus" / "derive.py"))
START, HOUR = EXAMPLE["START"], timedelta(hours=1)
DAYS, LIVED = 365, 2


def read(folder: Path, days: int) -> list[NodeSetup]:
    """Write the example for some days, and read its node files."""
    EXAMPLE["derive"](folder, days)
    return [read_node(path).setup for path in sorted(folder.glob("*.yaml"))]


def settle(run: NetworkRun) -> int:
    """Settle everybody, and return how many micro-units rounding left over."""
    return sum(run.settled(node).rounding_micro for node in run.network.tree.ids)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = median_of(lambda: read(Path(folder), DAYS), 1)
        setups = read(Path(folder), DAYS)
    network, end = WholeNetwork.of(setups), START + timedelta(days=DAYS)
    cleared = median_of(lambda: network.cleared(START, end), 3)
    run = network.cleared(START, end)
    settled = median_of(lambda: settle(run), 3)
    lived = median_of(lambda: run_network(setups, START - 2 * HOUR, START + LIVED * HOUR), 1)
    markets = DAYS * (24 + 96)
    rows = [
        {"part": "made and read", "days": DAYS, "intervals": markets, "time": duration(made)},
        {"part": "cleared", "days": DAYS, "intervals": markets, "time": duration(cleared)},
        {"part": "settled", "days": DAYS, "intervals": markets, "time": duration(settled)},
        {"part": "in all", "days": DAYS, "intervals": markets, "time": duration(made + cleared + settled)},
        {"part": "independent programs", "days": "", "intervals": 24 + 4 * LIVED, "time": duration(lived)},
    ]
    table(rows, "PNNL's network: supplier, city, campus, four buildings")
    each = lived / (24 + 4 * LIVED) / (cleared / markets)
    table([{"figure": "one interval: programs that exchange signals / all at once", "ratio": each}], "Ratio")


if __name__ == "__main__":
    main()
