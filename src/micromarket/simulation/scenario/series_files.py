"""CSV and Parquet files as columns: times in microseconds, numbers as floats; each file is read once."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from micromarket.domain.curves import Floats
from micromarket.domain.intervals import EPOCH, MICROSECOND, Times
from micromarket.domain.units import parse_time
from micromarket.errors import NaiveTime, Problem, ScenarioError, WrongUnit

TIMESTAMP = "timestamp"
_ZONED = "TIMESTAMP WITH TIME ZONE"
_CELL = "CSV"
"""Stands for the type of a column of a CSV file: text that may be anything."""
_NUMBERS = ("INT", "DOUBLE", "FLOAT", "DECIMAL", "REAL")
_OFFSET = 'times with their offset from UTC, such as "2026-07-06T00:00:00-04:00"'
_ADD_OFFSET = "add Z or the offset to each; an hour that the clocks repeat or skip is unclear without it"


@dataclass(frozen=True, slots=True, eq=False)
class SeriesFile:
    """Columns of one file.

    Parameters
    ----------
    times : array of int, shape (N,)
        Start of each row's interval [microseconds since 1970 UTC].
    columns : dict of str to array of float, shape (N,)
        The columns asked for; NaN where a cell is empty.
    """

    times: Times
    columns: dict[str, Floats]


def header(path: Path, shown: str) -> dict[str, str]:
    """Return the columns of a file in order, each with its type.

    Raises
    ------
    ScenarioError
        If the file cannot be read, is empty, has no column `timestamp` in front, or names a column twice.
    """
    found = _parquet_header(path, shown) if is_parquet(path) else _csv_header(path, shown)
    names = [name for name, _ in found]
    if not names or names[0] != TIMESTAMP:
        mend = "separate columns by commas" if names and ";" in names[0] else f'call the first column "{TIMESTAMP}"'
        first = f'the first column "{names[0]}"' if names else "no columns"
        raise ScenarioError(Problem(shown, 1, 0, "", first, f'a first column "{TIMESTAMP}"', mend))
    repeated = [name for name, times in Counter(names).items() if times > 1]
    if repeated:
        found_text = f'the column "{repeated[0]}" more than once'
        raise ScenarioError(Problem(shown, 1, 0, repeated[0], found_text, "each column once", "rename or remove one"))
    return dict(found)


def is_parquet(path: Path) -> bool:
    """Return whether a file's name says that it is Parquet."""
    return path.suffix.lower() == ".parquet"


def _csv_header(path: Path, shown: str) -> list[tuple[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            names = next(csv.reader(lines), [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ScenarioError(_unreadable(shown, error)) from None
    if not names:
        raise ScenarioError(
            Problem(shown, 1, 0, "", "an empty file", "a header and rows", "write the series into it")
        )
    return [(name.strip(), _CELL) for name in names]


def _parquet_header(path: Path, shown: str) -> list[tuple[str, str]]:
    try:
        rows = duckdb.connect().execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
    except duckdb.Error:
        found = "a file that is not Parquet, or broken"
        raise ScenarioError(Problem(shown, 0, 0, "", found, "Parquet", "write it again")) from None
    return [(name, kind) for name, kind, *_ in rows]


def _unreadable(shown: str, error: Exception) -> Problem:
    if isinstance(error, UnicodeDecodeError):
        return Problem(
            shown, 0, 0, "", f"the byte {error.object[error.start]:#04x}", "UTF-8", "save the file as UTF-8"
        )
    reason = str(error).splitlines()[0][:200]
    return Problem(shown, 0, 0, "", f"a file that cannot be read ({reason})", "CSV or Parquet", "write it again")


def read(path: Path, shown: str, types: dict[str, str], wanted: list[str]) -> SeriesFile:
    """Return the times and the `wanted` columns of a file.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    shown : str
        Its name in messages.
    types : dict
        What `header` said.
    wanted : list of str
        Names of columns it has.

    Raises
    ------
    ScenarioError
        If a time or number is not one, a time has no offset, or rows are of unequal length.
    """
    _check_types(shown, types, wanted)
    picked = ", ".join(_quoted(name) for name in wanted)
    try:
        if is_parquet(path):
            time = f"epoch_us({TIMESTAMP})" if types[TIMESTAMP] == _ZONED else TIMESTAMP
            picked = "".join(f", CAST({_quoted(name)} AS DOUBLE) AS {_quoted(name)}" for name in wanted)
            query, arguments = f"SELECT {time} AS {TIMESTAMP}{picked} FROM read_parquet(?)", [str(path)]
        else:
            picked = "".join(f", {_quoted(name)}" for name in wanted)
            query, arguments = f"SELECT {TIMESTAMP}{picked} FROM {_csv_source(types, wanted)}", [str(path)]
        found = duckdb.connect().execute(query, arguments).fetchnumpy()
    except duckdb.Error as error:
        raise ScenarioError(*_diagnosed(path, shown, types, wanted, error)) from None
    columns = {name: _floats(found.pop(name)) for name in wanted}
    return SeriesFile(_times(found[TIMESTAMP], shown), columns)


def _floats(column: np.ndarray) -> Floats:
    """Return a column without its mask, and without a copy where it has none."""
    masked = np.ma.is_masked(column)
    return np.ma.filled(column, np.nan) if masked else np.asarray(np.ma.getdata(column), dtype=np.float64)


def _csv_source(types: dict[str, str], wanted: list[str]) -> str:
    numbers = set(wanted)
    pairs = ", ".join(f"{_text(name)}: '{'DOUBLE' if name in numbers else 'VARCHAR'}'" for name in types)
    return f"read_csv(?, auto_detect=false, header=true, delim=',', quote='\"', escape='\"', columns={{{pairs}}})"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"


def _check_types(shown: str, types: dict[str, str], wanted: list[str]) -> None:
    time = types[TIMESTAMP]
    if time not in {_ZONED, "VARCHAR", _CELL}:
        raise ScenarioError(Problem(shown, 0, 0, TIMESTAMP, f"the type {time}", _OFFSET, f"store {_ZONED}"))
    problems = [
        Problem(shown, 0, 0, name, f"the type {types[name]}", "numbers", "store DOUBLE")
        for name in wanted
        if types[name] != _CELL and not any(word in types[name] for word in _NUMBERS)
    ]
    if problems:
        raise ScenarioError(*problems)


def _times(found: np.ndarray, shown: str) -> Times:
    if np.ma.is_masked(found):
        line = int(np.argmax(np.ma.getmaskarray(found))) + 2
        raise ScenarioError(Problem(shown, line, 0, TIMESTAMP, "nothing", _OFFSET, "add the time, or remove the row"))
    if found.dtype != object:
        return np.asarray(found, dtype=np.int64)
    times = np.empty(len(found), dtype=np.int64)
    for row, text in enumerate(found):
        try:
            times[row] = (parse_time(text) - EPOCH) // MICROSECOND
        except NaiveTime:
            raise ScenarioError(Problem(shown, row + 2, 0, TIMESTAMP, f'"{text}"', _OFFSET, _ADD_OFFSET)) from None
        except WrongUnit as error:
            raise ScenarioError(Problem(shown, row + 2, 0, TIMESTAMP, error.found, _OFFSET, error.mend)) from None
    return times


def _diagnosed(path: Path, shown: str, types: dict[str, str], wanted: list[str], error: Exception) -> list[Problem]:
    """Return where a file that would not load is wrong: the first place in each column."""
    if is_parquet(path):
        return [_unreadable(shown, error)]
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            found = {problem.field: problem for problem in _bad_cells(csv.reader(lines), shown, list(types), wanted)}
    except (UnicodeDecodeError, csv.Error) as failed:
        return [_unreadable(shown, failed)]
    return list(found.values()) or [_unreadable(shown, error)]


def _bad_cells(rows: Iterator[list[str]], shown: str, names: list[str], wanted: list[str]) -> Iterator[Problem]:
    next(rows)
    places = {names.index(name): name for name in wanted}
    for row in rows:
        line: int = rows.line_num  # type: ignore[attr-defined]
        if row and len(row) != len(names):
            mend = "a comma too many or too few; write numbers with a point"
            yield Problem(shown, line, 0, "", f"{len(row)} cells", f"{len(names)} cells, one for each column", mend)
            return
        for place, name in list(places.items()):
            if row and row[place] and not _is_number(row[place]):
                yield Problem(shown, line, 0, name, f'"{row[place]}"', "a number", "write digits with a point")
                del places[place]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
