"""Prices that are not known yet: what each hour of the day usually costs, and the ladder of where to look first."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micromarket.domain.curves import Floats
from micromarket.domain.intervals import Times
from micromarket.errors import InvalidValue, WrongShape

HOURS_OF_DAY = 24


@dataclass(frozen=True, slots=True, eq=False)
class HourlyPrices:
    """Running mean and spread of the price in each local hour of the day, at each of `m` nodes.

    Parameters
    ----------
    mean : array of float, shape (m, 24)
        Mean price of each hour [currency/kWh].
    spread : array of float, shape (m, 24)
        Standard deviation of each hour [currency/kWh]; not negative.

    Raises
    ------
    WrongShape
        If the arrays do not have that shape.
    InvalidValue
        If a spread is negative.
    """

    mean: Floats
    spread: Floats

    def __post_init__(self) -> None:
        """Check shape and sign."""
        if self.mean.ndim != 2 or self.mean.shape[1] != HOURS_OF_DAY or self.mean.shape != self.spread.shape:
            raise WrongShape(f"expected two arrays (m, 24); found {self.mean.shape} and {self.spread.shape}")
        if (self.spread < 0).any():
            raise InvalidValue("a spread is never negative")

    @classmethod
    def flat(cls, nodes: int, price: float) -> HourlyPrices:
        """Return the model that expects one price at every hour of `nodes` nodes, without spread."""
        return cls(np.full((nodes, HOURS_OF_DAY), price), np.zeros((nodes, HOURS_OF_DAY)))

    def updated(self, hour: int, prices: ArrayLike, memory: int = 14) -> HourlyPrices:
        """Return the model after one more price was seen at every node.

        Parameters
        ----------
        hour : int
            Local hour of the day, 0 to 23.
        prices : array of float, shape (m,)
            Cleared price of each node in that hour [currency/kWh].
        memory : int, default 14
            Time constant [number of prices of that hour], called `k` below; 1 forgets everything else. Two weeks of
            hourly prices are 14, of quarter-hourly ones 56.

        Raises
        ------
        InvalidValue
            If `hour` or `memory` is out of range.

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
        if not 0 <= hour < HOURS_OF_DAY or memory < 1:
            raise InvalidValue(f"expected an hour from 0 to 23 and a memory of at least 1; found {hour} and {memory}")
        seen, k = np.asarray(prices, dtype=float), memory
        mean, spread = self.mean.copy(), self.spread.copy()
        mean[:, hour] = ((k - 1) * mean[:, hour] + seen) / k
        spread[:, hour] = np.sqrt(((k - 1) * spread[:, hour] ** 2 + (mean[:, hour] - seen) ** 2) / k)
        return HourlyPrices(mean, spread)

    def expected(self, hours: NDArray[np.int64]) -> Floats:
        """Return the mean price of each node in each local hour of day of `hours`, shape (S,); result (m, S)."""
        return self.mean[:, hours]


@dataclass(frozen=True, slots=True, eq=False)
class KnownPrices:
    """Prices that a market has found or foreseen for its intervals.

    Parameters
    ----------
    starts : array of int, shape (K,)
        Start of each interval [microseconds since 1970 UTC], rising.
    ends : array of int, shape (K,)
        End of each interval, not after the next start.
    prices : array of float, shape (m, K)
        Price of each node in each interval [currency/kWh].

    Raises
    ------
    WrongShape
        If the arrays do not fit together.
    InvalidValue
        If intervals are not in order, overlap or are empty.
    """

    starts: Times
    ends: Times
    prices: Floats

    def __post_init__(self) -> None:
        """Check shapes and order."""
        if self.prices.ndim != 2 or not self.starts.shape == self.ends.shape == self.prices.shape[1:]:
            raise WrongShape(f"{self.starts.shape} starts, {self.ends.shape} ends and {self.prices.shape} prices")
        if (self.ends <= self.starts).any() or (self.starts[1:] < self.ends[:-1]).any():
            raise InvalidValue("known prices need intervals in order, without overlap")

    def covering(self, times: Times) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return, for each time, the interval that would contain it, and whether it does; both of shape (S,)."""
        if not len(self.starts):
            return np.zeros(times.shape, dtype=np.int64), np.zeros(times.shape, dtype=bool)
        index = np.searchsorted(self.starts, times, side="right") - 1
        inside = (index >= 0) & (times < self.ends[index])
        return np.maximum(index, 0), inside


class Rung(IntEnum):
    """Where a foreseen price came from; the lower, the better."""

    ACTUAL = 0
    PRIOR = 1
    REFINED = 2
    MODEL = 3
    DEFAULT = 4


@dataclass(frozen=True, slots=True, eq=False)
class PriceSources:
    """Everything a market can look a price up in, in the order in which it does.

    Parameters
    ----------
    actual : KnownPrices or None
        What the market itself has cleared.
    prior : KnownPrices or None
        What the market before it in its series found, where their deliveries overlap.
    refined : KnownPrices or None
        What the market that it refines or corrects found.
    model : HourlyPrices or None
        What each hour of the day usually costs.
    default : float
        Last resort [currency/kWh].
    """

    actual: KnownPrices | None = None
    prior: KnownPrices | None = None
    refined: KnownPrices | None = None
    model: HourlyPrices | None = None
    default: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class ForeseenPrices:
    """Prices of `m` nodes at `S` times.

    Parameters
    ----------
    prices : array of float, shape (m, S)
        [currency/kWh]
    rungs : array of int, shape (S,)
        Where each came from, as `Rung`.
    """

    prices: Floats
    rungs: NDArray[np.int8]


def foresee(sources: PriceSources, nodes: int, starts: Times, hours: NDArray[np.int64]) -> ForeseenPrices:
    """Return the best price there is for every node and time, from the first source that has one.

    Parameters
    ----------
    sources : PriceSources
        Where to look.
    nodes : int
        Number of nodes, `m`.
    starts : array of int, shape (S,)
        Start of each interval to foresee [microseconds since 1970 UTC]; a known interval serves if it contains it.
    hours : array of int, shape (S,)
        Local hour of the day of each start, for the model.

    Notes
    -----
    Source: Transactive Network Template v4 (PNNL, 2024), sections 3.5 and 3.7: actual, prior, corrected, modeled,
    default.
    """
    prices = np.full((nodes, len(starts)), sources.default)
    rungs = np.full(len(starts), Rung.DEFAULT, dtype=np.int8)
    if sources.model is not None:
        prices[:] = sources.model.expected(hours)
        rungs[:] = Rung.MODEL
    known = ((Rung.REFINED, sources.refined), (Rung.PRIOR, sources.prior), (Rung.ACTUAL, sources.actual))
    for rung, table in known:
        if table is not None:
            index, inside = table.covering(starts)
            prices[:, inside] = table.prices[:, index[inside]]
            rungs[inside] = rung
    return ForeseenPrices(prices, rungs)
