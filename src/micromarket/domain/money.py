"""Money: whole micro-units of the currency, one rounding rule, and shares that sum to the whole.

The rule: an amount is computed as a float and rounded once, to the nearest micro-unit, halves to the even one. Where
rounded amounts must sum to a given total, `apportion` says who gets the odd units.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micromarket.domain.curves import Floats
from micromarket.errors import NotFinite, WrongShape

Micro = NDArray[np.int64]
"""Whole micro-units of the currency."""

MICRO_PER_UNIT = 1_000_000

_LARGEST = 2.0**53
_WHOLE = 1e-9


def to_micro(amounts: ArrayLike) -> Micro:
    """Return amounts [currency] in whole micro-units, rounded half to even, of the same shape.

    Raises
    ------
    NotFinite
        If an amount is NaN, infinite, or so large that micro-units are no longer exact (2**53).

    Examples
    --------
    >>> to_micro([0.25, -0.0000005, 0.0000015]).tolist()
    [250000, 0, 2]
    """
    micro = np.rint(np.asarray(amounts, dtype=float) * MICRO_PER_UNIT)
    if not (np.abs(micro) <= _LARGEST).all():
        raise NotFinite("an amount of money is not a number, or too large to be exact in micro-units")
    return np.asarray(micro, dtype=np.int64)


def apportion(exact: Floats, total: ArrayLike) -> NDArray[np.int64]:
    """Return whole numbers next to `exact` that sum to `total`: the method of the largest remainder.

    Each is the floor or the ceiling of the exact number; those with the largest fraction are raised first, the
    earlier of two equal ones before the later. Numbers within 1e-9 (or float error) of a whole one count as whole.

    Parameters
    ----------
    exact : array of float, shape (..., n)
        Exact parts; each row sums to its total, but for float error.
    total : int or array of int, shape (...)
        What each row must sum to.

    Raises
    ------
    WrongShape
        If a row of `exact` does not sum to its total within one unit.

    Examples
    --------
    >>> apportion(np.array([0.5, 0.5, -1.0]), 0).tolist()
    [1, 0, -1]
    """
    whole = np.rint(exact)
    snapped = np.where(np.abs(exact - whole) <= _WHOLE + 4 * np.spacing(np.abs(exact)), whole, exact)
    floors = np.floor(snapped)
    lacking = np.asarray(total) - floors.sum(axis=-1)
    if ((lacking < 0) | (lacking > exact.shape[-1])).any():
        raise WrongShape("the exact parts do not sum to the total")
    order = np.argsort(floors - snapped, axis=-1, kind="stable")
    rank = np.argsort(order, axis=-1, kind="stable")
    return np.asarray(floors + (rank < lacking[..., None]), dtype=np.int64)
