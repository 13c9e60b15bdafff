"""Draw series.svg, correction.svg and market-life.svg in docs/images: markets in time, from what they really entered.

The plans are run, and every bar is drawn from one entering to the next. Run it again after a change:
python docs/images/draw_market_states.py. A test compares the files with what is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from micromarket.markets.series.market import MarketRules
from micromarket.markets.series.series import Entered, MarketSeries, SeriesPlan
from micromarket.markets.series.states import MarketState, Timing

FOLDER = Path(__file__).parent
WIDTH, LEFT, RIGHT, ROW, TOP, FOOT = 480, 92, 466, 27, 46, 56
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FIRST = datetime(2019, 11, 10, 9, 45, tzinfo=UTC)

HOURLY = SeriesPlan(
    MarketRules("hourly", "double_auction", Timing(HOUR, 1, *[20 * MINUTE] * 4, 30 * MINUTE), 0.1), HOUR
)
"""Figure 3: one hour after another."""

REAL_TIME = SeriesPlan(
    MarketRules("real-time", "double_auction", Timing(15 * MINUTE, 1, 0 * MINUTE, *[5 * MINUTE] * 3), 0.1),
    15 * MINUTE,
)
DAY_AHEAD = SeriesPlan(
    MarketRules(
        "day-ahead",
        "double_auction",
        Timing(HOUR, 24, 0 * MINUTE, 30 * MINUTE, 15 * MINUTE, 15 * MINUTE, HOUR),
        default_price=0.1,
        commitment=True,
    ),
    clearing_interval=DAY,
    refined_by=REAL_TIME,
)
"""The template's section 3.9; an hour to reconcile is ours."""

ACTIVITIES = {
    MarketState.INACTIVE: ("spawned with its series", ""),
    MarketState.ACTIVE: ("participants may prepare", ""),
    MarketState.NEGOTIATION: (
        "consensus: neighbors come to agree",
        "auction: assets plan on foreseen prices",
    ),
    MarketState.MARKET_LEAD: ("consensus: nothing left to do", "auction: bids go up, downstream first"),
    MarketState.DELIVERY_LEAD: ("it has cleared; assets get ready", "auction: prices go down, upstream first"),
    MarketState.DELIVERY: ("assets follow, meters count;", "the price model learns"),
    MarketState.RECONCILE: ("deliveries are settled", ""),
    MarketState.EXPIRED: ("forgotten", ""),
}


@dataclass(frozen=True)
class Stay:
    """A market's time in a state."""

    state: MarketState
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Window:
    """What a diagram shows: a stretch of time, drawn from `LEFT` to `RIGHT`."""

    start: datetime
    end: datetime

    def x(self, moment: datetime) -> float:
        """Return where a moment lies, held inside."""
        share = (moment - self.start) / (self.end - self.start)
        return LEFT + min(max(share, 0.0), 1.0) * (RIGHT - LEFT)


def lives(entered: Sequence[Entered], series: str) -> dict[str, list[Stay]]:
    """Return how long each market of a series stayed in each state, by name, in the order of spawning."""
    entries: dict[str, list[Entered]] = {}
    for each in entered:
        if each.market.rules.series == series:
            entries.setdefault(each.market.name, []).append(each)
    return {name: [Stay(a.state, a.at, b.at) for a, b in pairwise(life)] for name, life in entries.items()}


def draw_series() -> str:
    """Return figure 3: successive markets of one series cover time, their lives overlap."""
    entered = MarketSeries(HOURLY, FIRST.replace(hour=9, minute=40)).advance(FIRST + DAY)
    markets = list(lives(entered, "hourly").values())[:4]
    window = Window(FIRST.replace(hour=8, minute=0), FIRST.replace(hour=15, minute=0))
    rows = [(f"{stays[-2].start:%H:%M}", stays) for stays in markets]
    return timing_diagram("Four successive markets of an hourly series", window, HOUR, rows)


def draw_correction() -> str:
    """Return figure 4: quarters that correct the hours of a day-ahead market."""
    entered = MarketSeries(DAY_AHEAD, FIRST).advance(FIRST + 2 * DAY)
    window = Window(FIRST.replace(hour=9, minute=0), FIRST.replace(hour=11, minute=15))
    day, quarters = lives(entered, "day-ahead"), list(lives(entered, "real-time").values())[:5]
    rows = [("day-ahead", next(iter(day.values()))), *((f"{delivery(stays):%H:%M}", stays) for stays in quarters)]
    return timing_diagram("A day-ahead market and the quarters that correct it", window, 15 * MINUTE, rows)


def delivery(stays: Sequence[Stay]) -> datetime:
    """Return when a market began to deliver."""
    return next(stay.start for stay in stays if stay.state is MarketState.DELIVERY)


def timing_diagram(title: str, window: Window, tick: timedelta, rows: Sequence[tuple[str, list[Stay]]]) -> str:
    """Return a diagram with a row for each market and time from left to right."""
    bottom = TOP + ROW * len(rows)
    shapes = [*axis(window, tick, bottom)]
    for k, (label, stays) in enumerate(rows):
        shapes += row(window, TOP + k * ROW, label, stays)
    seen = {stay.state for _, stays in rows for stay in stays if stay.start < min(stay.end, window.end)}
    shapes += legend(bottom + 18, seen)
    return page(title, bottom + FOOT, shapes)


def axis(window: Window, tick: timedelta, bottom: float) -> Iterator[str]:
    """Yield a line at each tick, and the time at every second one."""
    for k in range((window.end - window.start) // tick + 1):
        moment = window.start + k * tick
        x = f"{window.x(moment):.1f}"
        yield f'<path d="M{x} {TOP - 6}V{bottom}" class="tick"/>'
        if k % 2 == 0:
            yield f'<text x="{x}" y="{TOP - 14}" class="small" text-anchor="middle">{moment:%H:%M}</text>'


def row(window: Window, y: float, label: str, stays: Sequence[Stay]) -> Iterator[str]:
    """Yield one market: a bar for each state, and a mark where it clears."""
    yield f'<text x="{LEFT - 12}" y="{y + 16}" class="small" text-anchor="end">{label}</text>'
    for stay in stays:
        left, right = window.x(stay.start), window.x(stay.end)
        if right > left and stay.state is not MarketState.INACTIVE:
            place = f'x="{left:.1f}" y="{y + 4}" width="{right - left:.1f}" height="17"'
            yield f'<rect {place} class="{css(stay.state)}"/>'
        if left < right and stay.end > window.end:
            place = f'x="{RIGHT - 6}" y="{y + 17}" text-anchor="end"'
            yield f'<text {place} class="inside">to {stay.end:%H:%M}, next day</text>'
        if stay.state is MarketState.DELIVERY_LEAD:
            yield f'<path d="M{left:.1f} {y + 24}l-4.5 -8h9z" class="clears"/>'


def legend(y: float, seen: set[MarketState]) -> Iterator[str]:
    """Yield the names of the colors, and of the mark, four in a line."""
    shown = sorted(seen - {MarketState.INACTIVE})
    for k, name in enumerate([*map(words, shown), "clears"]):
        x, line = 14 + k % 4 * 116, y + k // 4 * 20
        if k < len(shown):
            yield f'<rect x="{x}" y="{line - 10}" width="12" height="12" class="{css(shown[k])}"/>'
        else:
            yield f'<path d="M{x + 6} {line + 1}l-4.5 -8h9z" class="clears"/>'
        yield f'<text x="{x + 17}" y="{line}" class="small">{name}</text>'


def draw_life() -> str:
    """Return figures 5 and 6: the states of one market, when it entered them, and what is done in each."""
    entered = MarketSeries(DAY_AHEAD, FIRST).advance(FIRST + 2 * DAY)
    name = entered[0].market.name
    life, height = [each for each in entered if each.market.name == name], 42
    shapes = []
    for k, each in enumerate(life):
        y = 16 + k * height
        first, second = ACTIVITIES[each.state]
        day = "next day" if each.at.date() > FIRST.date() else ""
        shapes += [
            f'<rect x="64" y="{y}" width="16" height="{height - 3}" class="{css(each.state)}"/>',
            f'<text x="56" y="{y + 16}" class="small" text-anchor="end">{each.at:%H:%M}</text>',
            f'<text x="56" y="{y + 31}" class="tiny" text-anchor="end">{day}</text>',
            f'<text x="90" y="{y + 16}" class="name">{words(each.state)}</text>',
            f'<text x="202" y="{y + 16}" class="small">{first}</text>',
            f'<text x="202" y="{y + 32}" class="small">{second}</text>',
        ]
    return page(
        "The eight states of a day-ahead market, and what is done in each", 16 + height * len(life) + 6, shapes
    )


def css(state: MarketState) -> str:
    """Return the class of a state's color."""
    return state.name.lower().replace("_", "-")


def words(state: MarketState) -> str:
    """Return the name of a state as people write it."""
    return state.name.lower().replace("_", " ")


def page(title: str, height: float, shapes: Sequence[str]) -> str:
    """Return a drawing with its style and its name for those who cannot see it."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{title}">'
    card = f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" class="card"/>'
    return "\n".join([head, STYLE, card, *shapes, "</svg>", ""])


STYLE = """<style>
  .card { fill: #ffffff; stroke: #d4d9df; }
  .tick { stroke: #e3e7eb; fill: none; }
  .inactive, .expired { fill: #eef1f4; }
  .active { fill: #cfd6dd; }
  .negotiation { fill: #9fc5da; }
  .market-lead { fill: #4f97bf; }
  .delivery-lead { fill: #f0c59a; }
  .delivery { fill: #b3541e; }
  .reconcile { fill: #8a939c; }
  .clears { fill: #23292f; stroke: #ffffff; }
  text { font-family: system-ui, sans-serif; fill: #23292f; }
  .name { font-size: 13.5px; font-weight: 600; }
  .inside { font-size: 12px; fill: #ffffff; }
  .small { font-size: 13px; fill: #47515b; }
  .tiny { font-size: 11px; fill: #59636e; }
</style>"""

DRAWINGS = {"series.svg": draw_series, "correction.svg": draw_correction, "market-life.svg": draw_life}

if __name__ == "__main__":
    for file, draw in DRAWINGS.items():
        (FOLDER / file).write_text(draw(), encoding="utf-8")
