"""Loads that nobody steers, foreseen from temperature and calendar alone: a city, the rest of a campus.

Source: PNNL's open-loop load predictor, used for its campus and the City of Richland: one intercept for each day of
the week, and for each hour and season a straight line over the outdoor temperature. The published weekdays start on
Sunday for the campus and on Monday for the city; here Monday is always first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from micromarket.assets.asset import Steps
from micromarket.assets.profile import Foreseen
from micromarket.domain.curves import Floats
from micromarket.domain.intervals import LocalTimes
from micromarket.errors import WrongShape

REGIMES = np.array([6, 6, 1, 1, 1, 3, 3, 3, 4, 4, 4, 6]) - 1
"""Regime of each month, January first: winter 6, spring 1, summer 3, autumn 4, counted from 1 in the source."""
BALANCE_F = 56.6
"""Outdoor temperature [°F] up to which spring and autumn heat rather than cool: they then use the next regime."""


@dataclass(frozen=True, slots=True, eq=False)
class OpenLoopLoad:
    """What a region draws, as a function of calendar and temperature.

    Parameters
    ----------
    weekday_kw : array of float, shape (7,)
        Intercept of each day of the week, Monday first [kW].
    intercept_kw : array of float, shape (24, 6)
        Intercept of each local hour in each regime [kW].
    slope_kw_per_f : array of float, shape (24, 6)
        What one degree Fahrenheit more adds [kW/°F].
    scale : float, default 1
        Factor on all of it.

    Raises
    ------
    WrongShape
        If the tables are not of these shapes.
    """

    weekday_kw: Floats
    intercept_kw: Floats
    slope_kw_per_f: Floats
    scale: float = 1.0

    def __post_init__(self) -> None:
        """Check the shapes."""
        shapes = self.weekday_kw.shape, self.intercept_kw.shape, self.slope_kw_per_f.shape
        if shapes != ((7,), (24, 6), (24, 6)):
            raise WrongShape(f"an open-loop load needs tables (7,), (24, 6) and (24, 6); found {shapes}")

    def drawn_kw(self, when: LocalTimes, outdoor_c: ArrayLike) -> Floats:
        """Return what is drawn at each time [kW], never negative, shape (S,).

        Parameters
        ----------
        when : LocalTimes
            `S` local times.
        outdoor_c : array of float, shape (S,)
            Outdoor temperature [°C].
        """
        fahrenheit = np.asarray(outdoor_c, dtype=float) * 9 / 5 + 32
        regime = REGIMES[when.months - 1]
        colder = np.isin(regime, (0, 3)) & (fahrenheit <= BALANCE_F)
        hour, regime = when.hours, regime + colder
        line = self.intercept_kw[hour, regime] + self.slope_kw_per_f[hour, regime] * fahrenheit
        return np.asarray(np.maximum(self.scale * (self.weekday_kw[when.weekdays] + line), 0.0))


@dataclass(frozen=True, slots=True, eq=False)
class OpenLoopSeries:
    """What `n` open-loop loads draw over a run, and are expected to draw: the calendar is known, the weather is not.

    It drives a fleet of inflexible loads as a `Profile` does. What is expected follows from the temperature expected
    in each base step, so a better weather forecast is a better load forecast.

    Parameters
    ----------
    loads : tuple of OpenLoopLoad
        The `n` models.
    when : LocalTimes
        Start of each base step of the run and of some days after it; beyond, the last one holds.
    outdoor_c : Foreseen
        Outdoor temperature at each load [°C], shape (n, S), as it is and as it is foreseen.
    """

    loads: tuple[OpenLoopLoad, ...]
    when: LocalTimes
    outdoor_c: Foreseen

    def actual(self, step: int) -> Floats:
        """Return what is drawn in base step `step` [kW], shape (n,)."""
        return self._drawn(np.array([step]), self.outdoor_c.actual(step)[:, None])[:, 0]

    def expected(self, edges: Steps) -> Floats:
        """Return the mean expected between `edges`, as guessed just before ``edges[0]`` [kW], shape (n, H)."""
        steps = np.arange(edges[0], edges[-1])
        drawn = self._drawn(steps, self.outdoor_c.expected(np.append(steps, edges[-1])))
        return np.asarray(np.add.reduceat(drawn, edges[:-1] - edges[0], axis=1) / np.diff(edges))

    def _drawn(self, steps: Steps, outdoor_c: Floats) -> Floats:
        when = self.when[np.minimum(steps, len(self.when) - 1)]
        return np.stack([load.drawn_kw(when, row) for load, row in zip(self.loads, outdoor_c, strict=True)])
