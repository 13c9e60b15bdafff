"""The HTML page that sets runs side by side."""

from __future__ import annotations

from html import escape
from pathlib import Path

from micromarket.simulation.recording.results import Comparison, Figures
from micromarket.simulation.report.headline import CARDS
from micromarket.simulation.report.peak import LOOKS
from micromarket.simulation.report.resources import resource
from micromarket.simulation.report.words import MINUS, RATIOS, count, quantity, table

NAMES = {card.name: card.label for card in CARDS} | {
    "consumption_kwh": "Energy used",
    "generation_kwh": "Energy generated locally",
    "energy_residual_kw": "Largest energy residual",
    "money_residual_micro": "Largest money residual",
    "welfare_gap": "Surplus below the central bound",
}


def figure_name(line: Figures) -> str:
    """Return a key figure as the reader calls it."""
    return NAMES.get(line.name, line.name.replace("_", " "))


def shown(value: float | None, unit: str, signed: bool = False) -> str:
    """Return a value with its unit; a difference also with its sign."""
    text = quantity(value, unit)
    if signed and unit in RATIOS:
        text = text.removesuffix("%") + "points" if text.endswith("%") else text
    positive = signed and value is not None and value > 0 and not text.startswith(MINUS)
    return f"+{text}" if positive else text


def write_comparison(comparison: Comparison, target: Path) -> Path:
    """Write a comparison as one HTML file and return its path."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(comparison_html(comparison), encoding="utf-8", newline="\n")
    return target


def comparison_html(comparison: Comparison) -> str:
    """Return a comparison as one HTML page; it needs no script."""
    said = (
        "All of them ran the same scenario and series."
        if comparison.same_scenario
        else "They differ in scenario or series, so differences may have more than one cause."
    )
    cases = list(dict.fromkeys(line.case for line in comparison.figures))
    tables = "".join(
        f"<section><h2>{escape(_case(case))}</h2>"
        + table(_case(case), _head(comparison), [_row(line) for line in comparison.figures if line.case == case])
        + "</section>"
        for case in cases
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="color-scheme" content="light dark"><title>Runs side by side</title>'
        f"<style>\n{resource('page.css')}</style></head><body><header>"
        f'<p class="label">Comparison</p><h1>{count(len(comparison.runs), "run")} side by side</h1>'
        f'<p class="description">{escape(said)}</p></header>'
        f'<main class="plain">{tables}</main></body></html>\n'
    )


def _case(case: str) -> str:
    return LOOKS[case][0] if case in LOOKS else case


def _head(comparison: Comparison) -> tuple[str, ...]:
    head = ["Figure", comparison.runs[0]]
    for label in comparison.runs[1:]:
        head += [label, "Difference"]
    return tuple(head)


def _row(line: Figures) -> tuple[str, ...]:
    cells = [figure_name(line), shown(line.values[0], line.unit)]
    for value, difference in zip(line.values[1:], line.differences[1:], strict=True):
        cells += [shown(value, line.unit), shown(difference, line.unit, signed=True)]
    return tuple(cells)
