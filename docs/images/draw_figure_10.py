"""Draw docs/images/figure-10.svg: curves into a market, and translated by what it committed, in four cases.

The picture of the template's figure 10 is lost to us; curves and prices are ours, what follows from them is computed.
Run it again after a change: python docs/images/draw_figure_10.py. A test compares the file with what is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from micromarket import Curves
from micromarket.markets.series.corrections import translated

FILE = Path(__file__).with_name("figure-10.svg")
WIDTH, HEIGHT, SIDE, GAP, LEFT, TOP = 480, 322, 98, 14, 28, 58
PRICE, HIGHEST, MOST_KW = 0.20, 0.36, 6.6
GENERATOR = [(0.1, 0.0), (0.3, 6.0)]
CASES = (
    ("a generator", GENERATOR, GENERATOR),
    ("a load", [(0.1, -6.0), (0.3, 0.0)], [(0.1, -6.0), (0.3, 0.0)]),
    ("a battery", [(0.05, -3.0), (0.1, 0.0), (0.15, 0.0), (0.18, 3.0)], None),
    ("weakened", GENERATOR, [(0.05, 0.5), (0.15, 1.0)]),
)


def x(case: int, price: float) -> float:
    """Return where a price lies in the panels of a case."""
    return LEFT + case * (SIDE + GAP) + price / HIGHEST * SIDE


def y(row: int, power: float) -> float:
    """Return where a power lies in a row of panels."""
    return TOP + row * (SIDE + 38) + SIDE / 2 - power / MOST_KW * SIDE / 2


def line(case: int, row: int, curve: Curves, style: str) -> str:
    """Return a curve between the edges of its panel."""
    prices = np.unique([0.0, *curve.prices.ravel(), HIGHEST])
    points = [(price, curve.powers_at(price)[0][0, 0]) for price in prices]
    places = " ".join(f"{x(case, price):.1f},{y(row, power):.1f}" for price, power in points)
    return f'<polyline points="{places}" class="{style}"/>'


def panel(case: int, row: int) -> Iterator[str]:
    """Yield the axes of a panel, and the price at which the first market cleared."""
    left, right, top, bottom = x(case, 0), x(case, HIGHEST), y(row, MOST_KW), y(row, -MOST_KW)
    yield f'<path d="M{left} {top}V{bottom}M{left} {y(row, 0):.1f}H{right}" class="axis"/>'
    yield f'<path d="M{x(case, PRICE):.1f} {top}V{bottom}" class="cleared"/>'


def draw_case(case: int) -> Iterator[str]:
    """Yield both panels of a case."""
    name, before, after = CASES[case]
    prior = Curves.from_vertices([before])
    now = Curves.from_vertices([after or before])
    committed = float(prior.powers_at(PRICE)[0][0, 0])
    change = translated(now, committed)
    at_price = float(change.powers_at(PRICE)[0][0, 0])
    yield f'<text x="{x(case, 0)}" y="42" class="name">{"abcd"[case]}</text>'
    yield f'<text x="{x(case, 0) + 14}" y="42" class="small">{name}</text>'
    for row in (0, 1):
        yield from panel(case, row)
    yield f'<path d="M{x(case, 0)} {y(0, committed):.1f}H{x(case, HIGHEST)}" class="cleared"/>'
    yield line(case, 0, prior, "one")
    yield line(case, 1, change, "sum")
    for row, power in ((0, committed), (1, at_price)):
        yield f'<circle cx="{x(case, PRICE):.1f}" cy="{y(row, power):.1f}" r="3.6" class="dot"/>'
        place = f'x="{x(case, HIGHEST / 2):.1f}" y="{y(row, -MOST_KW) + 15:.1f}"'
        words = f"{power:+.0f} kW".replace("+0", "0").replace("-", "\N{MINUS SIGN}")
        yield f'<text {place} class="small" text-anchor="middle">{words}</text>'


def draw() -> str:
    """Return the drawing."""
    head = f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" \
aria-label="Four curves in a market that commits, and translated in the market that corrects it">"""
    card = f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{HEIGHT - 1}" class="card"/>'
    rows = [f'<text x="{LEFT}" y="22" class="small">power by price; dashed: cleared at {PRICE:.2f}, committed</text>']
    for row, name in enumerate(("before", "change")):
        turned = f'transform="rotate(-90 17 {y(row, 0)})" text-anchor="middle"'
        rows.append(f'<text x="17" y="{y(row, 0)}" class="name" {turned}>{name}</text>')
    cases = [shape for case in range(len(CASES)) for shape in draw_case(case)]
    return "\n".join([head, STYLE, card, *rows, *cases, "</svg>", ""])


STYLE = """<style>
  .card { fill: #ffffff; stroke: #d4d9df; }
  .axis { stroke: #8a939c; fill: none; }
  .cleared { stroke: #8a939c; stroke-dasharray: 3 3; fill: none; }
  polyline { fill: none; stroke-width: 2.4; stroke-linejoin: round; }
  .one { stroke: #0b6fa4; }
  .sum { stroke: #b3541e; }
  .dot { fill: #23292f; stroke: #ffffff; }
  text { font-family: system-ui, sans-serif; fill: #23292f; }
  .name { font-size: 13px; font-weight: 600; }
  .small { font-size: 13px; fill: #47515b; }
</style>"""

if __name__ == "__main__":
    FILE.write_text(draw(), encoding="utf-8")
