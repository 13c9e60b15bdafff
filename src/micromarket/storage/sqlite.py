"""SQLite as the database of a store: one file, no server."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from micromarket.errors import StoreError
from micromarket.storage.database import Dialect
from micromarket.storage.projection import Value
from micromarket.storage.schema import Kind

WAIT_SECONDS = 30.0
"""How long to wait for another writer."""


DIALECT = Dialect(
    {
        Kind.TEXT: "TEXT",
        Kind.INTEGER: "INTEGER",
        Kind.REAL: "REAL",
        Kind.TRUTH: "INTEGER",
        Kind.TIME: "TEXT",
    },
    placeholder="?",
    begin=("BEGIN IMMEDIATE",),
    form=" STRICT",
)


class SQLite:
    """A store's database in a file.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    create : bool
        Whether it may be new.

    Notes
    -----
    Times are text such as ``2026-07-06T12:00:00.000000Z``, always of that length, so that they sort and compare.
    The rollback journal, not the write-ahead log, keeps transactions whole: there is one writer, and SQLite before
    3.51.3 can damage a log that several connections check-point.
    """

    dialect = DIALECT

    def __init__(self, path: Path, create: bool) -> None:
        mode = "rwc" if create else "rw"
        try:
            self._connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=WAIT_SECONDS
            )
            self._connection.execute("PRAGMA foreign_keys = ON")
            self._connection.execute("SELECT count(*) FROM sqlite_master")
        except sqlite3.Error as error:
            raise StoreError(f"{path}: {error}") from None

    def execute(self, statement: str, values: Sequence[Value] = ()) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows."""
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"SQLite: {error}") from None

    def execute_many(self, statement: str, rows: Sequence[Sequence[Value]]) -> None:
        """Run a statement for each of many rows."""
        try:
            self._connection.executemany(statement, [[_stored(value) for value in row] for row in rows])
        except sqlite3.Error as error:
            raise StoreError(f"SQLite: {error}") from None

    def read(self, kind: Kind, found: Any) -> Value:
        """Return a value as what was stored."""
        if kind is Kind.TIME:
            return datetime.fromisoformat(found)
        value: Value = bool(found) if kind is Kind.TRUTH else found
        return value

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def _stored(value: Value) -> Value:
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}" if isinstance(value, datetime) else value
