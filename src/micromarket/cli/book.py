"""``micromarket book``: run files of order events through the order book."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from micromarket.kernels.matching import Book, PlainBook, digest
from micromarket.kernels.order_records import Records
from micromarket.simulation.order_events import read_events, write_records

BAR = 24
"""Characters of the longest bar."""

app = typer.Typer(no_args_is_help=True, help="Run files of order events through the order book.")


class Priority(StrEnum):
    """The order book's priorities."""

    TIME = "time"
    VOLUME = "volume"
    PRO_RATA = "pro_rata"


Events = Annotated[Path, typer.Argument(help="File of order events: .csv, .parquet, or 24-byte records.")]
Who = Annotated[Priority, typer.Option(help="Who trades first among orders at one price.")]
Until = Annotated[int | None, typer.Option(min=0, help="Stop after that many events.")]


@app.command()
def replay(
    events: Events,
    priority: Who = Priority.TIME,
    until: Until = None,
    trades: Annotated[Path | None, typer.Option(help="Write the trades there: .csv, or 24-byte records.")] = None,
    resting: Annotated[Path | None, typer.Option(help="Write the orders that stand at the end, likewise.")] = None,
    digests: Annotated[bool, typer.Option("--digest", help="Print the SHA-256 of trades and resting book.")] = False,
) -> None:
    """Take every event in order and say what came of it.

    Example: micromarket book replay day.events --priority volume --digest
    """
    taken, book, made = _replayed(events, priority, until)
    if trades is not None:
        write_records(trades, made)
    if resting is not None:
        write_records(resting, book.orders())
    if digests:
        typer.echo(f"trades  {digest(made)}\nresting {digest(book.orders())}")
    else:
        quantity = int(made["quantity"].sum())
        typer.echo(f"{taken} events: {len(made)} trades of {quantity} lots together, {len(book)} orders stand")


@app.command()
def show(
    events: Events,
    priority: Who = Priority.TIME,
    until: Until = None,
    instrument: Annotated[int, typer.Option(min=0, help="Number of the instrument.")] = 0,
    levels: Annotated[int, typer.Option(min=1, help="Best prices of each side.")] = 10,
) -> None:
    """Print one instrument's book as it stands after the events: sellers above buyers.

    Example: micromarket book show day.events --instrument 3 --until 5000
    """
    _, book, _ = _replayed(events, priority, until)
    sellers, buyers = (book.depth(instrument, side, levels) for side in (1, 0))
    most = max((quantity for _, quantity, _ in (*sellers, *buyers)), default=1)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("orders", "bought", "price", "sold", "orders"):
        table.add_column(heading, justify="right")
    table.add_column("depth", width=BAR)
    for price, quantity, count in reversed(sellers):
        table.add_row("", "", str(price), str(quantity), str(count), _bar(quantity, most, "blue"))
    for price, quantity, count in buyers:
        table.add_row(str(count), str(quantity), str(price), "", "", _bar(quantity, most, "yellow"))
    Console().print(table)


def _bar(quantity: int, most: int, color: str) -> Text:
    return Text("█" * max(1, round(BAR * quantity / most)), style=color)


def _replayed(events: Path, priority: Priority, until: int | None) -> tuple[int, PlainBook, Records]:
    read = read_events(events)[:until]
    book = Book(priority.value)
    return len(read), book, book.replay(read)
