"""What the verbs that run nodes share: lines for people on stdout, JSON lines in a file, and faults to rehearse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import fields
from pathlib import Path
from typing import Any

import typer

from micromarket.node.living.facts import Fact
from micromarket.runtime.faults import Faults
from micromarket.runtime.journal import sentence
from micromarket.runtime.program import Record
from micromarket.storage.lines import line_of

RECORD = typer.Option("--record", help="File to which every fact is added, one line of JSON each.")
FAULTS = typer.Option("--faults", help="Faults to rehearse, such as drop=0.3,double=0.2,delay=0.3,seed=4.")
_NAMES = {field.name for field in fields(Faults)} - {"longest_delay"}


@contextmanager
def journal(node: str, record: Path | None) -> Iterator[Record]:
    """Give what writes down the facts of a node."""
    with nullcontext() if record is None else record.open("a", encoding="utf-8", buffering=1) as file:

        def write(fact: Fact) -> None:
            if file is not None:
                file.write(line_of(node, fact) + "\n")
            if (said := sentence(node, fact)) is not None:
                typer.echo(said)

        yield write


def faults_of(text: str) -> Faults | None:
    """Return the faults that an option asks for; none if it is empty.

    Raises
    ------
    typer.BadParameter
        If it is not a list of known names and numbers.
    """
    if not text:
        return None
    found: dict[str, Any] = {}
    for part in text.split(","):
        name, _, number = part.partition("=")
        try:
            value = int(number) if name == "seed" else float(number)
            known = name in _NAMES and (name == "seed" or 0 <= value <= 1)
        except ValueError:
            known = False
        if not known:
            allowed = "one of delay, double, drop with a share from 0 to 1, or seed with a whole number"
            raise typer.BadParameter(f"found {part!r}, expected {allowed}")
        found[name] = value
    return Faults(**found)
