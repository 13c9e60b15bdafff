"""Draw docs/images/coordination.svg: who tells whom what in which state, in an auction and in a consensus.

Three nodes in a line live through one market on a bus that is slow; every message is drawn from when it was sent to
when it came. Run it again after a change: python docs/images/draw_coordination.py. A test compares the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from micromarket import Curves
from micromarket.domain.curves import Floats
from micromarket.markets.series.market import Market, MarketRules
from micromarket.markets.series.series import SeriesPlan
from micromarket.markets.series.states import MarketState, Timing
from micromarket.node.living.dialog import SignalRules
from micromarket.node.living.facts import Fact, SignalReceived
from micromarket.node.living.running import NodeSetup, StartingSeries
from micromarket.node.neighbor import Direction, Neighbor
from micromarket.node.node import TransactiveNode
from micromarket.runtime.faults import Faults
from micromarket.runtime.network import run_network

FILE = Path(__file__).with_name("coordination.svg")
WIDTH, LEFT, RIGHT = 480, 92, 466
BAR, ROW, PANEL, TOP = 19, 44, 150, 32
MINUTE = timedelta(minutes=1)
NOON = datetime(2026, 7, 6, 12, tzinfo=UTC)
NAMES = ("substation", "feeder", "home")
VERTICES = ([(0.1, 0.0), (0.5, 20.0)], [(0.0, -3.0)], [(0.2, -6.0), (0.4, 0.0)])
TIMING = Timing(60 * MINUTE, 1, 0 * MINUTE, 9 * MINUTE, 5 * MINUTE, 5 * MINUTE)
CLEARING, BEGIN = NOON - 5 * MINUTE, NOON - 19 * MINUTE
SLOW = Faults(delay=1.0, longest_delay=MINUTE, seed=12)
PATIENT = SignalRules(repeat_after=20 * MINUTE)
STATES = (MarketState.NEGOTIATION, MarketState.MARKET_LEAD, MarketState.DELIVERY_LEAD, MarketState.DELIVERY)


@dataclass(frozen=True)
class Assets:
    """What one of the nodes has."""

    curves: Curves

    def local(self, market: Market, expected: Floats) -> Curves:
        """Return the same in every market."""
        return self.curves

    def default(self, neighbor: str, market: Market) -> Curves | None:
        """Return nothing: everybody speaks."""
        return None


def lived(coordination: str) -> Mapping[str, Sequence[Fact]]:
    """Return what each node lived through from the beginning of negotiation until shortly after delivery began."""
    rules = MarketRules("hourly", coordination, TIMING, default_price=0.3, precision=1e-2)
    series = (StartingSeries(SeriesPlan(rules, 60 * MINUTE), CLEARING),)
    towards = (Direction.UPSTREAM, Direction.DOWNSTREAM)
    up, down = towards if coordination == "nested_auction" else [Direction.BIDIRECTIONAL] * 2
    lines: dict[str, list[Neighbor]] = {name: [] for name in NAMES}
    for parent, child in pairwise(NAMES):
        lines[parent].append(Neighbor(child, down, 20.0, 20.0))
        lines[child].append(Neighbor(parent, up, 20.0, 20.0))
    setups = [
        NodeSetup(TransactiveNode(name, tuple(lines[name])), series, Assets(Curves.from_vertices([each])), PATIENT)
        for name, each in zip(NAMES, VERTICES, strict=True)
    ]
    return run_network(setups, BEGIN, NOON + MINUTE, SLOW)


def x(moment: datetime) -> float:
    """Return where a moment lies."""
    return LEFT + (moment - BEGIN) / (NOON + 2 * MINUTE - BEGIN) * (RIGHT - LEFT)


def states() -> Iterator[str]:
    """Yield the times, and a bar with the states of the market."""
    starts = TIMING.starts(CLEARING)
    ends = [*(starts[state] for state in STATES[1:]), NOON + 2 * MINUTE]
    for state, end in zip(STATES, ends, strict=True):
        start, name = starts[state], state.name.lower()
        place = f'x="{x(start):.1f}" y="{TOP}" width="{x(end) - x(start):.1f}" height="{BAR}"'
        yield f'<rect {place} class="{name.replace("_", "-")}"/>'
        yield f'<text x="{x(start):.1f}" y="{TOP - 8}" class="small">{start:%H:%M}</text>'
        if state is not MarketState.DELIVERY:
            yield f'<text x="{x(start) + 4:.1f}" y="{TOP + 13}" class="state">{name.replace("_", " ")}</text>'
        if state is not MarketState.NEGOTIATION:
            yield f'<path d="M{x(start):.1f} {TOP + BAR}V{TOP + 2 * PANEL + BAR - 12}" class="tick"/>'


def panel(y: float, title: str, facts: Mapping[str, Sequence[Fact]]) -> Iterator[str]:
    """Yield one line for each node, and all that they told each other."""
    yield f'<text x="14" y="{y + 16}" class="name">{title}</text>'
    rows = {name: y + 38 + k * ROW for k, name in enumerate(NAMES)}
    for name, at in rows.items():
        yield f'<text x="{LEFT - 10}" y="{at + 4}" class="small" text-anchor="end">{name}</text>'
        yield f'<path d="M{LEFT} {at}H{RIGHT}" class="life"/>'
    known: dict[tuple[str, str], int] = {}
    came = [fact for each in facts.values() for fact in each if isinstance(fact, SignalReceived)]
    for fact in sorted(came, key=lambda one: one.signal.sent_at):
        signal, way = fact.signal, (fact.signal.sender, fact.signal.receiver)
        news, known[way] = signal.number > known.get(way, 0), max(signal.number, known.get(way, 0))
        kind = "heard" if not news else "up" if rows[signal.sender] > rows[signal.receiver] else "down"
        start = f"{x(signal.sent_at):.1f} {rows[signal.sender]}"
        yield f'<path d="M{start}L{x(fact.at):.1f} {rows[signal.receiver]}" class="{kind}"/>'


def legend(y: float) -> Iterator[str]:
    """Yield the names of the arrows."""
    kinds = (("up", "bid, or round upward"), ("down", "offer, or round downward"), ("heard", "heard"))
    for (kind, name), place in zip(kinds, (14, 192, 394), strict=True):
        yield f'<path d="M{place} {y - 4}h18" class="{kind}"/>'
        yield f'<text x="{place + 25}" y="{y}" class="small">{name}</text>'


def draw() -> str:
    """Return the drawing."""
    height = TOP + 2 * PANEL + 48
    head = f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" \
aria-label="Messages between three nodes in an auction and in a consensus, by the states of their market">"""
    card = f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" class="card"/>'
    panels = [
        *panel(TOP + BAR + 8, "nested auction", lived("nested_auction")),
        *panel(TOP + BAR + PANEL + 2, "consensus", lived("consensus")),
    ]
    return "\n".join([head, STYLE, card, *states(), *panels, *legend(height - 14), "</svg>", ""])


STYLE = """<style>
  .card { fill: #ffffff; stroke: #d4d9df; }
  .tick { stroke: #d4d9df; fill: none; }
  .life { stroke: #8a939c; fill: none; }
  .up, .down { stroke: #0b6fa4; stroke-width: 1.8; fill: none; }
  .down { stroke: #b3541e; }
  .heard { stroke: #8a939c; stroke-width: 1.2; stroke-dasharray: 3 3; fill: none; }
  .negotiation { fill: #9fc5da; }
  .market-lead { fill: #4f97bf; }
  .delivery-lead { fill: #f0c59a; }
  .delivery { fill: #b3541e; }
  text { font-family: system-ui, sans-serif; fill: #23292f; }
  .name { font-size: 13px; font-weight: 600; }
  .state { font-size: 12px; }
  .small { font-size: 13px; fill: #47515b; }
</style>"""

if __name__ == "__main__":
    FILE.write_text(draw(), encoding="utf-8")
