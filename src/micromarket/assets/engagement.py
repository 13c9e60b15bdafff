"""Engagement: when a device that is costly to start, hold or stop shall be on, exactly, against expected prices.

Source: Transactive Network Template v4 (PNNL, 2024), section 2.2.1, future balancing issues (asset engagement; fixed,
avoidable costs). Its reference code keeps every asset engaged.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from micromarket.domain.curves import Floats
from micromarket.errors import InvalidValue, WrongShape

Flags = NDArray[np.bool_]

ROUNDING_H = 1e-9
"""Part of an hour by which a minimum time may seem to be missed, for sums of steps."""


@dataclass(frozen=True, slots=True, eq=False)
class EngagementRules:
    """What being on costs beyond what is produced, and for how long a choice binds; each of shape (n,).

    Parameters
    ----------
    start_cost, stop_cost : array of float
        Cost of each change to on and to off [currency].
    hold_cost : array of float
        Cost of being on [currency/h], whatever is produced.
    minimum_on_h, minimum_off_h : array of float
        Least time it stays on once started, and off once stopped [h].

    Raises
    ------
    InvalidValue
        If a time is negative, or a start and a stop together would pay.
    """

    start_cost: Floats
    stop_cost: Floats
    hold_cost: Floats
    minimum_on_h: Floats
    minimum_off_h: Floats

    def __post_init__(self) -> None:
        """Check shapes and signs."""
        if len({getattr(self, one.name).shape for one in fields(self)}) > 1:
            raise WrongShape("every rule of engagement needs one number for each device")
        if (self.minimum_on_h < 0).any() or (self.minimum_off_h < 0).any():
            raise InvalidValue("a minimum time is never negative")
        if (self.start_cost + self.stop_cost < 0).any():
            raise InvalidValue("starting and stopping again must not pay")

    @classmethod
    def free(cls, devices: int) -> EngagementRules:
        """Return the rules of devices that start and stop as they like."""
        return cls(*(np.zeros(devices) for _ in fields(cls)))


@dataclass(frozen=True, slots=True, eq=False)
class Engaged:
    """Which devices are on, and since when.

    Parameters
    ----------
    on : array of bool, shape (n,)
        Whether each is on.
    since_h : array of float, shape (n,)
        For how long it has been as it is [h]; infinite if for ever.
    """

    on: Flags
    since_h: Floats

    @classmethod
    def resting(cls, devices: int) -> Engaged:
        """Return devices that have always been off."""
        return cls(np.zeros(devices, dtype=bool), np.full(devices, np.inf))

    def held(self, rules: EngagementRules, on: Flags) -> Flags:
        """Return `on`, but as they are for devices whose minimum time is not over."""
        least = np.where(self.on, rules.minimum_on_h, rules.minimum_off_h)
        return np.where(self.since_h < least - ROUNDING_H, self.on, on)

    def after(self, on: Flags, hours: float) -> Engaged:
        """Return what holds after a step of `hours` in which the devices `on` were on."""
        return replace(self, on=on, since_h=np.where(on == self.on, self.since_h + hours, hours))


def best_engagement(rules: EngagementRules, engaged: Engaged, gain: Floats, hours: Floats) -> Flags:
    """Return when to be on so that gains, less all costs of engagement, are greatest.

    Parameters
    ----------
    rules : EngagementRules
        Costs and minimum times of `n` devices.
    engaged : Engaged
        How they are now.
    gain : array of float, shape (n, H)
        What each gains by being on in each step, before costs of engagement [currency]; may be negative.
    hours : array of float, shape (H,)
        Duration of each step [h]; they may be uneven.

    Returns
    -------
    array of bool, shape (n, H)
        Whether to be on in each step. Of equally good plans it is the one that changes latest.

    Notes
    -----
    Dynamic programming over changes: from border `j` a device that has just changed stays as it is until some later
    border `k`, at least for its minimum time or to the end of the horizon. Work grows with the square of `H`.

    Examples
    --------
    >>> rules = EngagementRules(*(np.array([x]) for x in (3.0, 0.0, 0.0, 0.0, 0.0)))
    >>> gain = np.array([[1.0, -1.0, 4.0, 2.0]])
    >>> best_engagement(rules, Engaged.resting(1), gain, np.ones(4))[0].tolist()
    [False, False, True, True]
    """
    steps = len(hours)
    borders = np.concatenate([[0.0], np.cumsum(hours)])
    worth = np.zeros((2, len(gain), steps + 1))
    worth[1, :, 1:] = np.cumsum(gain - rules.hold_cost[:, None] * hours, axis=1)
    costs = (rules.start_cost, rules.stop_cost)
    least = np.stack([rules.minimum_off_h, rules.minimum_on_h])
    value = np.full((2, len(gain), steps + 1), -np.inf)  # of having just become off or on at a border
    value[:, :, steps] = 0.0
    until = np.full((2, len(gain), steps + 1), steps)
    for j in range(steps - 1, -1, -1):
        for state in (0, 1):
            free = borders[j + 1 :] >= borders[j] + least[state][:, None] - ROUNDING_H
            stays = _options(state, j, worth, value, costs)
            value[state, :, j], until[state, :, j] = _best(stays, free, j)
    first = np.where(engaged.on[:, None], _options(1, -1, worth, value, costs), _options(0, -1, worth, value, costs))
    waited = borders >= (np.where(engaged.on, *least[::-1]) - engaged.since_h)[:, None] - ROUNDING_H
    return _plan(engaged.on, _best(first, waited, -1)[1], until, steps)


def _options(state: int, j: int, worth: Floats, value: Floats, costs: tuple[Floats, Floats]) -> Floats:
    """Return the value of staying in `state` from border `j` (-1: before all) to each later one, then changing."""
    change = value[1 - state, :, j + 1 :] - costs[state][:, None]
    change[:, -1] = 0.0  # at the end of the horizon nobody has to change
    return np.asarray(worth[state, :, j + 1 :] - worth[state, :, max(j, 0)][:, None] + change)


def _best(stays: Floats, free: Flags, j: int) -> tuple[Floats, NDArray[np.int64]]:
    allowed = np.where(free, stays, -np.inf)
    allowed[:, -1] = stays[:, -1]
    latest = allowed.shape[1] - 1 - np.argmax(allowed[:, ::-1], axis=1)
    return allowed[np.arange(len(stays)), latest], j + 1 + latest


def _plan(on: Flags, change: NDArray[np.int64], until: NDArray[np.int64], steps: int) -> Flags:
    plan, state = np.empty((len(on), steps), dtype=bool), on.copy()
    everyone = np.arange(len(on))
    for step in range(steps):
        turns = change == step
        state = state ^ turns
        change = np.where(turns, until[state.astype(np.int64), everyone, step], change)
        plan[:, step] = state
    return plan
