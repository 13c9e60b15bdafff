"""Air handlers: fans and cooling coils that take heat out of zones by cold air."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micromarket.assets.duty import Duty
from micromarket.assets.storage import Numbers, column, require
from micromarket.domain.curves import Floats

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class AirHandler:
    """What supplies cold air to the zones of `n` buildings, each number for all or as an array of shape (n,).

    Parameters
    ----------
    variable : bool
        Whether one air handler feeds boxes of variable air volume (VAV), or rooftop units run in turn.
    cooling_kw : float
        Heat that all air together takes out of the zones [kW].
    fan_kw : float
        Power of all fans at full air flow [kW].
    cop : float
        Heat that the coil takes out of the air for each kWh of its chiller or compressor.
    supply_c : float
        Temperature of the air supplied [°C].
    fresh : float
        Least share of outdoor air.
    economizer : bool
        Whether dampers open to more outdoor air when that is colder than the rooms.

    Raises
    ------
    InvalidValue
        If a power or the COP is not above 0, or `fresh` not between 0 and 1.

    Notes
    -----
    Air flow is proportional to the heat it takes: ``Q = m cp (T - supply)``. The power of a fan grows with the cube
    of a variable flow; rooftop units give full flow for a share of the time. The coil cools the mixture of outdoor
    and returning air, ``m cp (mix - supply) / COP``; the mixture is never needed colder than the supply. Source: the
    building models behind PNNL's transactive campus.
    """

    variable: Flags | bool
    cooling_kw: Numbers
    fan_kw: Numbers
    cop: Numbers
    supply_c: Numbers
    fresh: Numbers
    economizer: Flags | bool

    def __post_init__(self) -> None:
        """Check every range."""
        for name in ("cooling_kw", "fan_kw", "cop"):
            require(f"{name} must be above 0", np.greater(getattr(self, name), 0))
        fresh = np.asarray(self.fresh)
        require("fresh must lie between 0 and 1", (fresh >= 0) & (fresh <= 1))

    def duty(self, room_c: Floats, outdoor_c: Floats) -> Duty:
        """Return the power over the heat taken out of the rooms.

        Parameters
        ----------
        room_c, outdoor_c : array of float, shape (n, H)
            Temperature of the air that returns, and outdoors [°C].

        Raises
        ------
        InvalidValue
            If rooms are not warmer than the air supplied.
        """
        supply = column(self.supply_c)
        require("rooms must be warmer than the air supplied", room_c > supply)
        opened = column(np.asarray(self.economizer, dtype=float)) * (outdoor_c < room_c)
        share = np.where(opened > 0, 1.0, column(self.fresh))
        mixed = room_c + share * (outdoor_c - room_c)
        coil = np.maximum(mixed - supply, 0.0) / (room_c - supply)
        exponent = np.where(column(np.asarray(self.variable, dtype=float)) > 0, 3.0, 1.0)
        return Duty(column(self.cooling_kw), coil / column(self.cop), column(self.fan_kw), exponent)
