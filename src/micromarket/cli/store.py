"""`micromarket store`: recorded facts become tables of a database, and tables become files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from micromarket.storage.export import export as export_table
from micromarket.storage.lines import read_lines
from micromarket.storage.opening import open_store

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Turn recorded facts into tables of a database, and tables into files.",
)


@app.command()
def fill(
    facts: Annotated[list[Path], typer.Argument(help="Files that --record wrote.")],
    to: Annotated[str, typer.Option("--to", help="SQLite file, or postgresql://... of a database.")],
) -> None:
    """Add to a store what is new in recorded facts; what is there already stays as it is.

    Example: micromarket store fill facts.jsonl --to run.sqlite
    """
    with open_store(to, create=True) as store:
        filled = store.fill(read_lines(facts))
    typer.echo(f"{filled.facts} new facts of {filled.nodes} nodes, {filled.known} known before")


@app.command()
def export(
    store: Annotated[str, typer.Argument(help="SQLite file, or postgresql://... of a database.")],
    table: Annotated[str, typer.Option("--table", help="Table or view, such as transactive_record.")],
    to: Annotated[Path, typer.Option("--to", help="File to write, ending in .csv or .parquet.")],
) -> None:
    """Write a table of a store as a file.

    Example: micromarket store export run.sqlite --table interval_value --to values.parquet
    """
    with open_store(store) as opened:
        count = export_table(opened, table, to)
    typer.echo(f"{count} rows of {table} in {to}")
