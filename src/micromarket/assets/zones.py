"""Zones of commercial buildings: rooms with thermal mass whose temperatures one controller moves together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micromarket.assets.storage import require
from micromarket.domain.curves import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Balance:
    """How `n` buildings take heat over `H` steps: ``Q = start T - end T' + outside To - inside + g``.

    ``Q`` is the heat to be removed [kW] so that the building's temperature goes from ``T`` to ``T'``, with ``To``
    outdoors and gains ``g`` [kW].

    Parameters
    ----------
    start, end : array of float, shape (n, H)
        Weight of the temperature before and after the step [kW/K].
    outside : array of float, shape (n, 1)
        Conductance to the outdoors [kW/K].
    inside : array of float, shape (n, 1)
        Constant part [kW].
    """

    start: Floats
    end: Floats
    outside: Floats
    inside: Floats

    @property
    def retained(self) -> Floats:
        """Share of the building's temperature that is left after each step, shape (n, H)."""
        return self.start / self.end


@dataclass(frozen=True, slots=True, eq=False)
class Zones:
    """The zones of `n` buildings, each number as an array over all `Z` zones.

    A building has one temperature ``T`` that its thermostat moves. Each of its zones follows: it stands at
    ``base + offset + swing (T - base)``, where ``base`` is the lowest temperature that is ever desired. So a zone
    with twice the swing uses twice as much of its comfort when the building saves.

    Parameters
    ----------
    building : array of int, shape (Z,)
        Building of each zone, counted from 0.
    conductance_kw_per_k : array of float, shape (Z,)
        From the zone to the outdoors, ``U`` [kW/K].
    capacity_kwh_per_k : array of float, shape (Z,)
        Heat that air, furniture and walls hold, ``C`` [kWh/K].
    offset_k : array of float, shape (Z,)
        How much warmer than the building it is kept [K].
    swing : array of float, shape (Z,)
        How far it moves when the building moves by 1 K.

    Raises
    ------
    InvalidValue
        If a conductance, capacity or swing is not above 0.

    Notes
    -----
    One zone follows ``C dT/dt = U (To - T) + g - q``. Over a step of constant flows that is exactly the linear form
    ``q = c1 T' + c2 T + c3 To + c4`` which PNNL fits to its zones, with ``c1 = -U / (1 - a)``, ``c2 = -a c1``,
    ``c3 = U``, ``c4 = g`` and ``a = exp(-U h / C)``. The sum over zones that move together is linear again, so a
    whole building is one store, whatever the zones' time constants. Zones exchange no heat with each other.
    """

    building: NDArray[np.int64]
    conductance_kw_per_k: Floats
    capacity_kwh_per_k: Floats
    offset_k: Floats
    swing: Floats

    def __post_init__(self) -> None:
        """Check every range."""
        for name in ("conductance_kw_per_k", "capacity_kwh_per_k", "swing"):
            require(f"{name} must be above 0", getattr(self, name) > 0)

    def temperatures(self, building_c: Floats, base_c: Floats) -> Floats:
        """Return the temperature of every zone [°C], shape (Z,), from those of the `n` buildings."""
        base = base_c[self.building]
        return np.asarray(base + self.offset_k + self.swing * (building_c[self.building] - base))

    def coefficients(self, hours: Floats) -> tuple[Floats, Floats]:
        """Return ``c1`` and ``c2`` of every zone over steps of `hours`, shape (H,); each of shape (Z, H) [kW/K]."""
        outside, kept = self.conductance_kw_per_k[:, None], self._kept(hours)
        end = outside / -np.expm1(-self._decay(hours))
        return -end, end * kept

    def balance(self, hours: Floats, base_c: Floats) -> Balance:
        """Return how whole buildings take heat over steps of `hours`, shape (H,), with bases of shape (n,)."""
        end, start = self.coefficients(hours)
        swing = self.swing[:, None]
        constant = self.conductance_kw_per_k * self.temperatures(np.zeros_like(base_c), base_c)
        outside, inside = self._summed(self.conductance_kw_per_k[:, None]), self._summed(constant[:, None])
        return Balance(self._summed(start * swing), -self._summed(end * swing), outside, inside)

    def _decay(self, hours: Floats) -> Floats:
        return np.asarray((self.conductance_kw_per_k / self.capacity_kwh_per_k)[:, None] * hours)

    def _kept(self, hours: Floats) -> Floats:
        return np.exp(-self._decay(hours))

    def _summed(self, values: Floats) -> Floats:
        total = np.zeros((int(self.building.max()) + 1, values.shape[1]))
        np.add.at(total, self.building, values)
        return total
