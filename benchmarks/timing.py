"""Timing shared by the benchmarks: medians of a few runs, and a table on standard output."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence


def median_of(function: Callable[[], object], repeat: int = 5) -> float:
    """Return the median duration of a call [s], after one call that is not counted.

    Parameters
    ----------
    function : callable without arguments
        What is timed; its result is dropped.
    repeat : int, default 5
        Number of counted calls.
    """
    function()
    durations = []
    for _ in range(repeat):
        start = time.perf_counter()
        function()
        durations.append(time.perf_counter() - start)
    return statistics.median(durations)


def duration(seconds: float) -> str:
    """Return a duration with three digits and a fitting unit, such as ``1.25 ms``."""
    for factor, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
        if seconds >= factor:
            return f"{seconds / factor:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def table(rows: Sequence[Mapping[str, object]], title: str = "") -> None:
    """Print `rows` under their keys as a Markdown table; columns are those of the first row."""
    if not rows:
        return
    names = list(rows[0])
    cells = [names, *([_cell(row.get(name, "")) for name in names] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(names))]
    if title:
        print(f"\n{title}\n")
    for number, line in enumerate(cells):
        print("| " + " | ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 1) + ":" for width in widths) + "|")


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
