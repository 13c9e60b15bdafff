"""What prices usually are: models that learn from cleared prices and foresee the next ones.

A model never changes. Learning returns a new one, so a new market starts from its predecessor's model and cannot
spoil it. Others are added by name, through an entry point of the group ``micromarket.price_models`` that gives a
function of the number of nodes, the default price and the memory.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micromarket.domain.curves import Floats
from micromarket.domain.intervals import LocalTimes
from micromarket.errors import InvalidValue, WrongShape

HOURS_OF_DAY = 24
SATURDAY = 5
MEMORY_DAYS = 14
"""Days after which a model has mostly forgotten; the template's default."""


class PriceModel(Protocol):
    """What any model of prices at `m` nodes offers; a frozen dataclass, so that it can be saved."""

    def expected(self, when: LocalTimes) -> Floats:
        """Return the price to expect at each node and time [currency/kWh], shape (m, S)."""

    def deviation(self, when: LocalTimes) -> Floats:
        """Return the standard deviation of each of these prices [currency/kWh], shape (m, S)."""

    def learned(self, when: LocalTimes, prices: ArrayLike) -> Self:
        """Return the model after it has seen cleared `prices` of shape (m, S), one time after another."""


@dataclass(frozen=True, slots=True, eq=False)
class HourlyPrices:
    """Running mean and spread of the price in each local hour of the day, at each of `m` nodes.

    Parameters
    ----------
    mean : array of float, shape (m, 24)
        Mean price of each hour [currency/kWh].
    spread : array of float, shape (m, 24)
        Standard deviation of each hour [currency/kWh]; not negative.
    memory : int, default 14
        Time constant [number of prices of that hour], called `k` below; 1 forgets everything else. Two weeks of
        hourly prices are 14, of quarter-hourly ones 56.

    Raises
    ------
    WrongShape
        If the arrays do not have that shape.
    InvalidValue
        If a spread is negative, or the memory less than 1.
    """

    mean: Floats
    spread: Floats
    memory: int = MEMORY_DAYS

    def __post_init__(self) -> None:
        """Check shape and sign, and let nobody write into the arrays through this model."""
        if self.mean.ndim != 2 or self.mean.shape[1] != HOURS_OF_DAY or self.mean.shape != self.spread.shape:
            raise WrongShape(f"expected two arrays (m, 24); found {self.mean.shape} and {self.spread.shape}")
        if (self.spread < 0).any():
            raise InvalidValue("a spread is never negative")
        if self.memory < 1:
            raise InvalidValue(f"expected a memory of at least 1; found {self.memory}")
        object.__setattr__(self, "mean", _read_only(self.mean))
        object.__setattr__(self, "spread", _read_only(self.spread))

    @classmethod
    def flat(cls, nodes: int, price: float, memory: int = MEMORY_DAYS) -> HourlyPrices:
        """Return the model that expects one price at every hour of `nodes` nodes, without spread."""
        return cls(np.full((nodes, HOURS_OF_DAY), price), np.zeros((nodes, HOURS_OF_DAY)), memory)

    def updated(self, hour: int, prices: ArrayLike) -> HourlyPrices:
        """Return the model after one more price was seen at every node.

        Parameters
        ----------
        hour : int
            Local hour of the day, 0 to 23.
        prices : array of float, shape (m,)
            Cleared price of each node in that hour [currency/kWh].

        Raises
        ------
        InvalidValue
            If `hour` is out of range.

        Notes
        -----
        ``mean' = ((k - 1) mean + price) / k`` and
        ``spread' = sqrt(((k - 1) spread**2 + (mean' - price)**2) / k)``.
        Source: Transactive Network Template v4 (PNNL, 2024), section 3.6, eq. (2) and (3).

        Examples
        --------
        >>> float(HourlyPrices.flat(1, 0.10).updated(17, [0.24]).mean[0, 17])
        0.11
        """
        if not 0 <= hour < HOURS_OF_DAY:
            raise InvalidValue(f"expected an hour from 0 to 23; found {hour}")
        seen, k = np.asarray(prices, dtype=float), self.memory
        mean, spread = self.mean.copy(), self.spread.copy()
        mean[:, hour] = ((k - 1) * mean[:, hour] + seen) / k
        spread[:, hour] = np.sqrt(((k - 1) * spread[:, hour] ** 2 + (mean[:, hour] - seen) ** 2) / k)
        return replace(self, mean=mean, spread=spread)

    def expected(self, when: LocalTimes) -> Floats:
        """Return the mean price of each node in the hour of each time, shape (m, S)."""
        return self.mean[:, when.hours]

    def deviation(self, when: LocalTimes) -> Floats:
        """Return the standard deviation of each node in the hour of each time, shape (m, S)."""
        return self.spread[:, when.hours]

    def learned(self, when: LocalTimes, prices: ArrayLike) -> HourlyPrices:
        """Return the model after the prices (m, S) of `S` times were seen in their order."""
        model = self
        for hour, seen in zip(when.hours, np.asarray(prices, dtype=float).T, strict=True):
            model = model.updated(int(hour), seen)
        return model


@dataclass(frozen=True, slots=True, eq=False)
class WeekdayPrices:
    """Two models of the hours of the day: one for Monday to Friday, one for Saturday and Sunday, in local time.

    Parameters
    ----------
    weekday, weekend : HourlyPrices
        Of the same nodes.
    """

    weekday: HourlyPrices
    weekend: HourlyPrices

    @classmethod
    def flat(cls, nodes: int, price: float, memory: int = MEMORY_DAYS) -> WeekdayPrices:
        """Return the model that expects one price at all times at `nodes` nodes."""
        same = HourlyPrices.flat(nodes, price, memory)
        return cls(same, same)

    def expected(self, when: LocalTimes) -> Floats:
        """Return the mean price of each node at each time, shape (m, S)."""
        return np.where(_at_weekend(when), self.weekend.expected(when), self.weekday.expected(when))

    def deviation(self, when: LocalTimes) -> Floats:
        """Return the standard deviation of each node at each time, shape (m, S)."""
        return np.where(_at_weekend(when), self.weekend.deviation(when), self.weekday.deviation(when))

    def learned(self, when: LocalTimes, prices: ArrayLike) -> WeekdayPrices:
        """Return the model after the prices (m, S) of `S` times were seen in their order."""
        seen, rest = np.asarray(prices, dtype=float), _at_weekend(when)
        return WeekdayPrices(
            self.weekday.learned(when[~rest], seen[:, ~rest]), self.weekend.learned(when[rest], seen[:, rest])
        )


def _at_weekend(when: LocalTimes) -> NDArray[np.bool_]:
    return np.asarray(when.weekdays >= SATURDAY)


def _read_only(values: Floats) -> Floats:
    seen = values.view()
    seen.flags.writeable = False
    return seen
