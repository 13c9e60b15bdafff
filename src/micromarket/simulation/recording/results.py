"""Read what a run left behind: its tables as DuckDB relations, arrays or pandas frames, and two runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import duckdb
import msgspec
import numpy as np
from numpy.typing import NDArray

from micromarket.errors import MissingExtra, RunError

if TYPE_CHECKING:
    import pandas

SCHEMA = 1
"""Layout of run directories this version reads."""

TABLES = (
    "nodes",
    "customers",
    "assets",
    "information",
    "prices",
    "forward_prices",
    "supply",
    "flows",
    "powers",
    "states",
    "curves",
    "orders",
    "trades",
    "depth",
    "positions",
    "commitments",
    "make_whole",
    "ledger",
    "bills",
    "comfort",
    "welfare",
    "kpis",
)
"""Names of the tables a complete run may hold."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where input data came from, and under which licence."""

    name: str
    licence: str
    what: str = ""
    url: str | None = None


@dataclass(frozen=True, slots=True)
class ScenarioIdentity:
    """Which scenario was run; `hash` is the SHA-256 of the scenario file and its series."""

    name: str
    hash: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What ``run.json`` says about a run; `start` and `end` bound it, half-open."""

    schema: int
    project_version: str
    kernels: str
    scenario: ScenarioIdentity
    seed: int
    currency: str
    timezone: str
    start: datetime
    end: datetime
    step_minutes: float
    steps: int
    status: str
    sources: list[Source] = field(default_factory=list)

    @property
    def step(self) -> timedelta:
        """Duration of one interval."""
        return timedelta(minutes=self.step_minutes)

    @property
    def hours(self) -> float:
        """Duration of one interval [h]."""
        return self.step_minutes / 60

    @property
    def zone(self) -> ZoneInfo:
        """Time zone of the scenario, in which the report shows times."""
        return ZoneInfo(self.timezone)


class Table:
    """Rows of a run, not read before they are asked for.

    Parameters
    ----------
    relation : DuckDBPyRelation
        The rows, still lazy; everything DuckDB offers is there.
    """

    def __init__(self, relation: duckdb.DuckDBPyRelation) -> None:
        self.relation = relation

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(self.relation.columns)

    def rows(self) -> list[tuple[Any, ...]]:
        """Return every row as a tuple."""
        return self.relation.fetchall()

    def to_numpy(self) -> dict[str, NDArray[Any]]:
        """Return each column as an array; a column with absent values comes as a masked array."""
        return dict(self.relation.fetchnumpy())

    def to_pandas(self) -> pandas.DataFrame:
        """Return the rows as a pandas frame.

        Raises
        ------
        MissingExtra
            pandas is not installed.
        """
        if find_spec("pandas") is None:
            raise MissingExtra("to_pandas() needs pandas; install it with: pip install 'micromarket[frames]'")
        return self.relation.df()

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.relation)

    def __repr__(self) -> str:
        """Show the first rows, as DuckDB prints them."""
        return str(self.relation)


class Run:
    """A complete run, opened for reading; ``run.prices`` is ``run.table("prices")``, and so for all of `TABLES`.

    Parameters
    ----------
    path : Path
        The run directory.
    metadata : Metadata
        What its ``run.json`` says.
    connection : DuckDBPyConnection
        Database in memory with one view for each table found.
    tables : tuple of str
        Names of the tables found.
    """

    def __init__(
        self, path: Path, metadata: Metadata, connection: duckdb.DuckDBPyConnection, tables: tuple[str, ...]
    ) -> None:
        self.path = path
        self.metadata = metadata
        self.connection = connection
        self.tables = tables

    def table(self, name: str) -> Table:
        """Return one table of the run.

        Raises
        ------
        RunError
            The run has no such table.
        """
        if name not in self.tables:
            raise RunError(
                f"{self.path}: no table {name!r}; expected {self.path / 'tables' / (name + '.parquet')}, "
                f"found tables: {', '.join(self.tables) or 'none'}"
            )
        return Table(self.connection.table(name))

    def sql(self, query: str, parameters: Sequence[object] = ()) -> Table:
        """Return the result of a query over the run's tables; ``?`` in it stand for `parameters`.

        Raises
        ------
        RunError
            DuckDB refuses the query; its message follows.
        """
        try:
            return Table(self.connection.sql(query, params=list(parameters)))
        except duckdb.Error as refusal:
            raise RunError(f"{self.path}: the query failed: {refusal}") from refusal

    def kpi(self, name: str, case: str = "market") -> float | None:
        """Return one key figure, or None if the run does not have it."""
        rows = self.sql('SELECT value FROM kpis WHERE name = ? AND "case" = ?', (name, case)).rows()
        return None if not rows or rows[0][0] is None else float(rows[0][0])

    def __getattr__(self, name: str) -> Table:
        """Return the table called `name`."""
        if name in TABLES:
            return self.table(name)
        raise AttributeError(f"a run has no attribute {name!r}; its tables are {', '.join(TABLES)}")

    def __dir__(self) -> list[str]:
        """List the tables beside the methods, for completion in a notebook."""
        return [*super().__dir__(), *TABLES]

    def __repr__(self) -> str:
        """Show what was run, and when."""
        about = self.metadata
        return f"<Run {about.scenario.name} {about.start.isoformat()} / {about.end.isoformat()} at {self.path}>"


def load(path: str | Path) -> Run:
    """Open a run directory for reading.

    Parameters
    ----------
    path : str or Path
        Directory written by ``micromarket run``.

    Returns
    -------
    Run
        Its tables, ready to query; nothing is read before it is asked for.

    Raises
    ------
    RunError
        It is not a run directory, the run was interrupted, or another schema version wrote it.
    """
    directory = Path(path)
    metadata = _metadata(directory)
    connection = duckdb.connect(":memory:")
    connection.execute("SET TimeZone = 'UTC'")
    found = tuple(name for name in TABLES if _files(directory, name))
    for name in found:
        files = ", ".join(_quoted(str(file)) for file in _files(directory, name))
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet([{files}])")
    return Run(directory, metadata, connection, found)


def _metadata(directory: Path) -> Metadata:
    file = directory / "run.json"
    if not file.is_file():
        raise RunError(
            f"{directory}: not a run directory; expected a file run.json in it, as `micromarket run` writes"
        )
    text = file.read_bytes()
    _check_schema(file, text)
    try:
        metadata = msgspec.json.decode(text, type=Metadata)
        ZoneInfo(metadata.timezone)
    except (msgspec.MsgspecError, ZoneInfoNotFoundError, ValueError) as fault:
        raise RunError(f"{file}: cannot be read: {fault}; run the scenario again to rewrite it") from fault
    if metadata.status != "complete":
        raise RunError(
            f"{directory}: the run is {metadata.status}, expected complete; "
            "finish it by giving the same `micromarket run` again"
        )
    return metadata


def _check_schema(file: Path, text: bytes) -> None:
    try:
        found = msgspec.json.decode(text).get("schema")
    except (msgspec.MsgspecError, AttributeError) as fault:
        raise RunError(f"{file}: expected a JSON object, found something else: {fault}") from fault
    if found != SCHEMA:
        raise RunError(
            f"{file}: expected run schema {SCHEMA}, found {found!r}; run the scenario again with this version"
        )


def _files(directory: Path, name: str) -> list[Path]:
    whole = directory / "tables" / f"{name}.parquet"
    return [whole] if whole.is_file() else sorted((directory / "tables" / name).glob("*.parquet"))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Key figures of several runs side by side.

    Parameters
    ----------
    runs : tuple of str
        Label of each run: its directory's name, with the scenario's name where scenarios differ.
    currency : str
        Currency that all of them share.
    same_scenario : bool
        Whether all of them ran the very same scenario and series (by hash).
    figures : tuple of Figures
        One line for each key figure and case.
    """

    runs: tuple[str, ...]
    currency: str
    same_scenario: bool
    figures: tuple[Figures, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """One key figure in several runs; None where a run does not have it."""

    case: str
    name: str
    unit: str
    values: tuple[float | None, ...]

    @property
    def differences(self) -> tuple[float | None, ...]:
        """Each run's value minus the first run's, None where either is absent."""
        first = self.values[0]
        return tuple(None if first is None or value is None else value - first for value in self.values)


def compare(runs: Sequence[Run]) -> Comparison:
    """Return the key figures of `runs` side by side, in the order in which they first appear.

    Raises
    ------
    RunError
        Fewer than two runs, or runs in different currencies.
    """
    if len(runs) < 2:
        raise RunError(f"a comparison needs at least 2 runs, found {len(runs)}")
    currencies = sorted({run.metadata.currency for run in runs})
    if len(currencies) > 1:
        raise RunError(f"runs in different currencies cannot be compared; found {', '.join(currencies)}")
    same = len({run.metadata.scenario.hash for run in runs}) == 1
    kpis = [_kpis(run) for run in runs]
    keys = dict.fromkeys(key for values in kpis for key in values)
    figures = tuple(Figures(*key, tuple(values.get(key) for values in kpis)) for key in keys)
    return Comparison(tuple(_label(run, same) for run in runs), currencies[0], same, figures)


def _kpis(run: Run) -> dict[tuple[str, str, str], float | None]:
    run.table("kpis")
    rows = run.sql("SELECT \"case\", name, coalesce(unit, ''), value FROM kpis").rows()
    return {
        (case, name, unit): None if value is None or np.isnan(value) else value for case, name, unit, value in rows
    }


def _label(run: Run, same_scenario: bool) -> str:
    name = run.path.resolve().name
    return name if same_scenario else f"{name} ({run.metadata.scenario.name}, {run.metadata.scenario.hash[:8]})"
