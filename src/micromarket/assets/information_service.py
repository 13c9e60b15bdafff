"""Information services: weather or prices from elsewhere, how old they are, and what is used when they fail.

Source: Transactive Network Template v4 (PNNL, 2024), section 2, class InformationServiceModel, and Appendix A, figure
A.1. The reference code's model predicts a constant of 56; its weather model falls back silently.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from micromarket.domain.curves import Floats
from micromarket.domain.intervals import EPOCH, MICROSECOND, IntervalGrid, Times, utc
from micromarket.errors import InvalidValue, NotFinite, WrongShape

DAY_US = 24 * 3_600_000_000


class Source(IntEnum):
    """Where a value comes from, best first."""

    FRESH = 0
    """From an update that is not older than the service's refresh period."""
    STALE = 1
    """From an older one that may still be used."""
    REPEATED = 2
    """From the same time of another day in that update, which does not reach so far."""
    USUAL = 3
    """Nothing was heard in time: what is usual."""


@dataclass(frozen=True, slots=True, eq=False)
class Update:
    """What a service said.

    Parameters
    ----------
    issued : datetime
        When. Kept in UTC.
    intervals : IntervalGrid
        The `S` intervals it tells of.
    values : array of float, shape (S,)
        Mean of each, in the service's unit.

    Raises
    ------
    NaiveTime
        If the time carries no zone.
    WrongShape, NotFinite
        If there is not one finite value for each interval.
    """

    issued: datetime
    intervals: IntervalGrid
    values: Floats

    def __post_init__(self) -> None:
        """Convert to UTC and check the values."""
        object.__setattr__(self, "issued", utc(self.issued))
        if self.values.shape != (len(self.intervals),):
            raise WrongShape(f"an update needs {len(self.intervals)} values; found shape {self.values.shape}")
        if not np.isfinite(self.values).all():
            raise NotFinite("every value of an update must be finite")

    def at(self, times: Times) -> tuple[Floats, NDArray[np.bool_], NDArray[np.bool_]]:
        """Return values at some times [microseconds since 1970 UTC], whether each is told, and whether repeated.

        Beyond what is told stands the value of the same time on the nearest day that is; where no day is, 0.
        """
        first, step = self.intervals.starts[0], self.intervals.step // MICROSECOND
        span = step * len(self.intervals)
        late = np.maximum(0, -(-(times - first - span + 1) // DAY_US))
        early = np.maximum(0, -(-(first - times) // DAY_US))
        place = (times + (early - late) * DAY_US - first) // step
        told = (place >= 0) & (place < len(self.values))
        values = np.where(told, self.values[np.where(told, place, 0)], 0.0)
        return values, told, told & (late + early > 0)


@dataclass(frozen=True, slots=True, eq=False)
class Information:
    """What an asset uses, and why.

    Parameters
    ----------
    values : array of float, shape (T,)
        Value for each interval.
    sources : array of int, shape (T,)
        Where each comes from (`Source`).
    record : str
        The same in words, for the record.
    """

    values: Floats
    sources: NDArray[np.int64]
    record: str


@dataclass(frozen=True, slots=True, eq=False)
class InformationService:
    """A service that is asked again and again.

    Parameters
    ----------
    name : str
        Its name.
    provides, unit : str
        What it tells, such as ``outdoor temperature``, and in which unit, such as ``degC``.
    refresh : timedelta
        Time between updates.
    valid_for : timedelta
        Age at which an update is no longer used; not shorter than `refresh`.
    usual : float
        What is used then.
    address, license : str, default ''
        Where it is found, and on which terms.
    last : Update, optional
        The newest update.

    Raises
    ------
    InvalidValue
        If `refresh` is not longer than nothing, or longer than `valid_for`.
    """

    name: str
    provides: str
    unit: str
    refresh: timedelta
    valid_for: timedelta
    usual: float
    address: str = ""
    license: str = ""
    last: Update | None = None

    def __post_init__(self) -> None:
        """Check the times."""
        if not timedelta(0) < self.refresh <= self.valid_for:
            raise InvalidValue(f"{self.name} needs 0 < refresh <= valid_for; found {self.refresh}, {self.valid_for}")

    def heard(self, update: Update) -> InformationService:
        """Return the service after an update; one that is not newer than the last changes nothing."""
        if self.last is not None and update.issued <= self.last.issued:
            return self
        return replace(self, last=update)

    @property
    def next_update(self) -> datetime:
        """When the next update is due; the beginning of time before the first."""
        return EPOCH if self.last is None else self.last.issued + self.refresh

    def state(self, now: datetime) -> Source:
        """Return whether the newest update is fresh, stale, or too old to be used."""
        if self.last is None or utc(now) - self.last.issued >= self.valid_for:
            return Source.USUAL
        return Source.FRESH if utc(now) <= self.next_update else Source.STALE

    def information(self, intervals: IntervalGrid, now: datetime) -> Information:
        """Return what is known of some intervals at a moment, each by the value at its start."""
        state, starts = self.state(now), intervals.starts
        values, sources = np.full(len(starts), self.usual), np.full(len(starts), int(Source.USUAL))
        if self.last is not None and state < Source.USUAL:
            known, told, repeated = self.last.at(starts)
            values = np.where(told, known, values)
            sources = np.where(repeated, int(Source.REPEATED), np.where(told, int(state), sources))
        return Information(values, sources, self._record(sources))

    def _record(self, sources: NDArray[np.int64]) -> str:
        counts = [(int((sources == source).sum()), source.name.lower()) for source in Source]
        parts = ", ".join(f"{count} {name}" for count, name in counts if count)
        said = "never heard" if self.last is None else f"last heard {self.last.issued:%Y-%m-%dT%H:%M:%SZ}"
        return f"{self.name} ({self.provides}), {said}: {parts}"
