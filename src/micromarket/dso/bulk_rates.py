"""What a bulk supplier charges: energy by month and by heavy and light hours, demand by month.

Heavy-load hours are those of the North American Electric Reliability Corporation for the western grid: from 6 to 22
local time on Mondays to Saturdays, holidays excepted. PNNL's reference code never recognizes a holiday.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micromarket.domain.curves import Floats
from micromarket.domain.intervals import LocalTimes
from micromarket.errors import WrongShape

FIRST_HOUR, LAST_HOUR, SUNDAY = 6, 22, 6
Days = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class BulkRates:
    """Rates of each month, January first; each of shape (12,).

    Parameters
    ----------
    heavy, light : array of float
        Energy in heavy-load and in light-load hours [currency/kWh].
    demand : array of float
        Highest power of the month's heavy-load hours beyond what is agreed [currency/kW/month].

    Raises
    ------
    WrongShape
        If one of them is not of 12 months.
    """

    heavy: Floats
    light: Floats
    demand: Floats

    def __post_init__(self) -> None:
        """Check the shapes."""
        if not self.heavy.shape == self.light.shape == self.demand.shape == (12,):
            raise WrongShape("rates need one number for each of 12 months")

    def energy(self, when: LocalTimes) -> Floats:
        """Return the energy rate at each time [currency/kWh], shape (S,)."""
        month = when.months - 1
        return np.where(is_heavy(when), self.heavy[month], self.light[month])

    def demand_rate(self, when: LocalTimes) -> Floats:
        """Return the rate of the month's peak at each time [currency/kW/month]: 0 in light-load hours, shape (S,)."""
        return np.where(is_heavy(when), self.demand[when.months - 1], 0.0)


def is_heavy(when: LocalTimes) -> NDArray[np.bool_]:
    """Return whether each time lies in heavy-load hours, shape (S,)."""
    in_hours = (when.hours >= FIRST_HOUR) & (when.hours < LAST_HOUR)
    return np.asarray(in_hours & (when.weekdays != SUNDAY) & ~is_holiday(when.days))


def is_holiday(days: Days) -> NDArray[np.bool_]:
    """Return whether each local calendar day [days since 1970] is an off-peak holiday, of the same shape.

    These are New Year, Memorial Day, Independence Day, Labor Day, Thanksgiving and Christmas; one that falls on a
    Sunday is kept on the Monday.
    """
    dates = np.asarray(days).astype("datetime64[D]")
    years = np.unique(dates.astype("datetime64[Y]"))
    kept = [_observed(day) for year in years for day in _holidays(year)]
    return np.isin(dates, np.array(kept, dtype="datetime64[D]"))


def _holidays(year: np.datetime64) -> list[np.datetime64]:
    january, may, september, november = (year.astype("datetime64[M]") + month for month in (0, 4, 8, 10))
    monday = np.busday_offset((may + 1).astype("datetime64[D]"), -1, roll="forward", weekmask="Mon")
    labor = np.busday_offset(september.astype("datetime64[D]"), 0, roll="forward", weekmask="Mon")
    thanks = np.busday_offset(november.astype("datetime64[D]"), 3, roll="forward", weekmask="Thu")
    july, december = ((january + month).astype("datetime64[D]") for month in (6, 11))
    return [january.astype("datetime64[D]"), monday, july + 3, labor, thanks, december + 24]


def _observed(day: np.datetime64) -> np.datetime64:
    return day + int(np.is_busday(day, weekmask="Sun"))
