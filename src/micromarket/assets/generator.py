"""Dispatchable generators: quadratic cost, a minimum and a maximum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from micromarket.assets.asset import Outlook
from micromarket.domain.curves import Curves, Floats
from micromarket.errors import InvalidValue


@dataclass(frozen=True, slots=True, eq=False)
class Generator:
    """Generators whose cost of `P` kW is ``price P + slope P**2 / 2`` each hour.

    One with a minimum is either off or runs between minimum and maximum. Before each tender it is engaged for those
    steps in which the expected price lets it earn its cost back; there it tenders from its minimum up, elsewhere
    nothing. So every curve stays monotone, and what was tendered can be run.

    Parameters
    ----------
    ids : tuple of str
        Name of each of the `n` generators.
    minimum_kw, maximum_kw : array of float, shape (n,)
        Least power when running, and most [kW].
    price : array of float, shape (n,)
        Marginal cost of the first kW [currency/kWh].
    slope : array of float, shape (n,)
        Rise of the marginal cost [currency/kWh/kW], not negative.

    Raises
    ------
    InvalidValue
        If a slope is negative, or limits are not ``0 <= minimum <= maximum``.

    Notes
    -----
    Source: Transactive Network Template v4 (PNNL, 2024), section 2.1: quadratic production cost, `engaged` assets.
    """

    ids: tuple[str, ...]
    minimum_kw: Floats
    maximum_kw: Floats
    price: Floats
    slope: Floats

    def __post_init__(self) -> None:
        """Check limits and slopes."""
        if not ((self.minimum_kw >= 0) & (self.minimum_kw <= self.maximum_kw) & (self.slope >= 0)).all():
            raise InvalidValue("a generator needs 0 <= minimum <= maximum and a slope that is not negative")

    def schedule(self, outlook: Outlook) -> Floats:
        """Return the power that earns most at the expected prices [kW], shape (n, H)."""
        best = self._best(outlook.prices)
        return np.where(self._engaged(outlook.prices), best, 0.0)

    def curves(self, outlook: Outlook) -> Curves:
        """Return marginal cost from minimum to maximum in each tendered step where engaged, else no power."""
        engaged = self._engaged(outlook.prices[:, : outlook.tendered])
        limits = np.stack([self.minimum_kw, self.maximum_kw], axis=1)
        prices = self.price[:, None] + self.slope[:, None] * limits
        powers = engaged[:, :, None] * limits[:, None, :]
        return Curves(np.broadcast_to(prices[:, None, :], powers.shape).copy(), powers)

    def default_power(self, step: int, surplus_kw: Floats) -> Floats:
        """Return nothing: without a market a generator stands by."""
        return np.zeros(len(self.ids))

    def deliver(self, step: int, power_kw: Floats) -> tuple[Self, Floats]:
        """Run at `power_kw`, within the limits; off if no power is asked for."""
        return self, np.where(power_kw > 0, np.clip(power_kw, self.minimum_kw, self.maximum_kw), 0.0)

    def cost(self, power_kw: Floats) -> Floats:
        """Return what running at `power_kw`, shape (n, T), costs [currency/h], of the same shape."""
        return self.price[:, None] * power_kw + self.slope[:, None] * power_kw**2 / 2

    def readings(self) -> Mapping[str, Floats]:
        """Return nothing: a generator has no state."""
        return {}

    def _best(self, prices: Floats) -> Floats:
        least, most, slope = (values[:, None] for values in (self.minimum_kw, self.maximum_kw, self.slope))
        margin = prices - self.price[:, None]
        between = (margin > slope * least) & (margin < slope * most)
        ends = np.where(margin >= slope * most, most, least)
        return np.divide(margin, np.broadcast_to(slope, margin.shape), out=ends, where=between)

    def _engaged(self, prices: Floats) -> NDArray[np.bool_]:
        best = self._best(prices)
        profit = (prices - self.price[:, None]) * best - self.slope[:, None] * best**2 / 2
        return np.asarray((profit >= 0) | (self.minimum_kw[:, None] == 0))
