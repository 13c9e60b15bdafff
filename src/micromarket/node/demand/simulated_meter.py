"""A simulated meter: it counts what is delivered over a line, and is read at whole multiples of its interval."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from micromarket.domain.intervals import EPOCH, HOUR, Interval
from micromarket.node.demand.meter_point import Measurement, Metered, MeterPoint, Reading


@dataclass(frozen=True, slots=True)
class SimulatedMeter:
    """A meter and what it has counted.

    Parameters
    ----------
    point : MeterPoint
        The meter, named by the neighbor toward which it stands.
    register_kwh : float, default 0
        Energy counted so far [kWh].
    read_kwh : float, default 0
        What the register showed at the last whole multiple of the interval [kWh].
    since : datetime, optional
        From when on it has counted.
    """

    point: MeterPoint
    register_kwh: float = 0.0
    read_kwh: float = 0.0
    since: datetime | None = None

    def after(self, interval: Interval, power_kw: float) -> tuple[SimulatedMeter, Metered | None]:
        """Return the meter after an interval of some average power, and what it then proves, if it was read.

        An interval that it has counted in part only proves nothing.
        """
        counted = self.register_kwh + power_kw * interval.hours
        since = interval.start if self.since is None else self.since
        if (interval.end - EPOCH) % self.point.interval:
            return replace(self, register_kwh=counted, since=since), None
        whole = self.point.measurement is Measurement.REGISTER or since <= interval.end - self.point.interval
        point = self.point.read(Reading(interval.end, self._shown(counted))) if whole else self.point
        return SimulatedMeter(point, counted, counted, since), point.metered if whole else None

    def _shown(self, counted_kwh: float) -> float:
        point = self.point
        if point.measurement is Measurement.REGISTER:
            return counted_kwh / point.scale
        energy = counted_kwh - self.read_kwh
        hours = 1.0 if point.measurement is Measurement.ENERGY else point.interval / HOUR
        return energy / hours / point.scale
