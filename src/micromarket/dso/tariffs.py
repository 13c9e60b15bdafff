"""Approved rates: what customers pay without the market, and the flat rate at which a supplier breaks even."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo

import numpy as np
from numpy.typing import NDArray

from micromarket.domain.curves import Floats
from micromarket.domain.intervals import IntervalGrid
from micromarket.domain.money import MICRO_PER_UNIT, Micro, to_micro
from micromarket.errors import InvalidValue, WrongShape

MINUTES_PER_DAY = 1440
SATURDAY = 5


@dataclass(frozen=True, slots=True)
class FlatRate:
    """One rate at all times.

    Parameters
    ----------
    rate : float
        Price of imported energy [currency/kWh].
    """

    rate: float

    def rates(self, grid: IntervalGrid, zone: tzinfo) -> Floats:
        """Return the rate in each interval [currency/kWh], shape (S,)."""
        return np.full(len(grid), self.rate)


@dataclass(frozen=True, slots=True)
class TimeOfUse:
    """Two rates, by the clock on the customer's wall.

    Parameters
    ----------
    off_peak, peak : float
        Price of imported energy [currency/kWh].
    peak_starts, peak_ends : int
        Local minute of the day, 0 to 1439 and 1 to 1440; a peak that ends before it starts goes over midnight.
    weekdays_only : bool
        Whether Saturdays and Sundays have no peak.

    Raises
    ------
    InvalidValue
        If a minute is out of range, or the peak is empty.
    """

    off_peak: float
    peak: float
    peak_starts: int
    peak_ends: int
    weekdays_only: bool = False

    def __post_init__(self) -> None:
        """Check the minutes."""
        start, end = self.peak_starts, self.peak_ends
        if not (0 <= start < MINUTES_PER_DAY and 0 < end <= MINUTES_PER_DAY) or start == end:
            raise InvalidValue(f"a peak needs two different minutes of the day; found {start} to {end}")

    def rates(self, grid: IntervalGrid, zone: tzinfo) -> Floats:
        """Return the rate in each interval [currency/kWh], shape (S,); a mean where it changes within one."""
        share = self._peak_share(grid, zone)
        if self.weekdays_only:
            share = np.where(grid.local_weekdays(zone) < SATURDAY, share, 0.0)
        return np.asarray(self.off_peak + (self.peak - self.off_peak) * share)

    def _peak_share(self, grid: IntervalGrid, zone: tzinfo) -> Floats:
        starts, length = grid.local_minutes(zone), grid.hours * 60
        peak_length = (self.peak_ends - self.peak_starts) % MINUTES_PER_DAY or MINUTES_PER_DAY
        share = np.zeros(len(grid))
        for begin in (self.peak_starts - MINUTES_PER_DAY, self.peak_starts, self.peak_starts + MINUTES_PER_DAY):
            common = np.minimum(starts + length, begin + peak_length) - np.maximum(starts, begin)
            share += np.maximum(common, 0) / length
        return share


@dataclass(frozen=True, slots=True)
class Tariff:
    """What a customer pays without the market.

    Parameters
    ----------
    tariff_id : str
        Name in the scenario.
    imports : FlatRate or TimeOfUse
        Rate of energy drawn.
    export_rate : float
        What the customer gets for energy fed in [currency/kWh].
    fixed_per_day : float
        Charge for each local day begun [currency/day].
    """

    tariff_id: str
    imports: FlatRate | TimeOfUse
    export_rate: float = 0.0
    fixed_per_day: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Bills:
    """What `C` customers pay for a run of `S` intervals; the total is `energy_micro` and `fixed_micro` together.

    Parameters
    ----------
    import_kwh, export_kwh : array of float, shape (C, S)
        Energy drawn and fed in [kWh], both not negative.
    energy_micro : array of int, shape (C, S)
        Paid for energy in each interval [micro-units]; negative if the customer is paid.
    fixed_micro : array of int, shape (C,)
        Paid for being connected [micro-units].
    """

    import_kwh: Floats
    export_kwh: Floats
    energy_micro: Micro
    fixed_micro: Micro

    @property
    def total_micro(self) -> Micro:
        """What each customer pays [micro-units], shape (C,)."""
        return np.asarray(self.energy_micro.sum(axis=1) + self.fixed_micro)


@dataclass(frozen=True, slots=True, eq=False)
class RateTable:
    """Several tariffs as arrays over the intervals of a run.

    Parameters
    ----------
    imports : array of float, shape (K, S)
        Rate of energy drawn [currency/kWh].
    exports : array of float, shape (K,)
        Rate of energy fed in [currency/kWh].
    fixed_micro : array of int, shape (K,)
        Fixed charge of the whole run [micro-units].
    """

    imports: Floats
    exports: Floats
    fixed_micro: Micro

    @classmethod
    def of(cls, tariffs: tuple[Tariff, ...], grid: IntervalGrid, zone: tzinfo) -> RateTable:
        """Return `tariffs` over `grid`, by the clock of `zone`. Every local day begun counts once, however long."""
        days = int(np.unique(grid.local_days(zone)).size)
        return cls(
            np.stack([tariff.imports.rates(grid, zone) for tariff in tariffs]),
            np.array([tariff.export_rate for tariff in tariffs]),
            to_micro([tariff.fixed_per_day for tariff in tariffs]) * days,
        )


def bill(table: RateTable, tariff_of: NDArray[np.int64], net_kw: Floats, hours: float) -> Bills:
    """Return what customers pay by tariff.

    Parameters
    ----------
    table : RateTable
        Rates of `K` tariffs.
    tariff_of : array of int, shape (C,)
        Tariff of each customer.
    net_kw : array of float, shape (C, S)
        Metered power of each customer as a whole [kW], positive fed in, negative drawn.
    hours : float
        Duration of each interval [h].

    Notes
    -----
    Each interval is rounded once, half to even; a bill adds whole micro-units.
    """
    imported, exported = np.maximum(-net_kw, 0) * hours, np.maximum(net_kw, 0) * hours
    energy = to_micro(imported * table.imports[tariff_of] - exported * table.exports[tariff_of, None])
    return Bills(imported, exported, energy, table.fixed_micro[tariff_of])


def break_even_rate(import_kwh: Floats, needed_micro: int) -> float:
    """Return the flat rate at which bills for `import_kwh` just bring in `needed_micro` [currency/kWh].

    Parameters
    ----------
    import_kwh : array of float
        Energy drawn by each customer who pays that rate, in each interval [kWh]; any shape.
    needed_micro : int
        What the rate must bring in [micro-units]: the supplier's cost, and what it pays for exports, less fixed
        charges and what customers of other tariffs pay.

    Returns
    -------
    float
        A whole number of micro-units for each kWh: the lowest at which bills, rounded as `bill` rounds them, cover
        the need. Negative if the need is.

    Raises
    ------
    InvalidValue
        If nobody draws energy.
    WrongShape
        If an energy is negative.
    """
    total = float(import_kwh.sum())
    if (import_kwh < 0).any():
        raise WrongShape("imported energy is never negative")
    if not total > 0:
        raise InvalidValue("no flat rate recovers a cost where nobody draws energy")

    def revenue(rate: int) -> int:
        return int(to_micro(import_kwh * (rate / MICRO_PER_UNIT)).sum())

    slack = import_kwh.size / 2 / total
    low, high = (int(np.floor(needed_micro / total + way * slack)) + way for way in (-1, 1))
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (low, middle) if revenue(middle) >= needed_micro else (middle, high)
    return high / MICRO_PER_UNIT
