"""Prices that are not known yet: the ladder of where to look first, for a market and for an asset.

Both ladders have the same five rungs. A market foresees its own intervals and no more; an asset looks farther, to the
end of its own horizon.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from micromarket.domain.curves import Floats
from micromarket.domain.intervals import HOUR, MICROSECOND, IntervalGrid, LocalTimes, Times
from micromarket.errors import InvalidValue, WrongShape
from micromarket.markets.series.market import Market
from micromarket.markets.series.price_models import PriceModel


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
    model : PriceModel or None
        What prices usually are at such a time.
    default : float
        Last resort [currency/kWh].
    """

    actual: KnownPrices | None = None
    prior: KnownPrices | None = None
    refined: KnownPrices | None = None
    model: PriceModel | None = None
    default: float = 0.0

    @classmethod
    def of(cls, market: Market, cleared: Mapping[str, KnownPrices], model: PriceModel | None) -> PriceSources:
        """Return where a market looks, and the assets that plan for it, given what markets cleared, by name."""
        own, prior, refined = (cleared.get(name or "") for name in (market.name, market.prior, market.refined))
        return cls(own, prior, refined, model, market.rules.default_price)


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


def foresee(sources: PriceSources, nodes: int, when: LocalTimes) -> ForeseenPrices:
    """Return the best price there is for every node and time, from the first source that has one.

    Parameters
    ----------
    sources : PriceSources
        Where to look.
    nodes : int
        Number of nodes, `m`.
    when : LocalTimes
        Start of each interval to foresee, `S` of them; a known interval serves if it contains it.

    Notes
    -----
    Source: Transactive Network Template v4 (PNNL, 2024), sections 3.5 and 3.7: actual, prior, corrected, modeled,
    default.
    """
    prices = np.full((nodes, len(when)), sources.default)
    rungs = np.full(len(when), Rung.DEFAULT, dtype=np.int8)
    if sources.model is not None:
        prices[:] = sources.model.expected(when)
        rungs[:] = Rung.MODEL
    known = ((Rung.REFINED, sources.refined), (Rung.PRIOR, sources.prior), (Rung.ACTUAL, sources.actual))
    for rung, table in known:
        if table is not None:
            index, inside = table.covering(when.starts)
            prices[:, inside] = table.prices[:, index[inside]]
            rungs[inside] = rung
    return ForeseenPrices(prices, rungs)


def asset_times(intervals: IntervalGrid, horizon: timedelta) -> Times:
    """Return the borders of the times over which an asset plans: a market's intervals, then on to its horizon.

    After the market's last interval come the rest of that hour and whole hours, each as long as the price model can
    tell apart.

    Parameters
    ----------
    intervals : IntervalGrid
        What the market clears.
    horizon : timedelta
        How far the asset looks from the first start on; the market's intervals are always covered.

    Returns
    -------
    array of int, shape (S + 1,)
        Borders of `S` times [microseconds since 1970 UTC].

    Notes
    -----
    Source: Transactive Network Template v4 (PNNL, 2024), section 3.7 (scheduleHorizon).

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> quarter = IntervalGrid(datetime(1970, 1, 1, 0, 30, tzinfo=UTC), timedelta(minutes=15), 1)
    >>> (asset_times(quarter, timedelta(hours=2)) // 60_000_000).tolist()
    [30, 45, 60, 120, 150]
    """
    hour, starts = HOUR // MICROSECOND, intervals.starts
    known = starts[-1] + intervals.step // MICROSECOND
    end = max(known, starts[0] + horizon // MICROSECOND)
    hours = np.arange(known // hour + 1, -(-end // hour), dtype=np.int64) * hour
    return np.unique(np.concatenate([starts, [known], hours, [end]]))
