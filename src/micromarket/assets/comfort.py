"""What temperature people want, how far it may stray, and what straying is worth to them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from micromarket.assets.asset import Steps
from micromarket.assets.profile import Profile
from micromarket.assets.storage import Numbers, at_steps, column, require
from micromarket.domain.curves import Floats

SAME_C = 1e-9
"""Difference below which two desired temperatures are the same [K]."""
MOST_PREFERENCE = 0.999
"""Preference at which comfort is worth a thousand times the energy that could be saved: as good as 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Comfort:
    """Desired temperature of `n` rooms or tanks, and the preference between comfort and cost.

    Parameters
    ----------
    desired_c : Profile
        Desired temperature in each base step [°C]; known ahead.
    tolerance_k : float or array of float, shape (n,)
        Deviation that is still accepted [K]. The thermostat keeps within it whatever the market says.
    preference : float or array of float, shape (n,)
        0 uses the whole tolerance to save money, 1 never trades comfort.
    value : float or array of float, shape (n,), default 0.10
        What being one tolerance away from the desired temperature costs at a preference of 0.5 [currency/h].

    Raises
    ------
    InvalidValue
        If a tolerance is not above 0, a preference not between 0 and 1, or a value negative.
    """

    desired_c: Profile
    tolerance_k: Numbers
    preference: Numbers
    value: Numbers = 0.10
    _extremes_c: tuple[Floats, Floats] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check every range; look up the extremes once."""
        wanted = self.desired_c.values
        object.__setattr__(
            self, "_extremes_c", (wanted.min(axis=1, keepdims=True), wanted.max(axis=1, keepdims=True))
        )
        preference = np.asarray(self.preference)
        require("tolerance_k must be above 0", np.greater(self.tolerance_k, 0))
        require("preference must lie between 0 and 1", (preference >= 0) & (preference <= 1))
        require("value must not be negative", np.greater_equal(self.value, 0))

    @property
    def curvature(self) -> Floats:
        """Worth of comfort ``k`` [currency/K**2/h], shape (n, 1): straying by `e` costs ``k e**2 / 2`` each hour.

        ``k = 2 value / tolerance**2 * preference / (1 - preference)``: `value` at one tolerance for a preference of
        0.5, nothing for 0; from `MOST_PREFERENCE` up as if it were that.
        """
        preference = np.minimum(self.preference, MOST_PREFERENCE)
        return column(2 * self.value / np.square(self.tolerance_k) * preference / (1 - preference))

    @property
    def extremes_c(self) -> tuple[Floats, Floats]:
        """Lowest and highest temperature that is ever desired [°C], each of shape (n, 1)."""
        return self._extremes_c

    def desired_at_ends(self, edges: Steps) -> Floats:
        """Return the desired temperature at the end of each planning step [°C], shape (n, H)."""
        return at_steps(self.desired_c, edges[1:] - 1)
