"""`micromarket demo`: the example street, run and reported."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

import micromarket
from micromarket.cli.run import execute
from micromarket.simulation.run import RunOptions

PACKAGE = Path(micromarket.__file__).parent
PLACES = (PACKAGE / "examples" / "street", PACKAGE.parents[1] / "examples" / "street")
"""Where the example is: in an installed package, and in a checkout."""

DEMO_RUN = Path("runs") / "demo"


def command(
    out: Annotated[Path, typer.Option(help="Folder of the run.")] = DEMO_RUN,
    open_page: Annotated[bool, typer.Option("--open", help="Open the report in the browser.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Run the example street of 30 homes for a week, with and without its market, and write its report."""
    execute(
        next(place for place in PLACES if place.is_dir()),
        RunOptions(out, anew=True),
        report=True,
        quiet=quiet,
        as_json=False,
    )
    if open_page:
        webbrowser.open((out / "report.html").resolve().as_uri())
