"""Meter points: what a meter at the node counts, what it last said, and the demand that follows from it.

Source: Transactive Network Template v4 (PNNL, 2024), section 2, class MeterPoint, and Appendix A, figure A.7. The
reference code never stores a reading, and takes demand from schedules even where there is a meter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from math import isfinite

from micromarket.domain.intervals import HOUR, Interval, utc
from micromarket.errors import InvalidValue, NotFinite
from micromarket.node.demand.demand_charge import DemandCharge, MonthlyPeak


class Measurement(StrEnum):
    """What a reading tells, and its unit."""

    AVERAGE_POWER = "average_power"
    """Average power of the interval that ends with the reading [kW]."""
    ENERGY = "energy"
    """Energy of the interval that ends with the reading [kWh]."""
    REGISTER = "register"
    """Energy counted since the meter was installed [kWh]."""

    @property
    def unit(self) -> str:
        """Unit of readings once they are scaled."""
        return "kW" if self is Measurement.AVERAGE_POWER else "kWh"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a meter said.

    Parameters
    ----------
    taken : datetime
        When; the end of the interval it tells of. Kept in UTC.
    value : float
        As the meter shows it, before its scale.

    Raises
    ------
    NaiveTime
        If the time carries no zone.
    NotFinite
        If the value is no number.
    """

    taken: datetime
    value: float

    def __post_init__(self) -> None:
        """Convert to UTC and check the value."""
        object.__setattr__(self, "taken", utc(self.taken))
        if not isfinite(self.value):
            raise NotFinite(f"a reading must be a finite number; found {self.value}")


@dataclass(frozen=True, slots=True)
class Metered:
    """Average demand that a meter proves.

    Parameters
    ----------
    interval : Interval
        Over which time.
    demand_kw : float
        Average power drawn [kW].
    """

    interval: Interval
    demand_kw: float


@dataclass(frozen=True, slots=True)
class MeterPoint:
    """A meter, which counts what is drawn as positive.

    Parameters
    ----------
    name : str
        Its name.
    measurement : Measurement
        What a reading tells.
    interval : timedelta
        Time between readings.
    scale : float, default 1
        What a shown 1 stands for in the measurement's unit; -1000 for a meter in MW that counts feed-in.
    description : str, default ''
        Where it is.
    last, before : Reading, optional
        Its newest reading, and the one before.

    Raises
    ------
    InvalidValue
        If the interval is not longer than nothing, or the scale is 0.
    """

    name: str
    measurement: Measurement
    interval: timedelta
    scale: float = 1.0
    description: str = ""
    last: Reading | None = None
    before: Reading | None = None

    def __post_init__(self) -> None:
        """Check interval and scale."""
        if self.interval <= timedelta(0) or not self.scale or not isfinite(self.scale):
            raise InvalidValue(f"{self.name} needs an interval longer than 0 and a scale that is not 0")

    def read(self, reading: Reading) -> MeterPoint:
        """Return the meter after a reading; one that is not newer than the last changes nothing."""
        if self.last is not None and reading.taken <= self.last.taken:
            return self
        return replace(self, last=reading, before=self.last)

    @property
    def next_reading(self) -> datetime | None:
        """When the next reading is due; None before the first."""
        return None if self.last is None else self.last.taken + self.interval

    @property
    def metered(self) -> Metered | None:
        """What the newest reading proves; None if there is none, or if a register has no earlier one or fell.

        A register that missed readings proves the average over the whole gap. One that fell was exchanged.
        """
        if self.last is None:
            return None
        if self.measurement is Measurement.REGISTER:
            return self._counted(self.last)
        interval = Interval(self.last.taken - self.interval, self.last.taken)
        hours = self.interval / HOUR if self.measurement is Measurement.ENERGY else 1.0
        return Metered(interval, self.scale * self.last.value / hours)

    def _counted(self, last: Reading) -> Metered | None:
        if self.before is None or last.value < self.before.value:
            return None
        interval = Interval(self.before.taken, last.taken)
        return Metered(interval, self.scale * (last.value - self.before.value) / (interval.duration / HOUR))

    def raised(self, peak: MonthlyPeak, charge: DemandCharge, zone: tzinfo) -> MonthlyPeak:
        """Return a month's peak after the newest reading: from now on the meter tells it, not schedules."""
        found = self.metered
        if found is None:
            return peak
        return replace(peak.raised(found.interval.start, found.demand_kw, charge, zone), from_meter=True)
