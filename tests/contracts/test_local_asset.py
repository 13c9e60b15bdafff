"""What every fleet of local assets keeps, whatever its kind."""

import numpy as np
import pytest
from fleets import DAYS, FLEETS, STEPS_PER_DAY
from hypothesis import given, settings
from hypothesis import strategies as st

from micromarket.assets.asset import Outlook
from perturbation import accepted

COUNT = 5
TENDERED_KW = 1e-7
"""How far a planned power may miss its own curve: solver noise [kW]."""

every_fleet = pytest.mark.parametrize("kind", sorted(FLEETS))


@st.composite
def outlooks(draw):
    """Return an uneven horizon somewhere in the run, with random prices for each device."""
    start = draw(st.integers(0, (DAYS - 2) * STEPS_PER_DAY))
    widths = draw(st.lists(st.integers(1, 4), min_size=2, max_size=12))
    prices = np.random.default_rng(draw(st.integers(0, 2**32 - 1))).uniform(-0.1, 0.5, (COUNT, len(widths)))
    if draw(st.booleans()):
        prices = prices.round(1)
    tendered = draw(st.integers(1, len(widths)))
    return Outlook(start + np.concatenate([[0], np.cumsum(widths)]), 1.0, prices, tendered)


def fleet_at(kind, step):
    """Return a fleet that has lived through the steps before `step`, each as it planned."""
    fleet = FLEETS[kind](range(COUNT))
    for past in range(step):
        outlook = Outlook(np.array([past, past + 1]), 1.0, np.full((COUNT, 1), 0.2), 1)
        fleet, _ = fleet.deliver(past, fleet.schedule(outlook)[:, 0])
    return fleet


@every_fleet
@settings(max_examples=25)
@given(outlook=outlooks())
def test_curves_are_finite_and_rise(kind, outlook):
    """Curves pass the checks of their constructor: one per device, tendered step; nothing falls."""
    fleet = fleet_at(kind, int(outlook.edges[0]) % STEPS_PER_DAY)
    curves = fleet.curves(outlook)

    type(curves)(curves.prices, curves.powers)
    assert (COUNT, outlook.tendered) == (len(curves), curves.intervals)


@every_fleet
@settings(max_examples=25)
@given(outlook=outlooks())
def test_the_plan_lies_on_the_curve(kind, outlook):
    """At the price it expects, a device accepts the power it plans."""
    fleet = fleet_at(kind, int(outlook.edges[0]) % STEPS_PER_DAY)
    plan, curves = fleet.schedule(outlook), fleet.curves(outlook)

    assert (COUNT, len(outlook.hours)) == plan.shape
    for device in range(COUNT):
        for step in range(outlook.tendered):
            least, most = accepted(curves, device, step, outlook.prices[device, step])
            assert least - TENDERED_KW <= plan[device, step] <= most + TENDERED_KW


@every_fleet
@settings(max_examples=10)
@given(outlook=outlooks(), share=st.floats(0, 1))
def test_old_fleet_is_unchanged(kind, outlook, share):
    """Delivering gives a new fleet; asked again, the old one answers the same."""
    step = int(outlook.edges[0]) % STEPS_PER_DAY
    fleet = fleet_at(kind, step)
    before, curves = {name: values.copy() for name, values in fleet.readings().items()}, fleet.curves(outlook)
    aim = curves.powers[:, 0, 0] + share * np.ptp(curves.powers[:, 0], axis=1)
    (first, metered), (second, again) = fleet.deliver(step, aim), fleet.deliver(step, aim)

    assert np.array_equal(metered, again)
    assert np.isfinite(metered).all()
    assert _same(before, fleet.readings())
    assert _same(first.readings(), second.readings())
    assert np.array_equal(curves.powers, fleet.curves(outlook).powers)


@every_fleet
@settings(max_examples=10)
@given(outlook=outlooks(), device=st.integers(0, COUNT - 1))
def test_one_device_is_a_fleet_of_one(kind, outlook, device):
    """A device does alone what it does among others."""
    alone, many = FLEETS[kind](range(device, device + 1)), FLEETS[kind](range(COUNT))
    single = Outlook(outlook.edges, outlook.base_hours, outlook.prices[device : device + 1], outlook.tendered)
    aim = many.schedule(outlook)[:, 0]
    (after_alone, power), (after_many, powers) = alone.deliver(0, aim[device : device + 1]), many.deliver(0, aim)

    assert many.ids[device : device + 1] == alone.ids
    assert np.allclose(many.schedule(outlook)[device], alone.schedule(single)[0], rtol=0, atol=1e-9)
    assert np.allclose(powers[device], power[0], rtol=0, atol=1e-9)
    for name, values in after_alone.readings().items():
        assert np.allclose(after_many.readings()[name][device], values[0], rtol=0, atol=1e-9)


@every_fleet
def test_life_without_market(kind):
    """Without a market, every device knows what to do, and can do it."""
    fleet = FLEETS[kind](range(COUNT))
    for step in range(STEPS_PER_DAY):
        power = fleet.default_power(step, np.zeros(COUNT))
        fleet, metered = fleet.deliver(step, power)

        assert (COUNT,) == power.shape == metered.shape
        assert np.isfinite(power).all()


@every_fleet
def test_readings_have_units(kind):
    """Every reading is an array over the devices, named with its unit."""
    for name, values in FLEETS[kind](range(COUNT)).readings().items():
        assert (COUNT,) == values.shape
        assert name.endswith(("_kwh", "_kw", "_c", "_k", "_h", "_l", "_percent", "_hours"))


def _same(left, right):
    return left.keys() == right.keys() and all(np.array_equal(left[name], right[name]) for name in left)
