"""Commercial buildings: zones behind one curve, cooled ahead, never out of tolerance."""

from dataclasses import replace

import highspy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micromarket.assets.air_handler import AirHandler
from micromarket.assets.asset import Outlook
from micromarket.assets.comfort import Comfort
from micromarket.assets.commercial import CommercialBuilding, Surroundings
from micromarket.assets.profile import Profile
from micromarket.assets.zones import Zones
from micromarket.errors import InvalidValue
from perturbation import misses

HOURS = np.arange(96) % 24
SUMMER = 28.0 + 6.0 * np.sin((HOURS - 9) * np.pi / 12)
OFFICE = np.where((HOURS >= 7) & (HOURS < 18), 23.0, 27.0)
DEAR_AFTERNOON = np.where((HOURS[:24] >= 14) & (HOURS[:24] < 19), 0.40, 0.10)


def office(preference=0.3, variable=True, economizer=False, outdoor_c=SUMMER, fan_kw=8.0):
    """Return one building of three zones that differ, in steps of an hour over four days, at rest at 26 °C."""
    numbers = ([0.5, 0.8, 1.0], [4.0, 10.0, 6.0], [0.0, 1.0, -0.5], [1.0, 0.5, 1.5])
    zones = Zones(np.zeros(3, dtype=int), *map(np.array, numbers))
    air = AirHandler(variable, 60.0, fan_kw, 3.5, 13.0, 0.15, economizer)
    gain = np.where((HOURS > 7) & (HOURS < 19), 15.0, 3.0)
    around = Surroundings(Profile(outdoor_c[None], 24), Profile(gain[None], 24))
    comfort = Comfort(Profile(OFFICE[None], 24), 1.5, preference, 2.0)
    return CommercialBuilding(("office",), zones, air, around, comfort, 1.0, np.array([26.0]))


def outlook(prices, first=0, tendered=1):
    """Return a day of hours from `first` on at daily prices."""
    return Outlook(first + np.arange(25), 1.0, np.roll(prices, -(first % 24))[None], tendered)


def live(fleet, prices, steps=24):
    """Return temperature and power drawn in each step, planned anew at each; without prices, by thermostat."""
    indoor, power = [], []
    for step in range(steps):
        ahead = None if prices is None else outlook(prices, step)
        aim = fleet.default_power(step, np.zeros(1)) if ahead is None else fleet.schedule(ahead)[:, 0]
        fleet, metered = fleet.deliver(step, aim)
        assert metered == pytest.approx(aim, abs=1e-6)
        indoor.append(fleet.indoor_c[0])
        power.append(-metered[0])
    return np.array(indoor), np.array(power)


def test_the_thermostat_holds_what_is_desired():
    """Without a market the building stands at 23 °C while people work."""
    assert np.full(11, 23.0) == pytest.approx(live(office(), None)[0][7:18])


def test_cools_ahead_of_a_dear_afternoon():
    """Cooled to 22 °C or less before 14 h, it draws less in the dear hours than a plain thermostat."""
    _, plain = live(office(), None)
    indoor, power = live(office(), DEAR_AFTERNOON)

    assert indoor[13] < 22.0
    assert power[14:19].sum() < 0.7 * plain[14:19].sum()


@settings(max_examples=25)
@given(aims=st.lists(st.floats(-40, 1), min_size=24, max_size=24), variable=st.booleans())
def test_never_leaves_the_tolerance(aims, variable):
    """Whatever the market asks for, the building stays within the tolerance once it could get there."""
    fleet = office(variable=variable)
    for step, aim in enumerate(aims):
        fleet, _ = fleet.deliver(step, np.array([aim]))
        assert [0.0] == pytest.approx(fleet.readings()["outside_k"], abs=1e-9)


@settings(max_examples=25)
@given(
    seed=st.integers(0, 2**32 - 1), step=st.integers(0, 3), price=st.floats(0.03, 0.7), preference=st.floats(0, 0.9)
)
def test_the_curve_is_what_another_price_would_do(seed, step, price, preference):
    """Perturbed in one interval, the new plan lies on the curve of the old one; the last price, the lowest, stays."""
    prices = np.append(np.random.default_rng(seed).uniform(0.05, 0.5, 23), 0.02)

    assert [0.0] == pytest.approx(misses(office(preference), outlook(prices, 0, 4), step, price), abs=1e-6)


def test_rooftop_units_plan_what_a_linear_program_plans():
    """Without preference for comfort it is a linear program over every zone; both pay the same."""
    fleet, prices = office(preference=0.0, variable=False), DEAR_AFTERNOON
    ahead = outlook(prices)
    cost, last_c = _program(fleet, prices, fan_per_kw=8.0 / 60.0)
    plan = fleet.schedule(ahead)[0]
    worth = _worth(fleet, prices, 8.0 / 60.0)
    end = _followed(fleet, -plan / _per_heat(fleet, 8.0 / 60.0))

    assert cost - worth * (27.0 - last_c) == pytest.approx(prices @ -plan - worth * (27.0 - end), rel=1e-7)


def test_tendered_power_can_be_run():
    """At any price a building draws what it tendered, though its fans take less than the lines say."""
    fleet = office()
    curves = fleet.curves(outlook(DEAR_AFTERNOON))
    for power in np.linspace(curves.powers[0, 0, 0], curves.powers[0, 0, -1], 21):
        assert [power] == pytest.approx(fleet.deliver(0, np.array([power]))[1], abs=1e-9)


def test_cool_nights_cool_for_nothing():
    """With an economizer and 10 °C outdoors, only the fans cost power: 8 kW times the cube of the flow."""
    fleet = replace(office(economizer=True, outdoor_c=np.full(96, 10.0)), indoor_c=np.array([28.5]))
    heat = fleet.air.duty(np.array([[27.0]]), np.array([[10.0]])).heat_kw(np.array([[1.0]]))

    assert 60.0 * (1 / 8.0) ** (1 / 3) == pytest.approx(heat[0, 0])


def test_rooms_colder_than_the_supply_are_refused():
    fleet = office()
    with pytest.raises(InvalidValue, match="warmer than the air supplied"):
        fleet.air.duty(np.array([[13.0]]), np.array([[30.0]]))


def _per_heat(fleet, fan_per_kw):
    """Return power for each kW of heat in each hour, from the mixture of fresh and returning air."""
    mixed = OFFICE[:24] + 0.15 * (SUMMER[:24] - OFFICE[:24])
    return np.maximum(mixed - 13.0, 0) / (OFFICE[:24] - 13.0) / 3.5 + fan_per_kw


def _lift(fleet):
    """Return the heat that lowers the whole building by 1 K at the end of an hour, zone by zone [kW/K]."""
    zones = fleet.zones
    kept = np.exp(-zones.conductance_kw_per_k / zones.capacity_kwh_per_k)
    return zones.conductance_kw_per_k / (1 - kept) * zones.swing, kept


def _worth(fleet, prices, fan_per_kw):
    """Return what 1 K less at the end is worth: heat at the lowest price and the last hour's efficiency."""
    return prices.min() * _per_heat(fleet, fan_per_kw)[-1] * _lift(fleet)[0].sum()


def _followed(fleet, heat_kw):
    """Return the temperature after a day in which so much heat is removed."""
    lift, kept = _lift(fleet)
    zones, now = fleet.zones, 26.0
    at_base = 23.0 + zones.offset_k - zones.swing * 23.0
    for hour in range(24):
        gains = zones.conductance_kw_per_k * (SUMMER[hour] - at_base)
        now = (
            (lift * kept).sum() * now + gains.sum() + (15.0 if 7 < hour < 19 else 3.0) - heat_kw[hour]
        ) / lift.sum()
    return now


def _program(fleet, prices, fan_per_kw):
    """Return the least cost of a day and the temperature it ends at, by a linear program over zones."""
    solver = highspy.Highs()
    solver.silent()
    zones, per_heat, worth = fleet.zones, _per_heat(fleet, fan_per_kw), _worth(fleet, prices, fan_per_kw)
    lift, kept = _lift(fleet)
    at_base = 23.0 + zones.offset_k - zones.swing * 23.0
    heats, temperature, cost = [], 26.0, 0.0
    for hour in range(24):
        heat = solver.addVariable(lb=0.0, ub=60.0)
        after = solver.addVariable(lb=23.0 - 1.5, ub=OFFICE[hour] + 1.5)
        taken = 0.0
        for zone in range(3):
            gain = (15.0 if 7 < hour < 19 else 3.0) / 3
            outside = zones.conductance_kw_per_k[zone] * (SUMMER[hour] - at_base[zone])
            taken = taken + lift[zone] * kept[zone] * temperature - lift[zone] * after + outside + gain
        solver.addConstr(taken - heat == 0.0)
        cost, temperature = cost + prices[hour] * per_heat[hour] * heat, after
        heats.append(heat)
    solver.minimize(cost + worth * temperature)
    values = np.array([solver.val(heat) for heat in heats])
    return float(prices @ (per_heat * values)), float(solver.val(temperature))
