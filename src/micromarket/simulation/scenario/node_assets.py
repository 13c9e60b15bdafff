"""What the node of a file answers its markets: steady curves, series of power, and a supplier with monthly rates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path

import numpy as np

from micromarket.domain.curves import UNLIMITED_KW, Curves, Floats
from micromarket.domain.intervals import EPOCH, MICROSECOND, IntervalGrid, LocalTimes, Times
from micromarket.dso.bulk_rates import BulkRates
from micromarket.errors import InvalidValue
from micromarket.markets.series.market import Market
from micromarket.simulation.scenario import series_files


@dataclass(frozen=True, slots=True, eq=False)
class PowerSeries:
    """Average power in equal steps, as it is known when each series of markets negotiates.

    Parameters
    ----------
    id : str
        Name of what gives or takes it.
    starts : array of int, shape (S,)
        Start of each step [microseconds since 1970 UTC].
    power_kw : mapping of str to array of float, shape (S,)
        Power by series of markets [kW], positive into the region.

    Raises
    ------
    InvalidValue
        If steps are not equal, or a value is missing.
    """

    id: str
    starts: Times
    power_kw: Mapping[str, Floats]

    def __post_init__(self) -> None:
        """Check steps and values."""
        if len(self.starts) < 2 or len(set(np.diff(self.starts).tolist())) > 1:
            raise InvalidValue(f"the series of {self.id} needs equal steps, at least two")
        if not all(np.isfinite(powers).all() for powers in self.power_kw.values()):
            raise InvalidValue(f"the series of {self.id} has a step without a value")

    def average_kw(self, series: str, intervals: IntervalGrid) -> Floats:
        """Return the average power in each interval [kW], shape (T,).

        Raises
        ------
        InvalidValue
            If there is nothing for these markets, or the intervals are no whole steps of it.
        """
        step, interval = int(self.starts[1] - self.starts[0]), intervals.step // MICROSECOND
        first, across = divmod(int(intervals.starts[0] - self.starts[0]), step)
        steps = len(intervals) * interval // step
        if series not in self.power_kw or across or interval % step:
            raise InvalidValue(f"{self.id} has no powers for the intervals of {series}")
        if first < 0 or first + steps > len(self.starts):
            whole, last = intervals.whole, MICROSECOND * (int(self.starts[-1]) + step)
            raise InvalidValue(
                f"the series of {self.id} does not reach from {whole.start} to {whole.end}, "
                f"in which {series} delivers; it ends at {EPOCH + last}"
            )
        mean: Floats = self.power_kw[series][first : first + steps].reshape(len(intervals), -1).mean(axis=1)
        return mean


def read_powers(folder: Path, name: str, file: str, columns: Mapping[str, str]) -> PowerSeries:
    """Return a series of power from a CSV or Parquet file.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of the node file.
    name : str
        Name of what gives or takes the power.
    file : str
        The file with the series, relative to the folder.
    columns : mapping of str to str
        Column [kW] by series of markets.

    Raises
    ------
    ScenarioError
        If the file cannot be read.
    InvalidValue
        If its steps are not equal, or one has no value.
    """
    types = series_files.header(folder / file, file)
    wanted = list(dict.fromkeys(columns.values()))
    found = series_files.read(folder / file, file, types, wanted)
    return PowerSeries(name, found.times, {series: found.columns[column] for series, column in columns.items()})


@dataclass(frozen=True, slots=True, eq=False)
class BulkSupply:
    """A supplier of any power at its monthly rates.

    Parameters
    ----------
    rates : BulkRates
        Energy in heavy and light hours [currency/kWh], and as demand rate what each kWh of heavy hours costs more
        beyond what is agreed [currency/kWh].
    agreed_kw : float
        Power up to which nothing is added [kW].
    zone : tzinfo
        Local zone, by which hours are heavy or light.
    """

    rates: BulkRates
    agreed_kw: float
    zone: tzinfo

    def curve(self, intervals: IntervalGrid) -> Curves:
        """Return the supply in each interval, one curve (1, T, 4)."""
        when = LocalTimes.of(intervals.starts, self.zone)
        energy = self.rates.energy(when)
        beyond = energy + self.rates.demand_rate(when)
        powers = [0.0, self.agreed_kw, self.agreed_kw, UNLIMITED_KW]
        prices = np.stack([energy, energy, beyond, beyond], axis=1)
        return Curves(prices[None], np.broadcast_to(powers, prices[None].shape))


@dataclass(frozen=True, slots=True, eq=False)
class PriceList:
    """A supplier of any power at a price that changes with time.

    Parameters
    ----------
    name : str
        Its name.
    grid : IntervalGrid
        The `S` steps in which the price is known.
    prices : array of float, shape (S,)
        Price in each [currency/kWh].
    """

    name: str
    grid: IntervalGrid
    prices: Floats

    def curve(self, intervals: IntervalGrid) -> Curves:
        """Return the supply in each interval at its mean price, one curve (1, T, 2).

        Raises
        ------
        InvalidValue
            If the price of an interval is not known, or the intervals are no whole steps.
        """
        first, across = divmod(intervals.start - self.grid.start, self.grid.step)
        steps = intervals.step // self.grid.step
        if across or intervals.step % self.grid.step or not 0 <= first <= len(self.grid) - steps * len(intervals):
            raise InvalidValue(f"the price of {self.name} is not known in {intervals.whole}")
        prices = self.prices[first : first + steps * len(intervals)].reshape(len(intervals), steps).mean(axis=1)
        return Curves.offer(prices[None], 0.0, UNLIMITED_KW)


@dataclass(frozen=True, slots=True, eq=False)
class NodeAssets:
    """What the node of a file has and keeps no state of: some of its assets, and its neighbors that send nothing.

    Parameters
    ----------
    assets : tuple of Curves or PowerSeries
        In the order of the file: curves (1, 1, V) that are the same in every interval of every market, and inelastic
        powers that follow a series.
    suppliers : mapping of str to BulkSupply or PriceList
        Neighbors with monthly rates, or with a price that changes with time.
    """

    assets: tuple[Curves | PowerSeries, ...]
    suppliers: Mapping[str, BulkSupply | PriceList]

    def local(self, market: Market, expected: Floats) -> Curves:
        """Return the curves (n, T, V) in each interval of a market."""
        nothing = Curves.inelastic(np.zeros((0, len(market.intervals))))
        return Curves.concatenate([nothing, *(_curve(one, market) for one in self.assets)])

    def default(self, neighbor: str, market: Market) -> Curves | None:
        """Return what a neighbor with rates or a price offers; other neighbors carry their own defaults."""
        return self.suppliers[neighbor].curve(market.intervals) if neighbor in self.suppliers else None


def _curve(asset: Curves | PowerSeries, market: Market) -> Curves:
    if isinstance(asset, PowerSeries):
        return Curves.inelastic(asset.average_kw(market.rules.series, market.intervals)[None])
    return asset[:, np.zeros(len(market.intervals), dtype=np.int64)]
