"""The run's time axis as the report draws it: local times, thinned to what a screen can show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from micromarket.simulation.recording.results import Metadata, Run

MOST_POINTS = 1500
"""Points along a time axis; longer runs are drawn by the hour, or by the day, and the report says so."""

Floats = NDArray[np.float64]
Steps = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """Intervals of a run, and the bins in which they are drawn.

    Parameters
    ----------
    starts : array of datetime64[us], shape (T,)
        Start of each interval, UTC.
    local : tuple of datetime, length T
        The same in the scenario's zone, without offset.
    bins : array of int, shape (T,)
        The point at which each interval is drawn; rises by one.
    width : str
        What a point stands for: ``"hour"`` or ``"day"``; empty if it is one interval.
    hours : float
        Duration of one interval [h].
    end : datetime
        End of the run in the scenario's zone, without offset.
    """

    starts: NDArray[np.datetime64]
    local: tuple[datetime, ...]
    bins: Steps
    width: str
    hours: float
    end: datetime

    @property
    def steps(self) -> int:
        """Number of intervals."""
        return len(self.starts)

    @property
    def points(self) -> int:
        """Number of points drawn."""
        return int(self.bins[-1]) + 1

    @property
    def firsts(self) -> Steps:
        """First interval of each bin."""
        return np.flatnonzero(np.diff(self.bins, prepend=-1))

    @property
    def drawn(self) -> list[str]:
        """Start of each bin and the end of the last, as Plotly reads them."""
        return [text(when) for when in (*(self.local[first] for first in self.firsts), self.end)]

    def mean(self, values: Floats) -> Floats:
        """Return the mean over each bin of values, shape (T,); what is absent does not count."""
        known = ~np.isnan(values)
        total = np.add.reduceat(np.where(known, values, 0.0), self.firsts)
        counted = np.add.reduceat(known.astype(float), self.firsts)
        mean: Floats = np.divide(total, counted, out=np.full(self.points, np.nan), where=counted > 0)
        return mean

    def lowest(self, values: Floats) -> Floats:
        """Return the lowest value in each bin."""
        lowest: Floats = np.fmin.reduceat(values, self.firsts)
        return lowest

    def highest(self, values: Floats) -> Floats:
        """Return the highest value in each bin."""
        highest: Floats = np.fmax.reduceat(values, self.firsts)
        return highest

    def note(self, how: str = "mean") -> str:
        """Return what the reader must know about thinning; empty if every interval is drawn."""
        return f"Each point is the {how} of one {self.width}; totals use every interval." if self.width else ""


def text(when: datetime) -> str:
    """Return a local time as Plotly reads it."""
    return when.strftime("%Y-%m-%d %H:%M")


def timeline(metadata: Metadata) -> Timeline:
    """Return the time axis of a run."""
    first = metadata.start.astimezone(UTC)
    moments = [first + metadata.step * index for index in range(metadata.steps + 1)]
    local = tuple(moment.astimezone(metadata.zone).replace(tzinfo=None) for moment in moments)
    starts = np.array([moment.replace(tzinfo=None) for moment in moments[:-1]], dtype="datetime64[us]")
    width = _width(metadata)
    return Timeline(starts, local[:-1], _bins(local[:-1], width), width, metadata.hours, local[-1])


def _width(metadata: Metadata) -> str:
    if metadata.steps <= MOST_POINTS:
        return ""
    return "hour" if metadata.hours < 1 and metadata.steps * metadata.hours <= MOST_POINTS else "day"


def _bins(local: tuple[datetime, ...], width: str) -> Steps:
    if not width:
        return np.arange(len(local))
    keys = [(when.date(), when.hour if width == "hour" else 0) for when in local]
    new = [this != before for this, before in zip(keys[1:], keys, strict=False)]
    return np.cumsum([0, *new])


def register(run: Run, axis: Timeline) -> None:
    """Give the run's database a table ``instants`` (start, step, bin) to join on."""
    instants = {"start": axis.starts, "step": np.arange(axis.steps), "bin": axis.bins}
    run.connection.register("instants_arrays", instants)
    run.connection.execute("CREATE TEMP TABLE instants AS SELECT * FROM instants_arrays")
    run.connection.unregister("instants_arrays")
