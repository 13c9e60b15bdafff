"""State of charge of batteries and vehicles: all of them as a band, and one customer of choice."""

from __future__ import annotations

from base64 import b64encode
from html import escape

import numpy as np

from micromarket.simulation.report.peak import LOOKS
from micromarket.simulation.report.section import Control, Figure, Json, Section, View, band, reading
from micromarket.simulation.report.study import MARKET, NO_MARKET, Floats, Study
from micromarket.simulation.report.words import count, kind_name, quantity

KINDS = ("battery", "ev")
MOST_CUSTOMER_POINTS = 2_800_000
CAPACITY = (
    "try_cast(coalesce(parameters->>'energy_kwh', parameters->>'capacity_kwh', parameters->>'energy') AS DOUBLE)"
)


def storage(study: Study) -> Section | None:
    """Return the section on state of charge, None if nothing is stored."""
    if not study.has("states", "assets") or not study.rows("SELECT 1 FROM states WHERE name = 'stored_kwh' LIMIT 1"):
        return None
    _prepare(study)
    kinds = [kind for kind in KINDS if study.rows("SELECT 1 FROM stored WHERE kind = ? LIMIT 1", kind)]
    if not kinds:
        return None
    figures = [_bands(study, kind, half=len(kinds) > 1) for kind in kinds]
    control, figure = _one_customer(study, kinds)
    return Section(
        "storage", "Storage", _finding(study, kinds), escape(_lead(study, kinds)), (*figures, control, figure)
    )


def _prepare(study: Study) -> None:
    study.run.connection.execute(
        "CREATE OR REPLACE TEMP TABLE stored AS "
        "WITH most AS (SELECT asset, max(value) AS most FROM states WHERE name = 'stored_kwh' GROUP BY asset) "
        'SELECT "case", step, bin, customer, kind, sum(value) AS kwh, '
        f"sum(coalesce({CAPACITY}, most)) AS capacity, 100 * sum(value) / sum(coalesce({CAPACITY}, most)) AS share "
        "FROM states JOIN instants USING (start) JOIN assets USING (asset) JOIN most USING (asset) "
        "WHERE name = 'stored_kwh' AND NOT isnan(value) "
        'GROUP BY "case", step, bin, customer, kind HAVING sum(coalesce(most, 0)) > 0'
    )


def _bands(study: Study, kind: str, half: bool) -> Figure:
    traces: list[Json] = []
    for case in (NO_MARKET, MARKET):
        columns = study.columns(
            "SELECT bin, quantile_cont(share, 0.1) AS low, quantile_cont(share, 0.9) AS high, avg(share) AS mean "
            'FROM stored WHERE "case" = ? AND kind = ? GROUP BY bin ORDER BY bin',
            case,
            kind,
        )
        if len(columns["bin"]):
            name, color, dash = LOOKS[case]
            if case == MARKET:
                traces += band(f"{name}, 10th to 90th percentile", columns["low"], columns["high"], color, reading)
            traces.append(reading(f"{name}, mean", columns["mean"], color, line={"dash": dash}))
    return Figure(
        f"charge-{kind}",
        f"State of charge: {kind_name(kind).lower()}",
        "% of capacity",
        f"Band and mean of the state of charge of all {kind_name(kind).lower()}.",
        tuple(traces),
        {"yaxis": {"range": [0, 103]}},
        height=300,
        note=study.axis.note(),
        half=half,
    )


def _finding(study: Study, kinds: list[str]) -> str:
    kind = kinds[0]
    low, high = study.rows(
        "SELECT min(share), max(share) FROM (SELECT step, 100 * sum(kwh) / sum(capacity) AS share FROM stored "
        "WHERE \"case\" = 'market' AND kind = ? GROUP BY step)",
        kind,
    )[0]
    return f"{kind_name(kind)} together swung between {abs(low):.0f} and {high:.0f}\N{NO-BREAK SPACE}% full"


def _lead(study: Study, kinds: list[str]) -> str:
    parts = []
    for kind in kinds:
        owners, capacity = study.rows(
            "SELECT count(*), sum(capacity) FROM "
            "(SELECT customer, max(capacity) AS capacity FROM stored WHERE kind = ? GROUP BY customer)",
            kind,
        )[0]
        parts.append(f"{kind_name(kind)} of {count(owners, 'customer')} hold {quantity(capacity, 'kWh')}")
    return "; ".join(parts) + "."


def _one_customer(study: Study, kinds: list[str]) -> tuple[Control, Figure]:
    cases = [
        case for case in (NO_MARKET, MARKET) if study.rows('SELECT 1 FROM stored WHERE "case" = ? LIMIT 1', case)
    ]
    owners = [
        row[0]
        for row in study.rows("SELECT DISTINCT customer FROM stored WHERE kind IN ('battery', 'ev') ORDER BY 1")
    ]
    points = study.axis.points
    most = max(1, MOST_CUSTOMER_POINTS // (points * len(kinds) * len(cases)))
    chosen = (
        owners
        if len(owners) <= most
        else [owners[place] for place in np.linspace(0, len(owners) - 1, most).astype(int)]
    )
    shares = _shares(study)
    pairs = [(kind, case) for kind in kinds for case in cases]
    views = tuple(View(tuple(_patch(shares.get((o, kind, case)), points) for kind, case in pairs)) for o in chosen)
    traces = tuple(
        _trace(kind, case, len(kinds)) | patch for (kind, case), patch in zip(pairs, views[0].patches, strict=True)
    )
    note = "" if len(chosen) == len(owners) else f"{len(chosen)} of {len(owners)} customers, evenly chosen."
    control = Control("customer", "Customer", "select", tuple(chosen))
    figure = Figure(
        "charge-customer",
        "State of charge of one customer",
        "% of capacity",
        "State of charge of the chosen customer's battery and vehicle.",
        traces,
        {"yaxis": {"range": [0, 103]}},
        height=300,
        note=f"To the percent. {note} {study.axis.note()}".strip(),
        control="customer",
        views=views,
    )
    return control, figure


def _shares(study: Study) -> dict[tuple[str, str, str], Floats]:
    rows = study.rows(
        'SELECT customer, kind, "case", list(bin ORDER BY bin), list(share ORDER BY bin) FROM '
        '(SELECT customer, kind, "case", bin, avg(share) AS share FROM stored GROUP BY ALL) '
        "GROUP BY ALL ORDER BY ALL"
    )
    points = study.axis.points
    found = {}
    for customer, kind, case, bins, values in rows:
        found[customer, kind, case] = np.full(points, np.nan)
        found[customer, kind, case][bins] = values
    return found


def _patch(share: Floats | None, points: int) -> Json:
    if share is None:
        return {"y": [], "visible": False}
    whole = np.round(np.clip(np.nan_to_num(share), 0, 255)).astype(np.uint8)
    assert len(whole) == points
    return {"y": {"dtype": "u1", "bdata": b64encode(whole.tobytes()).decode()}, "visible": True}


def _trace(kind: str, case: str, kinds: int) -> Json:
    name, color, dash = LOOKS[case]
    look = {"color": color if kind == "battery" or kinds == 1 else f"$kind-{kind}", "dash": dash}
    return reading(f"{kind_name(kind)}, {name.lower()}", [], look["color"], line=look)
