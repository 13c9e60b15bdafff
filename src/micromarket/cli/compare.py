"""``micromarket compare``: key figures of runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from micromarket.simulation.recording.results import Comparison, compare, load
from micromarket.simulation.report.comparison import figure_name, shown, write_comparison

WIDE = 200


def command(
    runs: Annotated[list[Path], typer.Argument(help="Directories of finished runs; differences are to the first.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    html: Annotated[Path | None, typer.Option(help="Also write the comparison as an HTML page.")] = None,
) -> None:
    """Set the key figures of runs side by side, with their differences to the first.

    Example: micromarket compare runs/summer runs/summer-no-batteries
    """
    comparison = compare([load(run) for run in runs])
    if html is not None:
        write_comparison(comparison, html)
    if as_json:
        typer.echo(as_text(comparison))
    else:
        _print(comparison)


def as_text(comparison: Comparison) -> str:
    """Return a comparison as JSON."""
    content = {
        "runs": comparison.runs,
        "currency": comparison.currency,
        "same_scenario": comparison.same_scenario,
        "figures": [
            {
                "case": line.case,
                "name": line.name,
                "unit": line.unit,
                "values": line.values,
                "differences": line.differences,
            }
            for line in comparison.figures
        ],
    }
    return msgspec.json.format(msgspec.json.encode(content), indent=2).decode()


def _print(comparison: Comparison) -> None:
    console = Console(soft_wrap=True) if Console().is_terminal else Console(width=WIDE)
    if not comparison.same_scenario:
        console.print("These runs differ in scenario or series, so differences may have more than one cause.")
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("figure")
    table.add_column("case")
    for place, label in enumerate(comparison.runs):
        table.add_column(label, justify="right")
        if place:
            table.add_column("difference", justify="right", style="dim")
    for line in comparison.figures:
        cells = [shown(line.values[0], line.unit)]
        for value, difference in zip(line.values[1:], line.differences[1:], strict=True):
            cells += [shown(value, line.unit), shown(difference, line.unit, signed=True)]
        table.add_row(figure_name(line), line.case, *cells)
    console.print(table)
