"""Electric vehicles: ready at departure, at the least cost, and never more than the plug allows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micromarket.assets.asset import Outlook
from micromarket.assets.ev import ElectricVehicle, Sessions, VehicleRatings
from micromarket.assets.profile import Profile
from micromarket.errors import InvalidValue, WrongShape

HOURS = 48
AWAY = (8, 17)


def sessions(used_kwh=8.0):
    """Return two days on which the car is away from 8 to 17 and has used its energy when it comes back."""
    hour = np.arange(HOURS) % 24
    plugged = np.where((hour >= AWAY[0]) & (hour < AWAY[1]), 0.0, 1.0)
    return Sessions(Profile(plugged[None], 24), Profile(np.where(hour == AWAY[1] - 1, used_kwh, 0.0)[None], 24))


def car(stored_kwh, used_kwh=8.0, **ratings):
    """Return a car of 40 kWh and 5 kW that wants to leave with 30 kWh, in steps of an hour."""
    usual = VehicleRatings(40.0, 5.0, 30.0, **{"charge_efficiency": 0.8, **ratings})
    return ElectricVehicle(("car",), usual, sessions(used_kwh), 1.0, np.array([float(stored_kwh)]))


def outlook(prices, first=0, tendered=1):
    """Return hours from `first` on at the given prices."""
    return Outlook(first + np.arange(len(prices) + 1), 1.0, np.asarray(prices, dtype=float)[None], tendered)


def drive(fleet, prices, steps):
    """Return the fleet and its powers after living through steps as planned at `prices`, hour of day by hour."""
    powers = []
    for step in range(steps):
        ahead = outlook(np.roll(prices, -(step % 24)), step)
        fleet, power = fleet.deliver(step, fleet.schedule(ahead)[:, 0])
        powers.append(power[0])
    return fleet, np.array(powers)


def test_charges_in_the_cheapest_hours_before_departure():
    """Two full hours are missing at eight; they are bought when power is cheapest."""
    prices = np.full(24, 0.3)
    prices[[2, 5]] = 0.1
    fleet, powers = drive(car(22.0), prices, AWAY[0])

    assert [30.0] == pytest.approx(fleet.stored_kwh)
    assert [2, 5] == np.flatnonzero(powers).tolist()


def test_gets_as_full_as_it_can():
    """A car that cannot be ready in time charges at full power whatever the price."""
    fleet = car(0.0)
    for step in range(2, AWAY[0]):
        curves = fleet.curves(outlook(np.full(24, 5.0), step))
        assert [-5.0] == np.unique(curves.powers).tolist()
        fleet, _ = fleet.deliver(step, curves.powers[:, 0, 0])

    assert [6 * 5 * 0.8] == pytest.approx(fleet.stored_kwh)


def test_waits_as_long_as_it_can_and_no_longer():
    """Seven hours from departure with six and a half to charge, half of the next hour is needed at any price."""
    fleet = car(30 - 6.5 * 4)
    curves = fleet.curves(outlook(np.full(24, 0.2), 1))

    assert -2.5 == pytest.approx(curves.powers[0, 0].max())
    assert -5.0 == pytest.approx(curves.powers[0, 0].min())


def test_nothing_flows_on_the_road():
    """Unplugged, a car tenders nothing and takes nothing."""
    fleet = car(20.0)
    curves = fleet.curves(outlook(np.full(24, -1.0), 10))
    after, power = fleet.deliver(10, np.array([-5.0]))

    assert [0.0] == np.unique(curves.powers).tolist()
    assert ([0.0], [20.0]) == (power.tolist(), after.stored_kwh.tolist())


def test_tells_what_a_trip_lacked():
    """A trip of 8 kWh with 5 kWh on board lacks 3 kWh; the next step lacks nothing."""
    fleet, _ = car(5.0).deliver(AWAY[1] - 1, np.zeros(1))
    later, _ = fleet.deliver(AWAY[1], np.zeros(1))

    assert ([3.0], [0.0]) == (fleet.readings()["unmet_kwh"].tolist(), later.readings()["unmet_kwh"].tolist())


def test_charges_on_arrival_without_a_market():
    """Without a market a car charges at full power until it is ready, then stops."""
    fleet, powers = car(25.0), []
    for step in range(3):
        power = fleet.default_power(step, np.zeros(1))
        fleet, _ = fleet.deliver(step, power)
        powers.append(power[0])

    assert [-5.0, -1.25, 0.0] == pytest.approx(powers)


def test_sells_back_and_is_still_ready():
    """A car that can (V2G) sells in a dear hour, and buys back before it leaves."""
    prices = np.full(24, 0.1)
    prices[1] = 0.9
    fleet, powers = drive(car(30.0, discharge_kw=5.0, discharge_efficiency=0.9), prices, AWAY[0])

    assert powers[1] == pytest.approx(5.0)
    assert [30.0] == pytest.approx(fleet.stored_kwh)


def test_plans_hours_that_hold_a_departure():
    """Planned in blocks of four hours, a departure inside a block still counts."""
    ahead = Outlook(np.array([0, 1, 5, 9, 13, 17]), 1.0, np.array([[0.1, 0.3, 0.3, 0.3, 0.3]]), 1)
    plan = car(22.0).schedule(ahead)

    assert 8.0 == pytest.approx(-(plan[0] * ahead.hours).sum() * 0.8)


@settings(max_examples=25)
@given(stored=st.floats(0, 40), seed=st.integers(0, 1000), sells=st.booleans())
def test_is_ready_whenever_it_can_be(stored, seed, sells):
    """Whatever the prices, at departure a car has what it needs or all that full power could bring."""
    prices = np.random.default_rng(seed).uniform(-0.1, 0.5, 24)
    fleet, _ = drive(car(stored, discharge_kw=4.0 * sells, discharge_efficiency=0.9), prices, AWAY[0])

    assert fleet.stored_kwh[0] >= min(30.0, stored + AWAY[0] * 4.0) - 1e-7


def test_refuses_what_does_not_fit():
    """A wish beyond the battery, and sessions of different lengths, are named errors."""
    with pytest.raises(InvalidValue):
        VehicleRatings(40.0, 5.0, 41.0)
    with pytest.raises(WrongShape):
        Sessions(Profile(np.ones((1, 24)), 24), Profile(np.ones((1, 12)), 24))
