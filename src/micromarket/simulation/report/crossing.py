"""Supply and demand of a chosen interval, and where they cross."""

from __future__ import annotations

from html import escape

import numpy as np

from micromarket.simulation.report.section import Control, Figure, Json, Section, View, rounded
from micromarket.simulation.report.study import Floats, Study
from micromarket.simulation.report.words import kind_name, moment, number, quantity

MOST_INTERVALS = 700
MOST_VERTICES = 40
NOTE = (
    "Curves as they were bid, before losses and line limits, which can move the agreed price off their crossing; "
    "simplified for drawing by less than a hundredth of either axis."
)
Corners = tuple[Floats, Floats]


def crossing(study: Study) -> Section | None:
    """Return the section on supply and demand curves, None if the run recorded none."""
    if not study.has("curves", "prices", "powers", "assets"):
        return None
    peak = _peak_step(study)
    steps = _chosen(study, peak)
    price = dict(_root_prices(study))
    pairs = {step: _supply_and_demand(curves) for step, curves in _recorded(study, steps).items()}
    steps = [step for step in steps if step in price]
    if not steps:
        return None
    crossings = [(_traded(pairs[step], price[step]), price[step]) for step in steps]
    opening = int(np.argmin(np.abs(np.array(steps) - peak)))
    control = _control(study, steps, crossings, opening)
    figure = _figure(study, (steps, pairs, crossings), opening)
    power, at_price = crossings[opening]
    finding = f"When the load peaked, {quantity(power, 'kW')} changed hands at {quantity(at_price, study.price_unit)}"
    lead = (
        "Each device offered a curve: how much it would produce or use at each price. "
        "Where the sums meet is the price that everyone pays. Choose an interval to see its curves."
    )
    return Section("curves", "Supply and demand", finding, escape(lead), (control, figure))


def _peak_step(study: Study) -> int:
    rows = study.rows(
        "SELECT step FROM powers JOIN assets USING (asset) JOIN instants USING (start) WHERE \"case\" = 'market' "
        "AND kind <> 'supplier' GROUP BY step ORDER BY round(sum(least(metered_kw, 0)), 9), step LIMIT 1"
    )
    return int(rows[0][0]) if rows else 0


def _chosen(study: Study, peak: int) -> list[int]:
    steps = [
        row[0] for row in study.rows("SELECT DISTINCT step FROM curves JOIN instants USING (start) ORDER BY step")
    ]
    if len(steps) <= MOST_INTERVALS:
        return steps
    middle = int(np.searchsorted(steps, peak))
    first = int(np.clip(middle - MOST_INTERVALS // 2, 0, len(steps) - MOST_INTERVALS))
    return steps[first : first + MOST_INTERVALS]


def _root_prices(study: Study) -> list[tuple[int, float]]:
    return study.rows(
        "SELECT step, price FROM prices JOIN instants USING (start) "
        "WHERE \"case\" = 'market' AND node = ? ORDER BY step",
        study.root,
    )


def _recorded(study: Study, steps: list[int]) -> dict[int, list[Corners]]:
    rows = study.rows(
        "SELECT step, list(price ORDER BY vertex), list(power_kw ORDER BY vertex) FROM curves "
        "JOIN instants USING (start) WHERE step BETWEEN ? AND ? GROUP BY step, side, kind ORDER BY step, side, kind",
        steps[0],
        steps[-1],
    )
    found: dict[int, list[Corners]] = {step: [] for step in steps}
    for step, price, power in rows:
        found[step].append((np.array(price), np.array(power)))
    return found


def _supply_and_demand(curves: list[Corners]) -> tuple[Corners, Corners]:
    """Return total supply and total demand: prices, and powers [kW, positive] at either side of each corner."""
    at = np.unique(np.concatenate([price for price, _ in curves]))
    powers = np.array([_both_sides(at, corners) for corners in curves])
    doubled = np.repeat(at, 2)
    return (doubled, np.clip(powers, 0, None).sum(0)), (doubled, np.clip(-powers, 0, None).sum(0))


def _both_sides(at: Floats, corners: Corners) -> Floats:
    """Return the power just below and just above each price, interleaved."""
    price, power = corners
    between = np.interp(at, price, power)
    first, last = np.searchsorted(price, at, "left"), np.searchsorted(price, at, "right") - 1
    on = (first < len(price)) & (price[np.minimum(first, len(price) - 1)] == at)
    below = np.where(on, power[np.minimum(first, len(price) - 1)], between)
    above = np.where(on, power[np.maximum(last, 0)], between)
    return np.stack([below, above], axis=1).ravel()


def _traded(pair: tuple[Corners, Corners], price: float) -> float:
    """Return how much is supplied and demanded at the price [kW]: on a step, as much as both sides take."""
    (at, supply), (_, demand) = pair
    return float(min(_just(at, supply, price, "right"), _just(at, demand, price, "left")))


def _just(at: Floats, power: Floats, price: float, side: str) -> float:
    corner = int(np.argmin(np.abs(at - price)))
    if abs(at[corner] - price) <= 1e-9:
        return float(power[corner // 2 * 2 + (side == "right")])
    return float(np.interp(price, at, power))


def _control(study: Study, steps: list[int], crossings: list[tuple[float, float]], opening: int) -> Control:
    options = tuple(moment(study.axis.local[step]) for step in steps)
    prices = [price for _, price in crossings]
    presets = (
        ("Peak load", opening),
        ("Highest price", int(np.argmax(prices))),
        ("Lowest price", int(np.argmin(prices))),
    )
    return Control("interval", "Interval", "slider", options, opening, presets)


Drawn = tuple[list[int], dict[int, tuple[Corners, Corners]], list[tuple[float, float]]]


def _figure(study: Study, drawn: Drawn, opening: int) -> Figure:
    steps, pairs, crossings = drawn
    window = _window(crossings)
    delivered = _delivered(study, steps)
    views = tuple(
        _view(
            pairs[step],
            at,
            window,
            f"{moment(study.axis.local[step])}. {_sentence(study, at)} {delivered.get(step, '')}",
        )
        for step, at in zip(steps, crossings, strict=True)
    )
    names = (("Supply", "$supply", "solid"), ("Demand", "$demand", "dash"))
    lines = [_line(name, {"color": color, "dash": dash, "width": 2.2}) for name, color, dash in names]
    mark = {"size": 11, "color": "$surface", "line": {"width": 2.5, "color": "$ink"}}
    lines.append({"type": "scatter", "mode": "markers", "name": "Price and power agreed", "marker": mark})
    layout = {
        "xaxis": {"type": "linear", "title": {"text": "Power [kW]"}, "range": [0, window[0]], "rangemode": "tozero"},
        "yaxis": {"range": [window[1], window[2]]},
        "hovermode": "closest",
    }
    kept = "" if len(steps) == study.axis.steps else f" The {len(steps):,} intervals around the peak can be chosen."
    return Figure(
        "supply-demand",
        f"Supply and demand at {study.root}",
        study.price_unit,
        "Supply rises and demand falls with price; they cross at the agreed price and power.",
        tuple(trace | patch for trace, patch in zip(lines, views[opening].patches, strict=True)),
        layout,
        height=400,
        note=f"{NOTE}{kept}",
        control="interval",
        views=views,
    )


def _line(name: str, look: Json) -> Json:
    return {"type": "scatter", "mode": "lines", "name": name, "line": look}


def _window(crossings: list[tuple[float, float]]) -> tuple[float, float, float]:
    power, price = (np.array(values) for values in zip(*crossings, strict=True))
    spread = max(float(np.ptp(price)), 0.02 * float(np.abs(price).max()), 1e-3)
    return (
        1.5 * float(max(power.max(), 1e-3)),
        min(0.0, float(price.min()) - spread / 3),
        float(price.max()) + 0.6 * spread,
    )


def _view(
    pair: tuple[Corners, Corners], at: tuple[float, float], window: tuple[float, float, float], said: str
) -> View:
    traces = [{"x": rounded(power), "y": rounded(price)} for price, power in (_simplified(c, window) for c in pair)]
    return View((*traces, {"x": rounded([at[0]]), "y": rounded([at[1]])}), text=said)


def _simplified(corners: Corners, window: tuple[float, float, float]) -> Corners:
    """Return the part of a curve inside the window and just beyond, with few enough corners to draw."""
    most, low, high = window
    price, power = corners
    ends = min(low, price[0]) - 1, max(high, price[-1]) + 1
    points = np.stack([[power[0], *power, power[-1]], [ends[0], *price, ends[1]]], axis=1)
    points = _below(points, 0, 1.2 * most)
    points = _below(points, 1, high + 0.2 * (high - low))
    points = -_below(-points, 1, -low + 0.2 * (high - low))
    scale = np.array([most, high - low])
    tolerance = 0.002
    kept = _corners(points / scale, tolerance)
    while kept.sum() > MOST_VERTICES and tolerance < 0.008:
        tolerance *= 1.5
        kept = _corners(points / scale, tolerance)
    return points[kept, 1], points[kept, 0]


def _below(points: Floats, axis: int, limit: float) -> Floats:
    """Return a line with what lies beyond a limit along one axis cut off, exactly where it crosses the limit."""
    inside = points[:, axis] <= limit
    leaving = np.flatnonzero(inside[1:] != inside[:-1])
    first, last = points[leaving], points[leaving + 1]
    part = (limit - first[:, axis]) / (last[:, axis] - first[:, axis])
    crossings = first + part[:, None] * (last - first)
    merged = np.insert(points, leaving + 1, crossings, axis=0)
    return merged[np.insert(inside, leaving + 1, True)]


def _corners(points: Floats, tolerance: float) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which points keep the line within the tolerance of all others (Douglas and Peucker)."""
    kept = np.zeros(len(points), dtype=bool)
    kept[[0, -1]] = True
    spans = [(0, len(points) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        along = points[last] - points[first]
        apart = points[first + 1 : last] - points[first]
        length = float(np.hypot(*along))
        away = np.abs(apart @ np.array([-along[1], along[0]])) / length if length else np.hypot(*apart.T)
        furthest = int(away.argmax())
        if away[furthest] > tolerance:
            middle = first + 1 + furthest
            kept[middle] = True
            spans += [(first, middle), (middle, last)]
    return kept


def _sentence(study: Study, at: tuple[float, float]) -> str:
    return f"Supply meets demand at {quantity(at[0], 'kW')} and {quantity(at[1], study.price_unit)}."


def _delivered(study: Study, steps: list[int]) -> dict[int, str]:
    rows = study.rows(
        "SELECT step, kind, sum(greatest(scheduled_kw, 0)), -sum(least(scheduled_kw, 0)) FROM powers "
        "JOIN assets USING (asset) JOIN instants USING (start) WHERE \"case\" = 'market' AND step BETWEEN ? AND ? "
        "GROUP BY step, kind ORDER BY step, kind",
        steps[0],
        steps[-1],
    )
    found: dict[int, tuple[list[str], list[str]]] = {}
    for step, kind, gave, took in rows:
        for power, side in ((gave, 0), (took, 1)):
            if power >= 0.05:
                found.setdefault(step, ([], []))[side].append(f"{kind_name(kind).lower()} {number(power)}")
    return {
        step: f"Delivered by {', '.join(gave) or 'nobody'}; used by {', '.join(took) or 'nobody'} (kW)."
        for step, (gave, took) in found.items()
    }
