"""Stores planned exactly: best plan and curves of many stores against forward prices, without a solver."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micromarket.errors import InvalidValue, NotFinite, WrongShape
from micromarket.kernels.backend import native
from micromarket.kernels.storage_plain import Step, curve_vertices, look_back, planned

Floats = NDArray[np.float64]
Numbers = Floats | float

PENALTY = 1e6
"""Cost of giving or taking one unit of state where no plan keeps the limits [currency/unit of state]."""

CEILING = 1e3
"""Marginal value [currency/unit of state] beyond which curves are level: only the limits are worth more."""


@dataclass(frozen=True, slots=True, eq=False)
class Stores:
    """`n` stores of anything over `H` steps: what moves their state, limits it, and makes it worth something.

    Over step `t` the state follows ``x' = retained x + drift + hours (gain c - drain d)`` with charging power
    ``0 <= c <= charge_kw`` and discharging power ``0 <= d <= discharge_kw`` at the meter that share one converter,
    ``c / charge_kw + d / discharge_kw <= 1``. The best plan earns most of
    ``sum(hours price (d - c) - hours wear (c + d) - comfort (x' - target)**2 / 2) + end_value x_H``.
    Comfort may differ below and above the target.

    Parameters
    ----------
    hours : array of float, shape (H,)
        Duration of each step [h].
    initial : array of float, shape (n,)
        State at the start [units of state].
    charge_kw, discharge_kw : array of float, broadcast to (n, H)
        Greatest power in and out [kW].
    gain, drain : array of float, broadcast to (n, H)
        State gained for each kWh charged, and lost for each kWh discharged [units/kWh]; ``0 < gain <= drain``.
    lowest, highest : array of float, broadcast to (n, H)
        Limits of the state at the end of each step. Where no plan keeps them, state is given or taken at `penalty`.
    retained : array of float, broadcast to (n, H)
        Share of the state that is still there after the step, ``0 < retained <= 1``.
    drift : array of float, broadcast to (n, H)
        Change of the state that nobody controls [units].
    comfort_below, comfort_above : array of float, broadcast to (n, H)
        Curvature of what it costs to hold less, and more, than the target at the end of a step [currency/unit**2];
        not negative.
    target : array of float, broadcast to (n, H)
        State held best.
    wear : array of float, broadcast to (n, H)
        Cost of each kWh through the meter [currency/kWh], not negative.
    end_value : array of float, shape (n,)
        Worth of each unit of state that is left [currency/unit].
    penalty, ceiling : float
        See `PENALTY` and `CEILING`.

    Raises
    ------
    InvalidValue
        If a parameter breaks a rule above.
    NotFinite
        If one without a rule is not a finite number.
    """

    hours: Floats
    initial: Floats
    charge_kw: Numbers
    discharge_kw: Numbers
    gain: Numbers
    drain: Numbers
    lowest: Numbers
    highest: Numbers
    retained: Numbers = 1.0
    drift: Numbers = 0.0
    comfort_below: Numbers = 0.0
    comfort_above: Numbers = 0.0
    target: Numbers = 0.0
    wear: Numbers = 0.0
    end_value: Numbers = 0.0
    penalty: float = PENALTY
    ceiling: float = CEILING

    def __post_init__(self) -> None:
        """Check every rule that keeps values falling as stores fill."""
        rules = (
            ("every step must last longer than 0 h", self.hours, np.greater, 0.0),
            ("charge_kw must not be negative", self.charge_kw, np.greater_equal, 0.0),
            ("discharge_kw must not be negative", self.discharge_kw, np.greater_equal, 0.0),
            ("gain must be above 0", self.gain, np.greater, 0.0),
            ("drain must not be below gain", self.drain, np.greater_equal, self.gain),
            ("highest must not be below lowest", self.highest, np.greater_equal, self.lowest),
            ("retained must be above 0", self.retained, np.greater, 0.0),
            ("retained must not be above 1", self.retained, np.less_equal, 1.0),
            ("comfort_below must not be negative", self.comfort_below, np.greater_equal, 0.0),
            ("comfort_above must not be negative", self.comfort_above, np.greater_equal, 0.0),
            ("wear must not be negative", self.wear, np.greater_equal, 0.0),
        )
        for rule, found, keeps, bound in rules:
            if not keeps(found, bound).all():
                raise InvalidValue(rule)
        for name in ("initial", "drift", "target", "end_value"):
            if not np.isfinite(getattr(self, name)).all():
                raise NotFinite(f"{name} must be finite")

    def arrays(self) -> list[Floats]:
        """Return every parameter as an array of shape (n, H) without copying, in the order of the kernels.

        Raises
        ------
        WrongShape
            If a parameter cannot be broadcast to (n, H).
        """
        shape = (len(self.initial), len(self.hours))
        stores = [np.reshape(self.initial, (-1, 1)), np.reshape(self.end_value, (-1, 1))]
        steps = [self.hours, self.charge_kw, self.discharge_kw, self.gain, self.drain, self.wear]
        steps += [self.retained, self.drift, self.lowest, self.highest]
        steps += [self.comfort_below, self.comfort_above, self.target]
        try:
            return [np.broadcast_to(np.asarray(value, dtype=float), shape) for value in (*stores, *steps)]
        except ValueError as error:
            raise WrongShape(f"parameters of {shape[0]} stores over {shape[1]} steps do not fit: {error}") from None


def plan(stores: Stores, prices: Floats) -> tuple[Floats, Floats]:
    """Return the plan of each store that is best against `prices`.

    Parameters
    ----------
    stores : Stores
        `n` stores over `H` steps.
    prices : array of float, shape (n, H)
        Expected price in each step [currency/kWh].

    Returns
    -------
    powers_kw : array of float, shape (n, H)
        Power at the meter [kW], positive into the region (discharging). Of equally good plans the one that moves
        the state least in each step, earliest step first.
    states : array of float, shape (n, H + 1)
        State at the start and at the end of each step.

    Raises
    ------
    WrongShape, NotFinite
        If `prices` or a parameter do not have that shape, or prices are not finite.

    Notes
    -----
    Backward dynamic programming on the marginal value of what is stored, a falling piecewise linear graph. Below a
    price at which the converter had better share the interval between charging and discharging (negative, 0
    without wear), energy is burned as its limits allow.
    """
    arrays = _checked(stores, prices)
    if native is None:
        return _plan_plain(stores, arrays, prices)
    powers, states = native.storage_plan(arrays, prices, stores.penalty, stores.ceiling)
    return powers, states


def curves(stores: Stores, prices: Floats, tendered: int) -> tuple[Floats, Floats]:
    """Return the exact residual flexibility of each store in each of the first `tendered` steps.

    Parameters
    ----------
    stores : Stores
        `n` stores over `H` steps.
    prices : array of float, shape (n, H)
        Expected price in each step [currency/kWh].
    tendered : int
        `T`, number of first steps whose curves are wanted.

    Returns
    -------
    prices, powers_kw : array of float, shape (n, T, V)
        Vertices of each curve, the last one repeated; both rise. Power is the best one in that step if its price
        were another and all other prices stayed as expected.

    Raises
    ------
    WrongShape, NotFinite
        As for `plan`.

    Notes
    -----
    Residual flexibility by perturbation of one price: Transactive Network Template v4 (PNNL, 2024), section 2.2.2.
    The value of the rest of the horizon (backward) and the cost of arriving at each state (forward) are added; no
    problem is solved twice.
    """
    arrays = _checked(stores, prices)
    if native is None:
        return _curves_plain(stores, arrays, prices, tendered)
    columns = native.storage_curves(arrays, prices, tendered, stores.penalty, stores.ceiling)
    return columns[0].transpose(2, 0, 1), columns[1].transpose(2, 0, 1)


def plan_plain(stores: Stores, prices: Floats) -> tuple[Floats, Floats]:
    """Return the same as `plan`, by plain Python."""
    return _plan_plain(stores, _checked(stores, prices), prices)


def curves_plain(stores: Stores, prices: Floats, tendered: int) -> tuple[Floats, Floats]:
    """Return the same as `curves`, by plain Python."""
    return _curves_plain(stores, _checked(stores, prices), prices, tendered)


def _checked(stores: Stores, prices: Floats) -> list[Floats]:
    arrays = stores.arrays()
    if prices.shape != arrays[0].shape:
        raise WrongShape(f"prices must have shape {arrays[0].shape}; found {prices.shape}")
    if not np.isfinite(prices).all():
        raise NotFinite("every expected price must be finite")
    return arrays


def _steps(arrays: list[Floats], prices: Floats, store: int) -> tuple[float, float, list[Step]]:
    initial, end_value, *rest = (values[store] for values in (*arrays, prices))
    steps = [Step(*(float(value) for value in column)) for column in zip(*rest, strict=True)]
    return float(initial[0]), float(end_value[0]), steps


def _plan_plain(stores: Stores, arrays: list[Floats], prices: Floats) -> tuple[Floats, Floats]:
    powers, states = np.empty(prices.shape), np.empty((len(prices), prices.shape[1] + 1))
    for store in range(len(prices)):
        initial, end_value, steps = _steps(arrays, prices, store)
        worth = look_back(steps, end_value, stores.penalty)
        powers[store], states[store] = planned(steps, initial, worth)
    return powers, states


def _curves_plain(stores: Stores, arrays: list[Floats], prices: Floats, tendered: int) -> tuple[Floats, Floats]:
    written = []
    for store in range(len(prices)):
        initial, end_value, steps = _steps(arrays, prices, store)
        worth = look_back(steps, end_value, stores.penalty)
        written.append(curve_vertices(steps, initial, worth, tendered, (stores.penalty, stores.ceiling)))
    width = max((len(curve) for store in written for curve in store), default=1)
    padded = [[curve + [curve[-1]] * (width - len(curve)) for curve in store] for store in written]
    vertices = np.array(padded, dtype=float).reshape(len(prices), tendered, width, 2)
    return vertices[..., 0], vertices[..., 1]
