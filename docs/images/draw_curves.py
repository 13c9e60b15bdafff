"""Draw docs/images/curves.svg: three devices as curves, and their sum, which the market sets to zero.

Run it again after a change: python docs/images/draw_curves.py. A test compares the file with what is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from micromarket import Curves, clear

FILE = Path(__file__).with_name("curves.svg")
WIDTH, HEIGHT, MARGIN, GAP = 480, 452, 12, 14
PANEL_WIDTH, PANEL_HEIGHT = (WIDTH - 2 * MARGIN - GAP) / 2, 206
LOW_PRICE, HIGH_PRICE, MOST_KW = 0.0, 0.40, 6.0

DEVICES = {
    "a roof": [(0.04, 0.0), (0.04, 3.0)],
    "a house": [(0.0, -2.0)],
    "a battery": [(0.10, -3.0), (0.10, 0.0), (0.28, 0.0), (0.28, 3.0)],
    "the supplier": [(0.08, -6.0), (0.08, 0.0), (0.18, 0.0), (0.34, 6.0)],
}


@dataclass(frozen=True)
class Panel:
    """One drawing: its place and its heading."""

    x: float
    y: float
    title: str

    def at(self, price: float, power_kw: float) -> tuple[float, float]:
        """Return where a point of the curve lies on the page."""
        left, right, top, bottom = self.x + 14, self.x + PANEL_WIDTH - 10, self.y + 34, self.y + PANEL_HEIGHT - 26
        across = (price - LOW_PRICE) / (HIGH_PRICE - LOW_PRICE)
        return left + across * (right - left), (top + bottom) / 2 - power_kw / MOST_KW * (bottom - top) / 2


def draw() -> str:
    """Return the drawing."""
    places = [
        (MARGIN + column * (PANEL_WIDTH + GAP), MARGIN + row * (PANEL_HEIGHT + GAP))
        for row in (0, 1)
        for column in (0, 1)
    ]
    everyone = Curves.from_vertices(list(DEVICES.values()))
    devices = list(DEVICES)[:3]
    shapes = [part for place, name in zip(places, devices, strict=False) for part in device(Panel(*place, name))]
    whole = Panel(*places[3], "all, and the supplier")
    shapes += frame(whole)
    for k in range(len(everyone)):
        shapes.append(line(whole, everyone[k], "faint"))
    shapes.append(line(whole, everyone.sum(), "sum"))
    price = float(clear(everyone).price[0])
    x, y = whole.at(price, 0.0)
    shapes.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" class="price"/>')
    shapes.append(f'<text x="{x + 9:.1f}" y="{y + 17:.1f}" class="mark">{price:.2f}</text>')
    return "\n".join([HEAD, *shapes, "</svg>", ""])


def device(panel: Panel) -> Iterator[str]:
    """Yield the shapes of a device's panel."""
    yield from frame(panel)
    (left, top), (_, bottom) = panel.at(LOW_PRICE, MOST_KW), panel.at(LOW_PRICE, -MOST_KW)
    yield f'<text x="{left + 5:.1f}" y="{top + 8:.1f}" class="small">gives</text>'
    yield f'<text x="{left + 5:.1f}" y="{bottom + 2:.1f}" class="small">takes</text>'
    yield line(panel, Curves.from_vertices([DEVICES[panel.title]]), "one")


def frame(panel: Panel) -> Iterator[str]:
    """Yield the axes of a panel."""
    (left, zero), (right, _) = panel.at(LOW_PRICE, 0.0), panel.at(HIGH_PRICE, 0.0)
    (_, top), (_, bottom) = panel.at(LOW_PRICE, MOST_KW), panel.at(LOW_PRICE, -MOST_KW)
    place = f'x="{panel.x:.1f}" y="{panel.y:.1f}"'
    yield f'<rect {place} width="{PANEL_WIDTH:.1f}" height="{PANEL_HEIGHT}" class="card"/>'
    yield f'<text x="{panel.x + 14:.1f}" y="{panel.y + 24:.1f}" class="title">{panel.title}</text>'
    yield f'<path d="M{left:.1f} {zero:.1f}H{right:.1f}M{left:.1f} {top:.1f}V{bottom:.1f}" class="axis"/>'
    yield f'<text x="{right:.1f}" y="{bottom + 16:.1f}" class="small" text-anchor="end">price →</text>'


def line(panel: Panel, curve: Curves, style: str) -> str:
    """Return one curve, its flat tails drawn to the edges of the panel and cut where it leaves it."""
    held = curve.clipped(-MOST_KW, MOST_KW)
    prices = np.concatenate([[LOW_PRICE], held.prices[0, 0], [HIGH_PRICE]])
    powers = np.concatenate([held.powers[0, 0, :1], held.powers[0, 0], held.powers[0, 0, -1:]])
    points = (
        panel.at(float(p), float(kw)) for p, kw in zip(np.clip(prices, LOW_PRICE, HIGH_PRICE), powers, strict=True)
    )
    return f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}" class="{style}"/>'


HEAD = f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" \
aria-label="Curves of a roof, a house and a battery, and the sum of all with a supplier, which is zero at one price">
<style>
  .card {{ fill: #ffffff; stroke: #d4d9df; }}
  .axis {{ stroke: #8a939c; fill: none; }}
  polyline {{ fill: none; stroke-linejoin: round; }}
  .one {{ stroke: #0b6fa4; stroke-width: 3; }}
  .faint {{ stroke: #9fc5da; stroke-width: 1.5; }}
  .sum {{ stroke: #b3541e; stroke-width: 3; }}
  .price {{ fill: #b3541e; stroke: #ffffff; stroke-width: 2; }}
  text {{ font-family: system-ui, sans-serif; fill: #23292f; }}
  .title {{ font-size: 16px; font-weight: 600; }}
  .small {{ font-size: 13px; fill: #59636e; }}
  .mark {{ font-size: 15px; font-weight: 600; }}
</style>"""

if __name__ == "__main__":
    FILE.write_text(draw(), encoding="utf-8")
