"""Inflexible load: what a home draws whatever the price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from micromarket.assets.asset import Outlook
from micromarket.assets.profile import Foreseen
from micromarket.domain.curves import Curves, Floats


@dataclass(frozen=True, slots=True, eq=False)
class InflexibleLoad:
    """Loads that follow a series: they bid what they expect, and draw what happens.

    Parameters
    ----------
    ids : tuple of str
        Name of each of the `n` loads.
    consumption : Foreseen
        Average power drawn [kW], positive: a `Profile`, or a model such as `OpenLoopSeries`.
    """

    ids: tuple[str, ...]
    consumption: Foreseen

    def schedule(self, outlook: Outlook) -> Floats:
        """Return the expected power [kW], negative, shape (n, H)."""
        return -self.consumption.expected(outlook.edges)

    def curves(self, outlook: Outlook) -> Curves:
        """Return one vertex for each tendered step: the expected power at any price."""
        return Curves.inelastic(-self.consumption.expected(outlook.edges[: outlook.tendered + 1]))

    def default_power(self, step: int, surplus_kw: Floats) -> Floats:
        """Return what is drawn in base step `step` [kW], negative, shape (n,)."""
        return -self.consumption.actual(step)

    def deliver(self, step: int, power_kw: Floats) -> tuple[Self, Floats]:
        """Draw what happens, whatever was aimed at: the meter tells the difference."""
        return self, -self.consumption.actual(step)

    def readings(self) -> Mapping[str, Floats]:
        """Return nothing: a load has no state."""
        return {}
