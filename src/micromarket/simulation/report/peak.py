"""Load on the root and on each feeder: through time, as a duration curve and by time of day, against its limit."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import numpy as np

from micromarket.simulation.report.prices import by_day
from micromarket.simulation.report.section import Control, Figure, Json, Section, View, held, rounded, stepped
from micromarket.simulation.report.study import MARKET, NO_MARKET, Floats, Study
from micromarket.simulation.report.words import moved, quantity

MOST_LINES = 24
MOST_DURATION_POINTS = 600
LOOKS = {MARKET: ("With market", "$market", "solid"), NO_MARKET: ("Without market", "$no_market", "dash")}


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Load on one line: import power [kW] by case, and its limits [kW], None where it has none."""

    node: str
    label: str
    power_kw: dict[str, Floats]
    import_limit_kw: float | None
    export_limit_kw: float | None


def peak(study: Study) -> Section | None:
    """Return the section on peaks, None if the run holds no flows."""
    if not study.has("flows"):
        return None
    lines = _lines(study)
    if not lines:
        return None
    opening = _tightest(lines)
    control = Control("line", "Line", "select", tuple(line.label for line in lines), opening)
    figures = (
        _through_time(study, lines, opening),
        _duration(study, lines, opening),
        _profile(study, lines, opening),
    )
    blocks = (control, *figures) if len(lines) > 1 else figures
    return Section("peak", "Peak", _finding(lines[0]), escape(_lead(study, lines)), blocks)


def _lines(study: Study) -> list[Line]:
    limits = {
        node: (_limit(most), _limit(back))
        for node, most, back in study.rows(
            "SELECT node, import_limit_kw, export_limit_kw FROM nodes WHERE kind <> 'home'"
        )
    }
    source = "flows JOIN instants USING (start) JOIN nodes USING (node) WHERE kind <> 'home'"
    series = study.series(("node", '"case"'), "sum(metered_sent_kw)", source)
    nodes = list(dict.fromkeys(node for node, _ in series))
    nodes.sort(key=lambda node: (node != study.root, node))
    lines = [
        Line(node, node if node != study.root else f"{node} (root)", _cases(series, node), *limits[node])
        for node in nodes
    ]
    if len(lines) <= MOST_LINES:
        return lines
    return [lines[0], *sorted(lines[1:], key=lambda line: (-_loading(line), line.node))[: MOST_LINES - 1]]


def _cases(series: dict[tuple[str, ...], Floats], node: str) -> dict[str, Floats]:
    return {case: np.nan_to_num(series[node, case]) for case in (MARKET, NO_MARKET) if (node, case) in series}


def _limit(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) or value >= 1e8 else float(value)


def _loading(line: Line) -> float:
    return max(
        float(power.max()) / line.import_limit_kw if line.import_limit_kw else 0.0 for power in line.power_kw.values()
    )


def _tightest(lines: list[Line]) -> int:
    if lines[0].import_limit_kw is not None or all(line.import_limit_kw is None for line in lines):
        return 0
    return max(range(len(lines)), key=lambda place: _loading(lines[place]))


def _finding(root: Line) -> str:
    power = root.power_kw
    if NO_MARKET not in power or MARKET not in power:
        return f"The peak was {quantity(max(float(p.max()) for p in power.values()), 'kW')}"
    return f"The peak {moved(float(power[NO_MARKET].max()), float(power[MARKET].max()), 'kW')}"


def _lead(study: Study, lines: list[Line]) -> str:
    if not any(line.import_limit_kw or line.export_limit_kw for line in lines):
        return "Import above zero, export below. No line has a limit."
    lead = "Import above zero, export below; the limit is drawn where the line has one."
    if not study.has("kpis"):
        return lead
    hours = dict(study.rows("SELECT \"case\", value FROM kpis WHERE name = 'overload_hours'"))
    said = ", ".join(
        f"{quantity(hours[case], 'h')} {LOOKS[case][0].lower()}" for case in (MARKET, NO_MARKET) if case in hours
    )
    return f"{lead} Time in which any line, homes' own included, is above its limit: {said}."


def _figure(lines: list[Line], opening: int, figure: Figure, views: tuple[View, ...]) -> Figure:
    traces = tuple(trace | patch for trace, patch in zip(figure.traces, views[opening].patches, strict=True))
    layout = figure.layout | views[opening].layout
    several = len(lines) > 1
    return Figure(
        figure.id,
        figure.title,
        "kW",
        figure.alt,
        traces,
        layout,
        note=figure.note,
        control="line" if several else "",
        views=views if several else (),
        half=figure.half,
    )


def _traces(lines: list[Line], x: str) -> tuple[Json, ...]:
    cases = [case for case in (NO_MARKET, MARKET) if case in lines[0].power_kw]
    traces = [stepped(LOOKS[case][0], [], LOOKS[case][1], line={"dash": LOOKS[case][2]}) | {"x": x} for case in cases]
    limit = stepped("Limit", [], "$warn", line={"dash": "longdash", "width": 1.4}) | {"hoverinfo": "skip"}
    return (*traces, limit | {"x": x})


def _limit_line(line: Line, first: object, last: object) -> Json:
    most, back = line.import_limit_kw, line.export_limit_kw
    lowest = min(float(power.min()) for power in line.power_kw.values())
    x: list[object] = [first, last] if most is not None else []
    y: list[float | None] = [most, most] if most is not None else []
    if back is not None and lowest < -0.5 * back:
        x, y = [*x, None, first, last], [*y, None, -back, -back]
    return {"x": x, "y": y, "visible": bool(y)}


def _through_time(study: Study, lines: list[Line], opening: int) -> Figure:
    ends = study.axis.drawn[0], study.axis.drawn[-1]
    views = tuple(
        View(
            (
                *(
                    {"y": held(study.axis.highest(line.power_kw[case]))}
                    for case in (NO_MARKET, MARKET)
                    if case in line.power_kw
                ),
                _limit_line(line, *ends),
            )
        )
        for line in lines
    )
    figure = Figure(
        "load",
        "Power over the line through time",
        "kW",
        "Imported power through time with and without the market, with the line's limit.",
        _traces(lines, "@time"),
        note=study.axis.note("highest"),
    )
    return _figure(lines, opening, figure, views)


def _duration(study: Study, lines: list[Line], opening: int) -> Figure:
    views = tuple(
        View(
            (
                *(_sorted(line.power_kw[case]) for case in (NO_MARKET, MARKET) if case in line.power_kw),
                _limit_line(line, 0, 100),
            )
        )
        for line in lines
    )
    figure = Figure(
        "load-duration",
        "Load duration: how long the power was at least this high",
        "kW",
        "Power sorted from highest to lowest, against the share of time, with and without the market.",
        _traces(lines, "@time"),
        {"xaxis": {"type": "linear", "title": {"text": "Share of time [%]"}, "range": [0, 100]}},
        half=True,
    )
    return _figure(lines, opening, figure, views)


def _sorted(power: Floats) -> Json:
    """Return a duration curve with the ends exact and the middle thinned evenly."""
    falling = np.sort(power)[::-1]
    steps = len(falling)
    kept = np.unique(
        np.concatenate([np.arange(min(50, steps)), np.linspace(0, steps - 1, MOST_DURATION_POINTS).round()])
    )
    kept = kept.astype(int)
    return {"x": rounded([*(100 * kept / steps), 100.0]), "y": held(falling[kept])}


def _profile(study: Study, lines: list[Line], opening: int) -> Figure:
    views = []
    for line in lines:
        patches = []
        for case in (NO_MARKET, MARKET):
            if case in line.power_kw:
                _, minutes, grid = by_day(study, line.power_kw[case])
                hours = [minute / 60 for minute in minutes]
                patches.append({"x": rounded([*hours, 24]), "y": held(np.nanmean(grid, axis=0))})
        views.append(View((*patches, _limit_line(line, 0, 24))))
    ticks = list(range(0, 25, 6))
    figure = Figure(
        "load-profile",
        "Mean day",
        "kW",
        "Mean power by time of day with and without the market.",
        _traces(lines, "@time"),
        {
            "xaxis": {
                "type": "linear",
                "range": [0, 24],
                "tickvals": ticks,
                "ticktext": [f"{hour:02d}:00" for hour in ticks],
                "title": {"text": "Time of day"},
            }
        },
        half=True,
    )
    return _figure(lines, opening, figure, tuple(views))
