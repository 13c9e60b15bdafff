"""Reading CSV files of meters in whatever form they come: delimiters, decimal commas, local times, wide or long."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from micromarket.errors import Problem, ScenarioError
from micromarket.simulation.importers.meter_times import Clock

UNITS = {"kWh": 1.0, "Wh": 1e-3, "MWh": 1e3, "kW": 1.0, "W": 1e-3, "MW": 1e3}
"""Units a meter may count in, and what makes them kWh of each row, or kW."""
POWERS = ("kW", "W", "MW")
_TIME_NAMES = ("timestamp", "time", "datetime", "date", "zeitstempel", "zeit", "datum")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_UNIT_IN_NAME = re.compile(r"(?:^|[\s_(\[/])(kWh|Wh|MWh|kW|W|MW)[\])]?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class MeterFormat:
    """How the files of meters are to be read.

    Parameters
    ----------
    clock : Clock
        How times are written.
    unit : str or None
        Unit of every value; None to take it from the ends of column names.
    time_column : str or None
        Column of times; None for the first that is called like one, or the first of all.
    meter_column : str or None
        Column that names the meter (long form, one reading in a row); None for a column for each meter (wide form).
    value_column : str or None
        Column of values in long form; None for the last.
    decimal : {'.', ',', None}
        Decimal sign; None to find out.
    """

    clock: Clock = field(default_factory=Clock)
    unit: str | None = None
    time_column: str | None = None
    meter_column: str | None = None
    value_column: str | None = None
    decimal: str | None = None


@dataclass(frozen=True, slots=True)
class Readings:
    """What one meter says.

    Parameters
    ----------
    file : str
        Its file.
    column : str
        Its column there.
    unit : str
        Unit of the values.
    times : list of int
        Start of each row's interval [microseconds since 1970 UTC], or its end if the format says so.
    values : list of float
        Its readings, NaN where the cell is empty.
    lines : list of int
        Line of each in the file.
    """

    file: str
    column: str
    unit: str
    times: list[int]
    values: list[float]
    lines: list[int]


@dataclass(frozen=True, slots=True)
class _Table:
    """Cells of a file: its header, and its rows with their line."""

    file: str
    header: list[str]
    rows: list[tuple[int, list[str]]]
    decimal: str

    def place(self, name: str) -> int:
        """Return where a column stands."""
        if name not in self.header:
            allowed = f"one of: {', '.join(self.header)}"
            raise ScenarioError(Problem(self.file, 1, 0, "", f'no column "{name}"', allowed))
        return self.header.index(name)

    def number(self, line: int, column: str, text: str) -> float:
        """Return a cell's number; NaN if it is empty."""
        plain = text.strip()
        if plain.lower() in {"", "na", "nan", "null", "-"}:
            return float("nan")
        swapped = plain.replace(",", ".") if self.decimal == "," and "." not in plain else plain
        if not _NUMBER.fullmatch(swapped):
            sign = "a comma" if self.decimal == "," else "a point"
            allowed = f"a number with {sign} as decimal sign and no thousands separator"
            mend = "say --decimal ',' or '.' if that was guessed wrong"
            raise ScenarioError(Problem(self.file, line, 0, column, f'"{plain}"', allowed, mend))
        return float(swapped)


def read_meters(path: Path, form: MeterFormat) -> dict[str, Readings]:
    """Return the readings of each meter in a file, by its name.

    Parameters
    ----------
    path : pathlib.Path
        A CSV file: separated by comma, semicolon or tab, with a header.
    form : MeterFormat
        How to read it.

    Raises
    ------
    ScenarioError
        If something in it cannot be read: file, line, column, what was found, what is allowed, how to mend it.
    """
    table = _table(path, form)
    time_at = table.place(form.time_column or _time_name(table.header))
    if form.meter_column:
        return _long(table, form, time_at)
    return _wide(table, form, time_at, path.stem)


def _table(path: Path, form: MeterFormat) -> _Table:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        text = path.read_text(encoding="cp1252")
    except OSError as error:
        raise ScenarioError(
            Problem(str(path), 0, 0, "", f"no file that can be read ({error.strerror})", "a CSV file")
        ) from None
    delimiter = max(";\t,", key=text.split("\n", 1)[0].count)
    reader = csv.reader(text.splitlines(), delimiter=delimiter)
    rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    if len(rows) < 3 or len(rows[0][1]) < 2:
        found = f"{len(rows)} rows, {len(rows[0][1]) if rows else 0} columns"
        allowed = "a header, at least two rows, a column of times and one of values"
        raise ScenarioError(Problem(str(path), 1, 0, "", found, allowed))
    header = [cell.strip() for cell in rows[0][1]]
    for line, row in rows[1:]:
        if len(row) != len(header):
            found = f"{len(row)} cells"
            raise ScenarioError(Problem(str(path), line, 0, "", found, f"{len(header)}, as the header has"))
    decimal = form.decimal or (
        "," if delimiter != "," and any("," in cell for _, row in rows[1:] for cell in row[1:]) else "."
    )
    return _Table(str(path), header, rows[1:], decimal)


def _wide(table: _Table, form: MeterFormat, time_at: int, stem: str) -> dict[str, Readings]:
    columns = [at for at in range(len(table.header)) if at != time_at and table.header[at]]
    times = _times(table, table.rows, form, time_at)
    lines = [line for line, _ in table.rows]
    meters = {}
    for at in columns:
        name = table.header[at]
        values = [table.number(line, name, row[at]) for line, row in table.rows]
        label = stem if len(columns) == 1 else _UNIT_IN_NAME.sub("", name).strip() or name
        meters[label] = Readings(table.file, name, _unit(table, form, name), times, values, lines)
    return meters


def _long(table: _Table, form: MeterFormat, time_at: int) -> dict[str, Readings]:
    meter_at = table.place(form.meter_column or "")
    name = form.value_column or table.header[-1]
    value_at, unit = table.place(name), _unit(table, form, name)
    by_meter: dict[str, list[tuple[int, list[str]]]] = {}
    for line, row in table.rows:
        by_meter.setdefault(row[meter_at].strip(), []).append((line, row))
    return {
        meter: Readings(
            table.file,
            name,
            unit,
            _times(table, rows, form, time_at),
            [table.number(line, name, row[value_at]) for line, row in rows],
            [line for line, _ in rows],
        )
        for meter, rows in by_meter.items()
    }


def _times(table: _Table, rows: Sequence[tuple[int, list[str]]], form: MeterFormat, time_at: int) -> list[int]:
    texts = [(line, row[time_at].strip()) for line, row in rows]
    return form.clock.read(texts, table.file, table.header[time_at])


def _unit(table: _Table, form: MeterFormat, column: str) -> str:
    found = _UNIT_IN_NAME.search(column)
    if form.unit is None and found is None:
        allowed = f"a name that ends in its unit ({', '.join(UNITS)})"
        raise ScenarioError(Problem(table.file, 1, 0, column, "no unit", allowed, "say --unit kWh, or what it is"))
    if form.unit is not None:
        return form.unit
    assert found
    return next(unit for unit in UNITS if unit.lower() == found[1].lower())


def _time_name(header: list[str]) -> str:
    return next((name for name in header if name.lower() in _TIME_NAMES), header[0])
