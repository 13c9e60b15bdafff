"""`micromarket init`: write a new scenario folder."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from micromarket.simulation.scenario.starting import start_scenario


class TemplateName(StrEnum):
    """Templates by name."""

    STREET = "street"
    FEEDER = "feeder"
    MINIMAL = "minimal"


def command(
    folder: Annotated[Path, typer.Argument(metavar="NAME", help="Folder to make; its last part names the scenario.")],
    template: Annotated[
        TemplateName, typer.Option("--template", "-t", help="What to start from.")
    ] = TemplateName.STREET,
) -> None:
    """Write a new scenario folder that runs as it is: scenario.yaml, and made-up series in data/.

    Example: micromarket init oak-street --template street
    """
    path = start_scenario(folder, template.value)
    typer.echo(path)
    name = quote(str(folder))
    typer.echo(f"next: micromarket validate {name}; micromarket run {name}", err=True)
