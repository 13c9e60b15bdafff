"""A run as the report reads it: its tables joined with the time axis, aggregated in the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micromarket.simulation.recording.results import Metadata, Run, load
from micromarket.simulation.report.timeline import Timeline, register, timeline

Floats = NDArray[np.float64]
MARKET, NO_MARKET = "market", "no_market"


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """A run opened for its report.

    Parameters
    ----------
    run : Run
        Its own connection, on one thread: sums of floats then never depend on scheduling.
    axis : Timeline
        The time axis; its intervals are the table ``instants``.
    root : str
        Node at which the supplier connects.
    """

    run: Run
    axis: Timeline
    root: str

    @property
    def about(self) -> Metadata:
        """What ``run.json`` says."""
        return self.run.metadata

    @property
    def price_unit(self) -> str:
        """Unit of prices."""
        return f"{self.about.currency}/kWh"

    def has(self, *tables: str) -> bool:
        """Whether each of the tables is there and holds rows."""
        return all(name in self.run.tables and self.rows(f"SELECT 1 FROM {name} LIMIT 1") for name in tables)

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        return self.run.sql(query, parameters).rows()

    def value(self, query: str, *parameters: object) -> Any:
        """Return the only value of a query."""
        return self.rows(query, *parameters)[0][0]

    def columns(self, query: str, *parameters: object) -> dict[str, NDArray[Any]]:
        """Return the columns of a query as arrays; what is absent is NaN."""
        return {name: _filled(values) for name, values in self.run.sql(query, parameters).to_numpy().items()}

    def series(self, keys: tuple[str, ...], value: str, source: str) -> dict[tuple[Any, ...], Floats]:
        """Return one series over all intervals for each combination of keys, NaN where there is no row.

        Parameters
        ----------
        keys : tuple of str
            Columns (or expressions) that tell series apart.
        value : str
            Aggregate giving the value of one key in one interval.
        source : str
            What follows ``FROM``; it must offer a column ``step``.
        """
        places = ", ".join(str(place + 1) for place in range(len(keys)))
        inner = f"SELECT {', '.join(keys)}, step, {value} AS value FROM {source} GROUP BY ALL"
        names = ", ".join(f"key{place}" for place in range(len(keys)))
        query = (
            f"SELECT {names}, list(step ORDER BY step), list(value ORDER BY step) "
            f"FROM ({inner}) AS inside({names}, step, value) GROUP BY ALL ORDER BY {places}"
        )
        found = {}
        for *key, steps, values in self.rows(query):
            series = np.full(self.axis.steps, np.nan)
            series[steps] = [np.nan if number is None else number for number in values]
            found[tuple(key)] = series
        return found


def study(run: Run) -> Study:
    """Return a run opened for its report, on a connection of its own."""
    own = load(run.path)
    own.connection.execute("SET threads = 1")
    axis = timeline(own.metadata)
    register(own, axis)
    return Study(own, axis, _root(own))


def _root(run: Run) -> str:
    run.table("nodes")
    rows = run.sql(
        "SELECT node FROM nodes ORDER BY coalesce(parent, '') <> '', kind <> 'supplier_root', node LIMIT 1"
    )
    return str(rows.rows()[0][0])


def _filled(values: NDArray[Any]) -> NDArray[Any]:
    absent = isinstance(values, np.ma.MaskedArray) and values.dtype.kind == "f"
    return np.ma.filled(values, np.nan) if absent else np.asarray(values)
