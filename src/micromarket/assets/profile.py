"""Time series that drive a fleet (load, sunshine, outdoor temperature): what happens, and what is expected."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np

from micromarket.assets.asset import Steps
from micromarket.domain.curves import Floats

Forecast = Literal["perfect", "yesterday", "noisy", "revised", "given"]

FORECAST_ERROR = 0.15
"""Standard deviation of a noisy forecast, and of a revised one long before, as a share of what happens."""
ERROR_MEMORY_HOURS = 3.0
"""Time in which the error of a noisy forecast forgets itself, and within which a revised one gets better [h]."""


class Foreseen(Protocol):
    """What happens in each base step, and what is expected before: a series, or a model of one."""

    def actual(self, step: int) -> Floats:
        """Return what happens in base step `step`, shape (n,)."""
        ...

    def expected(self, edges: Steps) -> Floats:
        """Return the mean expected between `edges`, as guessed just before ``edges[0]``, shape (n, H)."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """One series for each of `n` devices over the `S` base steps of a run.

    Parameters
    ----------
    values : array of float, shape (n, S)
        Mean of each base step, in the unit of whoever uses it.
    steps_per_day : int
        Base steps in one day.
    forecast : {'perfect', 'yesterday', 'noisy', 'revised', 'given'}
        How the future is guessed: known exactly; as the same time of the last day that is already over (on the first
        day, which has no yesterday, the day's own values are used); off by a chance error, see `noisy`; off by an
        error that shrinks as the time comes nearer, see `revised`; or as another series says.
    guess : array of float, shape (n, S), or None
        What a noisy or given forecast foresees of each base step.
    news : array of float, shape (n, S), or None
        What a revised forecast learns of when each base step is over, as a share of what happens.
    """

    values: Floats
    steps_per_day: int
    forecast: Forecast = "perfect"
    guess: Floats | None = None
    news: Floats | None = None
    _sums: Floats = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Prepare running sums, so that a mean over any window is one subtraction."""
        foreseen = self._foreseen
        sums = np.zeros((foreseen.shape[0], foreseen.shape[1] + 1))
        np.cumsum(foreseen, axis=1, out=sums[:, 1:])
        object.__setattr__(self, "_sums", sums)

    @classmethod
    def noisy(cls, values: Floats, steps_per_day: int, chance: np.random.Generator) -> Profile:
        """Return a profile that is foreseen with an error of `FORECAST_ERROR`, drawn from a seeded generator.

        The error is a first-order autoregressive process in time: a forecast stays too high, or too low, for hours.
        """
        error = _wandering(values.shape, _kept(steps_per_day), chance)
        return cls(values, steps_per_day, "noisy", guess=values * np.maximum(1 + error, 0))

    @classmethod
    def revised(cls, values: Floats, steps_per_day: int, chance: np.random.Generator) -> Profile:
        """Return a profile that is foreseen the better the nearer it is, with errors from a seeded generator.

        What happens departs from the usual by a share that wanders as the error of `noisy` does. A forecast knows
        that share up to now and lets it fade; so its error is small at first and `FORECAST_ERROR` after some hours,
        and no revision can be foreseen from those before it.

        Notes
        -----
        With departures ``x`` that keep the part ``k`` of themselves in each step, the forecast for step ``t``, made
        when ``s`` was the last step to be over, is off by the share ``k**(t - s) x[s] - x[t]``. Such forecasts are a
        martingale (Heath and Jackson 1994, "Modeling the evolution of demand forecasts").
        """
        return cls(values, steps_per_day, "revised", news=_wandering(values.shape, _kept(steps_per_day), chance))

    def actual(self, step: int) -> Floats:
        """Return what happens in base step `step`, shape (n,)."""
        return self.values[:, step]

    def expected(self, edges: Steps) -> Floats:
        """Return the mean expected between `edges`, as guessed just before ``edges[0]``, shape (n, H).

        Beyond the end of the series the last day repeats.
        """
        if self.news is not None:
            foreseen = self._learned(np.arange(edges[0], edges[-1]))
            return np.asarray(np.add.reduceat(foreseen, edges[:-1] - edges[0], axis=1) / np.diff(edges))
        if self.forecast != "yesterday" and edges[-1] <= self.values.shape[1]:
            return np.asarray(np.diff(self._sums[:, edges], axis=1) / np.diff(edges))
        steps = self._known(np.arange(edges[0], edges[-1]), int(edges[0]))
        starts = edges[:-1] - edges[0]
        return np.asarray(np.add.reduceat(self._foreseen[:, steps], starts, axis=1) / np.diff(edges))

    def _learned(self, steps: Steps) -> Floats:
        """Return what a revised forecast foresees of consecutive steps, just before the first of them."""
        assert self.news is not None
        known = self._known(steps, int(steps[0]))
        last = np.zeros(len(self.news)) if steps[0] == 0 else self.news[:, min(int(steps[0]), self.news.shape[1]) - 1]
        fading = _kept(self.steps_per_day) ** (steps - steps[0] + 1)
        share = 1 + last[:, None] * fading - self.news[:, known]
        return np.asarray(self.values[:, known] * np.maximum(share, 0))

    @property
    def _foreseen(self) -> Floats:
        return self.values if self.guess is None else self.guess

    def _known(self, steps: Steps, now: int) -> Steps:
        last = self.values.shape[1]
        day = min(self.steps_per_day, last)
        horizon = max(now, day) if self.forecast == "yesterday" else last
        return np.asarray(steps - np.maximum(0, -(-(steps - horizon + 1) // day)) * day)


def _kept(steps_per_day: int) -> float:
    """Return the part of a departure that is still there one base step later."""
    return float(np.exp(-24 / steps_per_day / ERROR_MEMORY_HOURS))


def _wandering(shape: tuple[int, ...], keep: float, chance: np.random.Generator) -> Floats:
    """Return departures of `FORECAST_ERROR` that stay too high, or too low, for hours: first-order autoregressive."""
    shocks = chance.standard_normal(shape) * FORECAST_ERROR
    error = np.empty_like(shocks)
    error[:, 0] = shocks[:, 0]
    for step in range(1, shape[1]):
        error[:, step] = keep * error[:, step - 1] + np.sqrt(1 - keep**2) * shocks[:, step]
    return error
