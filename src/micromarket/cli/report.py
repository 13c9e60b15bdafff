"""``micromarket report``: write the report of a run, or print its key figures."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from micromarket.simulation.recording.results import Run, load
from micromarket.simulation.report.build import write


def command(
    run: Annotated[Path, typer.Argument(help="Directory of a finished run.")],
    open_page: Annotated[bool, typer.Option("--open", help="Open the report in the browser.")] = False,
    out: Annotated[Path | None, typer.Option(help="File to write; RUN/report.html by default.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the key figures as JSON; write nothing.")] = False,
) -> None:
    """Write the report of a run: one HTML file that opens anywhere, offline.

    Example: micromarket report runs/demo --open
    """
    opened = load(run)
    if as_json:
        typer.echo(key_figures(opened))
        return
    file = write(opened, out)
    typer.echo(str(file))
    if open_page:
        webbrowser.open(file.resolve().as_uri())


def key_figures(run: Run) -> str:
    """Return what was run and its key figures as JSON; what a run does not have is null."""
    about = run.metadata
    run.table("kpis")
    rows = run.sql(
        "SELECT \"case\", name, CASE WHEN isnan(value) THEN NULL ELSE value END, coalesce(unit, '') FROM kpis"
    ).rows()
    content = {
        "run": str(run.path),
        "scenario": about.scenario.name,
        "hash": about.scenario.hash,
        "seed": about.seed,
        "currency": about.currency,
        "start": about.start,
        "end": about.end,
        "kpis": [dict(zip(("case", "name", "value", "unit"), row, strict=True)) for row in rows],
    }
    return msgspec.json.format(msgspec.json.encode(content), indent=2).decode()
