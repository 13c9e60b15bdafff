"""Intervals of time: half-open, stored in UTC, laid out by adding durations in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

import numpy as np
from numpy.typing import NDArray

from micromarket.errors import InvalidValue, NaiveTime

Times = NDArray[np.int64]
"""Instants as whole microseconds since 1970-01-01T00:00Z."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
QUARTER_US = 15 * 60 * 1_000_000


def utc(moment: datetime) -> datetime:
    """Return `moment` in UTC.

    Raises
    ------
    NaiveTime
        If `moment` carries no time zone.
    """
    if moment.utcoffset() is None:
        raise NaiveTime(f"a time needs a zone or an offset; found {moment.isoformat()}")
    return moment.astimezone(UTC)


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """A half-open stretch of time: `start` belongs to it, `end` does not.

    Parameters
    ----------
    start, end : datetime
        Any zone is taken; kept in UTC.

    Raises
    ------
    NaiveTime
        If either carries no zone.
    InvalidValue
        If `end` is not after `start`.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        """Convert to UTC and check the order."""
        object.__setattr__(self, "start", utc(self.start))
        object.__setattr__(self, "end", utc(self.end))
        if self.end <= self.start:
            raise InvalidValue(f"an interval ends after it starts; found {self.start} to {self.end}")

    @classmethod
    def lasting(cls, start: datetime, duration: timedelta) -> Interval:
        """Return the interval from `start` that lasts `duration`, added in UTC."""
        begin = utc(start)
        return cls(begin, begin + duration)

    @property
    def duration(self) -> timedelta:
        """How long it lasts."""
        return self.end - self.start

    @property
    def hours(self) -> float:
        """How long it lasts [h]."""
        return self.duration / HOUR

    def contains(self, moment: datetime) -> bool:
        """Return whether `moment` lies in it."""
        return self.start <= utc(moment) < self.end

    def overlap(self, other: Interval) -> Interval | None:
        """Return the time common to both, or None if there is none."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Interval(start, end) if start < end else None

    def split(self, duration: timedelta) -> tuple[Interval, ...]:
        """Return consecutive intervals of `duration` that cover it exactly.

        Raises
        ------
        InvalidValue
            If `duration` does not divide it.
        """
        if duration <= timedelta(0) or self.duration % duration:
            raise InvalidValue(f"{duration} does not divide {self.duration}")
        starts = (self.start + i * duration for i in range(self.duration // duration))
        return tuple(Interval.lasting(start, duration) for start in starts)


def local_day(day: date, zone: tzinfo) -> Interval:
    """Return the calendar day of a zone: 23, 24 or 25 hours long."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    following = day + timedelta(days=1)
    return Interval(midnight, datetime(following.year, following.month, following.day, tzinfo=zone))


@dataclass(frozen=True, slots=True)
class IntervalGrid:
    """Consecutive intervals of equal duration, as arrays.

    Parameters
    ----------
    start : datetime
        Start of the first interval; kept in UTC.
    step : timedelta
        Duration of each.
    count : int
        How many; `S` in array shapes.

    Raises
    ------
    NaiveTime
        If `start` carries no zone.
    InvalidValue
        If `step` or `count` is not positive.
    """

    start: datetime
    step: timedelta
    count: int

    def __post_init__(self) -> None:
        """Convert to UTC and check the sizes."""
        object.__setattr__(self, "start", utc(self.start))
        if self.step <= timedelta(0) or self.count < 1:
            raise InvalidValue(f"a grid needs a positive step and count; found {self.step} and {self.count}")

    @classmethod
    def covering(cls, whole: Interval, step: timedelta) -> IntervalGrid:
        """Return the grid of `step` that covers `whole` exactly.

        Raises
        ------
        InvalidValue
            If `step` does not divide `whole`.
        """
        if step <= timedelta(0) or whole.duration % step:
            raise InvalidValue(f"{step} does not divide {whole.duration}")
        return cls(whole.start, step, whole.duration // step)

    def __len__(self) -> int:
        """Return the number of intervals."""
        return self.count

    def __getitem__(self, index: int) -> Interval:
        """Return one interval."""
        if not -self.count <= index < self.count:
            raise IndexError(index)
        return Interval.lasting(self.start + (index % self.count) * self.step, self.step)

    @property
    def whole(self) -> Interval:
        """From the first start to the last end."""
        return Interval.lasting(self.start, self.count * self.step)

    @property
    def hours(self) -> float:
        """Duration of each interval [h]."""
        return self.step / HOUR

    @property
    def starts(self) -> Times:
        """Start of each interval [microseconds since 1970 UTC], shape (S,)."""
        first, step = (self.start - EPOCH) // MICROSECOND, self.step // MICROSECOND
        return first + step * np.arange(self.count, dtype=np.int64)

    @property
    def moments(self) -> tuple[datetime, ...]:
        """Start of each interval, in UTC."""
        return tuple(self.start + at * self.step for at in range(self.count))

    def index(self, moment: datetime) -> int:
        """Return which interval contains `moment`.

        Raises
        ------
        InvalidValue
            If none does.
        """
        index = (utc(moment) - self.start) // self.step
        if not 0 <= index < self.count:
            raise InvalidValue(f"{moment} lies outside {self.whole.start} to {self.whole.end}")
        return index

    def local_hours(self, zone: tzinfo) -> NDArray[np.int64]:
        """Return the local hour of day, 0 to 23, in which each interval starts, shape (S,)."""
        return local_microseconds(self.starts, zone) // (HOUR // MICROSECOND) % 24

    def local_minutes(self, zone: tzinfo) -> NDArray[np.int64]:
        """Return the local minute of day, 0 to 1439, in which each interval starts, shape (S,)."""
        return local_microseconds(self.starts, zone) // 60_000_000 % 1440

    def local_weekdays(self, zone: tzinfo) -> NDArray[np.int64]:
        """Return the local day of the week in which each interval starts, Monday 0 to Sunday 6, shape (S,)."""
        return (local_microseconds(self.starts, zone) // (24 * HOUR // MICROSECOND) + 3) % 7

    def local_days(self, zone: tzinfo) -> NDArray[np.int64]:
        """Return the local calendar day of each start, counted from the day of the first, shape (S,)."""
        days = local_microseconds(self.starts, zone) // (24 * HOUR // MICROSECOND)
        return np.asarray(days - days[0])


@dataclass(frozen=True, slots=True, eq=False)
class LocalTimes:
    """`S` instants, and what clock and calendar of a zone show at each.

    Parameters
    ----------
    starts : array of int, shape (S,)
        The instants [microseconds since 1970 UTC].
    hours : array of int, shape (S,)
        Local hour of the day, 0 to 23.
    days : array of int, shape (S,)
        Local calendar day, counted from 1 January 1970.
    """

    starts: Times
    hours: NDArray[np.int64]
    days: NDArray[np.int64]

    @classmethod
    def of(cls, starts: Times, zone: tzinfo) -> LocalTimes:
        """Return `starts` as seen in `zone`."""
        local_hours = local_microseconds(starts, zone) // (HOUR // MICROSECOND)
        return cls(starts, local_hours % 24, local_hours // 24)

    @property
    def weekdays(self) -> NDArray[np.int64]:
        """Local day of the week, Monday 0 to Sunday 6, shape (S,)."""
        return (self.days + 3) % 7

    @property
    def months(self) -> NDArray[np.int64]:
        """Local month, January 1 to December 12, shape (S,)."""
        return self.days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 + 1

    def __len__(self) -> int:
        """Return the number of instants."""
        return len(self.starts)

    def __getitem__(self, which: slice | NDArray[np.int64] | NDArray[np.bool_]) -> LocalTimes:
        """Return some of the instants."""
        return LocalTimes(self.starts[which], self.hours[which], self.days[which])


def local_microseconds(times: Times, zone: tzinfo) -> Times:
    """Return instants as a clock on the wall of `zone` shows them: microseconds since 1970 there, same shape.

    The offset from UTC is looked up once in each quarter of an hour, since no zone changes it in between.
    """
    quarters, where = np.unique(times // QUARTER_US, return_inverse=True)
    offsets = [_offset_us(int(quarter) * QUARTER_US, zone) for quarter in quarters]
    return np.asarray(times + np.array(offsets, dtype=np.int64)[where.reshape(times.shape)])


def _offset_us(time: int, zone: tzinfo) -> int:
    offset = (EPOCH + time * MICROSECOND).astimezone(zone).utcoffset()
    return (offset or timedelta(0)) // MICROSECOND
