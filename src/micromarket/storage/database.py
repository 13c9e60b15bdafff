"""What a store needs of a database, and in what databases differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from micromarket.storage.projection import Value
from micromarket.storage.schema import Kind


@dataclass(frozen=True, slots=True)
class Dialect:
    """What SQL leaves to each database.

    Parameters
    ----------
    kinds : mapping of Kind to str
        Type of a column of each kind.
    placeholder : str
        What stands for a value in a statement.
    begin : tuple of str
        What starts a transaction that excludes other writers.
    form : str
        What follows the columns of a table.
    """

    kinds: Mapping[Kind, str]
    placeholder: str
    begin: tuple[str, ...]
    form: str = ""


class Database(Protocol):
    """A connection to a database; whatever goes wrong is a `StoreError`."""

    @property
    def dialect(self) -> Dialect:
        """In what it differs."""

    def execute(self, statement: str, values: Sequence[Value] = ()) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows."""

    def execute_many(self, statement: str, rows: Sequence[Sequence[Value]]) -> None:
        """Run a statement for each of many rows."""

    def read(self, kind: Kind, found: Any) -> Value:
        """Return a value that the database returned as what was stored."""

    def close(self) -> None:
        """Let go of the database."""
