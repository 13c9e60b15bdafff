"""Who delivered and who used the power, stacked by kind of asset, with and without the market."""

from __future__ import annotations

from html import escape

import numpy as np

from micromarket.simulation.report.section import Control, Figure, Json, Section, View, held
from micromarket.simulation.report.study import MARKET, NO_MARKET, Floats, Study
from micromarket.simulation.report.words import KINDS, kind_name, quantity

CASE_NAMES = {MARKET: "With market", NO_MARKET: "Without market"}


def dispatch(study: Study) -> Section | None:
    """Return the section on dispatch, None if the run holds no powers."""
    if not study.has("powers", "assets"):
        return None
    stacks = _stacks(study)
    cases = [case for case in (MARKET, NO_MARKET) if any(key[0] == case for key in stacks)]
    control = Control("case", "Show", "switch", tuple(CASE_NAMES[case] for case in cases))
    figure = _figure(study, stacks, cases)
    blocks = (control, figure) if len(cases) > 1 else (figure,)
    return Section("dispatch", "Dispatch", _finding(study, stacks), escape(_lead(study, stacks, cases)), blocks)


Key = tuple[str, str, str]


def _stacks(study: Study) -> dict[Key, Floats]:
    """Return power produced (``up``) and used (``down``, negative) by case and kind in each interval."""
    source = "powers JOIN assets USING (asset) JOIN instants USING (start)"
    found: dict[Key, Floats] = {}
    for side, power in (("up", "greatest(metered_kw, 0)"), ("down", "least(metered_kw, 0)")):
        for (case, kind), values in study.series(('"case"', "kind"), f"sum({power})", source).items():
            if np.nanmax(np.abs(values)) > 1e-9:
                found[case, kind, side] = np.nan_to_num(values)
    if study.has("flows"):
        lost = "-sum(abs(abs(metered_sent_kw) - abs(metered_received_kw)))"
        for (case,), values in study.series(('"case"',), lost, "flows JOIN instants USING (start)").items():
            if np.nanmax(np.abs(values)) > 1e-6:
                found[case, "losses", "down"] = np.nan_to_num(values)
    return found


def _energy(study: Study, stacks: dict[Key, Floats], key: Key) -> float:
    return float(np.abs(stacks[key]).sum() * study.axis.hours) if key in stacks else 0.0


def _finding(study: Study, stacks: dict[Key, Floats]) -> str:
    used = {
        kind: _energy(study, stacks, (MARKET, kind, "down"))
        for _, kind, side in stacks
        if side == "down" and kind not in ("supplier", "losses")
    }
    given = {kind: _energy(study, stacks, (MARKET, kind, "up")) for _, kind, side in stacks if side == "up"}
    total = sum(given.values())
    if not total or not used:
        return "Who delivered and who used the power"
    first = max(given, key=lambda kind: given[kind])
    most = max(used, key=lambda kind: used[kind])
    finding = f"{kind_name(first)} delivered {quantity(given[first] / total, '', 2)} of all energy"
    if len(used) == 1:
        return finding
    share = quantity(used[most] / sum(used.values()), "", 2)
    return f"{finding}; {kind_name(most).lower()} took {share} of what was used"


def _lead(study: Study, stacks: dict[Key, Floats], cases: list[str]) -> str:
    lead = (
        "Above zero: power delivered. Below zero: power used, or fed back to the supplier. Metered, by kind of asset."
    )
    if len(cases) < 2:
        return lead
    flexible = {kind for _, kind, side in stacks if side == "down"} - {"losses", "load", "supplier"}
    moved = {kind: _shifted(study, stacks, kind) for kind in sorted(flexible)}
    if not moved or max(moved.values()) < 1e-3:
        return lead
    most = max(moved, key=lambda kind: moved[kind])
    energy = quantity(moved[most], "kWh")
    return f"{lead} The market moved {kind_name(most).lower()} the most: {energy} used at another time."


def _shifted(study: Study, stacks: dict[Key, Floats], kind: str) -> float:
    nothing = np.zeros(study.axis.steps)
    after, before = (stacks.get((case, kind, "down"), nothing) for case in (MARKET, NO_MARKET))
    return float(np.clip(np.abs(after) - np.abs(before), 0, None).sum() * study.axis.hours)


def _figure(study: Study, stacks: dict[Key, Floats], cases: list[str]) -> Figure:
    order = {kind: place for place, kind in enumerate(KINDS)}
    pairs = sorted({(kind, side) for _, kind, side in stacks}, key=lambda p: (order.get(p[0], 99), p[0], p[1]))
    views = tuple(
        View(tuple({"y": _drawn(study, stacks, (case, kind, side))} for kind, side in pairs)) for case in cases
    )
    shown: set[str] = set()
    traces = []
    for (kind, side), patch in zip(pairs, views[0].patches, strict=True):
        traces.append(_area(kind, side, kind not in shown) | patch)
        shown.add(kind)
    reach = [_reach(study, stacks, side) for side in ("down", "up")]
    return Figure(
        "dispatch",
        "Power by kind of asset",
        "kW",
        "Stacked areas of power delivered (above zero) and used (below zero) by kind of asset.",
        tuple(traces),
        {"yaxis": {"range": [1.05 * reach[0], 1.05 * reach[1]]}},
        height=420,
        note=study.axis.note(),
        control="case" if len(cases) > 1 else "",
        views=views if len(cases) > 1 else (),
    )


def _drawn(study: Study, stacks: dict[Key, Floats], key: Key) -> list[float | None]:
    return held(study.axis.mean(stacks.get(key, np.zeros(study.axis.steps))))


def _area(kind: str, side: str, first: bool) -> Json:
    color = f"$kind-{kind}"
    return {
        "type": "scatter",
        "mode": "lines",
        "name": kind_name(kind),
        "legendgroup": kind,
        "showlegend": first,
        "stackgroup": side,
        "x": "@time",
        "line": {"width": 0, "shape": "hv", "color": color},
        "fillcolor": f"{color}/0.85",
        "hovertemplate": "%{y:.3~g}",
    }


def _reach(study: Study, stacks: dict[Key, Floats], side: str) -> float:
    totals = [np.zeros(study.axis.steps)]
    for case in (MARKET, NO_MARKET):
        of_case = [study.axis.mean(values) for key, values in stacks.items() if (key[0], key[2]) == (case, side)]
        totals += [np.sum(of_case, axis=0)] if of_case else []
    pick = min if side == "down" else max
    return float(pick(pick(total) for total in totals))
