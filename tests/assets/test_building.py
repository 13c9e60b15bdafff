"""Equivalent thermal parameters: the response of air and mass in closed form, and heat that is never lost."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micromarket.assets.building import Building, Temperatures
from micromarket.errors import InvalidValue

POSITIVE = st.floats(0.05, 10)
BUILDINGS = st.builds(Building, POSITIVE, POSITIVE, POSITIVE, POSITIVE)
START = Temperatures(np.array([20.0]), np.array([21.0]))


def test_settles_where_leakage_equals_heat():
    """After a month of 2 kW and 10 °C outdoors, air and mass are 2 kW over 0.25 kW/K above outdoors."""
    end = Building(0.25, 2.0, 1.5, 6.0).response(24.0 * 30).after(START, np.array([0.25 * 10 + 2.0]), np.zeros(1))

    assert 18.0 == pytest.approx(end.air_c[0]) == pytest.approx(end.mass_c[0])


def test_without_mass_the_air_cools_exponentially():
    """With hardly any coupling to the mass, the air follows the closed form of one node."""
    end = Building(0.25, 2.0, 1e-9, 6.0).response(3.0).after(START, np.array([0.25 * 10]), np.zeros(1))

    assert 10 + 10 * np.exp(-0.25 * 3 / 2) == pytest.approx(end.air_c[0])
    assert 21.0 == pytest.approx(end.mass_c[0])


def test_between_air_and_mass_the_difference_decays():
    """With hardly any leakage, air and mass meet at their mean weighted by capacity."""
    building = Building(1e-9, 2.0, 1.5, 6.0)
    end = building.response(0.5).after(START, np.zeros(1), np.zeros(1))

    assert -np.exp(-1.5 * (1 / 2 + 1 / 6) * 0.5) == pytest.approx(end.air_c[0] - end.mass_c[0], abs=1e-7)
    assert 2 * 20 + 6 * 21 == pytest.approx(2 * end.air_c[0] + 6 * end.mass_c[0])


@settings(max_examples=50)
@given(building=BUILDINGS, hours=st.floats(0.05, 5), air_kw=st.floats(-10, 10), mass_kw=st.floats(-5, 5))
def test_two_steps_are_one_long_step(building, hours, air_kw, mass_kw):
    """Constant heat over two steps gives what one step of their length gives."""
    heat, short = (np.array([air_kw]), np.array([mass_kw])), building.response(hours)
    twice, once = short.after(short.after(START, *heat), *heat), building.response(2 * hours).after(START, *heat)

    assert np.allclose([twice.air_c, twice.mass_c], [once.air_c, once.mass_c], rtol=1e-9, atol=1e-9)


@settings(max_examples=25)
@given(building=BUILDINGS, air_kw=st.floats(-10, 10), mass_kw=st.floats(-5, 5))
def test_heat_is_conserved(building, air_kw, mass_kw):
    """Heat in, less what leaks by the mean air temperature, is the heat stored: over many short steps, to 1e-5."""
    response, now, leaked = building.response(0.002), START, 0.0
    for _ in range(500):
        then = response.after(now, np.array([air_kw]), np.array([mass_kw]))
        leaked += building.conductance_kw_per_k * (now.air_c + then.air_c) / 2 * 0.002
        now = then
    stored = building.air_capacity_kwh_per_k * (now.air_c - START.air_c)
    stored = stored + building.mass_capacity_kwh_per_k * (now.mass_c - START.mass_c)

    assert stored[0] == pytest.approx((air_kw + mass_kw - leaked)[0], rel=1e-3, abs=1e-3)


@settings(max_examples=50)
@given(building=st.builds(Building, st.floats(0.05, 0.3), POSITIVE, st.floats(1.0, 5.0), POSITIVE))
def test_the_slow_mode_is_the_long_end_of_a_pulse(building):
    """Long after a pulse of heat the air has risen by the lift, faded at the slow rate."""
    mode, late = building.slow_mode, 60.0
    pulse = building.response(1e-4).gained[:, 0] / 1e-4
    kept = building.response(late).kept
    risen = kept[0, 0] * pulse[0] + kept[0, 1] * pulse[1]

    assert risen[0] == pytest.approx((mode.lift_k_per_kwh * np.exp(-mode.rate_per_h * late))[0], rel=1e-2, abs=1e-9)


def test_refuses_what_stores_or_leaks_nothing():
    """Every parameter must be above 0; the error names it."""
    with pytest.raises(InvalidValue, match="mass_capacity"):
        Building(0.25, 2.0, 1.5, 0.0)
