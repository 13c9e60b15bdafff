"""Writing a scenario folder: series as CSV or Parquet, and a scenario.yaml that a person can read and change."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from micromarket.domain.curves import Floats
from micromarket.errors import InvalidValue, RunError, WrongShape

NAME = "scenario.yaml"
SUFFIXES = (".csv", ".parquet")
_LONGEST = 130
"""A mapping whose text is longer is laid out in lines."""


@dataclass(frozen=True, slots=True, eq=False)
class SeriesFile:
    """Columns of one series file over equal steps.

    Parameters
    ----------
    start : datetime
        Start of the first step, zone-aware.
    step : timedelta
        Duration of a step.
    zone : str
        Zone (IANA name) in which the times are written, with their offset.
    columns : mapping of str to array of float, shape (S,)
        Values by column name; the end of a name is its unit (``_kw``, ``_c``).
    decimals : int, default 3
        Digits written after the point.

    Raises
    ------
    WrongShape
        If the columns are not rows of one length.
    """

    start: datetime
    step: timedelta
    zone: str
    columns: Mapping[str, Floats]
    decimals: int = 3

    def __post_init__(self) -> None:
        """Check the shapes."""
        if len({np.shape(values) for values in self.columns.values()}) != 1:
            raise WrongShape("a series file needs at least one column, and columns of one length")

    def times(self) -> list[str]:
        """Return the start of each step as ISO 8601 text with its offset, length S."""
        zone, start = ZoneInfo(self.zone), self.start.astimezone(ZoneInfo("UTC"))
        count = len(next(iter(self.columns.values())))
        return [(start + at * self.step).astimezone(zone).isoformat(timespec="seconds") for at in range(count)]

    def write(self, path: Path) -> None:
        """Write to `path`, as CSV or Parquet by its suffix; the same content gives the same CSV bytes.

        Raises
        ------
        InvalidValue
            If the suffix is neither.
        """
        if path.suffix not in SUFFIXES:
            raise InvalidValue(f"expected a file ending in {' or '.join(SUFFIXES)}; found {path.name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        csv = path.with_suffix(".csv")
        csv.write_text(self._text(), encoding="utf-8", newline="\n")
        if path.suffix == ".parquet":
            _to_parquet(csv, path)
            csv.unlink()

    def _text(self) -> str:
        rows = np.round(np.column_stack(list(self.columns.values())), self.decimals) + 0.0
        lines = [",".join(["timestamp", *self.columns])]
        lines += [",".join([time, *map(_number, row)]) for time, row in zip(self.times(), rows.tolist(), strict=True)]
        return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class ScenarioFolder:
    """A scenario folder about to be written.

    Parameters
    ----------
    scenario : mapping
        Content of scenario.yaml: plain dicts, lists, text and numbers.
    series : mapping of str to SeriesFile
        Series by file name relative to the folder, such as ``data/loads.csv``.
    head : sequence of str
        Lines of comment at the top of scenario.yaml.
    readme : str
        Text of README.md; empty for none.
    copies : mapping of str to Path
        Files to be copied as they are, by their name in the folder.
    """

    scenario: Mapping[str, Any]
    series: Mapping[str, SeriesFile] = field(default_factory=dict)
    head: Sequence[str] = ()
    readme: str = ""
    copies: Mapping[str, Path] = field(default_factory=dict)

    def write(self, folder: Path, replace: bool = False) -> None:
        """Write everything into `folder`, making it.

        Parameters
        ----------
        folder : pathlib.Path
            Where to.
        replace : bool, default False
            Whether a scenario that is already there may be written over.

        Raises
        ------
        RunError
            If a scenario is already there and may not be replaced; nothing is written.
        """
        if (folder / NAME).exists() and not replace:
            raise RunError(f"{folder / NAME} exists; choose another folder, or say --replace to write over it")
        folder.mkdir(parents=True, exist_ok=True)
        for name, series in self.series.items():
            series.write(folder / name)
        for name, path in self.copies.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, folder / name)
        (folder / NAME).write_text(scenario_text(self.scenario, self.head), encoding="utf-8", newline="\n")
        if self.readme:
            (folder / "README.md").write_text(self.readme, encoding="utf-8", newline="\n")


def reference(file: str, column: str) -> dict[str, str]:
    """Return how a scenario names a column of a series file."""
    return {"file": file, "column": column}


def quantity(value: float, unit: str) -> str:
    """Return a quantity as text with its unit, to six significant digits, such as ``"7.4 kW"``."""
    return f"{float(f'{value:.6g}'):.12g} {unit}"


def scenario_text(scenario: Mapping[str, Any], head: Sequence[str] = ()) -> str:
    """Return the YAML text of a scenario: sections in blocks, each short mapping on one line."""
    yaml = YAML()
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = StringIO()
    yaml.dump(_laid_out(scenario), stream)
    return "".join(f"# {line}".rstrip() + "\n" for line in head) + stream.getvalue()


def _laid_out(value: Any) -> Any:
    """Return short mappings without lists in flow style (one line), the rest as blocks."""
    if isinstance(value, Mapping):
        block = CommentedMap({_key(key): _laid_out(item) for key, item in value.items()})
        if len(repr(value)) <= _LONGEST and not any(isinstance(item, list | tuple) for item in value.values()):
            block.fa.set_flow_style()
        return block
    if isinstance(value, list | tuple):
        return CommentedSeq(map(_laid_out, value))
    return value


def _key(key: str) -> str:
    return DoubleQuotedScalarString(key) if ":" in key else key


def _number(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _to_parquet(csv: Path, parquet: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        relation = connection.read_csv(str(csv))
        relation.write_parquet(str(parquet), compression="zstd")
