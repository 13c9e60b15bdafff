"""Time series that drive a fleet (load, sunshine, outdoor temperature): what happens, and what is expected."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from micromarket.assets.asset import Steps
from micromarket.domain.curves import Floats

Forecast = Literal["perfect", "yesterday"]


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """One series for each of `n` devices over the `S` base steps of a run.

    Parameters
    ----------
    values : array of float, shape (n, S)
        Mean of each base step, in the unit of whoever uses it.
    steps_per_day : int
        Base steps in one day.
    forecast : {'perfect', 'yesterday'}
        How the future is guessed: known exactly, or as the same time of the last day that is already over. On the
        first day, which has no yesterday, the day's own values are used.
    """

    values: Floats
    steps_per_day: int
    forecast: Forecast = "perfect"
    _sums: Floats = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Prepare running sums, so that a mean over any window is one subtraction."""
        sums = np.zeros((self.values.shape[0], self.values.shape[1] + 1))
        np.cumsum(self.values, axis=1, out=sums[:, 1:])
        object.__setattr__(self, "_sums", sums)

    def actual(self, step: int) -> Floats:
        """Return what happens in base step `step`, shape (n,)."""
        return self.values[:, step]

    def expected(self, edges: Steps) -> Floats:
        """Return the mean expected between `edges`, as guessed just before ``edges[0]``, shape (n, H).

        Beyond the end of the series the last day repeats.
        """
        if self.forecast == "perfect" and edges[-1] <= self.values.shape[1]:
            return np.asarray(np.diff(self._sums[:, edges], axis=1) / np.diff(edges))
        steps = self._known(np.arange(edges[0], edges[-1]), int(edges[0]))
        starts = edges[:-1] - edges[0]
        return np.asarray(np.add.reduceat(self.values[:, steps], starts, axis=1) / np.diff(edges))

    def _known(self, steps: Steps, now: int) -> Steps:
        day, last = self.steps_per_day, self.values.shape[1]
        horizon = max(now, min(day, last)) if self.forecast == "yesterday" else last
        return np.asarray(steps - np.maximum(0, -(-(steps - horizon + 1) // day)) * day)
