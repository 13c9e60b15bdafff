"""Draw docs/images/consensus.svg: the prices of the lines of a ring of five microgrids, round after round.

Run it again after a change: python docs/images/draw_consensus.py. A test compares the file with what is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from micromarket import Curves
from micromarket.node.networks.consensus import clear_consensus
from micromarket.node.networks.network import Network

FILE = Path(__file__).with_name("consensus.svg")
WIDTH, HEIGHT = 480, 260
LEFT, RIGHT, TOP, BOTTOM = 48, 464, 18, 222
ROUNDS, HIGHEST = 40, 0.30
NAMES = ("north", "east", "south", "west", "mill")
COLORS = ("#2f6db3", "#c2681c", "#3b8a4d", "#8a4fa3", "#a33c4a")

HEAD = f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" \
aria-label="Prices of the five lines of a ring, which agree after some twenty rounds">
<style>
  .card {{ fill: #ffffff; stroke: #d4d9df; }}
  .axis {{ stroke: #8a939c; fill: none; }}
  .grid {{ stroke: #d4d9df; }}
  polyline {{ fill: none; stroke-width: 2; stroke-linejoin: round; }}
  text {{ font: 13px system-ui, sans-serif; fill: #59636e; }}
</style>"""


def prices() -> np.ndarray:
    """Return the price of each line after each round, shape (rounds, 5)."""
    ring = Network.of(NAMES, [(k, (k + 1) % 5) for k in range(5)], limit_kw=40.0)
    participants = Curves.from_vertices(
        [
            [(0.05, -500.0), (0.05, 0.0), (0.25, 0.0), (0.25, 500.0)],
            *([(0.0, power)] for power in (-40.0, -10.0, -10.0, -15.0)),
            [(0.02, 0.0), (0.02, 60.0)],
            [(0.10, -20.0), (0.22, 20.0)],
        ]
    )
    result = clear_consensus(ring, participants, [0, 0, 1, 2, 3, 2, 4], keep_history=True)
    return np.asarray(result.history)[0, :ROUNDS]


def at(number: float, price: float) -> tuple[float, float]:
    """Return where a price after a round lies on the page."""
    return LEFT + number / ROUNDS * (RIGHT - LEFT), BOTTOM - price / HIGHEST * (BOTTOM - TOP)


def axes() -> Iterator[str]:
    """Yield the frame, its numbers and its grid."""
    for price in (0.0, 0.1, 0.2, 0.3):
        _, y = at(0, price)
        yield f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{RIGHT}" y2="{y:.1f}"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{price:.2f}</text>'
    for number in range(0, ROUNDS + 1, 10):
        yield f'<text x="{at(number, 0)[0]:.1f}" y="{BOTTOM + 15}" text-anchor="middle">{number}</text>'
    yield f'<text x="{RIGHT}" y="{HEIGHT - 8}" text-anchor="end">rounds →</text>'
    yield f'<text x="{LEFT + 8}" y="{TOP + 17}">price, currency/kWh</text>'
    yield f'<path class="axis" d="M{LEFT},{TOP}V{BOTTOM}H{RIGHT}"/>'


def lines() -> Iterator[str]:
    """Yield the price of each line, and its name in the same color."""
    for edge, path in enumerate(prices().T):
        points = " ".join("{:.1f},{:.1f}".format(*at(k + 1, price)) for k, price in enumerate(path))
        yield f'<polyline stroke="{COLORS[edge]}" points="{points}"/>'
        name = f"{NAMES[edge]}–{NAMES[(edge + 1) % 5]}"
        place = f'x="{RIGHT - 190 + 100 * (edge % 2)}" y="{at(0, 0.1)[1] - 44 + 17 * (edge // 2):.1f}"'
        yield f'<text {place} style="fill:{COLORS[edge]}">{name}</text>'


def draw() -> str:
    """Return the drawing."""
    card = f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{HEIGHT - 1}" class="card"/>'
    return "\n".join([HEAD, card, *axes(), *lines(), "</svg>", ""])


if __name__ == "__main__":
    FILE.write_text(draw(), encoding="utf-8")
