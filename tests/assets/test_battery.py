"""Batteries: plans against prices, self-consumption without a market, and energy that never appears or disappears."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micromarket.assets.asset import Outlook
from micromarket.assets.battery import Battery, BatteryRatings
from micromarket.errors import InvalidValue


def battery(stored_kwh, **ratings):
    """Return batteries of 10 kWh, 4 kW in and 5 kW out, in steps of an hour."""
    stored = np.atleast_1d(np.asarray(stored_kwh, dtype=float))
    usual = {"charge_efficiency": 0.9, "discharge_efficiency": 0.8, **ratings}
    return Battery(("battery",) * len(stored), BatteryRatings(10.0, 4.0, 5.0, **usual), 1.0, stored)


def outlook(*prices):
    """Return hours at the given prices, the first of which is tendered."""
    return Outlook(np.arange(len(prices) + 1), 1.0, np.array([prices]), 1)


def test_buys_cheap_and_sells_dear():
    """Full power in the cheap hour; in the dear one, what is worth more than afterwards goes out."""
    plan = battery(0.0, end_value=0.0).schedule(outlook(0.1, 0.5))

    assert [[-4.0, 4 * 0.9 * 0.8]] == pytest.approx(plan)


def test_a_flat_price_moves_nothing():
    """What is left is worth its price half way between buying and selling: no spread, nothing to do."""
    assert [[0.0] * 5] == battery(5.0).schedule(outlook(*[0.3] * 5)).tolist()


def test_tenders_a_purchase_and_a_sale():
    """The curve of an hour buys below what energy is worth later, less losses, and sells above it."""
    curves = battery(5.0).curves(outlook(0.2))
    worth = 0.2 * np.sqrt(0.8 / 0.9)

    assert pytest.approx(curves.prices[0, 0, -4:]) == [worth * 0.9, worth * 0.9, worth / 0.8, worth / 0.8]
    assert pytest.approx(curves.powers[0, 0, -4:]) == [-4.0, 0.0, 0.0, 4.0]


def test_consumes_what_the_home_makes():
    """Without a market a battery stores the surplus and serves the deficit, as far as it can."""
    fleet = battery([5.0, 5.0, 9.1, 0.8, 5.0])
    power = fleet.default_power(0, np.array([3.0, -2.0, 3.0, -3.0, 0.0]))

    assert np.allclose([-3.0, 2.0, -1.0, 0.64, 0.0], power)


def test_delivers_no_more_than_it_holds():
    """Asked for 5 kW with 2 kWh left, one hour brings what the losses leave of them."""
    after, power = battery(2.0).deliver(0, np.array([5.0]))

    assert [1.6] == pytest.approx(power)
    assert [0.0] == after.stored_kwh.tolist()


def test_keeps_its_reserve():
    """Energy below the minimum is not sold at any price."""
    _, power = battery(3.0, minimum_kwh=3.0).deliver(0, np.array([5.0]))

    assert [0.0] == power.tolist()


def test_full_battery_burns_what_it_tenders_to_burn():
    """At a negative price a full battery charges and discharges in turn, and can deliver its own curve."""
    fleet = battery(10.0, end_value=0.2)
    lowest = fleet.curves(outlook(-0.1)).powers[0, 0, :1]
    after, power = fleet.deliver(0, lowest)

    assert lowest[0] < -0.1
    assert lowest.tolist() == pytest.approx(power.tolist())
    assert [10.0] == after.stored_kwh.tolist()


def test_loses_a_share_each_day():
    """A tenth a day is a tenth after 24 hours."""
    fleet = battery(8.0, self_discharge_per_day=0.1)
    for step in range(24):
        fleet, _ = fleet.deliver(step, np.zeros(1))

    assert [7.2] == pytest.approx(fleet.stored_kwh)


@settings(max_examples=50)
@given(aims=st.lists(st.floats(-10, 10), min_size=1, max_size=20), start=st.floats(0, 10))
def test_energy_is_accounted_for(aims, start):
    """Over any life, what is stored is what went in less its losses, less what came out and its losses."""
    fleet, charged, discharged = battery(start), 0.0, 0.0
    for step, aim in enumerate(aims):
        fleet, power = fleet.deliver(step, np.array([aim]))
        charged, discharged = charged + max(-power[0], 0.0), discharged + max(power[0], 0.0)
        stored = fleet.stored_kwh[0]
        assert -1e-9 <= stored <= 10 + 1e-9
        assert -4 - 1e-9 <= power[0] <= 5 + 1e-9

    burned = start + 0.9 * charged - discharged / 0.8 - stored
    assert burned >= -1e-9
    assert burned <= 1e-9 or min(aims) < 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"charge_efficiency": 0.0},
        {"charge_efficiency": 1.1},
        {"self_discharge_per_day": 1.0},
        {"minimum_kwh": 11.0},
        {"wear": -0.1},
        {"discharge_efficiency": np.nan},
    ],
)
def test_refuses_impossible_ratings(wrong):
    """A rating outside its range is a named error that names it."""
    with pytest.raises(InvalidValue, match=next(iter(wrong))):
        battery(5.0, **wrong)
