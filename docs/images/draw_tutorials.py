"""Draw the pictures of the tutorials about nodes, from the very values that their pages compute.

Each page's Python blocks are run, and its picture is drawn from the names they leave behind. Run it again after a
change: python docs/images/draw_tutorials.py. A test compares the files with what is drawn.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
import types
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent
TUTORIALS = FOLDER.parent / "tutorials"
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 480, 300, 56, 448, 44, 250


@dataclass(frozen=True)
class Axes:
    """Where values lie on the page."""

    across: tuple[float, float]
    up: tuple[float, float]

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return the place of a point."""
        right = (x - self.across[0]) / (self.across[1] - self.across[0])
        high = (y - self.up[0]) / (self.up[1] - self.up[0])
        return LEFT + right * (RIGHT - LEFT), BOTTOM - high * (BOTTOM - TOP)

    def line(self, points: Iterable[tuple[float, float]], style: str) -> str:
        """Return a line through points."""
        places = " ".join(f"{x:.1f},{y:.1f}" for x, y in (self.at(*point) for point in points))
        return f'<polyline points="{places}" class="{style}"/>'

    def text(self, x: float, y: float, words: str, style: str = "small") -> str:
        """Return words that begin at a point."""
        left, base = self.at(x, y)
        return f'<text x="{left:.1f}" y="{base:.1f}" class="{style}">{words}</text>'

    def grid(self, xs: Sequence[tuple[float, str]], ys: Sequence[tuple[float, str]]) -> Iterator[str]:
        """Yield ticks with their labels, and a faint line for each height."""
        for x, label in xs:
            left, base = self.at(x, self.up[0])
            yield f'<text x="{left:.1f}" y="{base + 19:.1f}" class="small" text-anchor="middle">{label}</text>'
        for y, label in ys:
            _, base = self.at(self.across[0], y)
            yield f'<path d="M{LEFT} {base:.1f}H{RIGHT}" class="axis"/>'
            yield f'<text x="{LEFT - 6}" y="{base + 4:.1f}" class="small" text-anchor="end">{label}</text>'


def names_of(page: str) -> dict[str, Any]:
    """Return what the Python blocks of a page leave behind."""
    module = sys.modules["page"] = types.ModuleType("page")
    text = (TUTORIALS / page).read_text(encoding="utf-8")
    with contextlib.redirect_stdout(io.StringIO()):
        for code in re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL):
            exec(code, module.__dict__)
    return module.__dict__


def draw_one_node() -> str:
    """Return the template's figure 2: a supplier of three segments, an inelastic load, and where they balance."""
    found = names_of("one-node.md")
    axes = Axes((0.0, 0.045), (-20.0, 30.0))
    prices = np.array([0.0, 0.01, 0.035, 0.045])
    ticks = [(p, f"{p:.2f}") for p in (0.0, 0.01, 0.02, 0.03, 0.04)]
    shapes = [*axes.grid(ticks, [(kw, f"{kw:.0f}") for kw in (-20, -10, 0, 10, 20, 30)])]
    for curve, style in ((found["plant"], "one"), (found["building"], "two"), (found["everyone"].sum(), "sum")):
        powers = [float(curve.powers_at(price)[0].ravel()[0]) for price in prices]
        shapes.append(axes.line(zip(prices.tolist(), powers, strict=True), style))
    price = float(found["balanced"].price[0])
    x, y = axes.at(price, 0.0)
    shapes.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5.5" class="dot"/>')
    shapes += [
        axes.text(price + 0.0008, -4.4, f"{price:.3f}", "mark"),
        axes.text(0.0365, 26.2, "plant"),
        axes.text(0.0365, 11.2, "both"),
        axes.text(0.0365, -13.4, "load"),
        title("Power of the campus by price, kW"),
        foot("currency/kWh →"),
    ]
    return page_of(shapes, "A supplier of three segments, a load of 15 kW, and their sum, zero at 0.025")


def draw_a_load_that_answers() -> str:
    """Return the prices of a day with a rigid load, an elastic one, and a battery that has learned."""
    found = names_of("a-load-that-answers.md")
    axes = Axes((0, 24), (0.016, 0.032))
    hours = [(h, f"{h}") for h in (0, 6, 12, 18, 24)]
    shapes = [*axes.grid(hours, [(p, f"{p:.3f}") for p in (0.016, 0.020, 0.024, 0.028, 0.032)])]
    days = ((found["before"], "faint"), (found["after"], "two"), (found["days"][7], "sum"))
    shapes += [axes.line(steps(range(25), day.price.tolist()), style) for day, style in days]
    shapes += [
        axes.text(12.2, 0.0304, "rigid load"),
        axes.text(18.3, 0.0262, "elastic load"),
        axes.text(18.3, 0.0224, "and a battery"),
        title("Price by the hour of the day, currency/kWh"),
        foot("hour of the day →"),
    ]
    return page_of(shapes, "Prices of a day with a rigid load, an elastic load, and a battery besides")


def draw_neighbors() -> str:
    """Return the messages of the campus and the laboratory, in the order in which they were sent."""
    found = names_of("neighbors.md")
    left, right, at = 128, 404, TOP + 48
    shapes = [title("What two nodes tell each other")]
    for x, name in ((left, "campus"), (right, "lab")):
        shapes.append(f'<text x="{x}" y="{TOP + 22}" class="mark" text-anchor="middle">{name}</text>')
        shapes.append(f'<path d="M{x} {TOP + 32}V{BOTTOM + 30}" class="axis"/>')
    for fact in found["sent"]:
        start, end = (left, right) if fact.signal.sender == "campus" else (right, left)
        tip = end - 9 if end > start else end + 9
        shapes.append(f'<path d="M{start} {at}H{tip}" class="arrow"/>')
        shapes.append(f'<path d="M{end} {at}L{tip} {at - 5}V{at + 5}Z" class="tip"/>')
        words = said(fact)
        shapes.append(
            f'<text x="{(left + right) / 2}" y="{at - 8}" class="small" text-anchor="middle">{words}</text>'
        )
        shapes.append(f'<text x="16" y="{at + 4}" class="small">{fact.at:%H:%M}</text>')
        at += 50
    return page_of(shapes, "Four messages: a bid, its receipt, an offer with an award, its receipt")


def said(fact: Any) -> str:
    """Return in a few words what a message says."""
    heard = f"heard {fact.signal.heard}"
    if fact.reason == "answer":
        return heard
    point = fact.signal.content[0].scheduled
    text = f"record 0: {abs(point.power_kw):.2f} kW at {point.price:.3f}"
    return text if fact.signal.heard == 0 else f"{text}; {heard}"


def draw_markets_in_series() -> str:
    """Return the prices of the market ahead and of the quarters that correct it."""
    found = names_of("markets-in-series.md")
    ahead, *quarters = found["cleared"]
    axes = Axes((10, 14), (0.023, 0.033))
    ticks = [(h, f"{h}:00") for h in range(10, 15)]
    shapes = [*axes.grid(ticks, [(p, f"{p:.3f}") for p in (0.023, 0.025, 0.027, 0.029, 0.031, 0.033)])]
    starts = [hour_of(each.intervals.start) for each in quarters]
    prices = [float(each.prices[0, 0]) for each in quarters]
    shapes.append(axes.line(steps([*starts, 14.0], prices), "sum"))
    shapes.append(axes.line(steps(range(10, 15), ahead.prices[0].tolist()), "one"))
    shapes += [
        axes.text(12.9, 0.0284, "market ahead"),
        axes.text(12.9, 0.0324, "quarters"),
        title("Price through the series, currency/kWh"),
        foot("time of day →"),
    ]
    return page_of(shapes, "Prices of a market of four hours, and of the quarters that correct it")


def hour_of(moment: datetime) -> float:
    """Return the hour of the day, with its fraction."""
    return moment.hour + moment.minute / 60


def steps(borders: Sequence[float], values: Sequence[float]) -> Iterator[tuple[float, float]]:
    """Yield the corners of a line that is level between borders."""
    for k, value in enumerate(values):
        yield borders[k], value
        yield borders[k + 1], value


def title(words: str) -> str:
    """Return the heading of a drawing."""
    return f'<text x="16" y="26" class="title">{words}</text>'


def foot(words: str) -> str:
    """Return what the horizontal axis means."""
    return f'<text x="{RIGHT}" y="{BOTTOM + 38}" class="small" text-anchor="end">{words}</text>'


def page_of(shapes: Iterable[str], label: str) -> str:
    """Return a whole drawing."""
    return "\n".join([HEAD.replace("LABEL", label), *shapes, "</svg>", ""])


HEAD = f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="LABEL">
<style>
  .card {{ fill: #ffffff; stroke: #d4d9df; }}
  .axis {{ stroke: #c3cad1; fill: none; }}
  polyline {{ fill: none; stroke-linejoin: round; }}
  .one {{ stroke: #0b6fa4; stroke-width: 3; }}
  .two {{ stroke: #5fa8cf; stroke-width: 3; }}
  .faint {{ stroke: #9aa4ae; stroke-width: 2; stroke-dasharray: 5 4; }}
  .sum {{ stroke: #b3541e; stroke-width: 3; }}
  .dot {{ fill: #b3541e; stroke: #ffffff; stroke-width: 2; }}
  .arrow {{ stroke: #0b6fa4; stroke-width: 2; fill: none; }}
  .tip {{ fill: #0b6fa4; }}
  text {{ font-family: system-ui, sans-serif; fill: #23292f; }}
  .title {{ font-size: 16px; font-weight: 600; }}
  .small {{ font-size: 13px; fill: #59636e; }}
  .mark {{ font-size: 15px; font-weight: 600; }}
</style>
<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{HEIGHT - 1}" class="card"/>"""

DRAWINGS = {
    "one-node.svg": draw_one_node,
    "a-load-that-answers.svg": draw_a_load_that_answers,
    "neighbors.svg": draw_neighbors,
    "markets-in-series.svg": draw_markets_in_series,
}

if __name__ == "__main__":
    for name, draw in DRAWINGS.items():
        (FOLDER / name).write_text(draw(), encoding="utf-8")
