"""A table of a store as a file: CSV for spreadsheets, Parquet for data frames."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from micromarket.errors import StoreError
from micromarket.storage.projection import Value
from micromarket.storage.schema import Kind, Table
from micromarket.storage.store import Store, readable

TYPES = {
    Kind.TEXT: "VARCHAR",
    Kind.INTEGER: "BIGINT",
    Kind.REAL: "DOUBLE",
    Kind.TRUTH: "BOOLEAN",
    Kind.TIME: "TIMESTAMPTZ",
}


def export(store: Store, name: str, path: Path) -> int:
    """Write a table or view in the order of its key, and return how many rows it has.

    Parameters
    ----------
    store : Store
        The store.
    name : str
        Name of the table.
    path : pathlib.Path
        File ending in ``.csv`` or ``.parquet``.

    Raises
    ------
    StoreError
        If there is no such table, the file ends in something else or cannot be written.
    """
    table = readable(name)
    if path.suffix not in {".csv", ".parquet"}:
        raise StoreError(f"{path}: expected a file ending in .csv or .parquet")
    try:
        with TemporaryDirectory(prefix="micromarket-", dir=path.parent) as folder:
            text = Path(folder) / "table.csv"
            count = _write_csv(store, table, text)
            if path.suffix == ".parquet":
                text = _as_parquet(table, text)
            text.replace(path)
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}") from None
    return count


def _write_csv(store: Store, table: Table, path: Path) -> int:
    rows = list(store.rows(table.name))
    with path.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow([column.name for column in table.columns])
        lines.writerows([_shown(value) for value in row] for row in rows)
    return len(rows)


def _as_parquet(table: Table, path: Path) -> Path:
    parquet = path.with_suffix(".parquet")
    columns = {column.name: TYPES[column.kind] for column in table.columns}
    source, target = (str(file).replace("'", "''") for file in (path, parquet))
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(
            f"COPY (FROM read_csv('{source}', header = true, auto_detect = false, quote = '\"', escape = '\"', "
            f"columns = {columns})) TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
        )
    return parquet


def _shown(value: Value) -> Value:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:%Y-%m-%dT%H:%M:%S.%fZ}" if isinstance(value, datetime) else value
