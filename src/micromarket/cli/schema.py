"""`micromarket schema`: print the JSON Schema of scenario files."""

from __future__ import annotations

from typing import Annotated

import typer

from micromarket.runtime import wire
from micromarket.simulation.scenario.schema import reference_text, schema_text


def command(
    reference: Annotated[
        bool, typer.Option("--reference", help="Print the reference page (Markdown) instead.")
    ] = False,
    signals: Annotated[bool, typer.Option("--signals", help="Print that of transactive signals instead.")] = False,
) -> None:
    """Print the JSON Schema of scenario files, for editors that complete and check them.

    Example: micromarket schema > scenario.schema.json
    """
    if signals:
        typer.echo(wire.schema_text(), nl=False)
    else:
        typer.echo(reference_text() if reference else schema_text(), nl=False)
