"""Balancing without curves: a price that moves against the net power that answers it.

For participants that cannot, or will not, show how their power depends on price. All they are asked is what they
would do at one price after another.

Source: Transactive Network Template v4 (PNNL, 2024), section 2.2.1, solution method 1 (sub-gradient search). Its
reference code moves every price by a fixed number of currency/kWh and calls itself converged after 99 rounds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micromarket.domain.curves import Floats
from micromarket.errors import InvalidValue, WrongShape

Answers = Callable[[Floats], Floats]
"""From prices (T,) [currency/kWh] to the average power of each of `n` participants (n, T) [kW]."""

FARTHEST = 1024.0
"""Longest step of a search, in multiples of its scale: where no price balances, it shall not run to infinity."""


@dataclass(frozen=True, slots=True)
class Search:
    """How the price is searched.

    Parameters
    ----------
    scale : float
        By how much prices differ in this market [currency/kWh]: the first step. Positive.
    gap : float
        Share of the value that is traded, ``scale`` times turnover, that may be lost; positive.
    rounds : int
        How often participants may be asked.

    Raises
    ------
    InvalidValue
        If one of them is not positive.
    """

    scale: float
    gap: float = 1e-6
    rounds: int = 200

    def __post_init__(self) -> None:
        """Check the signs."""
        if not (self.scale > 0 and self.gap > 0 and self.rounds > 0):
            raise InvalidValue(f"scale, gap and rounds of a search are positive; found {self}")


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """What a search ended with.

    Parameters
    ----------
    price : array of float, shape (T,)
        Price [currency/kWh].
    powers_kw : array of float, shape (n, T)
        Power of each participant [kW]: a mixture of its two answers next to the price that sums to zero. Where no
        two answers of opposite sign were found it is the last answer, which does not balance.
    gap : array of float, shape (T,)
        Duality gap [currency/h]: this dispatch costs at most so much more than the best. Infinite without balance.
    rounds : int
        How often everyone was asked.
    converged : array of bool, shape (T,)
        Whether the gap is as small as asked for.
    """

    price: Floats
    powers_kw: Floats
    gap: Floats
    rounds: int
    converged: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """One price for each interval, who does what at it, and the net power."""

    price: Floats
    powers_kw: Floats
    net_kw: Floats

    def replaced(self, by: _Asked, here: NDArray[np.bool_]) -> _Asked:
        return _Asked(
            np.where(here, by.price, self.price),
            np.where(here, by.powers_kw, self.powers_kw),
            np.where(here, by.net_kw, self.net_kw),
        )


def balance_by_answers(answers: Answers, start: ArrayLike, search: Search) -> Answered:
    """Return the price at which answers sum to zero, by asking only.

    Parameters
    ----------
    answers : callable
        What participants do at prices (T,) [currency/kWh]: powers (n, T) [kW], positive into the region, not falling
        with the price.
    start : array of float, shape (T,)
        First price to ask for [currency/kWh], such as the last or the default one.
    search : Search
        Scale of prices, accuracy and patience.

    Raises
    ------
    WrongShape
        If an answer does not have one column for each interval.

    Notes
    -----
    The net power is a sub-gradient of the dual cost, so each price moves against its sign. Its step doubles until the
    sign has changed once, and halves whenever it changes from then on.

    With two answers of opposite sign, at prices ``p-`` and ``p+`` with net powers ``n- <= 0 <= n+``, the mixture
    ``w a+ + (1 - w) a-`` with ``w n+ + (1 - w) n- = 0`` balances. As cost is convex it costs at most
    ``w n+ (p+ - p-)`` more than the optimum, a bound that needs nobody's cost. It is proven where what participants
    answer in one interval depends on its price alone; where plans couple intervals it is an estimate.

    Examples
    --------
    >>> seller_and_load = lambda price: np.stack([np.clip(100.0 * price, 0.0, 25.0), np.full_like(price, -15.0)])
    >>> answered = balance_by_answers(seller_and_load, [0.05], Search(scale=0.05))
    >>> [round(float(answered.price[0]), 6), answered.powers_kw[:, 0].round(6).tolist()]
    [0.15, [15.0, -15.0]]
    """
    price = np.array(start, dtype=float)
    step, turned, before = (
        np.full(price.shape, search.scale),
        np.zeros(price.shape, dtype=bool),
        np.zeros(price.shape),
    )
    low, high = _nobody(price, -np.inf), _nobody(price, np.inf)
    for rounds in range(1, search.rounds + 1):
        last = _ask(answers, price)
        low = low.replaced(last, (last.net_kw <= 0) & (price >= low.price))
        high = high.replaced(last, (last.net_kw >= 0) & (price <= high.price))
        found = _mixture(last, low, high, rounds, search)
        if found.converged.all():
            break
        sign = np.sign(last.net_kw)
        flips = sign * before < 0
        turned |= flips
        step = np.where(flips, step / 2, np.where(turned, step, np.minimum(step * 2, FARTHEST * search.scale)))
        before = np.where(sign == 0, before, sign)
        price = np.where(found.converged, price, price - step * sign)
    return found


def _ask(answers: Answers, price: Floats) -> _Asked:
    powers = np.asarray(answers(price), dtype=float)
    if powers.ndim != 2 or powers.shape[1] != len(price):
        raise WrongShape(f"expected powers (n, {len(price)}) in answer to {len(price)} prices; found {powers.shape}")
    return _Asked(price, powers, powers.sum(axis=0))


def _nobody(like: Floats, price: float) -> _Asked:
    return _Asked(np.full(like.shape, price), np.zeros((1, len(like))), np.zeros(like.shape))


def _mixture(last: _Asked, low: _Asked, high: _Asked, rounds: int, search: Search) -> Answered:
    bracketed = np.isfinite(low.price) & np.isfinite(high.price)
    low, high = last.replaced(low, bracketed), last.replaced(high, bracketed)
    width = high.net_kw - low.net_kw
    weight = np.divide(-low.net_kw, width, out=np.zeros_like(width), where=width > 0)
    powers = weight * high.powers_kw + (1 - weight) * low.powers_kw
    apart = np.maximum(high.price - low.price, 0.0)
    gap = np.where(bracketed, weight * high.net_kw * apart, np.inf)
    traded = search.scale * np.abs(powers).sum(axis=0) / 2
    return Answered(low.price + weight * apart, powers, gap, rounds, gap <= search.gap * traded)
