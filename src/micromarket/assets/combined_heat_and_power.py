"""Combined heat and power (CHP): engines whose heat is worth what a boiler would otherwise burn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from micromarket.assets.asset import Outlook
from micromarket.assets.engagement import Flags
from micromarket.assets.generator import Generator
from micromarket.assets.profile import Profile
from micromarket.assets.storage import column, require
from micromarket.domain.curves import Curves, Floats


@dataclass(frozen=True, slots=True, eq=False)
class HeatUse:
    """Heat of `n` engines, and what it is good for; each number of shape (n,).

    Parameters
    ----------
    need : Profile
        Heat that must be served [kW], shape (n, S).
    idle_kw : array of float
        Heat of an engine that runs at no load [kW].
    per_kwh : array of float
        Heat added by each kWh of electricity, above 0.
    boiler_price : array of float
        Cost of heat from the boiler that serves the rest [currency/kWh], not negative.
    idle_cost : array of float
        Fuel of an engine that runs at no load [currency/h].

    Raises
    ------
    InvalidValue
        If a number is outside its range.
    """

    need: Profile
    idle_kw: Floats
    per_kwh: Floats
    boiler_price: Floats
    idle_cost: Floats

    def __post_init__(self) -> None:
        """Check every range."""
        require("per_kwh must be above 0", self.per_kwh > 0)
        for name in ("idle_kw", "boiler_price", "idle_cost"):
            require(f"{name} must not be negative", getattr(self, name) >= 0)

    def made_kw(self, power_kw: Floats) -> Floats:
        """Return the heat of running engines at powers of shape (n, H) [kW]."""
        return np.asarray(column(self.idle_kw) + column(self.per_kwh) * power_kw)

    def useful_kw(self, need_kw: Floats) -> Floats:
        """Return the power [kW] beyond which heat would be thrown away, shape (n, H); negative if all of it."""
        return np.asarray((need_kw - column(self.idle_kw)) / column(self.per_kwh))

    def net_cost(self, power_kw: Floats, need_kw: Floats) -> Floats:
        """Return what running costs at no load, less what the boiler is spared [currency/h], shape (n, H)."""
        served = np.minimum(self.made_kw(power_kw), need_kw)
        return np.asarray(column(self.idle_cost) - column(self.boiler_price) * served)


@dataclass(frozen=True, slots=True, eq=False)
class CombinedHeatAndPower:
    """Engines that serve a given need for heat as far as that pays; a boiler serves the rest.

    Parameters
    ----------
    ids : tuple of str
        Name of each of the `n` engines.
    engine : Generator
        Their electric side: limits, cost of fuel, rules of engagement; its minimum is above 0.
    heat : HeatUse
        Their heat.
    on : array of bool, shape (n,), optional
        Which of them are on; matters with rules only, as for `engine`, as does what follows.
    since_h : array of float, shape (n,), optional
        For how long [h].
    boiler_kw, dumped_kw : array of float, shape (n,), optional
        Heat from the boiler, and thrown away, in the last step [kW]; none at the start.
    next_step : int, default 0
        Base step that begins now.

    Raises
    ------
    InvalidValue
        If a minimum is not above 0.

    Notes
    -----
    Fuel is a straight line over the power (Willans line), or bends upward with the slope of `engine`. The marginal
    cost of electricity is that of fuel less what the boiler is spared, as long as the heat is needed; where it is
    not any more, the curve has a step as high as that credit. Nothing is approximated. As with any generator, it is
    settled before the tender whether it runs.

    Source: Transactive Network Template v4 (PNNL, 2024), section 2.2.2; gas turbines and boilers as at Washington
    State University's campus, whose reference code offers its minimum and maximum only.
    """

    ids: tuple[str, ...]
    engine: Generator
    heat: HeatUse
    on: Flags | None = None
    since_h: Floats | None = None
    boiler_kw: Floats = field(default_factory=lambda: np.zeros(0))
    dumped_kw: Floats = field(default_factory=lambda: np.zeros(0))
    next_step: int = 0

    def __post_init__(self) -> None:
        """Check the minimum; begin at rest."""
        require("minimum_kw must be above 0", self.engine.minimum_kw > 0)
        for name in ("boiler_kw", "dumped_kw"):
            if not len(getattr(self, name)):
                object.__setattr__(self, name, np.zeros(len(self.ids)))

    def schedule(self, outlook: Outlook) -> Floats:
        """Return the powers that earn most at the expected prices [kW], shape (n, H)."""
        need = self._expected(outlook)
        return np.where(self._engaged(outlook, need), self._best(outlook.prices, need), 0.0)

    def curves(self, outlook: Outlook) -> Curves:
        """Return marginal cost less heat credit from minimum to maximum where engaged, else no power."""
        need, tendered = self._expected(outlook), outlook.tendered
        engaged = self._engaged(outlook, need)[:, :tendered, None]
        low, high = column(self.engine.minimum_kw), column(self.engine.maximum_kw)
        useful = np.clip(self.heat.useful_kw(need[:, :tendered]), low, high)
        powers = np.stack(np.broadcast_arrays(low, useful, useful, high), axis=2)
        marginal = column(self.engine.price)[:, :, None] + column(self.engine.slope)[:, :, None] * powers
        credit = self._credit[:, :, None] * np.array([1.0, 1.0, 0.0, 0.0])
        return Curves(marginal - credit, np.where(engaged, powers, 0.0))

    def default_power(self, step: int, surplus_kw: Floats) -> Floats:
        """Return the power whose heat is needed [kW], shape (n,); nothing where that is below the minimum."""
        useful = self.heat.useful_kw(self.heat.need.actual(step)[:, None])[:, 0]
        return np.where(useful >= self.engine.minimum_kw, np.minimum(useful, self.engine.maximum_kw), 0.0)

    def deliver(self, step: int, power_kw: Floats) -> tuple[Self, Floats]:
        """Run as aimed at, within limits and rules; the boiler serves the heat that is missing."""
        engine, power = self._now.deliver(step, power_kw)
        made = np.where(power > 0, self.heat.made_kw(power[:, None])[:, 0], 0.0)
        missing = self.heat.need.actual(step) - made
        boiler, dumped = np.maximum(missing, 0.0), np.maximum(-missing, 0.0)
        after = replace(self, on=engine.on, since_h=engine.since_h, boiler_kw=boiler, dumped_kw=dumped)
        return replace(after, next_step=step + 1), power

    def cost(self, power_kw: Floats) -> Floats:
        """Return what running at `power_kw`, shape (n, T), costs beyond serving all heat by boiler [currency/h].

        The `T` base steps follow on the last that was lived through.
        """
        need = self.heat.need.values[:, self.next_step : self.next_step + power_kw.shape[1]]
        net = self.heat.net_cost(power_kw, need)
        return np.asarray(self._now.cost(power_kw) + np.where(power_kw > 0, net, 0.0))

    def readings(self) -> Mapping[str, Floats]:
        """Return heat from the boiler and thrown away in the last step, and what the engine tells."""
        return {"boiler_kw": self.boiler_kw, "dumped_kw": self.dumped_kw, **self._now.readings()}

    @property
    def _now(self) -> Generator:
        return replace(self.engine, on=self.on, since_h=self.since_h)

    @property
    def _credit(self) -> Floats:
        """What the boiler is spared by the heat of one kWh of electricity [currency/kWh], shape (n, 1)."""
        return column(self.heat.boiler_price * self.heat.per_kwh)

    def _expected(self, outlook: Outlook) -> Floats:
        return np.maximum(self.heat.need.expected(outlook.edges), 0.0)

    def _best(self, prices: Floats, need_kw: Floats) -> Floats:
        without, with_credit = self.engine.best(prices), self.engine.best(prices + self._credit)
        return np.clip(self.heat.useful_kw(need_kw), without, with_credit)

    def _engaged(self, outlook: Outlook, need_kw: Floats) -> Flags:
        best = self._best(outlook.prices, need_kw)
        cost = self.engine.fuel(best) + self.heat.net_cost(best, need_kw)
        return self._now.engagement(outlook.prices * best - cost, outlook.hours)
