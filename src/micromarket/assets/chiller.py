"""Chillers with cold-water storage: cooling is always served, made when power is cheap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from micromarket.assets.asset import Outlook
from micromarket.assets.duty import DrivenStores, Duty, Stored
from micromarket.assets.profile import Foreseen
from micromarket.assets.storage import Numbers, column, require
from micromarket.domain.curves import Curves, Floats


@dataclass(frozen=True, slots=True, eq=False)
class ChillerRatings:
    """What `n` chillers and their tanks can do, each number for all or as an array of shape (n,).

    Parameters
    ----------
    cooling_kw : float
        Greatest cooling [kW].
    cop : float
        Cooling for each kWh of electricity at full load (coefficient of performance).
    bent : float, default 0
        Share of the power at full load that grows with the square of the load, from 0 to 1; the rest grows straight.
        So at small load the COP is ``cop / (1 - bent)``.
    tank_kwh : float, default 0
        Cooling that the tank can hold [kWh].
    loss_per_day : float, default 0
        Share of what is stored that is lost in 24 hours.

    Raises
    ------
    InvalidValue
        If a number is outside its range.
    """

    cooling_kw: Numbers
    cop: Numbers
    bent: Numbers = 0.0
    tank_kwh: Numbers = 0.0
    loss_per_day: Numbers = 0.0

    def __post_init__(self) -> None:
        """Check every range."""
        require("cooling_kw must be above 0", np.greater(self.cooling_kw, 0))
        require("cop must be above 0", np.greater(self.cop, 0))
        require("tank_kwh must not be negative", np.greater_equal(self.tank_kwh, 0))
        for name, most in (("bent", 1.0), ("loss_per_day", 0.999)):
            value = np.asarray(getattr(self, name))
            require(f"{name} must lie between 0 and {most:g}", (value >= 0) & (value <= most))

    @property
    def duty(self) -> Duty:
        """Power over the cooling made: a polynomial of second degree, the same in every step."""
        full, bent = column(self.cooling_kw), column(self.bent)
        power = full / column(self.cop)
        return Duty(full, (1 - bent) * power / full, bent * power, np.full((1, 1), 2.0))

    def retained(self, hours: Floats) -> Floats:
        """Return the share of what is stored that is left after `hours`, shape (H,); shape (n, H)."""
        return np.asarray((1.0 - column(self.loss_per_day)) ** (hours / 24.0))


@dataclass(frozen=True, slots=True, eq=False)
class Chiller:
    """Chillers that serve a given need for cooling, through a tank of cold water.

    Parameters
    ----------
    ids : tuple of str
        Name of each of the `n` chillers.
    ratings : ChillerRatings
        What they can do.
    need : Foreseen
        Cooling that must be served [kW], not negative, shape (n, S).
    step_hours : float
        Duration of a base step [h].
    stored_kwh : array of float, shape (n,)
        Cooling stored now [kWh].
    missing_kwh : array of float, shape (n,), optional
        Cooling that neither chiller nor tank could serve in the last step [kWh]; none at the start.

    Notes
    -----
    The need has the last word: what the tank cannot give is made in the same step, at any price. The plan is an exact
    dynamic program over what is stored; two straight lines stand for the square in the chiller's power. They meet
    near the load of a tank that evens the need out, and never promise more cooling than there is. What is left at the
    end is worth the lowest expected price.

    Source: Transactive Network Template v4 (PNNL, 2024), section 2.2.2; chiller and tank as at Washington State
    University's campus, whose reference code offers no flexibility once it has planned.
    """

    ids: tuple[str, ...]
    ratings: ChillerRatings
    need: Foreseen
    step_hours: float
    stored_kwh: Floats
    missing_kwh: Floats = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        """Begin with nothing missing."""
        if not len(self.missing_kwh):
            object.__setattr__(self, "missing_kwh", np.zeros(len(self.ids)))

    def schedule(self, outlook: Outlook) -> Floats:
        """Return the plan that costs least at the expected prices [kW], negative, shape (n, H)."""
        return self._stores(outlook).plan(outlook)

    def curves(self, outlook: Outlook) -> Curves:
        """Return the residual flexibility in each tendered step, exact for the planning model."""
        return self._stores(outlook).curves(outlook)

    def default_power(self, step: int, surplus_kw: Floats) -> Floats:
        """Return what a chiller draws that keeps its tank as it is [kW], shape (n,)."""
        need = self.need.actual(step) + (self.stored_kwh - self._kept) / self.step_hours
        return -self.ratings.duty.power_kw(self._possible(need)[:, None])[:, 0]

    def deliver(self, step: int, power_kw: Floats) -> tuple[Self, Floats]:
        """Cool as aimed at, but no less than is needed and no more than the tank takes."""
        drawn = self._kept / self.step_hours - self.need.actual(step)
        room = column(self.ratings.tank_kwh)[:, 0] / self.step_hours - drawn
        least, most = (self._possible(bound)[:, None] for bound in (-drawn, room))
        cooling, power = self.ratings.duty.run(-power_kw[:, None], least, most)
        left = (drawn + cooling[:, 0]) * self.step_hours
        return replace(self, stored_kwh=np.maximum(left, 0.0), missing_kwh=np.maximum(-left, 0.0)), -power[:, 0]

    def readings(self) -> Mapping[str, Floats]:
        """Return the cold stored, which is no electricity, and what could not be served in the last step."""
        return {"cold_kwh": self.stored_kwh, "cooling_missing_kwh": self.missing_kwh}

    @property
    def _kept(self) -> Floats:
        return self.stored_kwh * self.ratings.retained(np.array([self.step_hours]))[:, 0]

    def _possible(self, cooling_kw: Floats) -> Floats:
        return np.clip(cooling_kw, 0.0, self.ratings.cooling_kw)

    def _usual(self, need_kw: Floats, hours: Floats) -> Floats:
        """Return the load where the two lines of the power meet: the need, as far as the tank cannot even it."""
        mean = np.average(need_kw, axis=1, weights=hours)[:, None]
        evened = column(self.ratings.tank_kwh) / (hours.sum() / 2)
        return np.asarray(need_kw - np.clip(need_kw - mean, -evened, evened))

    def _stores(self, outlook: Outlook) -> DrivenStores:
        hours, need = outlook.hours, np.maximum(self.need.expected(outlook.edges), 0.0)
        duty = replace(self.ratings.duty, per_kw=np.broadcast_to(self.ratings.duty.per_kw, need.shape))
        chords = duty.at(self._usual(need, hours))
        stored = Stored(
            hours=hours,
            initial=self.stored_kwh,
            lowest=0.0,
            highest=column(self.ratings.tank_kwh),
            retained=self.ratings.retained(hours),
            end_value=np.maximum(outlook.prices.min(axis=1), 0.0) * chords.below[:, -1],
        )
        return chords.stores(np.ones_like(need), -need * hours, stored)
