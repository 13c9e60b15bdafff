"""Markets that commit: the price through the series, what was bought in each, and what corrections cost."""

from __future__ import annotations

from html import escape

import numpy as np

from micromarket.simulation.report.section import Figure, Json, Markup, Section, stepped
from micromarket.simulation.report.study import Floats, Study
from micromarket.simulation.report.words import money, number, quantity, table

COLORS = ("$ink", "$kind-pv", "$kind-battery", "$kind-house")
"""Of the series before the spot market, the longest first."""

PLACES = {"spot": 1, "delivery": 2}
"""Series that come after all others."""

FIRST_PRICE = """
    FROM commitments c ASOF JOIN (
      SELECT start, node, account, price AS first_price FROM commitments WHERE series = ?) f
    ON c.node = f.node AND c.account = f.account AND c.start >= f.start
    JOIN customers ON c.account = customer
"""

Row = tuple[str, float, float, float, float]
"""Series, energy bought and sold [kWh], paid, and paid beyond the first market's price [currency]."""


def corrections(study: Study) -> Section | None:
    """Return the section on markets that commit, None if none does."""
    if not study.has("commitments"):
        return None
    series = _series(study)
    rows = [_row(study, name, series[0]) for name in series]
    beyond, bought = sum(row[4] for row in rows), rows[0][1]
    changed = sum(row[1] + row[2] for row in rows[1:])
    unit = study.about.currency
    finding = (
        f"Corrections cost customers {quantity(abs(beyond), unit)} {'more' if beyond > 0 else 'less'} "
        f"than the {series[0]} prices"
    )
    lead = (
        f"In {series[0]} markets customers bought {quantity(bought, 'kWh')} and sold {quantity(rows[0][2], 'kWh')}. "
        f"Later markets and meters changed that by {quantity(changed, 'kWh')}, up and down, each change at the price "
        f"of its market: {quantity(abs(beyond), unit)} {'more' if beyond > 0 else 'less'} than at {series[0]} prices."
    )
    blocks = (_prices(study, series[:-1]), _supplied(study, series), Markup(_table(study, rows)))
    return Section("corrections", "Corrections", finding, escape(lead), blocks)


def _series(study: Study) -> list[str]:
    """Return the series that committed, the longest markets first, then what stands for delivery."""
    rows = study.rows("SELECT series, count(DISTINCT start) AS markets FROM commitments GROUP BY 1 ORDER BY 2, 1")
    return sorted((name for name, _ in rows), key=lambda name: PLACES.get(name, 0))


def _row(study: Study, series: str, first: str) -> Row:
    figures = study.rows(
        "SELECT sum(greatest(-energy_j, 0)) / 3.6e6, sum(greatest(energy_j, 0)) / 3.6e6, -sum(amount_micro) / 1e6, "
        f"sum(energy_j / 3.6e6 * first_price - amount_micro / 1e6) {FIRST_PRICE} WHERE series = ?",
        first,
        series,
    )[0]
    bought, sold, paid, beyond = (float(figure) for figure in figures)
    return series, bought, sold, paid, beyond if series != first else 0.0


def _held(study: Study, value: str, series: str) -> Floats:
    """Return what a series says of the supplier in each interval of the run, held over each of its own."""
    rows = study.rows(
        f"SELECT step, {value} FROM instants i ASOF JOIN (SELECT c.* FROM commitments c JOIN assets "
        "ON account = asset WHERE kind = 'supplier' AND series = ?) c ON i.start >= c.start ORDER BY step",
        series,
    )
    return np.array([number for _, number in rows], dtype=float)


def _drawn(study: Study, value: str, series: list[str]) -> list[Json]:
    colors = [*COLORS, *["$ink"] * len(series)]
    traces = []
    for name, color in zip(series, colors, strict=False):
        look = {"spot": ("$market", 1.6), "delivery": ("$kind-supplier", 1.2)}.get(name, (color, 2.0))
        values = study.axis.mean(_held(study, value, name))
        traces.append(stepped(name, values, look[0], line={"width": look[1]}))
    return traces


def _prices(study: Study, series: list[str]) -> Figure:
    return Figure(
        "prices-through-the-series",
        f"Prices through the series, at {study.root}",
        study.price_unit,
        f"One line for each series of markets: the price at {study.root} at which its changes are settled.",
        tuple(_drawn(study, "price", series)),
        note=study.axis.note(),
    )


def _supplied(study: Study, series: list[str]) -> Figure:
    return Figure(
        "commitments",
        "What the supplier was committed to after each market, and what it delivered",
        "kW",
        "One line for each series: the supplier's power after its markets; the last is what was metered.",
        tuple(_drawn(study, "(committed_w + change_w) / 1000", series)),
        note=study.axis.note(),
    )


def _table(study: Study, rows: list[Row]) -> str:
    unit = study.about.currency
    head = ("Market", "Bought [kWh]", "Sold [kWh]", f"Paid [{unit}]", f"Correction [{unit}]")
    told = [
        (name, number(bought), number(sold), money(paid), money(beyond) if place else "–")
        for place, (name, bought, sold, paid, beyond) in enumerate(rows)
    ]
    sums = ("All", "", "", money(sum(row[3] for row in rows)), money(sum(row[4] for row in rows)))
    return table("What customers bought, sold and paid in each market", head, [*told, sums])
