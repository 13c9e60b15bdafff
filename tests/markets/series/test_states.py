"""The eight states of a market."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micromarket.errors import InvalidValue
from micromarket.markets.series.states import MarketState, StateMachine, Timing

CLEARING = datetime(2019, 11, 10, 9, 45, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY_AHEAD = Timing(60 * MINUTE, 24, 0 * MINUTE, 30 * MINUTE, 15 * MINUTE, 15 * MINUTE, 60 * MINUTE)

durations = st.integers(0, 90).map(lambda minutes: minutes * MINUTE)
timings = st.builds(
    Timing,
    interval_duration=st.integers(1, 60).map(lambda minutes: minutes * MINUTE),
    intervals_to_clear=st.integers(1, 24),
    activation_lead=durations,
    negotiation_lead=durations,
    market_lead=durations,
    delivery_lead=durations,
    reconciliation=durations,
)


def test_day_ahead_example_of_the_template():
    """Cleared at 9:45, delivered from 10:00: a delivery lead later, not earlier."""
    starts = DAY_AHEAD.starts(CLEARING)

    assert ["09:00", "09:00", "09:30", "09:45", "10:00", "10:00", "11:00"] == [f"{starts[s]:%H:%M}" for s in starts]
    assert timedelta(days=1) == starts[MarketState.RECONCILE] - starts[MarketState.DELIVERY]


def test_late_call_misses_nothing():
    """One call after the end enters every state there is."""
    machine = StateMachine(DAY_AHEAD.starts(CLEARING))

    assert list(MarketState)[1:] == list(machine.advance(CLEARING + timedelta(days=9)))
    assert (None, []) == (machine.next_start, list(machine.advance(CLEARING + timedelta(days=99))))


def test_not_a_moment_early():
    """A state begins at its time, not before."""
    machine = StateMachine(DAY_AHEAD.starts(CLEARING))
    list(machine.advance(CLEARING - timedelta(microseconds=1)))

    assert MarketState.MARKET_LEAD is machine.state
    assert [MarketState.DELIVERY_LEAD] == list(machine.advance(CLEARING))


@given(timings, st.lists(st.integers(-300, 2000), max_size=20))
def test_any_calls_enter_the_same_states(timing, minutes):
    """However often it is asked, and even backward in time, the machine enters every state once and in order."""
    machine = StateMachine(timing.starts(CLEARING))
    entered = [state for minute in minutes for state in machine.advance(CLEARING + minute * MINUTE)]
    entered += machine.advance(CLEARING + timedelta(days=9))

    assert list(MarketState)[1:] == entered


@given(timings)
def test_states_begin_in_order(timing):
    """No state begins before the one it follows."""
    starts = timing.starts(CLEARING)

    assert all(starts[before] <= starts[after] for before, after in pairwise(list(MarketState)[1:]))


@pytest.mark.parametrize(
    "wrong",
    [
        {"market_lead": -MINUTE},
        {"reconciliation": -MINUTE},
        {"intervals_to_clear": 0},
        {"interval_duration": 0 * MINUTE},
    ],
)
def test_impossible_timing_is_refused(wrong):
    """Time does not run backward, and a market delivers something."""
    with pytest.raises(InvalidValue):
        Timing(**{"interval_duration": MINUTE, **wrong})
