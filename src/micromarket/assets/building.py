"""Buildings as equivalent thermal parameters (ETP): air and mass store heat, and leak it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from micromarket.assets.storage import Numbers, require
from micromarket.domain.curves import Floats

_IDENTITY = np.eye(2)[:, :, None]


@dataclass(frozen=True, slots=True, eq=False)
class Temperatures:
    """Temperature of air and mass of `n` buildings.

    Parameters
    ----------
    air_c, mass_c : array of float, shape (n,)
        Temperatures [°C].
    """

    air_c: Floats
    mass_c: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Response:
    """How temperatures at the end of a step follow from those at its start and from constant heat flows.

    Parameters
    ----------
    kept : array of float, shape (2, 2, n)
        Share of each starting temperature (second axis: air, mass) in each final one (first axis).
    gained : array of float, shape (2, 2, n)
        Rise of each final temperature for each kW of heat into air and into mass [K/kW].
    """

    kept: Floats
    gained: Floats

    def after(self, start: Temperatures, air_kw: Floats, mass_kw: Floats) -> Temperatures:
        """Return the temperatures at the end of the step.

        Parameters
        ----------
        start : Temperatures
            At its start.
        air_kw, mass_kw : array of float, shape (n,)
            Heat into air, leakage at an air temperature of 0 °C included, and into mass [kW].
        """
        air, mass = (
            kept[0] * start.air_c + kept[1] * start.mass_c + gained[0] * air_kw + gained[1] * mass_kw
            for kept, gained in zip(self.kept, self.gained, strict=True)
        )
        return Temperatures(air, mass)


@dataclass(frozen=True, slots=True, eq=False)
class SlowMode:
    """How a disturbance of the air temperature fades once air and mass have settled with each other.

    Parameters
    ----------
    rate_per_h : array of float, shape (n,)
        Rate at which it fades [1/h].
    lift_k_per_kwh : array of float, shape (n,)
        Rise of the settled air temperature for each kWh of heat brought into the air at once [K/kWh].
    """

    rate_per_h: Floats
    lift_k_per_kwh: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Building:
    """Equivalent thermal parameters of `n` buildings, each number for all or as an array of shape (n,).

    ``Ca dTa/dt = Uo (To - Ta) + Um (Tm - Ta) + heat into air`` and ``Cm dTm/dt = Um (Ta - Tm) + heat into mass``.

    Parameters
    ----------
    conductance_kw_per_k : float
        From air to outdoors, ``Uo`` [kW/K].
    air_capacity_kwh_per_k : float
        Heat that air and light furniture hold, ``Ca`` [kWh/K].
    mass_conductance_kw_per_k : float
        From air to mass, ``Um`` [kW/K].
    mass_capacity_kwh_per_k : float
        Heat that the mass of the building holds, ``Cm`` [kWh/K].

    Raises
    ------
    InvalidValue
        If a number is not above 0.

    Notes
    -----
    Source: the residential model of GridLAB-D, as in the heating and cooling agent of PNNL's DSO+T study.
    """

    conductance_kw_per_k: Numbers
    air_capacity_kwh_per_k: Numbers
    mass_conductance_kw_per_k: Numbers
    mass_capacity_kwh_per_k: Numbers

    def __post_init__(self) -> None:
        """Check that everything leaks and stores a little; give all numbers one shape."""
        names = tuple(self.__dataclass_fields__)
        values = np.broadcast_arrays(*(np.atleast_1d(np.asarray(getattr(self, name), dtype=float)) for name in names))
        for name, value in zip(names, values, strict=True):
            require(f"{name} must be above 0", value > 0)
            object.__setattr__(self, name, value)

    def response(self, hours: float) -> Response:
        """Return the exact response over a step of `hours` [h]: exponential of the 2x2 system and its integral."""
        capacity = np.stack([self.air_capacity_kwh_per_k, self.mass_capacity_kwh_per_k])
        modes = [(self._rates[0], self._slow_projection), (self._rates[1], self._fast_projection)]
        kept = sum(np.exp(-rate * hours) * projection for rate, projection in modes)
        gained = sum(-np.expm1(-rate * hours) / rate * projection for rate, projection in modes)
        return Response(np.asarray(kept), np.asarray(gained) / capacity)

    @property
    def slow_mode(self) -> SlowMode:
        """How disturbances of the air temperature fade."""
        return SlowMode(self._rates[0], self._slow_projection[0, 0] / self.air_capacity_kwh_per_k)

    @property
    def _flows(self) -> Floats:
        out, inner = np.asarray(self.conductance_kw_per_k), np.asarray(self.mass_conductance_kw_per_k)
        air, mass = self.air_capacity_kwh_per_k, self.mass_capacity_kwh_per_k
        return np.stack([-(out + inner) / air, inner / air, inner / mass, -inner / mass]).reshape(2, 2, -1)

    @property
    def _rates(self) -> tuple[Floats, Floats]:
        flows = self._flows
        total = -(flows[0, 0] + flows[1, 1])
        spread = np.sqrt((flows[0, 0] - flows[1, 1]) ** 2 + 4 * flows[0, 1] * flows[1, 0])
        fast = (total + spread) / 2
        leak = np.asarray(self.conductance_kw_per_k) / self.air_capacity_kwh_per_k
        return leak * -flows[1, 1] / fast, fast

    @property
    def _slow_projection(self) -> Floats:
        slow, fast = self._rates
        return (self._flows + fast * _IDENTITY) / (fast - slow)

    @property
    def _fast_projection(self) -> Floats:
        return _IDENTITY - self._slow_projection
