"""Water heaters: heat is conserved, hot water is there when it is drawn, and it is made when power is cheap."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micromarket.assets.asset import Outlook
from micromarket.assets.comfort import Comfort
from micromarket.assets.profile import Profile
from micromarket.assets.water_heater import WATER_KWH_PER_L_K, HotWater, Tank, WaterHeater
from micromarket.errors import InvalidValue


def heater(draw_l_per_h=0.0, loss=0.0, tank_c=55.0, preference=0.5):
    """Return a tank of 200 l with 3 kW that is to be 55 °C within 5 K, in steps of an hour over two days."""
    flat = [Profile(np.broadcast_to(value, (1, 48)), 24) for value in (draw_l_per_h, 10.0, 20.0, 55.0)]
    comfort = Comfort(flat[3], 5.0, preference)
    return WaterHeater(("tank",), Tank(200.0, 3.0, loss), HotWater(*flat[:3]), comfort, 1.0, np.array([tank_c]))


def live(fleet, prices, steps=24):
    """Return tank temperature and power of each step, planned anew at each."""
    tank, power = [], []
    for step in range(steps):
        ahead = Outlook(step + np.arange(25), 1.0, np.roll(prices, -step)[None], 1)
        fleet, metered = fleet.deliver(step, fleet.schedule(ahead)[:, 0])
        tank.append(fleet.tank_c[0])
        power.append(-metered[0])
    return np.array(tank), np.array(power)


def test_electricity_becomes_heat():
    """Without losses and draw, 1.5 kWh warm 200 l by as much as they hold."""
    after, _ = heater().deliver(0, np.array([-1.0]))

    assert 55 + 1.0 / (200 * WATER_KWH_PER_L_K) == pytest.approx(after.tank_c[0])


def test_cools_to_its_surroundings_and_to_what_flows_in():
    """A closed form: exponential approach of the mean of surroundings and inlet, weighted by conductance."""
    fleet, flow = heater(draw_l_per_h=30.0, loss=0.01, tank_c=70.0), 30 * WATER_KWH_PER_L_K
    end = (0.01 * 20 + flow * 10) / (0.01 + flow)
    after, _ = fleet.deliver(0, np.zeros(1))

    assert end + (70 - end) * np.exp(-(0.01 + flow) / (200 * WATER_KWH_PER_L_K)) == pytest.approx(after.tank_c[0])


@settings(max_examples=25)
@given(aims=st.lists(st.floats(-4, 0), min_size=24, max_size=24), draw=st.floats(0, 40))
def test_stays_within_the_tolerance(aims, draw):
    """Whatever the market asks for, the tank is neither too hot nor, as far as its power allows, too cold."""
    fleet = heater(draw, loss=0.002)
    for step, aim in enumerate(aims):
        fleet, power = fleet.deliver(step, np.array([aim]))
        assert fleet.tank_c[0] <= 60 + 1e-9
        assert fleet.tank_c[0] >= 50 - 1e-9 or power[0] == -3.0


def test_heats_when_power_is_cheap():
    """Against two prices, nothing is heated in dear hours that could be heated before, and showers stay warm."""
    draw = np.where(np.arange(48) % 24 == 19, 60.0, 3.0)
    prices = np.where(np.arange(24) < 17, 0.1, 0.5)
    tank, power = live(heater(draw, loss=0.002), prices)

    assert tank[16] > 59.9
    assert (tank >= 50 - 1e-6).all()
    assert power[:17].sum() > 2 * power[17:].sum()


def test_the_thermostat_restores_what_was_drawn():
    """Without a market the tank is at the desired temperature at the end of every step."""
    fleet = heater(draw_l_per_h=20.0, loss=0.002)
    power = fleet.default_power(0, np.zeros(1))
    after, _ = fleet.deliver(0, power)

    assert [55.0] == pytest.approx(after.tank_c)


def test_tells_how_cold_the_shower_was():
    """Water drawn below the lowest tolerated temperature lacks heat, and the reading says how much."""
    fleet, _ = replace(heater(draw_l_per_h=150.0), tank_c=np.array([40.0])).deliver(0, np.array([-3.0]))
    lacked = 150 * WATER_KWH_PER_L_K * (50 - fleet.tank_c[0])

    assert lacked == pytest.approx(fleet.readings()["cold_water_kwh"][0])
    assert 50 - fleet.tank_c[0] == pytest.approx(fleet.readings()["outside_k"][0])


def test_one_kind_of_physics():
    """With a perfect forecast the plan is delivered to the last digit."""
    fleet = heater(draw_l_per_h=15.0, loss=0.002, preference=0.0)
    ahead = Outlook(np.arange(25), 1.0, np.random.default_rng(3).uniform(0, 0.4, (1, 24)), 24)
    plan = fleet.schedule(ahead)
    for step in range(24):
        fleet, metered = fleet.deliver(step, plan[:, step])
        assert plan[:, step] == pytest.approx(metered, abs=1e-9)


@pytest.mark.parametrize("name", ["volume_l", "power_kw", "cop", "standing_loss_kw_per_k"])
def test_refuses_impossible_tanks(name):
    """Nothing to heat, nothing to heat with, a loss that gains: each a named error."""
    with pytest.raises(InvalidValue, match=name):
        Tank(**{"volume_l": 200.0, "power_kw": 3.0, name: -1.0})
