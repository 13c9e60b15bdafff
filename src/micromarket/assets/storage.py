"""What fleets that store energy share: limits at the meter, and how far they let the stored energy move."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micromarket.assets.asset import Outlook, Steps
from micromarket.assets.profile import Profile
from micromarket.domain.curves import Curves, Floats
from micromarket.errors import InvalidValue
from micromarket.kernels import storage

Numbers = Floats | float


@dataclass(frozen=True, slots=True, eq=False)
class Converter:
    """What stands between meter and store, used one way or the other, or both ways in turn within an interval.

    Parameters
    ----------
    charge_kw, discharge_kw : array of float, shape (n,)
        Greatest power in and out at the meter [kW].
    charge_efficiency, discharge_efficiency : array of float, shape (n,)
        Energy stored for each kWh charged, and delivered for each kWh taken from the store.
    """

    charge_kw: Numbers
    discharge_kw: Numbers
    charge_efficiency: Numbers
    discharge_efficiency: Numbers

    def exchange(self, power_kw: Floats, room_kwh: Floats, spare_kwh: Floats, hours: float) -> tuple[Floats, Floats]:
        """Return the power that limits and store allow, and the energy that it adds to the store.

        Parameters
        ----------
        power_kw : array of float, shape (n,)
            Power aimed at [kW], positive when discharging.
        room_kwh, spare_kwh : array of float, shape (n,)
            Energy that the store can take, and give [kWh]; negative counts as 0.
        hours : float
            Duration [h].

        Returns
        -------
        power_kw, added_kwh : arrays of float, shape (n,)
            Power at the meter [kW] and energy added [kWh, negative when discharging].

        Notes
        -----
        A store without room still draws power by charging and discharging in turn, as far as the losses of that
        explain it: this is what its curve tenders at negative prices.
        """
        gain, drain = self.charge_efficiency * hours, hours / self.discharge_efficiency
        most = np.minimum(self.discharge_kw, np.maximum(spare_kwh, 0.0) / drain)
        room = np.minimum(np.maximum(room_kwh, 0.0), self.charge_kw * gain)
        power = np.clip(power_kw, self._least(room, gain, drain), most)
        return power, np.where(power > 0, -power * drain, np.minimum(-power * gain, room))

    def _least(self, room_kwh: Floats, gain: Numbers, drain: Numbers) -> Floats:
        one_way = -room_kwh / gain
        rise, fall = gain * self.charge_kw, drain * self.discharge_kw
        swing = np.where(rise * fall > 0, rise + fall, np.inf)
        in_turn = self.discharge_kw - (self.charge_kw + self.discharge_kw) * (room_kwh + fall) / swing
        return np.where(np.isfinite(swing), np.minimum(in_turn, one_way), one_way)


def column(values: Numbers) -> Floats:
    """Return numbers of `n` devices as a column, shape (n, 1); one number for all as shape (1, 1)."""
    return np.reshape(np.asarray(values, dtype=float), (-1, 1))


def at_steps(profile: Profile, steps: Steps) -> Floats:
    """Return a profile's values in base steps, shape (n, len(steps)), known ahead; the last day repeats."""
    known, day = profile.values.shape[1], min(profile.steps_per_day, profile.values.shape[1])
    return np.asarray(profile.values[:, np.where(steps < known, steps, known - day + (steps - known) % day)])


def curves_of(stores: storage.Stores, outlook: Outlook) -> Curves:
    """Return the exact residual flexibility of stores in the tendered steps."""
    return Curves.trusted(*storage.curves(stores, outlook.prices, outlook.tendered))


def require(rule: str, kept: NDArray[np.bool_] | bool) -> None:
    """Refuse parameters that break a rule.

    Raises
    ------
    InvalidValue
        If the rule is not kept everywhere.
    """
    if not np.all(kept):
        raise InvalidValue(rule)
