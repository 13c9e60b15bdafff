"""`micromarket run`: a scenario with and without its market."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from micromarket.cli.figures import as_data, print_figures
from micromarket.cli.main import INTERRUPTED
from micromarket.cli.progress import bar
from micromarket.kernels import backend
from micromarket.simulation.report.build import write
from micromarket.simulation.run import RunOptions, run


def command(
    scenario: Annotated[Path, typer.Argument(help="A scenario file, or a folder with a scenario.yaml.")],
    out: Annotated[Path | None, typer.Option(help="Folder of the run; by default runs/NAME.")] = None,
    seed: Annotated[int | None, typer.Option(help="Start of all chance; by default the scenario's.")] = None,
    anew: Annotated[bool, typer.Option(help="Remove a run that is there already.")] = False,
    report: Annotated[bool, typer.Option(help="Write report.html into the run's folder.")] = True,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the key figures as JSON.")] = False,
) -> None:
    """Run a scenario with and without its market; tables and a report come out.

    A run that was interrupted goes on where it was when the same command is given again.

    Example: micromarket run examples/street --out runs/street
    """
    execute(scenario, RunOptions(out, seed, anew), report=report, quiet=quiet, as_json=as_json)


def execute(scenario: Path, options: RunOptions, *, report: bool, quiet: bool, as_json: bool) -> None:
    """Run, write the report, print the key figures."""
    if backend.NAME == "plain" and not quiet:
        typer.echo(
            "note: no compiler was found at installation; the plain kernels are in use, which are slow", err=True
        )
    try:
        with bar(quiet) as progress:
            finished = run(scenario, options, progress)
    except KeyboardInterrupt:
        typer.echo("interrupted; the same command goes on with the day in which it stopped", err=True)
        raise typer.Exit(INTERRUPTED) from None
    if report:
        page = write(finished)
        typer.echo(f"report: {page}", err=True)
    if as_json:
        typer.echo(json.dumps(as_data(finished), indent=2))
    else:
        print_figures(finished)
