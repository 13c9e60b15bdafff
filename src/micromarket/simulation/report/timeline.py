"""The run's time axis as the report draws it: local times, thinned to what a screen can show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from micromarket.simulation.results import Metadata, Run

MOST_POINTS = 1500
"""Points along a time axis; longer runs are drawn as means over several intervals, and the report says so."""

WIDTHS_MINUTES = (5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 720, 1440)


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """Intervals of a run, and the bins in which they are drawn.

    Parameters
    ----------
    starts : array of datetime64[us], shape (T,)
        Start of each interval, UTC.
    local : tuple of datetime, length T
        The same in the scenario's zone, without offset.
    per_bin : int
        Intervals drawn as one point.
    hours : float
        Duration of one interval [h].
    end : datetime
        End of the run in the scenario's zone, without offset.
    """

    starts: NDArray[np.datetime64]
    local: tuple[datetime, ...]
    per_bin: int
    hours: float
    end: datetime

    @property
    def steps(self) -> int:
        """Number of intervals."""
        return len(self.starts)

    @property
    def bins(self) -> NDArray[np.int64]:
        """Bin of each interval, shape (T,)."""
        return np.arange(self.steps) // self.per_bin

    @property
    def drawn(self) -> list[str]:
        """Start of each bin and the end of the last, as Plotly reads them."""
        return [text(when) for when in (*self.local[:: self.per_bin], self.end)]

    def binned(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mean over each bin of values along the first axis, shape (T, ...)."""
        edges = np.arange(0, self.steps, self.per_bin)
        sizes = np.diff(np.append(edges, self.steps)).reshape(-1, *[1] * (values.ndim - 1))
        return np.add.reduceat(values, edges, axis=0) / sizes

    @property
    def note(self) -> str:
        """What the reader must know about thinning; empty if every interval is drawn."""
        if self.per_bin == 1:
            return ""
        minutes = round(self.per_bin * self.hours * 60)
        width = f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"
        return f"Each point is the mean of {self.per_bin} intervals ({width}); peaks and totals use every interval."


def text(when: datetime) -> str:
    """Return a local time as Plotly reads it."""
    return when.strftime("%Y-%m-%d %H:%M")


def timeline(metadata: Metadata) -> Timeline:
    """Return the time axis of a run."""
    first = metadata.start.astimezone(UTC)
    moments = [first + metadata.step * index for index in range(metadata.steps + 1)]
    local = tuple(moment.astimezone(metadata.zone).replace(tzinfo=None) for moment in moments)
    starts = np.array([moment.replace(tzinfo=None) for moment in moments[:-1]], dtype="datetime64[us]")
    return Timeline(starts, local[:-1], _per_bin(metadata), metadata.hours, local[-1])


def _per_bin(metadata: Metadata) -> int:
    for minutes in WIDTHS_MINUTES:
        per_bin, rest = divmod(minutes, metadata.step_minutes)
        if per_bin >= 1 and rest == 0 and metadata.steps / per_bin <= MOST_POINTS:
            return int(per_bin)
    return max(1, -(-metadata.steps // MOST_POINTS))


def register(run: Run, axis: Timeline) -> None:
    """Give the run's database a table ``instants`` (start, step, bin, minute of the local day) to join on."""
    minutes = np.array([when.hour * 60 + when.minute for when in axis.local])
    instants = {"start": axis.starts, "step": np.arange(axis.steps), "bin": axis.bins, "minute": minutes}
    run.connection.register("instants_arrays", instants)
    run.connection.execute("CREATE TEMP TABLE instants AS SELECT * FROM instants_arrays")
    run.connection.unregister("instants_arrays")
