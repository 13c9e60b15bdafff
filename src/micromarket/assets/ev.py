"""Electric vehicles (EV): charged while plugged in, ready when they leave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from micromarket.assets.asset import Outlook
from micromarket.assets.profile import Profile
from micromarket.assets.storage import Converter, Numbers, at_steps, column, curves_of, require
from micromarket.domain.curves import Curves, Floats
from micromarket.errors import WrongShape
from micromarket.kernels import storage


@dataclass(frozen=True, slots=True, eq=False)
class VehicleRatings:
    """What `n` vehicles can do and need, each number for all or as an array of shape (n,).

    Parameters
    ----------
    energy_kwh : float
        Energy that the battery holds [kWh].
    charge_kw : float
        Greatest charging power at the meter [kW].
    ready_kwh : float
        Energy wanted at each departure [kWh]; a car that cannot have it in time gets as much as possible.
    charge_efficiency : float, default 0.92
        Energy stored for each kWh charged; above 0, at most 1.
    discharge_kw : float, default 0
        Greatest power back into the region [kW]; 0 for a car that only charges (V1G).
    discharge_efficiency : float, default 0.92
        Energy delivered for each kWh taken from the battery; above 0, at most 1.
    minimum_kwh : float, default 0
        Energy that is never sold back, and charged at any price while less is there [kWh].
    wear : float, default 0
        Cost of each kWh through the meter, in or out [currency/kWh].

    Raises
    ------
    InvalidValue
        If a number is outside its range.
    """

    energy_kwh: Numbers
    charge_kw: Numbers
    ready_kwh: Numbers
    charge_efficiency: Numbers = 0.92
    discharge_kw: Numbers = 0.0
    discharge_efficiency: Numbers = 0.92
    minimum_kwh: Numbers = 0.0
    wear: Numbers = 0.0

    def __post_init__(self) -> None:
        """Check every range."""
        require("energy_kwh must be above 0", np.greater(self.energy_kwh, 0))
        for name in ("charge_kw", "discharge_kw", "minimum_kwh", "ready_kwh", "wear"):
            require(f"{name} must not be negative", np.greater_equal(getattr(self, name), 0))
        for name in ("charge_efficiency", "discharge_efficiency"):
            value = np.asarray(getattr(self, name))
            require(f"{name} must be above 0 and at most 1", (value > 0) & (value <= 1))
        for name in ("minimum_kwh", "ready_kwh"):
            require(f"{name} must not be above energy_kwh", np.less_equal(getattr(self, name), self.energy_kwh))

    def converter(self, plugged: Floats) -> Converter:
        """Return what stands between meter and battery: nothing where `plugged`, shape (n,), is 0."""
        charge, discharge = self.charge_kw * plugged, self.discharge_kw * plugged
        return Converter(charge, discharge, self.charge_efficiency, self.discharge_efficiency)


@dataclass(frozen=True, slots=True, eq=False)
class Sessions:
    """When `n` vehicles are at their plugs, and what they use on the road; known ahead.

    Parameters
    ----------
    plugged : Profile
        1 in base steps in which a car is plugged in, else 0. A car departs at the end of a step after which it is
        not plugged in any more.
    trip_kwh : Profile
        Energy used on the road in each base step [kWh].

    Raises
    ------
    WrongShape
        If both do not cover the same cars and steps.
    """

    plugged: Profile
    trip_kwh: Profile
    _departs: Profile = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Find the departures."""
        here = self.plugged.values
        if here.shape != self.trip_kwh.values.shape:
            raise WrongShape(f"plugged and trip_kwh must cover the same: {here.shape}, {self.trip_kwh.values.shape}")
        departs = np.zeros_like(here)
        departs[:, :-1] = (here[:, :-1] > 0) & (here[:, 1:] == 0)
        object.__setattr__(self, "_departs", Profile(departs, self.plugged.steps_per_day))

    def needed(self, outlook: Outlook, ready_kwh: Numbers) -> Floats:
        """Return the energy needed at the end of each planning step [kWh], shape (n, H); 0 where no car departs.

        If a car departs within a planning step, what it uses on the road until the end of that step is not needed
        any more at its end.
        """
        steps = np.arange(outlook.edges[0], outlook.edges[-1])
        starts = outlook.edges[:-1] - outlook.edges[0]
        used = np.cumsum(at_steps(self.trip_kwh, steps), axis=1)
        at_end = np.repeat(used[:, outlook.edges[1:] - outlook.edges[0] - 1], np.diff(outlook.edges), axis=1)
        needed = np.where(at_steps(self._departs, steps) > 0, column(ready_kwh) - (at_end - used), 0.0)
        return np.maximum(np.maximum.reduceat(needed, starts, axis=1), 0.0)

    def shares(self, outlook: Outlook) -> tuple[Floats, Floats]:
        """Return the share of each planning step spent at the plug, and the energy used on the road [kWh]."""
        steps, starts = np.arange(outlook.edges[0], outlook.edges[-1]), outlook.edges[:-1] - outlook.edges[0]
        plugged = np.add.reduceat(at_steps(self.plugged, steps), starts, axis=1) / np.diff(outlook.edges)
        return plugged, np.add.reduceat(at_steps(self.trip_kwh, steps), starts, axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class ElectricVehicle:
    """Vehicles that are ready at departure at the least cost, and sell back if their charger can.

    Parameters
    ----------
    ids : tuple of str
        Name of each of the `n` vehicles.
    ratings : VehicleRatings
        What they can do and need.
    sessions : Sessions
        When they are plugged in, and what they use.
    step_hours : float
        Duration of a base step [h].
    stored_kwh : array of float, shape (n,)
        Energy stored now [kWh].
    unmet_kwh : array of float, shape (n,), optional
        Energy that the last step's trip lacked [kWh].

    Notes
    -----
    What is stored at the end of the horizon is worth the lowest expected price: it could be bought for that, so
    nothing is bought beyond what the next departures need unless power is given away.
    Source: the vehicle agent of PNNL's DSO+T study (ready at departure, trip energy taken away), made exact.
    """

    ids: tuple[str, ...]
    ratings: VehicleRatings
    sessions: Sessions
    step_hours: float
    stored_kwh: Floats
    unmet_kwh: Floats | None = None

    def schedule(self, outlook: Outlook) -> Floats:
        """Return the plan that costs least at the expected prices [kW], shape (n, H)."""
        return storage.plan(self._stores(outlook), outlook.prices)[0]

    def curves(self, outlook: Outlook) -> Curves:
        """Return the exact residual flexibility in each tendered step."""
        return curves_of(self._stores(outlook), outlook)

    def default_power(self, step: int, surplus_kw: Floats) -> Floats:
        """Return charging at full power from arrival until the car is ready [kW], shape (n,)."""
        missing = np.maximum(self.ratings.ready_kwh - self._after_trip(step)[0], 0.0)
        wanted = missing / (self.ratings.charge_efficiency * self.step_hours)
        return -np.minimum(wanted, self.ratings.charge_kw * self.sessions.plugged.actual(step))

    def deliver(self, step: int, power_kw: Floats) -> tuple[Self, Floats]:
        """Drive, then charge or discharge as far as plug, power and stored energy allow."""
        stored, unmet = self._after_trip(step)
        ratings, converter = self.ratings, self.ratings.converter(self.sessions.plugged.actual(step))
        power, added = converter.exchange(
            power_kw, ratings.energy_kwh - stored, stored - ratings.minimum_kwh, self.step_hours
        )
        return replace(self, stored_kwh=stored + added, unmet_kwh=unmet), power

    def readings(self) -> Mapping[str, Floats]:
        """Return the stored energy, and the energy that the last step's trip lacked."""
        unmet = np.zeros(len(self.ids)) if self.unmet_kwh is None else self.unmet_kwh
        return {"stored_kwh": self.stored_kwh, "unmet_kwh": unmet}

    def _after_trip(self, step: int) -> tuple[Floats, Floats]:
        left = self.stored_kwh - self.sessions.trip_kwh.actual(step)
        return np.maximum(left, 0.0), np.maximum(-left, 0.0)

    def _stores(self, outlook: Outlook) -> storage.Stores:
        ratings, (plugged, trip) = self.ratings, self.sessions.shares(outlook)
        needed = self.sessions.needed(outlook, ratings.ready_kwh)
        return storage.Stores(
            hours=outlook.hours,
            initial=self.stored_kwh,
            charge_kw=column(ratings.charge_kw) * plugged,
            discharge_kw=column(ratings.discharge_kw) * plugged,
            gain=column(ratings.charge_efficiency),
            drain=1.0 / column(ratings.discharge_efficiency),
            lowest=np.minimum(
                np.maximum(needed, column(ratings.minimum_kwh) * (trip == 0)), column(ratings.energy_kwh)
            ),
            highest=column(ratings.energy_kwh),
            drift=-trip,
            wear=column(ratings.wear),
            end_value=outlook.prices.min(axis=1),
        )
