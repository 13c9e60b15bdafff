"""PostgreSQL as the database of a store, shared by many readers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Any

from micromarket.errors import MissingExtra, StoreError, StoreUnavailable
from micromarket.storage.database import Dialect
from micromarket.storage.projection import Value
from micromarket.storage.schema import Kind

try:
    import psycopg
except ImportError as missing:
    raise MissingExtra("PostgreSQL needs an optional dependency: pip install 'micromarket[postgres]'") from missing

CONNECT_SECONDS = 10
WRITERS = 7_166_801
"""Number of the lock that one writer at a time holds until its transaction ends."""


DIALECT = Dialect(
    {
        Kind.TEXT: 'text COLLATE "C"',
        Kind.INTEGER: "bigint",
        Kind.REAL: "double precision",
        Kind.TRUTH: "boolean",
        Kind.TIME: "timestamptz",
    },
    placeholder="%s",
    begin=("BEGIN", f"SELECT pg_advisory_xact_lock({WRITERS})"),
)


class PostgreSQL:
    """A store's database on a server.

    Parameters
    ----------
    address : str
        Such as ``postgresql://user@host/database``.

    Notes
    -----
    Text is ordered by its bytes, as in SQLite, whatever the server's language.
    """

    dialect = DIALECT

    def __init__(self, address: str) -> None:
        try:
            self._connection = psycopg.connect(address, autocommit=True, connect_timeout=CONNECT_SECONDS)
            self._connection.execute("SET client_min_messages = warning")
        except psycopg.Error as error:
            raise StoreUnavailable(f"PostgreSQL: {error}") from None

    def execute(self, statement: str, values: Sequence[Value] = ()) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows."""
        try:
            cursor = self._connection.execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            raise StoreError(f"PostgreSQL: {error}") from None

    def execute_many(self, statement: str, rows: Sequence[Sequence[Value]]) -> None:
        """Run a statement for each of many rows."""
        try:
            with self._connection.cursor() as cursor:
                cursor.executemany(statement.encode(), rows)
        except psycopg.Error as error:
            raise StoreError(f"PostgreSQL: {error}") from None

    def read(self, kind: Kind, found: Any) -> Value:
        """Return a value as what was stored."""
        value: Value = found.astimezone(UTC) if kind is Kind.TIME else found
        return value

    def close(self) -> None:
        """End the connection."""
        self._connection.close()
