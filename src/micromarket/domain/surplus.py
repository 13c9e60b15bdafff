"""What power costs and is worth: exact integrals under curves.

A curve read the other way round is marginal cost: the price at which the next kW is given. Its integral over power is
production cost where power is positive, and minus the gross consumer surplus where it is negative.

Source: Transactive Network Template v4 (PNNL, 2024), section 2.2.1, scheduling of a neighbor object and of a local
asset object. Its reference code leaves out the factor one half of a sloping segment; the integral here has it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from micromarket.domain.curves import Curves, Floats


def marginal_cost_integral(curves: Curves, start_kw: ArrayLike, end_kw: ArrayLike) -> Floats:
    """Return the integral of price over power from `start_kw` to `end_kw`.

    Parameters
    ----------
    curves : Curves
        `n` curves in `T` intervals.
    start_kw, end_kw : array of float, shape (n, T), (T,) or one float
        Powers [kW]; what lies beyond a curve's ends counts as its end.

    Returns
    -------
    array of float, shape (n, T)
        Cost rate [currency/h]; negative where the end is below the start and prices are positive.
    """
    shape = curves.prices.shape[:2]
    start, end = (np.broadcast_to(np.asarray(each, dtype=float), shape)[:, :, None] for each in (start_kw, end_kw))
    left_price, right_price = curves.prices[:, :, :-1], curves.prices[:, :, 1:]
    left_power, right_power = curves.powers[:, :, :-1], curves.powers[:, :, 1:]
    low = np.clip(np.minimum(start, end), left_power, right_power)
    high = np.clip(np.maximum(start, end), left_power, right_power)
    rise = right_power - left_power
    slope = np.divide(right_price - left_price, rise, out=np.zeros(rise.shape), where=rise > 0)
    middle = left_price + slope * (0.5 * ((low - left_power) + (high - left_power)))
    return np.asarray(((high - low) * middle).sum(axis=2) * np.sign(end - start)[:, :, 0])


def production_cost(curves: Curves, power_kw: ArrayLike, hours: ArrayLike = 1.0) -> Floats:
    """Return the cost of giving a power, counted from none, or from the curve's end nearest to none.

    Parameters
    ----------
    curves : Curves
        `n` curves in `T` intervals.
    power_kw : array of float, shape (n, T), (T,) or one float
        Average power [kW], positive into the region.
    hours : array of float, shape (T,), or one float
        Duration of each interval [h].

    Returns
    -------
    array of float, shape (n, T)
        Cost [currency], without any constant part; minus the gross consumer surplus where power is negative.

    Examples
    --------
    >>> seller = Curves.from_vertices([[(0.10, 0.0), (0.30, 4.0)]])
    >>> round(float(production_cost(seller, 4.0, hours=0.25)[0, 0]), 12)
    0.2
    """
    return np.asarray(marginal_cost_integral(curves, _nearest_to_none(curves), power_kw) * np.asarray(hours))


def gross_consumer_surplus(curves: Curves, power_kw: ArrayLike, hours: ArrayLike = 1.0) -> Floats:
    """Return what consuming is worth to the participants before they pay: minus `production_cost`.

    Parameters and shapes are those of `production_cost`.
    """
    return -production_cost(curves, power_kw, hours)


def surplus(curves: Curves, price: ArrayLike, power_kw: ArrayLike, hours: ArrayLike = 1.0) -> Floats:
    """Return each participant's gain from trade: income less production cost, or worth less payment.

    Parameters
    ----------
    curves : Curves
        `n` curves in `T` intervals.
    price : array of float, shape (T,) or (n, T), or one float
        Price paid or received [currency/kWh].
    power_kw : array of float, shape (n, T), (T,) or one float
        Average power [kW], positive into the region.
    hours : array of float, shape (T,), or one float
        Duration of each interval [h].

    Returns
    -------
    array of float, shape (n, T)
        Producer surplus where power is positive, consumer surplus where it is negative [currency]. At the clearing
        price no other power would give more. Counted from the power of `production_cost`, so that an inelastic
        participant gains just what it receives or pays nothing for.
    """
    income = np.asarray(price) * np.asarray(power_kw) * np.asarray(hours)
    return np.asarray(income - production_cost(curves, power_kw, hours))


def dual_cost(curves: Curves, price: ArrayLike, power_kw: ArrayLike, hours: ArrayLike = 1.0) -> Floats:
    """Return production cost less income, the template's dual cost: minus `surplus`."""
    return -surplus(curves, price, power_kw, hours)


def duality_gap(curves: Curves, price: ArrayLike, power_kw: ArrayLike, hours: ArrayLike = 1.0) -> Floats:
    """Return how much more powers cost than the dual cost of prices, in each interval.

    Parameters and their shapes are those of `surplus`.

    Returns
    -------
    array of float, shape (T,)
        Production cost of `power_kw`, less the least that everyone together could have for itself at `price`
        [currency]. Where powers sum to zero it is never negative, and 0 proves that no balanced powers cost less.

    Notes
    -----
    Unlike ``price * sum(power)``, which the template's reference code takes for it, this is not 0 for powers that
    balance but are not the best, and errors of opposite sign in two intervals do not cancel.
    """
    best = surplus(curves, price, curves.powers_at(price)[0], hours).sum(axis=0)
    return np.asarray(best + production_cost(curves, power_kw, hours).sum(axis=0))


def _nearest_to_none(curves: Curves) -> Floats:
    return np.asarray(np.clip(0.0, curves.lowest_kw, curves.highest_kw))
