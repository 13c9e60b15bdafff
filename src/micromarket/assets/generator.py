"""Dispatchable generators: quadratic cost, a minimum and a maximum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from micromarket.assets.asset import Outlook
from micromarket.assets.engagement import Engaged, EngagementRules, Flags, best_engagement
from micromarket.domain.curves import Curves, Floats
from micromarket.errors import InvalidValue


@dataclass(frozen=True, slots=True, eq=False)
class Generator:
    """Generators whose cost of `P` kW is ``price P + slope P**2 / 2`` each hour.

    One with a minimum, or with rules of engagement, is either off or runs between minimum and maximum. Before each
    tender it plans when to be engaged at the expected prices: without rules in those steps that earn their cost back,
    with rules by the best plan over the whole horizon. Where engaged it tenders from its minimum up, elsewhere
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
    rules : EngagementRules, optional
        What starting, running and stopping cost, and for how long they bind; without, nothing.
    step_hours : float, default 1
        Duration of a base step [h]; matters with rules only.
    on : array of bool, shape (n,), optional
        Which of them are on; matters with rules only, as does what follows. Left out, none is.
    since_h : array of float, shape (n,), optional
        For how long [h]. Left out, for ever.

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
    rules: EngagementRules | None = None
    step_hours: float = 1.0
    on: Flags | None = None
    since_h: Floats | None = None

    def __post_init__(self) -> None:
        """Check limits and slopes."""
        if not ((self.minimum_kw >= 0) & (self.minimum_kw <= self.maximum_kw) & (self.slope >= 0)).all():
            raise InvalidValue("a generator needs 0 <= minimum <= maximum and a slope that is not negative")
        if self.rules is None:
            return
        if not (self.minimum_kw > 0).all():
            raise InvalidValue("a generator with rules of engagement needs a minimum above 0, to tell on from off")
        if self.on is None or self.since_h is None:
            self._become(Engaged.resting(len(self.ids)))

    def schedule(self, outlook: Outlook) -> Floats:
        """Return the power that earns most at the expected prices [kW], shape (n, H)."""
        best = self.best(outlook.prices)
        return np.where(self._engaged_at(outlook), best, 0.0)

    def curves(self, outlook: Outlook) -> Curves:
        """Return marginal cost from minimum to maximum in each tendered step where engaged, else no power."""
        engaged = self._engaged_at(outlook)[:, : outlook.tendered]
        limits = np.stack([self.minimum_kw, self.maximum_kw], axis=1)
        prices = self.price[:, None] + self.slope[:, None] * limits
        powers = engaged[:, :, None] * limits[:, None, :]
        return Curves(np.broadcast_to(prices[:, None, :], powers.shape).copy(), powers)

    def default_power(self, step: int, surplus_kw: Floats) -> Floats:
        """Return nothing: without a market a generator stands by."""
        return np.zeros(len(self.ids))

    def deliver(self, step: int, power_kw: Floats) -> tuple[Self, Floats]:
        """Run at `power_kw`, within the limits; off if no power is asked for and rules let it stop."""
        on = power_kw > 0
        if self.rules is None:
            return self, self._running(on, power_kw)
        on = self._engaged.held(self.rules, on)
        state = self._engaged.after(on, self.step_hours)
        return replace(self, on=state.on, since_h=state.since_h), self._running(on, power_kw)

    def cost(self, power_kw: Floats) -> Floats:
        """Return what running at `power_kw`, shape (n, T), costs [currency/h], of the same shape.

        With rules of engagement `T` base steps follow on what the fleet did last, and starts, stops and holding
        are counted in the step where they happen.
        """
        if self.rules is None:
            return self.fuel(power_kw)
        on = power_kw > 0
        changes = np.diff(on.astype(np.int8), axis=1, prepend=self._engaged.on[:, None].astype(np.int8))
        once = (changes > 0) * self.rules.start_cost[:, None] + (changes < 0) * self.rules.stop_cost[:, None]
        return np.asarray(self.fuel(power_kw) + on * self.rules.hold_cost[:, None] + once / self.step_hours)

    def best(self, prices: Floats) -> Floats:
        """Return the power that earns most at each price while running [kW], both of shape (n, H)."""
        least, most, slope = (values[:, None] for values in (self.minimum_kw, self.maximum_kw, self.slope))
        margin = prices - self.price[:, None]
        between = (margin > slope * least) & (margin < slope * most)
        ends = np.where(margin >= slope * most, most, least)
        return np.divide(margin, np.broadcast_to(slope, margin.shape), out=ends, where=between)

    def fuel(self, power_kw: Floats) -> Floats:
        """Return the cost of the fuel for powers of shape (n, H) [currency/h]."""
        return self.price[:, None] * power_kw + self.slope[:, None] * power_kw**2 / 2

    def engagement(self, profit: Floats, hours: Floats) -> Flags:
        """Return when to be engaged, shape (n, H).

        Parameters
        ----------
        profit : array of float, shape (n, H)
            What running would earn in each step, before costs of engagement [currency/h].
        hours : array of float, shape (H,)
            Duration of each step [h].
        """
        if self.rules is None:
            return np.asarray((profit >= 0) | (self.minimum_kw[:, None] == 0))
        return best_engagement(self.rules, self._engaged, profit * hours, hours)

    def readings(self) -> Mapping[str, Floats]:
        """Return whether each is engaged, if there are rules about it."""
        return {} if self.rules is None else {"engaged": self._engaged.on.astype(float)}

    @property
    def _engaged(self) -> Engaged:
        assert self.on is not None
        assert self.since_h is not None
        return Engaged(self.on, self.since_h)

    def _become(self, state: Engaged) -> None:
        object.__setattr__(self, "on", state.on)
        object.__setattr__(self, "since_h", state.since_h)

    def _engaged_at(self, outlook: Outlook) -> Flags:
        best = self.best(outlook.prices)
        return self.engagement(outlook.prices * best - self.fuel(best), outlook.hours)

    def _running(self, on: Flags, power_kw: Floats) -> Floats:
        return np.where(on, np.clip(power_kw, self.minimum_kw, self.maximum_kw), 0.0)
