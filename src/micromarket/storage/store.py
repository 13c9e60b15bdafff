"""A store: the tables of `micromarket.storage.schema` in a database, filled from facts and read again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, Self

from micromarket.errors import StoreError
from micromarket.storage.database import Database, Dialect
from micromarket.storage.lines import Recorded
from micromarket.storage.projection import Projection, Row, Value
from micromarket.storage.schema import TABLES, VERSION, Table
from micromarket.storage.views import VIEWS

FLUSHED_ROWS = 20_000
"""Rows that are gathered before they are written, all in one transaction."""
TABLE = {table.name: table for table in TABLES}
READABLE = {one.name: one for one in (*TABLES, *VIEWS)}


class Filled(NamedTuple):
    """What filling added."""

    facts: int
    nodes: int
    known: int
    """Facts that were there before."""


class Store:
    """Tables of a run of nodes.

    Parameters
    ----------
    database : Database
        Where they are; `micromarket.storage.opening` opens one by its address.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def __enter__(self) -> Self:
        """Use the store."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the store."""
        self._database.close()

    def create(self) -> None:
        """Make what is missing of the tables.

        Raises
        ------
        StoreError
            If they are there, but of another version.
        """
        with self._transaction():
            self._database.execute("CREATE TABLE IF NOT EXISTS store_version (version integer PRIMARY KEY)")
            found = self._versions()
            if not found:
                self._database.execute(f"INSERT INTO store_version VALUES ({VERSION})")
                for table in TABLES:
                    self._make(table)
                for view in VIEWS:
                    self._database.execute(f"CREATE VIEW {view.name} AS {view.query}")
            elif found != [VERSION]:
                raise StoreError(f"the store is of version {found}; this program writes {VERSION}: fill a new one")

    def fill(self, record: Iterable[Recorded]) -> Filled:
        """Add what follows from the facts of a record that are not there yet: all of it, or nothing.

        Parameters
        ----------
        record : iterable of (str, Fact)
            The record from its beginning; facts of one node in their order, however nodes alternate.

        Raises
        ------
        StoreError
            If a node's facts are not those that the store was filled from, or do not begin with its start.
        """
        projection, pending, added, nodes, known = Projection(), _Pending(), 0, set[str](), 0
        with self._transaction():
            there = self._positions()
            for one in record:
                numbered = projection.numbered(one)
                number, digest = there.get(numbered.node, (0, ""))
                if numbered.number <= number:
                    known += 1
                    if numbered.number == number and numbered.digest != digest:
                        raise StoreError(f"the store has another record of node {numbered.node!r}: fill a new one")
                    continue
                added += 1
                nodes.add(numbered.node)
                pending.add(projection.rows(numbered))
                if len(pending) > FLUSHED_ROWS:
                    self._write(pending)
            self._write(pending)
        return Filled(added, len(nodes), known)

    def rows(self, name: str) -> Iterator[tuple[Value, ...]]:
        """Return the rows of a table or view in the order of its key, equal from every database.

        Raises
        ------
        StoreError
            If there is no such table.
        """
        table = readable(name)
        columns = ", ".join(f'"{column.name}"' for column in table.columns)
        order = ", ".join(f'"{key}"' for key in table.keys)
        read, kinds = self._database.read, [column.kind for column in table.columns]
        for found in self._database.execute(f"SELECT {columns} FROM {table.name} ORDER BY {order}"):
            yield tuple(
                None if value is None else read(kind, value) for kind, value in zip(kinds, found, strict=True)
            )

    def _versions(self) -> list[int]:
        return [version for (version,) in self._database.execute("SELECT version FROM store_version")]

    def _positions(self) -> dict[str, tuple[int, str]]:
        """Return the place and the digest of the last fact of each node."""
        found = self._database.execute(
            "SELECT node, fact, digest FROM fact "
            "JOIN (SELECT node, max(fact) AS fact FROM fact GROUP BY node) AS latest USING (node, fact)"
        )
        return {node: (number, digest) for node, number, digest in found}

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        for statement in self._database.dialect.begin:
            self._database.execute(statement)
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def _make(self, table: Table) -> None:
        self._database.execute(definition(table, self._database.dialect))
        if table.content:
            self._upsert(table, [column.name for column in table.columns], table.content)

    def _write(self, pending: _Pending) -> None:
        for table, columns, rows in pending.taken():
            self._upsert(table, columns, rows)

    def _upsert(self, table: Table, columns: Sequence[str], rows: Sequence[Sequence[Value]]) -> None:
        others = [f'"{name}" = excluded."{name}"' for name in columns if name not in table.keys]
        names, keys = (", ".join(f'"{name}"' for name in some) for some in (columns, table.keys))
        places = ", ".join([self._database.dialect.placeholder] * len(columns))
        then = f"UPDATE SET {', '.join(others)}" if others else "NOTHING"
        statement = f"INSERT INTO {table.name} ({names}) VALUES ({places}) ON CONFLICT ({keys}) DO {then}"
        self._database.execute_many(statement, rows)


class _Pending:
    """Rows yet to be written; those of one key are one."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[tuple[Value, ...], dict[str, Value]]] = {name: {} for name in TABLE}

    def __len__(self) -> int:
        return sum(map(len, self._rows.values()))

    def add(self, rows: Iterable[Row]) -> None:
        for table, values in rows:
            key = tuple(values[name] for name in TABLE[table].keys)
            self._rows[table].setdefault(key, {}).update(values)

    def taken(self) -> Iterator[tuple[Table, tuple[str, ...], list[list[Value]]]]:
        """Take them out, parents before children, those with the same columns together."""
        for name, rows in self._rows.items():
            alike: dict[tuple[str, ...], list[list[Value]]] = {}
            for values in rows.values():
                columns = tuple(column.name for column in TABLE[name].columns if column.name in values)
                alike.setdefault(columns, []).append([values[column] for column in columns])
            rows.clear()
            for columns, many in alike.items():
                yield TABLE[name], columns, many


def readable(name: str) -> Table:
    """Return a table or view by name.

    Raises
    ------
    StoreError
        If there is none of that name.
    """
    if name not in READABLE:
        raise StoreError(f"there is no table {name!r}; there are {', '.join(READABLE)}")
    return READABLE[name]


def definition(table: Table, dialect: Dialect) -> str:
    """Return the SQL that makes a table."""
    lines = []
    for column in table.columns:
        refers = f" REFERENCES {column.refers} (name)" if column.refers else ""
        lines.append(f'"{column.name}" {dialect.kinds[column.kind]}{refers}')
    lines.append(f"PRIMARY KEY ({_listed(table.keys)})")
    for parent in table.parents:
        keys = _listed(TABLE[parent].keys)
        lines.append(f"FOREIGN KEY ({keys}) REFERENCES {parent} ({keys})")
    return f"CREATE TABLE {table.name} ({', '.join(lines)}){dialect.form}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
