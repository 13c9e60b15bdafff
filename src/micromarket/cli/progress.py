"""A progress bar with the time that is left, on stderr."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from micromarket.simulation.cases import Progress as Told


@contextmanager
def bar(quiet: bool) -> Iterator[Told]:
    """Give a function that moves the bar when it is told the phase, the steps done and how many there are."""
    columns = (
        TextColumn("{task.description:<18}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("steps ·"),
        TimeElapsedColumn(),
        TextColumn("· left"),
        TimeRemainingColumn(),
    )
    progress = Progress(*columns, console=Console(stderr=True), disable=quiet)
    tasks: dict[str, object] = {}

    try:

        def told(phase: str, done: int, total: int) -> None:
            if not tasks:
                progress.start()
            if phase not in tasks:
                tasks[phase] = progress.add_task(phase, total=total)
            progress.update(tasks[phase], completed=done)  # type: ignore[arg-type]

        yield told
    finally:
        if tasks and not quiet:
            progress.stop()
