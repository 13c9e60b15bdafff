"""Prices of the root and of all nodes through time, and by day and hour."""

from __future__ import annotations

from html import escape

import numpy as np

from micromarket.simulation.report.section import Figure, Json, Section, band, held, rounded, stepped
from micromarket.simulation.report.study import Floats, Study
from micromarket.simulation.report.words import count, moment, number, quantity


def prices(study: Study) -> Section | None:
    """Return the section on prices, None if the run holds none."""
    if not study.has("prices"):
        return None
    columns = study.columns(
        "SELECT step, max(price) FILTER (node = ?) AS root, min(price) AS low, max(price) AS high, "
        "coalesce(bool_or(congested), false) AS congested, coalesce(bool_or(outcome <> 'balanced'), false) AS unmet "
        "FROM prices JOIN instants USING (start) WHERE \"case\" = 'market' GROUP BY step ORDER BY step",
        study.root,
    )
    root = columns["root"].astype(float)
    congested, unmet = int(columns["congested"].sum()), int(columns["unmet"].sum())
    low, high = int(np.nanargmin(root)), int(np.nanargmax(root))
    finding = f"The price ran from {number(root[low])} to {quantity(root[high], study.price_unit)}, " + (
        f"and a line was full in {congested:,} of {len(root):,} intervals"
        if congested
        else "and no line was ever full"
    )
    lead = (
        f"Lowest on {moment(study.axis.local[low])}, highest on {moment(study.axis.local[high])}; "
        f"{quantity(float(np.nanmean(root)), study.price_unit)} on average at {study.root}. "
        + (
            f"In {count(unmet, 'interval')} some node could not balance."
            if unmet
            else "Every node balanced in every interval."
        )
    )
    return Section("prices", "Prices", finding, escape(lead), (_through_time(study, columns), _heat_map(study, root)))


def _through_time(study: Study, columns: dict[str, Floats]) -> Figure:
    axis = study.axis
    low, high = axis.lowest(columns["low"]), axis.highest(columns["high"])
    traces: list[Json] = []
    if np.nanmax(high - low) > 1e-9:
        traces += band("All nodes, lowest to highest", low, high, "$market")
    traces += _forward(study)
    traces.append(stepped(f"{study.root} (root)", axis.mean(columns["root"]), "$market", line={"width": 2}))
    full = axis.highest(columns["congested"].astype(float))
    if full.any():
        traces.append(_strip("A line is full", full, "$warn"))
    unmet = axis.highest(columns["unmet"].astype(float))
    if unmet.any():
        traces.append(_strip("A node is short or in surplus", unmet, "$no_market"))
    note = "Stripes at the foot mark intervals in which a line was at its limit." if full.any() else ""
    return Figure(
        "prices",
        "Price through time",
        study.price_unit,
        f"Line of the price at {study.root}, with the band of all nodes and the price expected before.",
        tuple(traces),
        {"yaxis2": {"overlaying": "y", "range": [0, 30], "visible": False, "fixedrange": True}},
        note=f"{note} {axis.note()}".strip(),
    )


def _strip(name: str, flags: Floats, color: str) -> Json:
    look = {"fill": "tozeroy", "fillcolor": color, "yaxis": "y2", "hoverinfo": "skip"}
    return stepped(name, np.where(flags > 0, 1.0, 0.0), color, line={"width": 0}) | look


def _forward(study: Study) -> list[Json]:
    if not study.has("forward_prices"):
        return []
    series = study.value("SELECT series FROM forward_prices GROUP BY 1 ORDER BY count(*), 1 LIMIT 1")
    rows = study.rows(
        "SELECT bin, avg(price) FROM (SELECT start, arg_max(price, issued_at) AS price FROM forward_prices "
        "WHERE node = ? AND series = ? GROUP BY start) JOIN instants USING (start) GROUP BY bin ORDER BY bin",
        study.root,
        series,
    )
    if not rows:
        return []
    bins, values = zip(*rows, strict=True)
    drawn = study.axis.drawn
    times = [drawn[place] for place in bins] + [drawn[-1]]
    line = {"color": "$ink", "width": 1.3, "dash": "dot", "shape": "hv"}
    name = f"Expected, {series}"
    return [{"type": "scatter", "mode": "lines", "name": name, "x": times, "y": held(values), "line": line}]


def _heat_map(study: Study, root: Floats) -> Figure:
    days, minutes, grid = by_day(study, root)
    labels = [f"{minute // 60:02d}:{minute % 60:02d}" for minute in minutes]
    trace = {"type": "heatmap", "x": labels, "y": days, "z": [rounded(row) for row in grid]}
    look = {
        "colorscale": "Cividis",
        "xgap": 0,
        "ygap": int(len(days) <= 31),
        "hovertemplate": "%{y} %{x}<br>%{z}<extra></extra>",
    }
    bar = {"thickness": 10, "outlinewidth": 0, "len": 1, "tickformat": ".3~g"}
    axes = {
        "yaxis": {"autorange": "reversed", "type": "category", "nticks": min(len(days), 14)},
        "xaxis": {"type": "category", "tickvals": ["00:00", "06:00", "12:00", "18:00"], "tickangle": 0},
        "hovermode": "closest",
    }
    return Figure(
        "price-heat-map",
        f"Price at {study.root} by day and time of day",
        study.price_unit,
        "Heat map of the root's price: one row for each day, one column for each time of day.",
        (trace | look | {"colorbar": bar},),
        axes,
        note="Blank: hours that the clock skipped, or outside the run." if np.isnan(grid).any() else "",
        height=int(np.clip(110 + 28 * len(days), 180, 460)),
    )


def by_day(study: Study, values: Floats) -> tuple[list[str], list[int], Floats]:
    """Return days, minutes of the day and the mean of `values` in each (NaN where the day has no such time).

    Runs longer than two months are shown by the hour.
    """
    axis = study.axis
    width = max(60, round(axis.hours * 60)) if axis.steps * axis.hours > 60 * 24 else round(axis.hours * 60)
    dates = sorted({when.date() for when in axis.local})
    row = {day: place for place, day in enumerate(dates)}
    rows = np.array([row[when.date()] for when in axis.local])
    columns = np.array([(when.hour * 60 + when.minute) // width for when in axis.local])
    shape = (len(dates), int(columns.max()) + 1)
    known = ~np.isnan(values)
    total, counted = np.zeros(shape), np.zeros(shape)
    np.add.at(total, (rows[known], columns[known]), values[known])
    np.add.at(counted, (rows[known], columns[known]), 1)
    mean = np.divide(total, counted, out=np.full(shape, np.nan), where=counted > 0)
    return [f"{day:%a} {day.day} {day:%b}" for day in dates], [width * place for place in range(shape[1])], mean
