"""What is traded: a resource (what, where), a product (for how long, in which steps), an instrument (from when)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from math import floor
from typing import NewType

import numpy as np
from numpy.typing import NDArray

from micromarket.domain.ids import InstrumentId
from micromarket.domain.intervals import Interval
from micromarket.domain.money import MICRO_PER_UNIT
from micromarket.errors import InvalidValue, NotFinite, OffGrid

Steps = NewType("Steps", int)
"""A whole number of a grid's steps: what engines and ledgers count in."""


@dataclass(frozen=True, slots=True)
class StepGrid:
    """The values a price or a quantity may take: whole multiples of one step.

    Parameters
    ----------
    step : Fraction
        Distance between two allowed values, in the unit of the value; positive.

    Raises
    ------
    InvalidValue
        If the step is not positive.

    Examples
    --------
    >>> StepGrid.of("0.001").to_steps(0.25)
    250
    >>> StepGrid.of("0.001").to_value(250)
    0.25
    """

    step: Fraction

    def __post_init__(self) -> None:
        """Refuse a step that leads nowhere."""
        if self.step <= 0:
            raise InvalidValue(f"a step must be positive; found {self.step}")

    @classmethod
    def of(cls, step: str | int) -> StepGrid:
        """Return the grid whose step is written as a decimal number, such as ``"0.001"``."""
        return cls(Fraction(step))

    def to_steps(self, value: float) -> Steps:
        """Return `value` as a whole number of steps; never rounds.

        A float means the shortest decimal number that stands for it: 0.1 is one tenth.

        Raises
        ------
        OffGrid
            If `value` lies between two allowed values; the message names both.
        NotFinite
            If `value` is NaN or infinite.
        """
        steps = self._exactly(value) / self.step
        if steps.denominator != 1:
            below = floor(steps)
            near = f"{self.to_value(Steps(below))!r} or {self.to_value(Steps(below + 1))!r}"
            raise OffGrid(f"{value!r} is not a whole number of steps of {float(self.step)!r}; allowed nearby: {near}")
        return Steps(int(steps))

    def to_value(self, steps: Steps | int) -> float:
        """Return the float nearest to `steps` whole steps."""
        return float(steps * self.step)

    def to_values(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the floats nearest to whole steps, of the same shape."""
        return np.asarray(steps * self.step.numerator / self.step.denominator)

    @staticmethod
    def _exactly(value: float) -> Fraction:
        try:
            return Fraction(repr(float(value)))
        except ValueError:
            raise NotFinite(f"expected a finite number; found {value!r}") from None


@dataclass(frozen=True, slots=True)
class Resource:
    """What is delivered, and where.

    Parameters
    ----------
    name : str
        What: ``energy``, ``heat``, ``capacity`` ...
    place : str
        Node or area of delivery.
    """

    name: str
    place: str


@dataclass(frozen=True, slots=True)
class Product:
    """A resource delivered for a duration, and the grids its prices and quantities lie on.

    Parameters
    ----------
    resource : Resource
        What and where.
    duration : timedelta
        How long one delivery lasts.
    prices : StepGrid
        Allowed prices [currency/kWh].
    quantities : StepGrid
        Allowed quantities, as average power [kW].
    """

    resource: Resource
    duration: timedelta
    prices: StepGrid
    quantities: StepGrid

    def cost_micro(self, price: Steps, quantity: Steps) -> int:
        """Return what a quantity costs over one delivery [micro-units of the currency], rounded once, half to even.

        Parameters
        ----------
        price : Steps
            Price [price steps].
        quantity : Steps
            Average power, unsigned [quantity steps].
        """
        hours = Fraction(self.duration // timedelta(microseconds=1), 3_600_000_000)
        return round(price * self.prices.step * quantity * self.quantities.step * hours * MICRO_PER_UNIT)

    def starting(self, start: datetime) -> Instrument:
        """Return the instrument of this product that is delivered from `start`."""
        return Instrument(self, Interval.lasting(start, self.duration))


@dataclass(frozen=True, slots=True)
class Instrument:
    """A product from a start: what one order book, or one interval of an auction, trades.

    Parameters
    ----------
    product : Product
        What, where, how long.
    delivery : Interval
        When.
    """

    product: Product
    delivery: Interval

    @property
    def instrument_id(self) -> InstrumentId:
        """Readable name, derived from what the instrument is."""
        resource, start = self.product.resource, self.delivery.start
        minutes = self.product.duration / timedelta(minutes=1)
        return InstrumentId(f"{resource.name}@{resource.place}/{minutes:g}min/{start:%Y-%m-%dT%H:%M:%SZ}")
