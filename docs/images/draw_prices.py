"""Draw runs of examples: PNNL's network through its two series, five microgrids over a day, a home through a night.

Run it again after a change: python docs/images/draw_prices.py. A test compares the files with what is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from micromarket.node.living.facts import Cleared, Delivered, Fact, MeterRead
from micromarket.runtime.network import run_network
from micromarket.simulation.scenario.node_reading import NodeToRun, read_node
from micromarket.simulation.whole_network import WholeNetwork

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "examples"
WIDTH, LEFT, RIGHT = 480, 46, 466
COLORS = ("#5f6b7a", "#2f6db3", "#3b8a4d", "#c2681c", "#8a4fa3")

HEAD = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="{label}">
<style>
  .card {{ fill: #ffffff; stroke: #d4d9df; }}
  .grid {{ stroke: #d4d9df; }}
  polyline {{ fill: none; stroke-width: 1.8; stroke-linejoin: round; }}
  .ahead {{ stroke-dasharray: 5 4; }}
  text {{ font: 13px system-ui, sans-serif; fill: #59636e; }}
</style>
<rect x="0.5" y="0.5" width="{right}" height="{bottom}" class="card"/>"""


@dataclass(frozen=True)
class Panel:
    """Axes over a day: where it lies on the page, and its lowest and highest price or other value."""

    top: float
    bottom: float
    low: float
    high: float

    def at(self, hour: float, price: float) -> tuple[float, float]:
        """Return where a price at an hour lies on the page."""
        up = (price - self.low) / (self.high - self.low)
        return LEFT + hour / 24 * (RIGHT - LEFT), self.bottom - up * (self.bottom - self.top)

    def grid(self, ticks: Sequence[float], form: str = ".2f") -> Iterator[str]:
        """Yield lines at prices."""
        for price in ticks:
            _, y = self.at(0, price)
            yield f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{RIGHT}" y2="{y:.1f}"/>'
            yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{price:{form}}</text>'

    def hours(self, first: int = 0) -> Iterator[str]:
        """Yield the hours of the day below."""
        for hour in range(0, 25, 6):
            x, y = self.at(hour, self.low)
            anchor = "end" if hour == 24 else "middle"
            yield f'<text x="{x:.1f}" y="{y + 18:.1f}" text-anchor="{anchor}">{(hour + first) % 24}:00</text>'

    def steps(self, prices: np.ndarray, color: str, kind: str = "") -> str:
        """Return prices that each hold for an equal part of the day."""
        edges = np.repeat(np.linspace(0, 24, len(prices) + 1), 2)[1:-1]
        points = (self.at(hour, price) for hour, price in zip(edges, np.repeat(prices, 2), strict=True))
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        return f'<polyline points="{drawn}" class="{kind}" stroke="{color}"/>'


def through_the_series() -> str:
    """Return a day of PNNL's network: four nodes, a day ahead and in real time."""
    nodes = {"BPA": "BPA", "City": "city", "PNNL_Campus": "campus", "LargeOffice": "office"}
    start = datetime(2017, 8, 1, 9, tzinfo=UTC)
    setups = [each.setup for each in files("pnnl-campus")]
    day = WholeNetwork.of(setups).cleared(start, start + timedelta(days=1))
    shapes = [head(490, "Prices of a day at supplier, city, campus and office, a day ahead and in real time")]
    for at, ((node, name), color) in enumerate(zip(nodes.items(), COLORS, strict=False)):
        panel = Panel(36 + 112 * at, 120 + 112 * at, 0.03, 0.08)
        ahead, now = day.prices(node).values()
        shapes += panel.grid((0.04, 0.06, 0.08))
        shapes += [panel.steps(ahead, "#8a939c", "ahead"), panel.steps(now, color)]
        shapes.append(f'<text x="{LEFT}" y="{panel.top - 8}" style="fill:{color}">{name}</text>')
    shapes += panel.hours(2)
    shapes.append(f'<text x="{RIGHT}" y="28" text-anchor="end">dashed: a day ahead; USD/kWh</text>')
    return "\n".join([*shapes, "</svg>", ""])


def around_the_ring() -> str:
    """Return the prices of a day on which five microgrids agree."""
    nodes = files("ring")
    facts = run_network([one.setup for one in nodes], nodes[0].file.start, nodes[0].file.end)
    panel = Panel(42, 252, 0.10, 0.40)
    shapes = [
        head(286, "Prices of a day in five microgrids: alike but for losses, apart at noon when lines are full")
    ]
    shapes += [*panel.grid((0.1, 0.2, 0.3, 0.4)), *panel.hours()]
    for at, (name, color) in enumerate(zip(("north", "east", "south", "west", "mill"), COLORS, strict=True)):
        prices = [fact.balance.price for fact in facts[name] if isinstance(fact, Cleared)][-1]
        shapes.append(panel.steps(prices, color))
        shapes.append(f'<text x="{LEFT + 52 * at}" y="26" style="fill:{color}">{name}</text>')
    shapes.append(f'<text x="{RIGHT}" y="26" text-anchor="end">USD/kWh, hours UTC</text>')
    return "\n".join([*shapes, "</svg>", ""])


def through_a_night() -> str:
    """Return a home from noon to noon: its price, what it draws, the charge of its battery, its warmth."""
    (home,) = files("home")
    facts = run_network([home.setup], home.file.start, home.file.end)["home"]
    noon = datetime(2026, 1, 13, 17, tzinfo=UTC)
    day = [noon + hour * timedelta(hours=1) for hour in range(24)]
    rows = (
        ("price [USD/kWh]", (0.1, 0.3, 0.4), ".1f", [cleared_prices(facts)[start] for start in day]),
        ("from the utility [kW]", (0, 2, 4), ".0f", [metered(facts)[start] for start in day]),
        ("in the battery [kWh]", (0, 5, 10), ".0f", [read(facts, "battery", "stored_kwh")[start] for start in day]),
        ("indoors [°C]", (18, 20, 22), ".0f", [read(facts, "heat-pump", "indoor_c")[start] for start in day]),
    )
    shapes = [head(490, "A home from noon to noon: price, power from the utility, battery and indoor temperature")]
    for at, ((name, ticks, form, values), color) in enumerate(zip(rows, COLORS, strict=False)):
        panel = Panel(36 + 112 * at, 120 + 112 * at, ticks[0] - (ticks[-1] == 22), ticks[-1])
        shapes += [*panel.grid(ticks, form), panel.steps(np.array(values), color)]
        shapes.append(f'<text x="{LEFT}" y="{panel.top - 8}" style="fill:{color}">{name}</text>')
    shapes += panel.hours(12)
    return "\n".join([*shapes, "</svg>", ""])


def cleared_prices(facts: Sequence[Fact]) -> dict[datetime, float]:
    """Return the price of each hour."""
    return {fact.market.delivery.start: float(fact.balance.price[0]) for fact in facts if isinstance(fact, Cleared)}


def metered(facts: Sequence[Fact]) -> dict[datetime, float]:
    """Return what the meter told of each hour."""
    return {fact.start: fact.power_kw for fact in facts if isinstance(fact, MeterRead)}


def read(facts: Sequence[Fact], device: str, name: str) -> dict[datetime, float]:
    """Return a reading of a device at the end of each hour."""
    delivered = [fact for fact in facts if isinstance(fact, Delivered)]
    return {fact.start: value for fact in delivered for *what, value in fact.readings if what == [device, name]}


def head(height: int, label: str) -> str:
    """Return what begins a drawing."""
    return HEAD.format(width=WIDTH, height=height, label=label, right=WIDTH - 1, bottom=height - 1)


def files(example: str) -> list[NodeToRun]:
    """Return the nodes of an example."""
    return [read_node(path) for path in sorted((EXAMPLES / example).glob("*.yaml"))]


DRAWINGS = {"prices.svg": through_the_series, "ring.svg": around_the_ring, "home.svg": through_a_night}

if __name__ == "__main__":
    for name, draw in DRAWINGS.items():
        (HERE / name).write_text(draw(), encoding="utf-8")
