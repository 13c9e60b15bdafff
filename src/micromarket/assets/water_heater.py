"""Water heaters: tanks that heat when power is cheap and hold enough hot water for what is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from micromarket.assets.asset import Outlook, Steps
from micromarket.assets.comfort import Comfort
from micromarket.assets.profile import Foreseen
from micromarket.assets.storage import Numbers, column, curves_of, require
from micromarket.domain.curves import Curves, Floats
from micromarket.kernels import storage

WATER_KWH_PER_L_K = 4.186 / 3600
"""Heat that a liter of water holds [kWh/(l K)]."""


@dataclass(frozen=True, slots=True, eq=False)
class Tank:
    """Tank and heater, each number for all or as an array of shape (n,).

    Parameters
    ----------
    volume_l : float
        Water in the tank [l].
    power_kw : float
        Greatest electrical power [kW].
    standing_loss_kw_per_k : float, default 0.002
        Conductance to the surroundings [kW/K].
    cop : float, default 1
        Heat for each kWh of electricity; above 1 for a heat pump.

    Raises
    ------
    InvalidValue
        If volume, power or COP is not above 0, or the loss negative.
    """

    volume_l: Numbers
    power_kw: Numbers
    standing_loss_kw_per_k: Numbers = 0.002
    cop: Numbers = 1.0

    def __post_init__(self) -> None:
        """Check every range."""
        for name in ("volume_l", "power_kw", "cop"):
            require(f"{name} must be above 0", np.greater(getattr(self, name), 0))
        require("standing_loss_kw_per_k must not be negative", np.greater_equal(self.standing_loss_kw_per_k, 0))


@dataclass(frozen=True, slots=True, eq=False)
class HotWater:
    """What is drawn from `n` tanks, and what surrounds them.

    Parameters
    ----------
    draw_l_per_h : Foreseen
        Hot water drawn [l/h].
    inlet_c : Foreseen
        Temperature of the cold water that replaces it [°C].
    ambient_c : Foreseen
        Temperature around the tank [°C].
    """

    draw_l_per_h: Foreseen
    inlet_c: Foreseen
    ambient_c: Foreseen


@dataclass(frozen=True, slots=True, eq=False)
class Cooling:
    """How `n` tanks cool over `H` steps: ``T' = retained T + drift + lift * power``.

    Parameters
    ----------
    retained : array of float, shape (n, H)
        Share of the temperature that is left.
    drift : array of float, shape (n, H)
        What surroundings and cold water add [K].
    lift : array of float, shape (n, H)
        Rise for each kW of electricity [K/kW].
    """

    retained: Floats
    drift: Floats
    lift: Floats


@dataclass(frozen=True, slots=True, eq=False)
class WaterHeater:
    """Well-stirred tanks with a thermostat that trades temperature for money within the tolerance.

    Parameters
    ----------
    ids : tuple of str
        Name of each of the `n` tanks.
    tank : Tank
        Volume, power, losses.
    hot_water : HotWater
        What is drawn.
    comfort : Comfort
        What temperature is desired. Hotter than desired costs no comfort, only losses.
    step_hours : float
        Duration of a base step [h].
    tank_c : array of float, shape (n,)
        Temperature now [°C].
    next_step : int, default 0
        Base step that begins now.

    Notes
    -----
    One node, integrated exactly for a constant draw in each step; the plan uses the same physics. The thermostat has
    the last word: at the end of each base step the tank is within the tolerance as far as its power allows.
    Source: water heater agent of PNNL's DSO+T study, with the tank's physics corrected.
    """

    ids: tuple[str, ...]
    tank: Tank
    hot_water: HotWater
    comfort: Comfort
    step_hours: float
    tank_c: Floats
    next_step: int = 0

    def schedule(self, outlook: Outlook) -> Floats:
        """Return the plan that is worth most at the expected prices [kW], negative, shape (n, H)."""
        return storage.plan(self._stores(outlook), outlook.prices)[0]

    def curves(self, outlook: Outlook) -> Curves:
        """Return the exact residual flexibility in each tendered step."""
        return curves_of(self._stores(outlook), outlook)

    def default_power(self, step: int, surplus_kw: Floats) -> Floats:
        """Return what a plain thermostat draws to hold the desired temperature [kW], shape (n,)."""
        return -self._power_to(self.comfort.desired_c.actual(step), self._cooling_in(step))

    def deliver(self, step: int, power_kw: Floats) -> tuple[Self, Floats]:
        """Heat as aimed at, within what the thermostat lets pass, and live through the step."""
        cooling = self._cooling_in(step)
        desired, tolerance = self.comfort.desired_c.actual(step), self.comfort.tolerance_k
        least, most = (self._power_to(desired + side * tolerance, cooling) for side in (-1, 1))
        power = np.clip(-power_kw, least, most)
        tank_c = self._left_alone(cooling) + cooling.lift[:, 0] * power
        return replace(self, tank_c=tank_c, next_step=step + 1), -power

    def readings(self) -> Mapping[str, Floats]:
        """Return the temperature, what was desired, how far beyond the tolerance it is, and the heat missing.

        ``cold_water_kwh`` is the heat that water drawn in the last step lacked for the lowest tolerated temperature.
        """
        last = max(self.next_step - 1, 0)
        desired, tolerance = np.array(self.comfort.desired_c.actual(last)), self.comfort.tolerance_k
        drawn = WATER_KWH_PER_L_K * self.hot_water.draw_l_per_h.actual(last) * self.step_hours
        missing = np.maximum(desired - tolerance - self.tank_c, 0.0)
        outside = np.maximum(missing, self.tank_c - desired - tolerance)
        lacked = missing * drawn * (self.next_step > 0)
        return {"tank_c": self.tank_c, "desired_c": desired, "outside_k": outside, "cold_water_kwh": lacked}

    def _cooling_in(self, step: int) -> Cooling:
        draw, inlet, ambient = (profile.actual(step)[:, None] for profile in self._surroundings)
        return self._cooling(draw, draw * inlet, ambient, np.array([self.step_hours]))

    def _expected(self, edges: Steps, hours: Floats) -> Cooling:
        draw, inlet, ambient = (profile.expected(edges) for profile in self._surroundings)
        return self._cooling(draw, draw * inlet, ambient, hours)

    @property
    def _surroundings(self) -> tuple[Foreseen, Foreseen, Foreseen]:
        water = self.hot_water
        return water.draw_l_per_h, water.inlet_c, water.ambient_c

    def _cooling(self, draw: Floats, draw_c: Floats, ambient_c: Floats, hours: Floats) -> Cooling:
        """Return how the tanks cool at a draw [l/h] of a warmth [l °C/h] in given surroundings."""
        capacity, loss = WATER_KWH_PER_L_K * column(self.tank.volume_l), column(self.tank.standing_loss_kw_per_k)
        exponent = (WATER_KWH_PER_L_K * draw + loss) / capacity * hours
        mean = np.where(exponent > 0, -np.expm1(-exponent) / np.where(exponent > 0, exponent, 1.0), 1.0)
        lift = mean * hours / capacity
        drift = lift * (WATER_KWH_PER_L_K * draw_c + loss * ambient_c)
        return Cooling(np.exp(-exponent), drift, lift * column(self.tank.cop))

    def _left_alone(self, cooling: Cooling) -> Floats:
        return np.asarray(cooling.retained[:, 0] * self.tank_c + cooling.drift[:, 0])

    def _power_to(self, wanted_c: Floats, cooling: Cooling) -> Floats:
        return np.clip((wanted_c - self._left_alone(cooling)) / cooling.lift[:, 0], 0.0, self.tank.power_kw)

    def _stores(self, outlook: Outlook) -> storage.Stores:
        cooling, desired = self._expected(outlook.edges, outlook.hours), self.comfort.desired_at_ends(outlook.edges)
        gain = cooling.lift / outlook.hours
        return storage.Stores(
            hours=outlook.hours,
            initial=self.tank_c,
            charge_kw=column(self.tank.power_kw),
            discharge_kw=0.0,
            gain=gain,
            drain=gain,
            lowest=desired - column(self.comfort.tolerance_k),
            highest=desired + column(self.comfort.tolerance_k),
            retained=cooling.retained,
            drift=cooling.drift,
            comfort_below=self.comfort.curvature * outlook.hours,
            target=desired,
            end_value=self._end_value(outlook),
        )

    def _end_value(self, outlook: Outlook) -> Floats:
        """Return what is left's worth [currency/K]: the lowest expected price, for which it could be heated then."""
        per_kelvin = WATER_KWH_PER_L_K * np.asarray(self.tank.volume_l) / np.asarray(self.tank.cop)
        return np.asarray(np.maximum(outlook.prices.min(axis=1), 0.0) * per_kelvin)
