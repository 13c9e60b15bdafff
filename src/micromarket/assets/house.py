"""Houses heated or cooled by a heat pump with a thermostat, which pre-heat or pre-cool when that pays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from micromarket.assets.asset import Outlook, Steps
from micromarket.assets.building import Building, Response, Temperatures
from micromarket.assets.comfort import SAME_C, Comfort
from micromarket.assets.profile import Foreseen, Profile
from micromarket.assets.storage import Numbers, column, require
from micromarket.domain.curves import Curves, Floats
from micromarket.kernels import storage


@dataclass(frozen=True, slots=True, eq=False)
class HeatPump:
    """What moves heat, each number for all or as an array of shape (n,).

    Parameters
    ----------
    mode : str or array of str, shape (n,)
        ``'heating'`` or ``'cooling'``.
    power_kw : float
        Greatest electrical power [kW].
    cop : float, default 3
        Heat moved for each kWh of electricity at the reference temperature (coefficient of performance).
    cop_slope_per_k : float, default 0
        Rise of the COP with the outdoor temperature [1/K]; negative when cooling. The COP never falls below 1.
    cop_reference_c : float, default 8
        Outdoor temperature at which `cop` holds [°C].

    Raises
    ------
    InvalidValue
        If a mode is unknown, or power or COP not above 0.
    """

    mode: ArrayLike
    power_kw: Numbers
    cop: Numbers = 3.0
    cop_slope_per_k: Numbers = 0.0
    cop_reference_c: Numbers = 8.0

    def __post_init__(self) -> None:
        """Check mode, power and COP."""
        require("mode must be 'heating' or 'cooling'", np.isin(self.mode, ("heating", "cooling")))
        require("power_kw must be above 0", np.greater(self.power_kw, 0))
        require("cop must be above 0", np.greater(self.cop, 0))

    @property
    def sign(self) -> Floats:
        """1 for heating, -1 for cooling; shape (n,) or ()."""
        return np.where(np.asarray(self.mode) == "cooling", -1.0, 1.0)

    def cop_at(self, outdoor_c: Floats) -> Floats:
        """Return the COP at outdoor temperatures [°C], shape (n, H)."""
        slope, reference = column(self.cop_slope_per_k), column(self.cop_reference_c)
        if not slope.any():
            return np.broadcast_to(column(self.cop), outdoor_c.shape)
        return np.asarray(np.maximum(column(self.cop) + slope * (outdoor_c - reference), 1.0))


@dataclass(frozen=True, slots=True, eq=False)
class Climate:
    """What warms and cools `n` houses besides their heat pumps.

    Parameters
    ----------
    outdoor_c : Foreseen
        Outdoor temperature [°C].
    air_gain_kw : Profile, optional
        Heat from people, devices and the sun into the air [kW].
    mass_gain_kw : Profile, optional
        Heat from the sun into the mass [kW].
    """

    outdoor_c: Foreseen
    air_gain_kw: Profile | None = None
    mass_gain_kw: Profile | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Weather:
    """Climate of `n` houses over `H` steps, as it is or is expected.

    Parameters
    ----------
    cop : array of float, shape (n, H)
        Coefficient of performance.
    air_kw : array of float, shape (n, H)
        Heat into the air from outdoors, at an air temperature of 0 °C, and from gains [kW].
    mass_kw : array of float, shape (n, H)
        Heat into the mass [kW].
    """

    cop: Floats
    air_kw: Floats
    mass_kw: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """What `n` thermostats would do over `H` steps, and where it leads; warmth counts along the mode.

    Parameters
    ----------
    power_kw : array of float, shape (n, H)
        Electrical power that holds the desired temperature [kW], positive.
    warmth_c : array of float, shape (n, H + 1)
        Air temperature before and after each step; negated when cooling [°C].
    """

    power_kw: Floats
    warmth_c: Floats


@dataclass(frozen=True, slots=True, eq=False)
class House:
    """Houses whose thermostat trades comfort for money within the tolerance of those who live there.

    Parameters
    ----------
    ids : tuple of str
        Name of each of the `n` houses.
    building : Building
        Equivalent thermal parameters.
    heat_pump : HeatPump
        What heats or cools.
    climate : Climate
        What else does.
    comfort : Comfort
        What is desired.
    step_hours : float
        Duration of a base step [h].
    air_c, mass_c : array of float, shape (n,)
        Temperatures now [°C].
    next_step : int, default 0
        Base step that begins now.

    Notes
    -----
    *Physics.* Air and mass are integrated exactly over each base step. The thermostat has the last word: at the end
    of a step the air is within the tolerance as far as the heat pump's power allows. Warmer than that is allowed
    when heating (cooler when cooling) up to the most demanding hour's desired temperature and tolerance, so that a
    house may be conditioned ahead of its schedule.

    *Plan.* One state, the air temperature, anchored to the thermostat's own course: doing as the thermostat would
    leads exactly where the two-state physics says, and what is done more or less moves the air by the slow mode of
    the building and fades with it. In the first step the exact response limits the power to what the thermostat
    will let pass. Comfort counts at the end of each step; more warmth than desired costs comfort only when the
    desired temperature is that of the most demanding hour.

    What is left at the end of the horizon is worth the lowest expected price.

    Source: heating and cooling agent of PNNL's DSO+T study (one-state planning), corrected and solved exactly.
    """

    ids: tuple[str, ...]
    building: Building
    heat_pump: HeatPump
    climate: Climate
    comfort: Comfort
    step_hours: float
    air_c: Floats
    mass_c: Floats
    next_step: int = 0
    _base: Response | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Work out the response over a base step once."""
        if self._base is None:
            object.__setattr__(self, "_base", self.building.response(self.step_hours))

    def schedule(self, outlook: Outlook) -> Floats:
        """Return the plan that is worth most at the expected prices [kW], negative, shape (n, H)."""
        stores, forced = self._stores(outlook)
        powers = storage.plan(stores, outlook.prices)[0]
        powers[:, 0] -= forced
        return powers

    def curves(self, outlook: Outlook) -> Curves:
        """Return the residual flexibility in each tendered step, exact for the planning model."""
        stores, forced = self._stores(outlook)
        prices, powers = storage.curves(stores, outlook.prices, outlook.tendered)
        powers[:, 0] -= forced[:, None]
        return Curves.trusted(prices, powers)

    def default_power(self, step: int, surplus_kw: Floats) -> Floats:
        """Return what a plain thermostat draws to hold the desired temperature [kW], shape (n,)."""
        weather = self._weather_in(step)
        desired = self.heat_pump.sign * self.comfort.desired_c.actual(step)
        return -self._power_to(desired, self._left_alone(weather), weather)

    def deliver(self, step: int, power_kw: Floats) -> tuple[Self, Floats]:
        """Run the heat pump as aimed at, within what the thermostat lets pass, and live through the step."""
        weather = self._weather_in(step)
        least, most = self._let_pass(step, weather)
        power = np.clip(-power_kw, least, most)
        heat = weather.air_kw[:, 0] + self.heat_pump.sign * weather.cop[:, 0] * power
        end = self._response.after(self._now, heat, weather.mass_kw[:, 0])
        return replace(self, air_c=end.air_c, mass_c=end.mass_c, next_step=step + 1), -power

    def readings(self) -> Mapping[str, Floats]:
        """Return temperatures, what was desired in the last step, and how far beyond the tolerance the air is."""
        last = max(self.next_step - 1, 0)
        warmth, (low, high) = self.heat_pump.sign * self.air_c, self._tolerated(np.array([last, last + 1]))
        outside = np.maximum(np.maximum(low[:, 0] - warmth, warmth - high[:, 0]), 0.0)
        desired = np.array(self.comfort.desired_c.actual(last))
        return {"indoor_c": self.air_c, "mass_c": self.mass_c, "desired_c": desired, "outside_k": outside}

    @property
    def _now(self) -> Temperatures:
        return Temperatures(self.air_c, self.mass_c)

    @property
    def _response(self) -> Response:
        assert self._base is not None
        return self._base

    def _weather(self, edges: Steps) -> Weather:
        climate, shape = self.climate, (len(self.ids), len(edges) - 1)
        outdoor = climate.outdoor_c.expected(edges)
        air, mass = (
            np.zeros(shape) if gain is None else gain.expected(edges)
            for gain in (climate.air_gain_kw, climate.mass_gain_kw)
        )
        air = air + column(self.building.conductance_kw_per_k) * outdoor
        return Weather(self.heat_pump.cop_at(outdoor), air, mass)

    def _weather_in(self, step: int) -> Weather:
        climate = self.climate
        outdoor = climate.outdoor_c.actual(step)[:, None]
        air, mass = (
            np.zeros(outdoor.shape) if gain is None else gain.actual(step)[:, None]
            for gain in (climate.air_gain_kw, climate.mass_gain_kw)
        )
        air = air + column(self.building.conductance_kw_per_k) * outdoor
        return Weather(self.heat_pump.cop_at(outdoor), air, mass)

    def _left_alone(self, weather: Weather) -> Floats:
        return self._response.after(self._now, weather.air_kw[:, 0], weather.mass_kw[:, 0]).air_c

    def _power_to(self, warmth_c: Floats, left_alone_c: Floats, weather: Weather) -> Floats:
        missing = warmth_c - self.heat_pump.sign * left_alone_c
        lift = self._response.gained[0, 0] * weather.cop[:, 0]
        return np.asarray(np.clip(missing / lift, 0.0, self.heat_pump.power_kw))

    def _let_pass(self, step: int, weather: Weather) -> tuple[Floats, Floats]:
        low, high = self._tolerated(np.array([step, step + 1]))
        alone = self._left_alone(weather)
        return self._power_to(low[:, 0], alone, weather), self._power_to(high[:, 0], alone, weather)

    def _tolerated(self, edges: Steps) -> tuple[Floats, Floats]:
        """Return the least warmth tolerated at the end of each step, and the most."""
        desired, tolerance = self._desired(edges), column(self.comfort.tolerance_k)
        return desired - tolerance, self._demand + tolerance

    def _desired(self, edges: Steps) -> Floats:
        return column(self.heat_pump.sign) * self.comfort.desired_at_ends(edges)

    @property
    def _demand(self) -> Floats:
        lowest, highest = self.comfort.extremes_c
        return np.where(column(self.heat_pump.sign) > 0, highest, -lowest)

    def _course(self, hours: Floats, weather: Weather, desired: Floats) -> Course:
        """Follow the plain thermostat through the horizon by the exact physics."""
        responses = {duration: self.building.response(duration) for duration in np.unique(hours)}
        sign, now, power = self.heat_pump.sign, self._now, np.empty(desired.T.shape)
        warmth = np.empty((len(hours) + 1, len(self.ids)))
        warmth[0] = sign * self.air_c
        columns = (np.ascontiguousarray(a.T) for a in (desired, weather.cop, weather.air_kw, weather.mass_kw))
        for t, (wanted, cop, air, mass) in enumerate(zip(*columns, strict=True)):
            response = responses[hours[t]]
            alone, lift = response.after(now, air, mass), sign * cop * response.gained[:, 0]
            power[t] = np.clip((wanted - sign * alone.air_c) / (sign * lift[0]), 0.0, self.heat_pump.power_kw)
            now = Temperatures(alone.air_c + lift[0] * power[t], alone.mass_c + lift[1] * power[t])
            warmth[t + 1] = sign * now.air_c
        return Course(np.ascontiguousarray(power.T), np.ascontiguousarray(warmth.T))

    def _stores(self, outlook: Outlook) -> tuple[storage.Stores, Floats]:
        """Return the planning model, and the power that the thermostat forces in the first step."""
        hours, edges = outlook.hours, outlook.edges
        weather, desired = self._weather(edges), self._desired(edges)
        course, slow = self._course(hours, weather, desired), self.building.slow_mode
        rate = column(slow.rate_per_h)
        retained = np.exp(-rate * hours)
        gain = column(slow.lift_k_per_kwh) * weather.cop * -np.expm1(-rate * hours) / (rate * hours)
        drift = course.warmth_c[:, 1:] - retained * course.warmth_c[:, :-1] - gain * hours * course.power_kw
        (low, high), (least, most) = self._tolerated(edges), self._first(outlook, weather)
        power = np.tile(column(self.heat_pump.power_kw), desired.shape if self._alike else (1, len(hours)))
        power[:, 0] = most - least
        drift[:, 0] += gain[:, 0] * hours[0] * least
        worth = self.comfort.curvature * hours
        stores = storage.Stores(
            hours=hours,
            initial=course.warmth_c[:, 0],
            charge_kw=power,
            discharge_kw=0.0,
            gain=gain,
            drain=gain,
            lowest=np.minimum(low, course.warmth_c[:, 1:]),
            highest=np.maximum(high, course.warmth_c[:, 1:]),
            retained=retained,
            drift=drift,
            comfort_below=worth,
            comfort_above=np.where(desired >= self._demand - SAME_C, worth, 0.0),
            target=desired,
            end_value=np.maximum(outlook.prices.min(axis=1), 0.0) / gain[:, -1],
        )
        return stores, least

    @property
    def _alike(self) -> bool:
        return np.ndim(self.heat_pump.power_kw) == 0

    def _first(self, outlook: Outlook, weather: Weather) -> tuple[Floats, Floats]:
        """Return what the thermostat lets pass in the first step; everything if it is longer than a base step."""
        if outlook.edges[1] - outlook.edges[0] == 1:
            return self._let_pass(int(outlook.edges[0]), weather)
        none = np.zeros(len(self.ids))
        return none, none + self.heat_pump.power_kw
