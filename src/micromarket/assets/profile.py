"""Time series that drive a fleet (load, sunshine, outdoor temperature): what happens, and what is expected."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from micromarket.assets.asset import Steps
from micromarket.domain.curves import Floats

Forecast = Literal["perfect", "yesterday", "noisy"]

FORECAST_ERROR = 0.15
"""Standard deviation of a noisy forecast, as a share of what happens."""
ERROR_MEMORY_HOURS = 3.0
"""Time in which the error of a noisy forecast forgets itself [h]."""


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """One series for each of `n` devices over the `S` base steps of a run.

    Parameters
    ----------
    values : array of float, shape (n, S)
        Mean of each base step, in the unit of whoever uses it.
    steps_per_day : int
        Base steps in one day.
    forecast : {'perfect', 'yesterday', 'noisy'}
        How the future is guessed: known exactly; as the same time of the last day that is already over (on the first
        day, which has no yesterday, the day's own values are used); or off by a chance error, see `noisy`.
    guess : array of float, shape (n, S), or None
        What a noisy forecast foresees of each base step.
    """

    values: Floats
    steps_per_day: int
    forecast: Forecast = "perfect"
    guess: Floats | None = None
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
        keep = np.exp(-24 / steps_per_day / ERROR_MEMORY_HOURS)
        shocks = chance.standard_normal(values.shape) * FORECAST_ERROR
        error = np.empty_like(shocks)
        error[:, 0] = shocks[:, 0]
        for step in range(1, values.shape[1]):
            error[:, step] = keep * error[:, step - 1] + np.sqrt(1 - keep**2) * shocks[:, step]
        return cls(values, steps_per_day, "noisy", values * np.maximum(1 + error, 0))

    def actual(self, step: int) -> Floats:
        """Return what happens in base step `step`, shape (n,)."""
        return self.values[:, step]

    def expected(self, edges: Steps) -> Floats:
        """Return the mean expected between `edges`, as guessed just before ``edges[0]``, shape (n, H).

        Beyond the end of the series the last day repeats.
        """
        if self.forecast != "yesterday" and edges[-1] <= self.values.shape[1]:
            return np.asarray(np.diff(self._sums[:, edges], axis=1) / np.diff(edges))
        steps = self._known(np.arange(edges[0], edges[-1]), int(edges[0]))
        starts = edges[:-1] - edges[0]
        return np.asarray(np.add.reduceat(self._foreseen[:, steps], starts, axis=1) / np.diff(edges))

    @property
    def _foreseen(self) -> Floats:
        return self.values if self.guess is None else self.guess

    def _known(self, steps: Steps, now: int) -> Steps:
        last = self.values.shape[1]
        day = min(self.steps_per_day, last)
        horizon = max(now, day) if self.forecast == "yesterday" else last
        return np.asarray(steps - np.maximum(0, -(-(steps - horizon + 1) // day)) * day)
