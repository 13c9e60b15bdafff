"""The base steps that a file covers, and every field of its assets over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo

import numpy as np

from micromarket.assets.served import Bulletins
from micromarket.domain.curves import Floats
from micromarket.domain.intervals import IntervalGrid
from micromarket.domain.units import parse_clock
from micromarket.simulation.scenario.fields import SeriesRef
from micromarket.simulation.scenario.series import SeriesTable


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """What is known over time.

    Parameters
    ----------
    grid : IntervalGrid
        The `S` base steps.
    zone : tzinfo
        The local zone.
    table : SeriesTable
        All series used, over the base steps.
    bulletins : mapping of (file, column) to Bulletins
        Columns that an information service foretells.
    """

    grid: IntervalGrid
    zone: tzinfo
    table: SeriesTable
    bulletins: Mapping[tuple[str, str], Bulletins] = field(default_factory=dict)

    def series(self, value: float | SeriesRef | dict[str, float]) -> Floats:
        """Return a field over the base steps, in base units, shape (S,).

        Parameters
        ----------
        value : float, SeriesRef or dict
            A constant; a column of a file; or what holds from each local time of day on.

        Notes
        -----
        A series coarser than the step is repeated, a finer one is averaged. A daily schedule that changes within a
        step counts from the next step on.
        """
        if isinstance(value, SeriesRef):
            return self.table.columns[value.file, value.column]
        if isinstance(value, dict):
            return self._daily(value)
        return np.full(len(self.grid), float(value))

    def foretold(self, value: object) -> Bulletins | None:
        """Return what an information service tells of a field, or None if none does."""
        return self.bulletins.get((value.file, value.column)) if isinstance(value, SeriesRef) else None

    def _daily(self, schedule: dict[str, float]) -> Floats:
        starts = sorted((parse_clock(clock), value) for clock, value in schedule.items())
        minutes = np.array([minute for minute, _ in starts])
        values = np.array([value for _, value in starts])
        at = np.searchsorted(minutes, self.grid.local_minutes(self.zone), side="right") - 1
        return np.asarray(values[at])


def continued(values: Floats, day: int, beyond: int) -> Floats:
    """Return `values` with `beyond` steps more, the last `day` steps repeated."""
    last = values[-min(day, len(values)) :]
    return np.concatenate([values, np.resize(last, beyond)])
