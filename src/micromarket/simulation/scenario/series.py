"""Series over the base steps of a run: their units, their times, and everything that may be wrong with them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta, tzinfo
from functools import partial
from pathlib import Path

import numpy as np

from micromarket.domain.curves import Floats
from micromarket.domain.intervals import EPOCH, MICROSECOND, IntervalGrid, Times, local_microseconds
from micromarket.domain.units import ColumnUnit, Dimension, column_unit
from micromarket.errors import Problem, ScenarioError, WrongUnit
from micromarket.simulation.scenario.decoding import SeriesUse
from micromarket.simulation.scenario.document import Document
from micromarket.simulation.scenario.expectations import LIMITS, limit_text, similar
from micromarket.simulation.scenario.series_files import TIMESTAMP, header, read

HOUR_US = 3_600_000_000
_SUFFIXES = (".csv", ".parquet")


@dataclass(frozen=True, slots=True, eq=False)
class SeriesTable:
    """All series that a scenario uses.

    Parameters
    ----------
    columns : dict of (file, column) to array of float, shape (S,)
        Mean over each base step, in base units.
    digests : dict of str to str
        SHA-256 of each file.
    """

    columns: dict[tuple[str, str], Floats] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of a file, the first field that uses it, and how its numbers become base units."""

    use: SeriesUse
    unit: ColumnUnit

    @property
    def is_energy(self) -> bool:
        """Whether the field holds the energy of each step, not its mean power."""
        return self.use.known["dimension"] is Dimension.ENERGY


@dataclass(frozen=True, slots=True)
class SeriesLoader:
    """Loads series for one scenario.

    Parameters
    ----------
    document : Document
        The scenario's text, to name places in it.
    folder : pathlib.Path
        Where files are found.
    grid : IntervalGrid
        The base steps of the run.
    currency : str
        Currency of the scenario.
    zone : datetime.tzinfo
        Its local zone, to tell where the clocks change.
    """

    document: Document
    folder: Path
    grid: IntervalGrid
    currency: str
    zone: tzinfo

    def load(self, uses: list[SeriesUse]) -> tuple[SeriesTable, list[Problem]]:
        """Return all series that `uses` name, and every problem found; a bad file does not hide another."""
        table, problems = SeriesTable(), []
        by_file: dict[str, list[SeriesUse]] = {}
        for use in uses:
            by_file.setdefault(use.ref.file, []).append(use)
        for name, users in by_file.items():
            try:
                problems += self._file(name, users, table)
            except ScenarioError as error:
                problems += error.problems
        return table, problems

    def _file(self, name: str, uses: list[SeriesUse], table: SeriesTable) -> list[Problem]:
        path, shown = self._path(name, uses[0]), str(self.folder / name)
        types = header(path, shown)
        columns, problems = self._columns(uses, list(types))
        if not columns:
            return problems
        content = read(path, shown, types, list(columns))
        rows = self._rows(content.times, shown)
        for column, known in columns.items():
            values = content.columns.pop(column)[rows.window]
            problem = self._bad_value(values, content.times[rows.window], rows.window.start, known, shown)
            if problem:
                problems.append(problem)
            else:
                scale = self.grid.hours if known.is_energy else 1.0
                table.columns[name, column] = rows.resampled(values, known.unit) * scale
        with path.open("rb") as stream:
            table.digests[name] = hashlib.file_digest(stream, "sha256").hexdigest()
        return problems

    def _path(self, name: str, use: SeriesUse) -> Path:
        refuse = partial(self.document.problem, (*use.path, "file"))
        path = self.folder / name
        if not _lies_in(path, self.folder):
            mend = "copy the file into the folder and name it relative to that"
            raise ScenarioError(refuse(f'"{name}"', "a file in the scenario's folder", mend))
        if path.suffix.lower() not in _SUFFIXES:
            raise ScenarioError(refuse(f'"{name}"', "a file ending in .csv or .parquet"))
        if not path.is_file():
            there = [other.relative_to(self.folder).as_posix() for other in _files(self.folder)]
            mend = similar(name, there) or "files are named relative to the scenario's folder"
            raise ScenarioError(refuse(f'"{name}", which does not exist', "a file in the scenario's folder", mend))
        return path

    def _columns(self, uses: list[SeriesUse], names: list[str]) -> tuple[dict[str, _Column], list[Problem]]:
        columns: dict[str, _Column] = {}
        problems: list[Problem] = []
        for use in uses:
            name, path = use.ref.column, (*use.path, "column")
            if name not in names or name == TIMESTAMP:
                mend = similar(name, names[1:]) or f"the file has: {_listed(names[1:])}"
                found, allowed = f'"{name}"', f"a column of {use.ref.file}"
                problems.append(self.document.problem(path, found, allowed, mend))
                continue
            try:
                unit = column_unit(name, use.known["dimension"], self.currency)
                column = _Column(use, unit)
                if columns.setdefault(name, column).is_energy != column.is_energy:
                    found, allowed = f'"{name}" for power and for energy', "one use of a column"
                    problems.append(self.document.problem(path, found, allowed, "copy the column"))
            except WrongUnit as error:
                problems.append(self.document.problem(path, error.found, error.allowed, error.mend))
        return columns, problems

    def _bad_value(self, values: Floats, times: Times, first: int, column: _Column, shown: str) -> Problem | None:
        """Return the first value that is missing, infinite or out of the field's limits."""
        known, name = column.use.known, column.use.ref.column
        refuse = partial(Problem, shown)
        bad = ~np.isfinite(values)
        if bad.any():
            row = int(np.argmax(bad))
            found = f"no number at {moment(times[row])}"
            return refuse(first + row + 2, 0, name, found, "a number in every row", "fill it in")
        scaled = values * column.unit.factor + column.unit.offset
        for limit, (keeps, words) in LIMITS.items():
            if limit in known and not (kept := keeps(scaled, known[limit])).all():
                row = int(np.argmin(kept))
                allowed = f"{words} {limit_text(known, limit, self.currency)}"
                found = f"{values[row]:g} at {moment(times[row])}"
                return refuse(first + row + 2, 0, name, found, allowed, _sign_mend(values[row]))
        return None

    def _rows(self, times: Times, shown: str) -> _Rows:
        """Return which rows of a file cover the run and how they become base steps."""
        if len(times) < 2:
            found = f"{len(times)} row{'s' * (len(times) != 1)}"
            raise ScenarioError(Problem(shown, 1, 0, "", found, "at least 2 rows", "write the series into it"))
        step = int(np.median(np.diff(times)))
        problems = list(_irregular(times, step, shown, self.zone))
        if problems:
            raise ScenarioError(*problems)
        base, start = self.grid.step // MICROSECOND, int(self.grid.starts[0])
        end = start + base * len(self.grid)
        if times[0] > start or times[-1] + step < end:
            found = f"{moment(times[0])} until {moment(times[-1] + step)}"
            allowed = f"all of {moment(start)} until {moment(end)}"
            raise ScenarioError(
                Problem(shown, 0, 0, TIMESTAMP, found, allowed, "add the rows, or move start and end")
            )
        if step % base and base % step:
            allowed = f"a multiple or a divisor of the step of the run, {duration(base)}"
            mend = "average or repeat the rows, or choose another step"
            raise ScenarioError(Problem(shown, 0, 0, TIMESTAMP, f"a row every {duration(step)}", allowed, mend))
        if (start - times[0]) % min(base, step):
            found = f"rows that start at {moment(times[0])}"
            mend = "shift the rows to whole steps"
            raise ScenarioError(Problem(shown, 2, 0, TIMESTAMP, found, "rows that start where steps do", mend))
        return _Rows(slice((start - times[0]) // step, -((times[0] - end) // step)), *self._fit(times[0], step))

    def _fit(self, first: int, step: int) -> tuple[Times, int, float]:
        base, start = self.grid.step // MICROSECOND, int(self.grid.starts[0])
        opening = (start - first) // step
        offsets = np.arange(len(self.grid), dtype=np.int64) * base + (start - first)
        return offsets // step - opening, max(1, base // step), step / HOUR_US


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Rows that cover the run, the first row of each base step, rows for each step, and a row's hours."""

    window: slice
    first: Times
    count: int
    hours: float

    def resampled(self, values: Floats, unit: ColumnUnit) -> Floats:
        """Return the mean of each base step in base units."""
        factor = unit.factor / self.hours if unit.per_interval else unit.factor
        steps = values[self.first] if self.count == 1 else values.reshape(-1, self.count).mean(axis=1)
        return np.asarray(steps * factor + unit.offset)


def _irregular(times: Times, step: int, shown: str, zone: tzinfo) -> Iterator[Problem]:
    """Find the first duplicate, the first fall, the first gap and the first overlap."""
    steps = np.diff(times)
    if step > 0 and np.count_nonzero(steps == step) * 2 < len(steps) and (steps > 0).all():
        found = f"rows {duration(int(steps.min()))} to {duration(int(steps.max()))} apart"
        yield Problem(shown, 0, 0, TIMESTAMP, found, "rows at equal distance", "resample the series")
        return
    backwards = np.concatenate([[False], steps[:-1] <= 0])
    regular = f"a row every {duration(step)}"
    cases = {
        "again": (steps == 0, "each time once", "remove one of the rows"),
        "after a later time": (steps < 0, "rising times", "sort the rows"),
        "after a gap": ((steps > max(step, 0)) & ~backwards, regular, "fill the gap"),
        "within the interval before": (
            (steps > 0) & (steps < step),
            f"a row every {duration(step)}",
            "remove the row",
        ),
    }
    for words, (wrong, allowed, mend) in cases.items():
        if wrong.any():
            row = int(np.argmax(wrong)) + 1
            hint = "; the clocks change here, and the offset from UTC with them" if _clocks(times[row], zone) else ""
            yield Problem(shown, row + 2, 0, TIMESTAMP, f"{moment(times[row])} {words}", allowed, mend + hint)


def _clocks(time: int, zone: tzinfo) -> bool:
    """Return whether the local clocks change within three hours of a time."""
    around = np.array([time - 3 * HOUR_US, time + 3 * HOUR_US])
    offsets = local_microseconds(around, zone) - around
    return bool(offsets[0] != offsets[1])


def moment(time: int) -> str:
    """Return a time [microseconds since 1970] as text, in UTC."""
    return (EPOCH + int(time) * MICROSECOND).isoformat().replace("+00:00", "Z")


def duration(microseconds: int) -> str:
    """Return a duration in ISO 8601."""
    seconds = int(timedelta(microseconds=int(microseconds)).total_seconds())
    hours, minutes, seconds = seconds // 3600, seconds // 60 % 60, seconds % 60
    parts = ((hours, "H"), (minutes, "M"), (seconds, "S"))
    return "PT" + ("".join(f"{count}{letter}" for count, letter in parts if count) or "0S")


def _sign_mend(value: float) -> str:
    return "write consumption and production as positive numbers" if value < 0 else ""


def _lies_in(path: Path, folder: Path) -> bool:
    """Return whether a path leads into a folder; one that no file system takes leads nowhere."""
    try:
        path.is_file()
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError):
        return False


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)


def _listed(names: list[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
