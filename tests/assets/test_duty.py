"""Machines whose power bends upward with their load."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micromarket.assets.duty import Duty


def fan(bend_kw=4.0, per_kw=0.25, exponent=3.0):
    """Return a machine for 40 kW of heat: 10 kW that rise straight, and the cube of a fan."""
    return Duty(*(np.array([[value]]) for value in (40.0, per_kw, bend_kw, exponent)))


machines = st.builds(fan, st.floats(0, 20), st.floats(0, 1), st.floats(1, 4))


def test_power_of_a_fan_is_a_cube():
    """At half load the fan takes an eighth of its 4 kW."""
    assert [[5.0 + 0.5]] == fan().power_kw(np.array([[20.0]])).tolist()


@given(machines, st.floats(0, 40))
def test_load_and_power_are_inverse(machine, heat):
    """The load that a power serves takes that power."""
    power = machine.power_kw(np.array([[heat]]))

    assert power == pytest.approx(machine.power_kw(machine.heat_kw(power)), abs=1e-9)


@given(machines, st.floats(0, 40), st.floats(0, 1))
def test_chords_lie_above_the_power_and_meet_it_in_three_loads(machine, usual, share):
    """Two lines never promise more heat for a power than there is, and are right where they start, meet and end."""
    chords, load = machine.at(np.array([[usual]])), 40.0 * share
    kink = chords.kink_kw[0, 0]

    def by_chords(heat):
        return min(heat, kink) * chords.below + max(heat - kink, 0.0) * chords.above

    assert by_chords(load) >= machine.power_kw(np.array([[load]])) - 1e-9
    for heat in (0.0, kink, 40.0):
        assert by_chords(heat) == pytest.approx(machine.power_kw(np.array([[heat]])), abs=1e-9)


def test_power_beyond_the_need_runs_in_turn():
    """Half load takes 5.5 kW steadily and 7 kW in turn at full load and off; 9 kW cannot be explained."""
    machine, most = fan(), np.array([[20.0]])
    runs = [machine.run(np.array([[aim]]), 0 * most, most) for aim in (5.5, 6.0, 9.0)]

    assert [20.0] * 3 == pytest.approx([heat[0, 0] for heat, _ in runs])
    assert [5.5, 6.0, 7.0] == pytest.approx([power[0, 0] for _, power in runs])


def test_the_least_load_is_run_at_any_aim():
    """Asked for nothing, a machine that must run at 20 kW of heat draws what that takes."""
    heat, power = fan().run(np.array([[0.0]]), np.array([[20.0]]), np.array([[30.0]]))

    assert (20.0, 5.5) == (heat[0, 0], power[0, 0])
