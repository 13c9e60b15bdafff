"""Commercial buildings: zones behind an air handler or rooftop units, cooled ahead when that pays; one curve each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from micromarket.assets.air_handler import AirHandler
from micromarket.assets.asset import Outlook, Steps
from micromarket.assets.comfort import SAME_C, Comfort
from micromarket.assets.duty import DrivenStores, Duty, Stored
from micromarket.assets.profile import Foreseen, Profile
from micromarket.assets.storage import column
from micromarket.assets.zones import Balance, Zones
from micromarket.domain.curves import Curves, Floats


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """What warms `n` commercial buildings.

    Parameters
    ----------
    outdoor_c : Foreseen
        Outdoor temperature [°C].
    gain_kw : Profile
        Heat from people, devices and the sun into all zones together [kW].
    """

    outdoor_c: Foreseen
    gain_kw: Profile


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """How `n` buildings would warm over `H` steps without cooling, and what cooling takes.

    Parameters
    ----------
    duty : Duty
        Power over heat removed.
    retained : array of float, shape (n, H)
        Share of the temperature that is left.
    warming_k : array of float, shape (n, H)
        What everything else adds [K].
    lift_k_per_kw : array of float, shape (n, H)
        Fall of the temperature for each kW of heat removed throughout the step [K/kW].
    """

    duty: Duty
    retained: Floats
    warming_k: Floats
    lift_k_per_kw: Floats

    def needed_kw(self, start_c: Floats, end_c: Floats) -> Floats:
        """Return the heat to be removed to get from one temperature to another, within what is possible [kW]."""
        excess = self.retained * start_c + self.warming_k - end_c
        return np.clip(excess / self.lift_k_per_kw, 0.0, self.duty.full_kw)


@dataclass(frozen=True, slots=True, eq=False)
class CommercialBuilding:
    """Buildings whose thermostat trades comfort for money within the tolerance of those who work there.

    Parameters
    ----------
    ids : tuple of str
        Name of each of the `n` buildings.
    zones : Zones
        Their rooms.
    air : AirHandler
        What cools them.
    surroundings : Surroundings
        What warms them.
    comfort : Comfort
        Temperature desired for the building; its zones follow.
    step_hours : float
        Duration of a base step [h].
    indoor_c : array of float, shape (n,)
        Temperature of the building now [°C].
    next_step : int, default 0
        Base step that begins now.

    Notes
    -----
    *Physics.* Zones are integrated exactly over each base step (`Zones`). The thermostat has the last word: at the
    end of a step the building is within the tolerance as far as cooling suffices. It may be cooled ahead of its
    schedule, down to the lowest desired temperature less the tolerance; there, heating that is not electric holds
    it. Air returns at the desired temperature.

    *Plan.* One state, the building's temperature, in an exact dynamic program. Approximated is only the cube of the
    fans, by two straight lines that meet at the load that keeps the desired temperature; they never promise more
    cooling than there is, so what was tendered can be run. Single boxes are taken to have the room they need.

    Source: Transactive Network Template v4 (PNNL, 2024), section 2.2.2; zones and fans as in PNNL's campus buildings.
    """

    ids: tuple[str, ...]
    zones: Zones
    air: AirHandler
    surroundings: Surroundings
    comfort: Comfort
    step_hours: float
    indoor_c: Floats
    next_step: int = 0

    def schedule(self, outlook: Outlook) -> Floats:
        """Return the plan that is worth most at the expected prices [kW], negative, shape (n, H)."""
        return self._stores(outlook).plan(outlook)

    def curves(self, outlook: Outlook) -> Curves:
        """Return the residual flexibility in each tendered step, exact for the planning model."""
        return self._stores(outlook).curves(outlook)

    def default_power(self, step: int, surplus_kw: Floats) -> Floats:
        """Return what a plain thermostat draws to hold the desired temperature [kW], shape (n,)."""
        course = self._course_in(step)
        heat = course.needed_kw(self.indoor_c[:, None], self._desired(np.array([step, step + 1])))
        return -course.duty.power_kw(heat)[:, 0]

    def deliver(self, step: int, power_kw: Floats) -> tuple[Self, Floats]:
        """Cool as aimed at, within what the thermostat lets pass, and live through the step."""
        course, now = self._course_in(step), self.indoor_c[:, None]
        low, high = self._tolerated(np.array([step, step + 1]))
        heat, power = course.duty.run(-power_kw[:, None], course.needed_kw(now, high), course.needed_kw(now, low))
        end = np.maximum(course.retained * now + course.warming_k - course.lift_k_per_kw * heat, low)
        return replace(self, indoor_c=end[:, 0], next_step=step + 1), -power[:, 0]

    def readings(self) -> Mapping[str, Floats]:
        """Return temperature, what was desired in the last step, and how far beyond the tolerance the building is."""
        last = max(self.next_step - 1, 0)
        low, high = self._tolerated(np.array([last, last + 1]))
        outside = np.maximum(np.maximum(low[:, 0] - self.indoor_c, self.indoor_c - high[:, 0]), 0.0)
        return {
            "indoor_c": self.indoor_c,
            "desired_c": np.array(self.comfort.desired_c.actual(last)),
            "outside_k": outside,
        }

    @property
    def _base(self) -> Floats:
        return self.comfort.extremes_c[0]

    def _desired(self, edges: Steps) -> Floats:
        return self.comfort.desired_at_ends(edges)

    def _tolerated(self, edges: Steps) -> tuple[Floats, Floats]:
        """Return the lowest and the highest temperature tolerated at the end of each step."""
        desired, tolerance = self._desired(edges), column(self.comfort.tolerance_k)
        return np.broadcast_to(self._base - tolerance, desired.shape), desired + tolerance

    def _course_in(self, step: int) -> Course:
        now, edges = self.surroundings, np.array([step, step + 1])
        outdoor, gain = now.outdoor_c.actual(step)[:, None], now.gain_kw.actual(step)[:, None]
        return self._course(self._balance(np.array([self.step_hours])), outdoor, gain, self._desired(edges))

    def _balance(self, hours: Floats) -> Balance:
        return self.zones.balance(hours, self._base[:, 0])

    def _course(self, balance: Balance, outdoor_c: Floats, gain_kw: Floats, room_c: Floats) -> Course:
        warming = (balance.outside * outdoor_c - balance.inside + gain_kw) / balance.end
        return Course(self.air.duty(room_c, outdoor_c), balance.retained, warming, 1 / balance.end)

    def _stores(self, outlook: Outlook) -> DrivenStores:
        """Return the planning model: coolness, the temperature negated, is what is stored."""
        hours, edges = outlook.hours, outlook.edges
        outdoor, gain = self.surroundings.outdoor_c.expected(edges), self.surroundings.gain_kw.expected(edges)
        desired, (low, high) = self._desired(edges), self._tolerated(edges)
        course = self._course(self._balance(hours), outdoor, gain, desired)
        before = np.concatenate([self.indoor_c[:, None], desired[:, :-1]], axis=1)
        chords = course.duty.at(course.needed_kw(before, desired))
        worth, unit = self.comfort.curvature * hours, course.lift_k_per_kw / hours
        worst = np.maximum(outlook.prices.min(axis=1), 0.0) * chords.above[:, -1] / unit[:, -1]
        stored = Stored(
            hours=hours,
            initial=-self.indoor_c,
            lowest=-np.maximum(high, self._coldest(course, low)),
            highest=-low,
            retained=course.retained,
            end_value=worst,
            comfort_below=worth,
            comfort_above=np.where(desired <= self._base + SAME_C, worth, 0.0),
            target=-desired,
        )
        return chords.stores(unit, -course.warming_k, stored)

    def _coldest(self, course: Course, low_c: Floats) -> Floats:
        """Return the temperature that full cooling leads to by the end of each step, shape (n, H)."""
        fall = course.lift_k_per_kw * course.duty.full_kw
        coldest, now = np.empty_like(low_c), self.indoor_c
        for t in range(low_c.shape[1]):
            now = np.maximum(course.retained[:, t] * now + course.warming_k[:, t] - fall[:, t], low_c[:, t])
            coldest[:, t] = now
        return coldest
