"""`micromarket schema`: print the JSON Schema of scenario files, node files or signals."""

from __future__ import annotations

from typing import Annotated

import typer

from micromarket.runtime import wire
from micromarket.simulation.scenario.schema import NODE_FORMAT, SCENARIO_FORMAT, reference_text, schema_text


def command(
    reference: Annotated[
        bool, typer.Option("--reference", help="Print the reference page (Markdown) instead.")
    ] = False,
    node: Annotated[bool, typer.Option("--node", help="Print that of node files instead.")] = False,
    signals: Annotated[bool, typer.Option("--signals", help="Print that of transactive signals instead.")] = False,
) -> None:
    """Print the JSON Schema of scenario files, for editors that complete and check them.

    Example: micromarket schema > scenario.schema.json
    """
    if signals:
        typer.echo(wire.schema_text(), nl=False)
    else:
        form = NODE_FORMAT if node else SCENARIO_FORMAT
        typer.echo(reference_text(form) if reference else schema_text(form), nl=False)
