"""The load-serving entity (LSE): the supplier that brings energy to the root, as a curve and as a cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from micromarket.assets.asset import Steps
from micromarket.domain.curves import UNLIMITED_KW, Curves, Floats
from micromarket.errors import InvalidValue, NotFinite, NotMonotone, WrongShape

SLOPE_ENDS_KW = 1e6
"""Power [kW] beyond which an unlimited supplier's sloping price rises no more: it keeps float prices exact."""


@dataclass(frozen=True, slots=True, eq=False)
class Ramp:
    """How much worse the price gets with power: what is added to a supplier's base price.

    Parameters
    ----------
    powers_kw : array of float, shape (V,)
        From 0 to the capacity [kW], not falling; two equal ones are a step in price.
    adders : array of float, shape (V,)
        Added to the price at each of them [currency/kWh], not falling; linear in between.

    Raises
    ------
    WrongShape, NotFinite, NotMonotone
        If the arrays are not what is described above.
    """

    powers_kw: Floats
    adders: Floats
    _areas: Floats = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check, and prepare the area under each segment."""
        if self.powers_kw.ndim != 1 or self.powers_kw.shape != self.adders.shape or not len(self.powers_kw):
            raise WrongShape(f"a ramp needs two equal rows; found {self.powers_kw.shape} and {self.adders.shape}")
        if not (np.isfinite(self.powers_kw).all() and np.isfinite(self.adders).all()):
            raise NotFinite("powers and adders of a ramp must be finite")
        steps = np.diff(self.powers_kw)
        if self.powers_kw[0] != 0 or (steps < 0).any() or (np.diff(self.adders) < 0).any():
            raise NotMonotone("a ramp starts at 0 kW, and neither its powers nor its adders fall")
        areas = np.zeros(len(self.powers_kw))
        np.cumsum(steps * (self.adders[:-1] + self.adders[1:]) / 2, out=areas[1:])
        object.__setattr__(self, "_areas", areas)

    @classmethod
    def flat(cls, capacity_kw: float = UNLIMITED_KW) -> Ramp:
        """Return the ramp of one price up to a capacity."""
        return cls(np.array([0.0, capacity_kw]), np.zeros(2))

    @classmethod
    def sloped(cls, slope: float, capacity_kw: float = UNLIMITED_KW) -> Ramp:
        """Return the ramp of a quadratic cost: the price rises by `slope` [currency/kWh/kW] with each kW.

        Without a capacity the price stays where it is beyond `SLOPE_ENDS_KW`.
        """
        if capacity_kw < UNLIMITED_KW:
            return cls(np.array([0.0, capacity_kw]), np.array([0.0, slope * capacity_kw]))
        top = slope * SLOPE_ENDS_KW
        return cls(np.array([0.0, SLOPE_ENDS_KW, capacity_kw]), np.array([0.0, top, top]))

    @classmethod
    def tiered(cls, up_to_kw: Sequence[float], adders: Sequence[float]) -> Ramp:
        """Return the ramp of steps: each adder holds up to the power beside it; the last power is the capacity."""
        borders = np.concatenate([[0.0], np.repeat(up_to_kw, 2)[:-1]])
        return cls(borders, np.repeat(np.asarray(adders, dtype=float), 2))

    def area(self, power_kw: Floats) -> Floats:
        """Return the integral of the adder from 0 to `power_kw` [currency/h], of the same shape.

        Beyond the capacity the last adder goes on, for power that was metered though never offered.
        """
        index = np.searchsorted(self.powers_kw, power_kw, side="right") - 1
        following = np.minimum(index + 1, len(self.powers_kw) - 1)
        width = self.powers_kw[following] - self.powers_kw[index]
        rise = (self.adders[following] - self.adders[index]) / np.where(width > 0, width, 1)
        beyond = power_kw - self.powers_kw[index]
        return np.asarray(self._areas[index] + beyond * (self.adders[index] + rise * beyond / 2))


@dataclass(frozen=True, slots=True, eq=False)
class Supplier:
    """A supplier that sells to the root, and buys what the region exports.

    Parameters
    ----------
    supplier_id : str
        Name of its account.
    price : array of float, shape (S,)
        What it asks for its first kW in each base step [currency/kWh].
    feed_in_price : array of float, shape (S,)
        What it pays for the first exported kW in each base step [currency/kWh]; nowhere above `price`.
    supply : Ramp
        How its asking price rises with the power it supplies, and how much it can.
    intake : Ramp
        How its feed-in price falls with the power it takes, and how much it takes.

    Raises
    ------
    WrongShape, NotFinite
        If the prices are not two finite rows of one length.
    InvalidValue
        If it would pay more for exports than it asks for imports.
    """

    supplier_id: str
    price: Floats
    feed_in_price: Floats
    supply: Ramp = field(default_factory=Ramp.flat)
    intake: Ramp = field(default_factory=Ramp.flat)

    def __post_init__(self) -> None:
        """Check the prices."""
        if self.price.ndim != 1 or self.price.shape != self.feed_in_price.shape:
            raise WrongShape(f"expected two rows (S,); found {self.price.shape} and {self.feed_in_price.shape}")
        if not (np.isfinite(self.price).all() and np.isfinite(self.feed_in_price).all()):
            raise NotFinite("a supplier's prices must be finite")
        if (self.feed_in_price > self.price).any():
            step = int(np.argmax(self.feed_in_price > self.price))
            raise InvalidValue(
                f"feed-in price {self.feed_in_price[step]} is above price {self.price[step]} in step {step}"
            )

    def curves(self, edges: Steps) -> Curves:
        """Return its curve in each interval between `edges`, as one participant.

        Parameters
        ----------
        edges : array of int, shape (T + 1,)
            Borders of the intervals, in base steps; an interval's base price is the mean of its steps.

        Returns
        -------
        Curves of shape (1, T, V): intake below the feed-in price, nothing between, supply above the price.
        """
        feed_in, price = self._mean(self.feed_in_price, edges), self._mean(self.price, edges)
        prices = np.concatenate(
            [feed_in[:, None] - self.intake.adders[::-1], price[:, None] + self.supply.adders], axis=1
        )
        powers = np.concatenate([-self.intake.powers_kw[::-1], self.supply.powers_kw])
        return Curves(prices[None], np.broadcast_to(powers, prices.shape)[None])

    def cost(self, power_kw: Floats, steps: Steps) -> Floats:
        """Return what supplying `power_kw` costs, as the exact integral of its curve [currency/h].

        Parameters
        ----------
        power_kw : array of float, shape (T,)
            Positive supplied; negative taken, whose cost is negative: what the intake is worth.
        steps : array of int, shape (T,)
            Base step of each.
        """
        supplied, taken = np.maximum(power_kw, 0), np.maximum(-power_kw, 0)
        supply = self.price[steps] * supplied + self.supply.area(supplied)
        intake = self.feed_in_price[steps] * taken - self.intake.area(taken)
        return np.asarray(supply - intake)

    @staticmethod
    def _mean(values: Floats, edges: Steps) -> Floats:
        sums = np.add.reduceat(values[edges[0] : edges[-1]], edges[:-1] - edges[0])
        return np.asarray(sums / np.diff(edges))
