"""What every local asset answers, and what it is told when it plans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from micromarket.domain.curves import Curves, Floats

Steps = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """The horizon an asset plans over, and the prices it expects there.

    Parameters
    ----------
    edges : array of int, shape (H + 1,)
        Borders of the planning steps, counted in base steps since the start of the run; they may be uneven (a market
        interval first, hours later). Planning happens just before ``edges[0]`` begins.
    base_hours : float
        Duration of one base step [h].
    prices : array of float, shape (n, H)
        Price that each of the fleet's `n` assets expects in each planning step [currency/kWh].
    tendered : int
        How many of the first planning steps are market intervals to be bid; the rest only inform the plan.
    """

    edges: Steps
    base_hours: float
    prices: Floats
    tendered: int

    @property
    def hours(self) -> Floats:
        """Duration of each planning step [h], shape (H,)."""
        return np.diff(self.edges) * self.base_hours


class LocalAsset(Protocol):
    """A fleet of devices of one kind, as arrays; one device is a fleet of one.

    A fleet is frozen: what changes (stored energy, temperature) changes by returning a new fleet.
    """

    @property
    def ids(self) -> tuple[str, ...]:
        """Name of each of the `n` devices."""
        ...

    def schedule(self, outlook: Outlook) -> Floats:
        """Return the planned average power in each planning step [kW, positive into the region], shape (n, H)."""
        ...

    def curves(self, outlook: Outlook) -> Curves:
        """Return the exact residual flexibility in each tendered step: `n` curves over the tendered intervals."""
        ...

    def default_power(self, step: int, surplus_kw: Floats) -> Floats:
        """Return what the devices would do in base step `step` if there were no market [kW], shape (n,).

        `surplus_kw`, shape (n,), is what the customer's other devices feed in (positive) or draw (negative).
        """
        ...

    def deliver(self, step: int, power_kw: Floats) -> tuple[Self, Floats]:
        """Live through base step `step`, aiming at `power_kw`, shape (n,).

        Returns
        -------
        fleet, metered_kw : the fleet after the step and the average power that physics allowed [kW], shape (n,)
        """
        ...

    def readings(self) -> Mapping[str, Floats]:
        """Return state worth recording, by name with unit (``stored_kwh``, ``indoor_c``), each of shape (n,)."""
        ...
