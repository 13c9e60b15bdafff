"""Comfort kept: rooms against their wish, vehicles charged in time, hot water."""

from __future__ import annotations

from html import escape

import numpy as np

from micromarket.simulation.report.peak import LOOKS
from micromarket.simulation.report.section import Block, Figure, Json, Markup, Section, band, reading, rounded
from micromarket.simulation.report.study import MARKET, NO_MARKET, Floats, Study
from micromarket.simulation.report.words import number, quantity, table

TOLERANCE = "coalesce(parameters->>'tolerance_k', parameters->>'tolerance_c', parameters->>'tolerance')"
DEVIATION = (
    'SELECT i."case", bin, i.value - d.value AS deviation FROM states AS i '
    'JOIN states AS d ON i."case" = d."case" AND i.asset = d.asset AND i.start = d.start '
    "JOIN instants ON i.start = instants.start WHERE i.name = 'indoor_c' AND d.name = 'desired_c' "
    "AND NOT isnan(i.value - d.value)"
)


def comfort(study: Study) -> Section | None:
    """Return the section on comfort, None if no asset can fall short of any."""
    blocks: list[Block] = []
    if study.has("states", "assets") and study.rows("SELECT 1 FROM states WHERE name = 'indoor_c' LIMIT 1"):
        study.run.connection.execute(f"CREATE OR REPLACE TEMP TABLE deviations AS {DEVIATION}")
        tolerance = _tolerance(study)
        blocks += [_through_time(study, tolerance), _distribution(study, tolerance)]
    totals = _totals(study)
    if totals:
        blocks.append(Markup(_table(totals)))
    if not blocks:
        return None
    return Section("comfort", "Comfort", _finding(totals), escape(_lead(totals)), tuple(blocks))


def _tolerance(study: Study) -> float | None:
    value = study.value(f"SELECT median(try_cast({TOLERANCE} AS DOUBLE)) FROM assets WHERE kind = 'house'")
    return None if value is None or not np.isfinite(value) else float(value)


def _through_time(study: Study, tolerance: float | None) -> Figure:
    traces: list[Json] = []
    for case in (NO_MARKET, MARKET):
        columns = study.columns(
            "SELECT bin, quantile_cont(deviation, 0.1) AS low, quantile_cont(deviation, 0.9) AS high, "
            'avg(deviation) AS mean FROM deviations WHERE "case" = ? GROUP BY bin ORDER BY bin',
            case,
        )
        if len(columns["bin"]):
            name, color, dash = LOOKS[case]
            traces += band(f"{name}, 10th to 90th percentile", columns["low"], columns["high"], color, reading)
            traces.append(reading(f"{name}, mean", columns["mean"], color, line={"dash": dash}))
    return Figure(
        "comfort",
        "Indoor temperature against what was wished for",
        "K above the wish",
        "Bands of the homes' deviation from the desired temperature, with and without the market.",
        tuple(traces),
        {"shapes": _edges("h", tolerance)},
        note=_tolerance_note(tolerance) + (f" {study.axis.note()}" if study.axis.width else ""),
    )


def _edges(way: str, tolerance: float | None) -> list[Json]:
    if tolerance is None:
        return []
    line = {"color": "$muted", "width": 1.2, "dash": "dot"}
    shapes = []
    for edge in (-tolerance, tolerance):
        along = {"xref": "paper", "x0": 0, "x1": 1, "y0": edge, "y1": edge}
        up = {"yref": "paper", "y0": 0, "y1": 1, "x0": edge, "x1": edge}
        shapes.append({"type": "line", "line": line} | (along if way == "h" else up))
    return shapes


def _tolerance_note(tolerance: float | None) -> str:
    if tolerance is None:
        return ""
    return (
        f"Dotted lines: the tolerance that occupants accept, {number(tolerance)} K either way (median home). A "
        "room that is cooled (or heated) ahead of a more demanding hour may go beyond it until then: that is "
        "preparing, not discomfort, and no degree hour counts."
    )


def _distribution(study: Study, tolerance: float | None) -> Figure:
    low, high = study.rows("SELECT min(deviation), max(deviation) FROM deviations")[0]
    width = max((high - low) / 40, 0.05)
    first = np.floor(low / width) * width
    traces = []
    for case in (NO_MARKET, MARKET):
        rows = study.rows(
            "SELECT cast(floor((deviation - ?) / ?) AS INTEGER) AS slot, count(*) FROM deviations "
            'WHERE "case" = ? GROUP BY slot ORDER BY slot',
            first,
            width,
            case,
        )
        if rows:
            traces.append(_outline(case, rows, first, width))
    return Figure(
        "comfort-distribution",
        "How far rooms were from the wish",
        "% of room hours",
        "Distribution of the deviation from the desired temperature over all homes and intervals.",
        tuple(traces),
        {
            "xaxis": {"type": "linear", "title": {"text": "Deviation from the wish [K]"}},
            "yaxis": {"rangemode": "tozero"},
            "shapes": _edges("v", tolerance),
        },
        height=300,
    )


def _outline(case: str, rows: list[tuple[int, int]], first: float, width: float) -> Json:
    name, color, dash = LOOKS[case]
    shares: Floats = np.zeros(max(slot for slot, _ in rows) + 2)
    for slot, amount in rows:
        shares[slot] = 100 * amount
    shares /= sum(amount for _, amount in rows)
    x = rounded(first + width * np.arange(-1, len(shares)))
    look = {"color": color, "dash": dash, "width": 1.8, "shape": "hv"}
    fill = {"fill": "tozeroy", "fillcolor": f"{color}/0.12"}
    drawn = rounded([0.0, *shares])
    return {"type": "scatter", "mode": "lines", "name": name, "x": x, "y": drawn, "line": look} | fill


Totals = dict[str, dict[str, float]]


def _totals(study: Study) -> Totals:
    if not study.has("comfort"):
        return {}
    known = ", ".join(
        f"{how}({column}) FILTER (NOT isnan({column}){extra})"
        for how, column, extra in (
            ("sum", "degree_hours_outside", ""),
            ("max", "degree_hours_outside", ""),
            ("avg", "mean_deviation_c", ""),
            ("sum", "ev_unmet_kwh", ""),
            ("sum", "cold_water_kwh", ""),
            ("count", "degree_hours_outside", " AND degree_hours_outside > 0.05"),
        )
    )
    rows = study.rows(f'SELECT "case", {known} FROM comfort GROUP BY "case" ORDER BY "case"')
    names = ("outside", "worst", "deviation", "ev", "water", "homes")
    return {
        case: {n: float(v) for n, v in zip(names, values, strict=True) if v is not None} for case, *values in rows
    }


SHOWN = (
    ("outside", "Degree hours outside the tolerance, all homes", "K h"),
    ("worst", "The same in the home worst off", "K h"),
    ("homes", "Homes outside at any time", ""),
    ("deviation", "Mean deviation from the wish", "K"),
    ("ev", "Energy vehicles lacked at departure", "kWh"),
    ("water", "Heat that tanks could not give", "kWh"),
)


def _table(totals: Totals) -> str:
    cases = [case for case in (MARKET, NO_MARKET) if case in totals]
    rows = [
        (f"{label} [{unit}]" if unit else label, *(number(totals[case].get(name)) for case in cases))
        for name, label, unit in SHOWN
        if any(name in totals[case] for case in cases)
    ]
    return table("Comfort in total", ("", *(LOOKS[case][0] for case in cases)), rows)


def _finding(totals: Totals) -> str:
    after, before = totals.get(MARKET, {}), totals.get(NO_MARKET, {})
    if "outside" not in after or "outside" not in before:
        return "What was asked for, and what was given"
    new, old = after["outside"], before["outside"]
    if number(new) == number(old):
        return f"Comfort was kept: {quantity(new, 'K h')} outside the tolerance in both cases"
    verdict = "Rooms were closer to their wish with the market" if new < old else "The market cost some comfort"
    return f"{verdict}: {number(new)} degree hours outside the tolerance, {number(old)} without it"


def _lead(totals: Totals) -> str:
    after, before = totals.get(MARKET, {}), totals.get(NO_MARKET, {})
    parts = []
    for name, what in (("ev", "Vehicles left with {} less than asked"), ("water", "tanks fell short by {}")):
        if after.get(name, 0.0) > 0.05 or before.get(name, 0.0) > 0.05:
            said = what.format(quantity(after.get(name, 0.0), "kWh"))
            parts.append(f"{said} ({quantity(before.get(name, 0.0), 'kWh')} without the market)")
    return "; ".join(parts)[:1].upper() + "; ".join(parts)[1:] + "." if parts else ""
