"""Sessions behind measured charging: what was measured is needed again, no more and no less."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micromarket.simulation.importers.charging import Session, car_series, charging_sessions

powers = st.lists(st.sampled_from([0.0, 0.0, 0.0, 3.7, 11.0]), min_size=4, max_size=80).map(np.array)


def test_a_car_stays_until_it_usually_leaves():
    """Charging in steps 2 and 3 is a session until step 8, the next time at which cars leave."""
    power = np.array([0, 0, 11.0, 4.0, 0, 0, 0, 0, 0, 0])

    assert [Session(2, 8, 15.0)] == charging_sessions(power, [0, 8])


def test_the_next_session_ends_the_one_before():
    """A car that charges again in step 6 was away in step 5."""
    power = np.array([0, 11.0, 0, 0, 0, 0, 11.0, 0])

    assert [Session(1, 5, 11.0), Session(6, 8, 11.0)] == charging_sessions(power, [0])


def test_one_idle_step_does_not_end_a_session():
    """A car that pauses for one step did not drive away."""
    power = np.array([0, 11.0, 0, 11.0, 0, 0, 0, 0])

    assert [Session(1, 6, 22.0)] == charging_sessions(power, [6])


def test_charging_may_last_longer_than_usual():
    """Measured charging across the usual departure keeps the car at the plug."""
    power = np.array([0, 0, 3.7, 3.7, 3.7, 0, 0, 0])

    assert [Session(2, 5, pytest.approx(11.1))] == charging_sessions(power, [3])


@given(powers)
def test_sessions_need_what_was_measured(power):
    """All sessions together need the measured energy; each can draw it in its time; none touch."""
    sessions = charging_sessions(power, [20, 40, 60])

    assert sum(session.energy for session in sessions) == pytest.approx(power.sum())
    assert all(session.energy <= 11 * (session.departure - session.arrival) for session in sessions)
    assert all(one.departure < other.arrival for one, other in pairwise(sessions))


@given(powers, st.integers(0, 30))
def test_a_stretch_needs_what_was_measured_in_it(power, first):
    """Energy missing at the start and used on trips is what was measured from the start on."""
    first = min(first, len(power) - 1)
    sessions = charging_sessions(power, [20, 40, 60])

    car = car_series(sessions, power, first, len(power) - first)

    assert car.missing + car.used.sum() == pytest.approx(power[first:].sum())
    assert not (car.plugged * car.used).any()
