"""One edge of a consensus: what both ends make of their two answers, in arrays of any shape.

Both ends compute this from the same numbers and come, to the last bit, to the same result: powers change their sign
from one end to the other, prices and the penalty are the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RELAXATION = 1.3
"""Part of the way to the mean of both answers; any between 0 and 2 converges, this one quickly on every shape."""
ROUNDS_BETWEEN = 3
"""Rounds from one change of the penalty to the next."""
REACH, DAMPING = 2.0, 0.995
"""The first change is at most a factor `REACH`, the next at most ``REACH ** DAMPING``, and so on: their product is
bounded, so the penalty comes to rest."""

RANGE = 1e5
"""Most by which a penalty may leave its first value; beyond, prices have too few digits for powers."""
GRAIN = 1e-6
"""Steps below this part of an edge's least power say nothing about slopes."""


@dataclass(frozen=True, slots=True, eq=False)
class EdgeState:
    """What both ends of an edge know after a round.

    Parameters
    ----------
    flow_kw : array of float
        Agreed power toward this end, where it is sent [kW].
    price : array of float
        Price of the edge [currency/kWh].
    penalty : array of float
        By how much the neighbor's price rises with what is taken beyond the agreed flow [currency/kWh per kW].
    answers : array of float, shape (2, 2, ...)
        Last power [kW] and price [currency/kWh], each of this end, then of the other.
    paths : array of float, shape (2, 2, ...)
        Squares of the steps that powers and prices made since the penalty changed last, summed.
    least_kw : array of float
        Power that counts at least, in a disagreement in price and as a step of the ends [kW].
    first_penalty : array of float
        Penalty before the first round [currency/kWh per kW].
    round : int, default 0
        Rounds done.
    """

    flow_kw: Floats
    price: Floats
    penalty: Floats
    answers: Floats
    paths: Floats
    least_kw: Floats
    first_penalty: Floats
    round: int = 0

    @classmethod
    def start(cls, price: Floats, penalty: Floats, least_kw: Floats) -> EdgeState:
        """Return the state before the first round: nothing flows."""
        nothing = np.zeros((2, 2, *price.shape))
        return cls(np.zeros_like(price), price, penalty, nothing, nothing, least_kw, penalty)

    def price_of(self, own_kw: Floats) -> Floats:
        """Return the price at which the neighbor's curve gives a power to this end [currency/kWh]."""
        return self.price + self.penalty * (own_kw - self.flow_kw)

    def after(self, own: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> EdgeState:
        """Return the state after both ends answered: the power that each takes, where it is sent, and its price."""
        (own_kw, _), (other_kw, _) = own, other
        moved, missing = 0.5 * (own_kw - other_kw) - self.flow_kw, 0.5 * (own_kw + other_kw)
        answers = np.array([[own_kw, other_kw], [own[1], other[1]]])
        paths = self.paths + (answers - self.answers) ** 2 if self.round else self.paths
        number = self.round + 1
        change = number % ROUNDS_BETWEEN == 0
        return EdgeState(
            flow_kw=self.flow_kw + RELAXATION * moved,
            price=self.price + RELAXATION * self.penalty * missing,
            penalty=self._changed(paths, number // ROUNDS_BETWEEN - 1) if change else self.penalty,
            answers=answers,
            paths=np.zeros_like(paths) if change else paths,
            least_kw=self.least_kw,
            first_penalty=self.first_penalty,
            round=number,
        )

    def disagreement(self, least_price: float) -> Floats:
        """Return what both ends disagreed about in the last round: part of the power, plus part of the price.

        Parts are of what is exchanged, but at least of `least_kw` and `least_price` [currency/kWh].
        """
        (own_kw, other_kw), (own_price, other_price) = self.answers
        price = np.maximum(np.abs(self.price), least_price)
        power = np.maximum(np.abs(self.answered_kw), self.least_kw)
        return np.asarray(np.abs(own_kw + other_kw) / power + np.abs(own_price - other_price) / price)

    @property
    def answered_kw(self) -> Floats:
        """Mean of both ends' last answers, toward this end [kW]: what is scheduled when they stop."""
        return np.asarray(0.5 * (self.answers[0, 0] - self.answers[0, 1]))

    def _changed(self, paths: Floats, changes: int) -> Floats:
        """Return a penalty nearer to the geometric mean of both ends' slopes, which their steps show."""
        grain = (GRAIN * self.least_kw) ** 2
        slopes = np.sqrt((paths[1] + self.penalty**2 * grain) / (paths[0] + grain))
        slopes = np.clip(slopes, 1e-2 * self.penalty, 1e2 * self.penalty)
        most = REACH ** (DAMPING**changes)
        changed = self.penalty * np.clip(np.sqrt(slopes[0] * slopes[1]) / self.penalty, 1 / most, most)
        return np.asarray(np.clip(changed, self.first_penalty / RANGE, self.first_penalty * RANGE))
