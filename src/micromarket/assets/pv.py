"""Photovoltaic (PV) plants: free power when the sun shines, and the right to refuse it when the price is negative."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from micromarket.assets.asset import Outlook, Steps
from micromarket.assets.profile import Foreseen
from micromarket.domain.curves import Curves, Floats

NOISE_KW = 1e-9
"""Difference from the expected power [kW] below which nobody asked for less."""


@dataclass(frozen=True, slots=True, eq=False)
class Photovoltaic:
    """PV plants that follow a series.

    Parameters
    ----------
    ids : tuple of str
        Name of each of the `n` plants.
    production : Foreseen
        Average power available [kW], not negative, shape (n, S).
    curtailable : array of bool, shape (n,)
        Whether a plant gives less when asked, and so refuses to feed in at negative prices.
    """

    ids: tuple[str, ...]
    production: Foreseen
    curtailable: NDArray[np.bool_]

    def schedule(self, outlook: Outlook) -> Floats:
        """Return the expected power [kW], shape (n, H); nothing where it will refuse to feed in."""
        refused = self.curtailable[:, None] & (outlook.prices < 0)
        return np.where(refused, 0.0, self._expected(outlook.edges))

    def curves(self, outlook: Outlook) -> Curves:
        """Return, for each tendered step, a step at price 0 from nothing to all, or all at any price."""
        available = self._expected(outlook.edges[: outlook.tendered + 1])
        least = np.where(self.curtailable[:, None], 0.0, available)
        powers = np.stack([least, available], axis=2)
        return Curves(np.zeros_like(powers), powers)

    def default_power(self, step: int, surplus_kw: Floats) -> Floats:
        """Return all that is available in base step `step` [kW], shape (n,)."""
        return self.production.actual(step)

    def deliver(self, step: int, power_kw: Floats) -> tuple[Self, Floats]:
        """Feed in what the sun gives; no more than aimed at where a curtailable plant was asked for less.

        A plant was asked for less if the aim is below what it expected, and so tendered, for this base step.
        """
        actual = self.production.actual(step)
        expected = self._expected(np.array([step, step + 1]))[:, 0]
        curtailed = self.curtailable & (power_kw < expected - NOISE_KW)
        return self, np.where(curtailed, np.clip(power_kw, 0.0, actual), actual)

    def readings(self) -> Mapping[str, Floats]:
        """Return nothing: a plant has no state."""
        return {}

    def _expected(self, edges: Steps) -> Floats:
        # A mean is a difference of running sums, so at night it may miss zero by float error.
        return np.maximum(self.production.expected(edges), 0.0)
