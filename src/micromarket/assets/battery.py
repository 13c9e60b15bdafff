"""Batteries: bought and sold energy planned exactly against forward prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from micromarket.assets.asset import Outlook
from micromarket.assets.storage import Converter, Numbers, column, curves_of, require
from micromarket.domain.curves import Curves, Floats
from micromarket.kernels import storage


@dataclass(frozen=True, slots=True, eq=False)
class BatteryRatings:
    """What `n` batteries can do, each number for all or as an array of shape (n,).

    Parameters
    ----------
    energy_kwh : float
        Energy that can be stored [kWh].
    charge_kw, discharge_kw : float
        Greatest power in and out, at the meter [kW].
    charge_efficiency, discharge_efficiency : float, default 0.95
        Energy stored for each kWh charged, and delivered for each kWh taken from the store; above 0, at most 1.
    self_discharge_per_day : float, default 0
        Share of the stored energy lost in 24 hours.
    minimum_kwh : float, default 0
        Energy that is never discharged [kWh].
    wear : float, default 0
        Cost of each kWh through the meter, in or out [currency/kWh].
    end_value : float, optional
        Worth of what is stored at the end of the horizon [currency/kWh]. By default the mean of the expected prices
        times ``sqrt(discharge_efficiency / charge_efficiency)``: half way between what it would earn and what it
        would cost then, so that a flat price moves nothing.

    Raises
    ------
    InvalidValue
        If a number is outside its range.
    """

    energy_kwh: Numbers
    charge_kw: Numbers
    discharge_kw: Numbers
    charge_efficiency: Numbers = 0.95
    discharge_efficiency: Numbers = 0.95
    self_discharge_per_day: Numbers = 0.0
    minimum_kwh: Numbers = 0.0
    wear: Numbers = 0.0
    end_value: Numbers | None = None

    def __post_init__(self) -> None:
        """Check every range."""
        require("energy_kwh must be above 0", np.greater(self.energy_kwh, 0))
        for name in ("charge_kw", "discharge_kw", "minimum_kwh", "wear"):
            require(f"{name} must not be negative", np.greater_equal(getattr(self, name), 0))
        for name in ("charge_efficiency", "discharge_efficiency"):
            value = np.asarray(getattr(self, name))
            require(f"{name} must be above 0 and at most 1", (value > 0) & (value <= 1))
        lost = np.asarray(self.self_discharge_per_day)
        require("self_discharge_per_day must be at least 0 and below 1", (lost >= 0) & (lost < 1))
        require("minimum_kwh must not be above energy_kwh", np.less_equal(self.minimum_kwh, self.energy_kwh))

    @property
    def converter(self) -> Converter:
        """What stands between meter and store."""
        return Converter(self.charge_kw, self.discharge_kw, self.charge_efficiency, self.discharge_efficiency)

    def retained(self, hours: Numbers) -> Floats:
        """Return the share of the stored energy that is left after `hours` [h]."""
        return np.asarray((1.0 - np.asarray(self.self_discharge_per_day)) ** (np.asarray(hours) / 24.0))


@dataclass(frozen=True, slots=True, eq=False)
class Battery:
    """Batteries that buy when power is cheap and sell when it is dear.

    Parameters
    ----------
    ids : tuple of str
        Name of each of the `n` batteries.
    ratings : BatteryRatings
        What they can do.
    step_hours : float
        Duration of a base step [h].
    stored_kwh : array of float, shape (n,)
        Energy stored now [kWh].

    Notes
    -----
    Source: Transactive Network Template v4 (PNNL, 2024), section 2.2.2, whose worked example of a local asset this
    is; solved exactly (`micromarket.kernels.storage`).
    """

    ids: tuple[str, ...]
    ratings: BatteryRatings
    step_hours: float
    stored_kwh: Floats

    def schedule(self, outlook: Outlook) -> Floats:
        """Return the plan that earns most at the expected prices [kW], shape (n, H)."""
        return storage.plan(self._stores(outlook), outlook.prices)[0]

    def curves(self, outlook: Outlook) -> Curves:
        """Return the exact residual flexibility in each tendered step."""
        return curves_of(self._stores(outlook), outlook)

    def default_power(self, step: int, surplus_kw: Floats) -> Floats:
        """Return self-consumption [kW], shape (n,): store the customer's surplus, serve the customer's deficit."""
        room = np.maximum(self.ratings.energy_kwh - self._kept, 0.0)
        return self._exchange(np.maximum(-surplus_kw, -room / self.ratings.charge_efficiency / self.step_hours))[0]

    def deliver(self, step: int, power_kw: Floats) -> tuple[Self, Floats]:
        """Charge or discharge as far as power and stored energy allow."""
        power, added = self._exchange(power_kw)
        return replace(self, stored_kwh=self._kept + added), power

    def readings(self) -> Mapping[str, Floats]:
        """Return the stored energy."""
        return {"stored_kwh": self.stored_kwh}

    @property
    def _kept(self) -> Floats:
        return self.stored_kwh * self.ratings.retained(self.step_hours)

    def _exchange(self, power_kw: Floats) -> tuple[Floats, Floats]:
        kept, ratings = self._kept, self.ratings
        return ratings.converter.exchange(
            power_kw, ratings.energy_kwh - kept, kept - ratings.minimum_kwh, self.step_hours
        )

    def _stores(self, outlook: Outlook) -> storage.Stores:
        ratings = self.ratings
        return storage.Stores(
            hours=outlook.hours,
            initial=self.stored_kwh,
            charge_kw=column(ratings.charge_kw),
            discharge_kw=column(ratings.discharge_kw),
            gain=column(ratings.charge_efficiency),
            drain=1.0 / column(ratings.discharge_efficiency),
            lowest=column(ratings.minimum_kwh),
            highest=column(ratings.energy_kwh),
            retained=1.0 if np.all(self.ratings.self_discharge_per_day == 0) else self._retained(outlook.hours),
            wear=column(ratings.wear),
            end_value=self._end_value(outlook.prices),
        )

    def _retained(self, hours: Floats) -> Floats:
        return np.asarray((1.0 - column(self.ratings.self_discharge_per_day)) ** (hours / 24.0))

    def _end_value(self, prices: Floats) -> Floats:
        given, ratings = self.ratings.end_value, self.ratings
        if given is not None:
            return np.broadcast_to(np.asarray(given, dtype=float), len(self.ids))
        one_way = np.sqrt(np.divide(ratings.discharge_efficiency, ratings.charge_efficiency))
        return np.asarray(prices.mean(axis=1) * one_way)
