"""Write the tables of a run as Parquet, in parts that a resumed run can continue from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """A text column as small numbers: `codes` points into `labels`."""

    codes: Array
    labels: Sequence[str]

    @classmethod
    def constant(cls, label: str, rows: int) -> Coded:
        """Return a column that says `label` in every row."""
        return cls(np.zeros(rows, dtype=np.int32), [label])


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """A time column, as microseconds since 1970 in UTC."""

    microseconds: Array


Column = Array | Coded | Moments


class Recorder:
    """Writes tables into the folder of a run; the same rows always make the same bytes.

    Parameters
    ----------
    folder : Path
        Where the tables go: one folder per table, one Parquet file per part.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # One thread keeps rows and row groups in one order, so that equal runs are equal files.
        self._connection = duckdb.connect(config={"threads": 1})

    def write(self, table: str, part: str, columns: Mapping[str, Column]) -> None:
        """Write `columns`, all of one length, as part `part` of `table`; an earlier part of that name is replaced."""
        buffer = {f"c{k}": _values(column) for k, column in enumerate(columns.values())}
        buffer["row"] = np.arange(len(buffer["c0"]))
        self._connection.register("buffer", buffer)
        joins = [self._labels(k, column) for k, column in enumerate(columns.values()) if isinstance(column, Coded)]
        selected = ", ".join(_selected(k, name, column) for k, (name, column) in enumerate(columns.items()))
        target = self._folder / table / f"{part}.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_suffix(".unfinished")
        self._connection.execute(
            f"COPY (SELECT {selected} FROM buffer {' '.join(joins)} ORDER BY buffer.row) "
            f"TO '{_quoted(unfinished)}' (FORMAT parquet, COMPRESSION zstd)"
        )
        unfinished.replace(target)

    def query(self, sql: str) -> dict[str, Array]:
        """Return the columns of a query over the tables written so far, by name; a table is all its parts."""
        for path in sorted(self._folder.iterdir()):
            source = f"read_parquet('{_quoted(path)}/*.parquet')"
            self._connection.execute(f'CREATE OR REPLACE TEMP VIEW "{path.name}" AS FROM {source}')
        return dict(self._connection.execute(sql).fetchnumpy())

    def column(self, table: str, part: str, name: str) -> Array:
        """Return one column of one part, rows in the order in which they were written."""
        path = self._folder / table / f"{part}.parquet"
        found = self._connection.execute(f"SELECT \"{name}\" FROM read_parquet('{_quoted(path)}')").fetchnumpy()
        return np.asarray(found[name])

    def has(self, table: str) -> bool:
        """Return whether anything was written into `table`."""
        return (self._folder / table).is_dir()

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def _labels(self, k: int, column: Coded) -> str:
        labels = {"code": np.arange(len(column.labels)), "label": np.array(column.labels, dtype=object)}
        self._connection.register(f"labels{k}", labels)
        return f"JOIN labels{k} ON labels{k}.code = buffer.c{k}"


def grid(*sizes: int) -> list[Array]:
    """Return the index of each dimension in every row of a table with one row per combination; the last runs first.

    ``grid(2, 3)`` is ``[0 0 0 1 1 1]`` and ``[0 1 2 0 1 2]``.
    """
    return [index.ravel() for index in np.indices(sizes, dtype=np.int32)]


def _values(column: Column) -> Array:
    if isinstance(column, Coded):
        return np.ascontiguousarray(column.codes)
    return np.ascontiguousarray(column.microseconds if isinstance(column, Moments) else column)


def _selected(k: int, name: str, column: Column) -> str:
    if isinstance(column, Coded):
        return f'labels{k}.label AS "{name}"'
    return f'make_timestamp(buffer.c{k}) AS "{name}"' if isinstance(column, Moments) else f'buffer.c{k} AS "{name}"'


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
