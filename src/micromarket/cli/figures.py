"""The key figures of a run, printed."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from micromarket.simulation.recording.results import Run

SHOWN = {
    "peak_import_kw": "highest power drawn",
    "peak_export_kw": "highest power fed in",
    "energy_import_kwh": "energy drawn",
    "energy_export_kwh": "energy fed in",
    "self_consumption": "own generation used",
    "self_sufficiency": "need met by own generation",
    "supply_cost": "cost of supply",
    "bills_total": "bills together",
    "overload_hours": "hours of overload",
    "degree_hours_outside": "discomfort",
    "ev_unmet_kwh": "trip energy missing",
    "losses_kwh": "lost on the lines",
    "stored_at_end_kwh": "still stored at the end",
}
"""Figures in the order in which they are printed, and what they are called."""


def print_figures(run: Run) -> None:
    """Print the key figures without and with the market, and the change, on stdout."""
    rows = {(name, case): (value, unit) for case, name, value, unit in key_figures(run)}
    table = Table(title=f"{run.metadata.scenario.name}: what the market changed", title_justify="left")
    table.add_column("")
    for heading in ("without", "with market", "change"):
        table.add_column(heading, justify="right")
    for name, label in SHOWN.items():
        if (name, "market") in rows and (name, "no_market") in rows:
            (before, unit), (after, _) = rows[name, "no_market"], rows[name, "market"]
            table.add_row(label, _text(before, unit), _text(after, unit), _change(before, after, unit))
    Console().print(table)


def key_figures(run: Run) -> list[tuple[str, str, float, str]]:
    """Return case, name, value and unit of every key figure."""
    return [tuple(row) for row in run.sql('SELECT "case", name, value, unit FROM kpis').rows()]


def as_data(run: Run) -> dict[str, dict[str, dict[str, float | str]]]:
    """Return the key figures by case and name, for JSON."""
    data: dict[str, dict[str, dict[str, float | str]]] = {}
    for case, name, value, unit in key_figures(run):
        data.setdefault(case, {})[name] = {"value": value, "unit": unit}
    return data


def _text(value: float, unit: str) -> str:
    return f"{value:.1%}" if unit == "share" else f"{value:,.2f} {unit}"


def _change(before: float, after: float, unit: str) -> str:
    if unit == "share":
        return f"{100 * (after - before):+.1f} points"
    return f"{(after - before) / before:+.1%}" if before > 1e-9 and after >= 0 else ""
