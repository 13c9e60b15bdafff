"""Houses: the thermostat has the last word, comfort has its price, and a cheap noon is stored for the evening."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micromarket.assets.asset import Outlook
from micromarket.assets.building import Building
from micromarket.assets.comfort import Comfort
from micromarket.assets.house import Climate, HeatPump, House
from micromarket.assets.profile import Profile
from micromarket.errors import InvalidValue

HOURS = np.arange(96) % 24
SUMMER = 29.0 + 5.0 * np.sin((HOURS - 9) * np.pi / 12)


def cooled(desired_c=23.0, preference=0.5, outdoor_c=SUMMER, **pump):
    """Return one house that is cooled, in steps of an hour over four days, at rest at 23 °C."""
    wanted = Comfort(Profile(np.broadcast_to(desired_c, (1, 96)), 24), 1.5, preference)
    climate = Climate(Profile(outdoor_c[None], 24), Profile(np.full((1, 96), 0.5), 24))
    start = np.array([23.0])
    heat_pump = HeatPump("cooling", pump.pop("power_kw", 4.0), 3.0, **pump)
    return House(("house",), Building(0.25, 2.0, 1.5, 6.0), heat_pump, climate, wanted, 1.0, start, start)


def outlook(prices, first=0):
    """Return a day of hours from `first` on at daily prices."""
    ahead = np.roll(prices, -(first % 24))
    return Outlook(first + np.arange(25), 1.0, ahead[None], 1)


def live(fleet, prices, steps=24):
    """Return air temperature and power of each step, planned anew at each; without prices, as the thermostat does."""
    air, power = [], []
    for step in range(steps):
        aim = (
            fleet.default_power(step, np.zeros(1)) if prices is None else fleet.schedule(outlook(prices, step))[:, 0]
        )
        fleet, metered = fleet.deliver(step, aim)
        assert metered == pytest.approx(aim, abs=1e-9)
        air.append(fleet.air_c[0])
        power.append(-metered[0])
    return np.array(air), np.array(power)


def dear_evening():
    """Return daily prices with a cheap noon, full of sun, and a dear evening."""
    return np.where((HOURS[:24] >= 11) & (HOURS[:24] < 15), 0.02, np.where(HOURS[:24] >= 17, 0.40, 0.15))


def test_the_thermostat_holds_what_is_desired():
    """Without a market the air stays at the desired temperature to the last digit that power allows."""
    air, _ = live(cooled(), None)

    assert np.full(24, 23.0) == pytest.approx(air)


def test_pre_cools_at_noon_for_the_evening():
    """Against a cheap noon and a dear evening, a house is cooled early and draws less when power is dear."""
    _, plain = live(cooled(), None)
    air, power = live(cooled(), dear_evening())

    assert air[14] < 22.5
    assert power[17:21].sum() < 0.6 * plain[17:21].sum()
    assert (np.abs(air - 23) <= 1.5 + 1e-9).all()


def test_cools_ahead_of_the_schedule():
    """Before people come home at 17 to 23 °C, a house left at 27 °C is already cooled when noon is cheap."""
    desired = np.where((HOURS >= 8) & (HOURS < 17), 27.0, 23.0)
    air, _ = live(cooled(desired), dear_evening())

    assert air[14] < 24.0
    assert air[17] <= 24.5 + 1e-9


def test_comfort_has_its_price():
    """The more comfort is preferred, the nearer the air stays and the more energy is used at a flat price."""
    strays, used = [], []
    for preference in (0.0, 0.5, 1.0):
        air, power = live(cooled(preference=preference), np.full(24, 0.3))
        strays.append(np.abs(air - 23).mean())
        used.append(power.sum())

    assert sorted(strays, reverse=True) == strays
    assert sorted(used) == used
    assert 0.01 > strays[2]


@settings(max_examples=25)
@given(aims=st.lists(st.floats(-6, 1), min_size=24, max_size=24), preference=st.floats(0, 1))
def test_never_leaves_the_tolerance(aims, preference):
    """Whatever the market asks for, the air stays within the tolerance as long as power suffices."""
    fleet = cooled(preference=preference)
    for step, aim in enumerate(aims):
        fleet, power = fleet.deliver(step, np.array([aim]))
        assert abs(fleet.air_c[0] - 23) <= 1.5 + 1e-9
        assert -4.0 <= power[0] <= 0.0
        assert [0.0] == pytest.approx(fleet.readings()["outside_k"], abs=1e-9)


def test_tenders_only_what_the_thermostat_lets_pass():
    """At the upper limit part of the power is needed at any price: the curve does not reach 0."""
    fleet = replace(cooled(), air_c=np.array([24.5]), mass_c=np.array([24.5]))
    curves = fleet.curves(outlook(np.full(24, 0.3), 12))
    forced, metered = curves.powers[0, 0, -1:], fleet.deliver(12, np.zeros(1))[1]

    assert forced[0] < -0.2
    assert forced.tolist() == pytest.approx(metered.tolist())


def test_heating_is_cooling_in_the_mirror():
    """Mirrored about 0 °C, a heated house draws what a cooled one draws."""
    cool = cooled(preference=0.3)
    mirrored = [Profile(-profile.values, 24) for profile in (cool.climate.outdoor_c, cool.climate.air_gain_kw)]
    comfort = replace(cool.comfort, desired_c=Profile(-cool.comfort.desired_c.values, 24))
    heat = replace(
        cool,
        heat_pump=HeatPump("heating", 4.0, 3.0),
        climate=Climate(*mirrored),
        comfort=comfort,
        air_c=-cool.air_c,
        mass_c=-cool.mass_c,
    )

    assert live(cool, dear_evening())[1] == pytest.approx(live(heat, dear_evening())[1])


def test_what_the_pump_cannot_do_is_told():
    """With a weak heat pump in a heat wave the air leaves the tolerance, and the reading says by how much."""
    fleet = cooled(outdoor_c=np.full(96, 38.0), power_kw=0.5)
    for step in range(24):
        fleet, _ = fleet.deliver(step, np.full(1, -0.5))

    assert fleet.air_c[0] - 24.5 == pytest.approx(fleet.readings()["outside_k"][0])
    assert fleet.readings()["outside_k"][0] > 1


def test_moves_less_heat_when_it_is_hot():
    """A COP that falls by 0.1 for each K needs more electricity for the same temperature."""
    hot = np.full(96, 33.0)
    steady = live(cooled(outdoor_c=hot), None)[1]
    worse = live(cooled(outdoor_c=hot, cop_slope_per_k=-0.1, cop_reference_c=23.0), None)[1]

    assert steady * 3.0 / 2.0 == pytest.approx(worse)


@pytest.mark.parametrize(("name", "wrong"), [("mode", "drying"), ("power_kw", 0.0), ("cop", -1.0)])
def test_refuses_impossible_heat_pumps(name, wrong):
    """An unknown mode, no power, no heat: each a named error."""
    with pytest.raises(InvalidValue, match=name):
        HeatPump(**{"mode": "heating", "power_kw": 3.0, name: wrong})


@pytest.mark.parametrize(("name", "wrong"), [("tolerance_k", 0.0), ("preference", 1.1), ("value", -0.1)])
def test_refuses_impossible_comfort(name, wrong):
    """No tolerance, a preference beyond 1, a negative value: each a named error."""
    with pytest.raises(InvalidValue, match=name):
        Comfort(Profile(np.full((1, 24), 21.0), 24), **{"tolerance_k": 1.0, "preference": 0.5, name: wrong})
