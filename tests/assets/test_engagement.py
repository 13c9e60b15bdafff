"""When to be on: the dynamic program against every plan there is."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micromarket.assets.engagement import Engaged, EngagementRules, best_engagement
from micromarket.errors import InvalidValue, WrongShape


def rules(start=0.0, stop=0.0, hold=0.0, on=0.0, off=0.0):
    """Return the rules of one device."""
    return EngagementRules(*(np.array([float(value)]) for value in (start, stop, hold, on, off)))


def worth(plan, rule, state, gain, hours):
    """Return what a plan earns, or None if it breaks a minimum time; a walk from step to step."""
    on, since, earned = bool(state.on[0]), float(state.since_h[0]), 0.0
    for now, step_gain, duration in zip(plan, gain, hours, strict=True):
        if now != on:
            if since < (rule.minimum_on_h if on else rule.minimum_off_h)[0]:
                return None
            earned -= (rule.start_cost if now else rule.stop_cost)[0]
            on, since = now, 0.0
        earned += now * (step_gain - rule.hold_cost[0] * duration)
        since += duration
    return earned


COST, TIME = st.integers(0, 6), st.integers(0, 4)
RULES = st.builds(rules, COST, COST, st.integers(-1, 2), TIME, TIME)
STATES = st.builds(lambda on, since: Engaged(np.array([on]), np.array([float(since)])), st.booleans(), TIME)
STEPS = st.lists(st.tuples(st.integers(-5, 7), st.integers(1, 3)), min_size=1, max_size=9)


@given(RULES, STATES, STEPS)
def test_no_allowed_plan_earns_more(rule, state, steps):
    """All plans of up to nine uneven steps, from any state."""
    gain, hours = (np.array(column, dtype=float) for column in zip(*steps, strict=True))
    chosen = best_engagement(rule, state, gain[None], hours)[0]
    earned = [worth(plan, rule, state, gain, hours) for plan in product([False, True], repeat=len(steps))]

    assert max(value for value in earned if value is not None) == worth(chosen, rule, state, gain, hours)


def test_devices_do_not_disturb_each_other():
    """Fifty at once plan as each of them alone."""
    rng = np.random.default_rng(3)
    many = EngagementRules(*rng.integers(0, 4, (5, 50)).astype(float))
    state, gain = Engaged(rng.random(50) < 0.5, rng.integers(0, 4, 50).astype(float)), rng.normal(0, 3, (50, 12))
    alone = [
        best_engagement(
            EngagementRules(*(getattr(many, name)[[k]] for name in many.__slots__)),
            Engaged(state.on[[k]], state.since_h[[k]]), gain[[k]], np.ones(12),
        )[0]
        for k in range(50)
    ]  # fmt: skip

    np.testing.assert_array_equal(alone, best_engagement(many, state, gain, np.ones(12)))


def test_a_short_dip_is_not_worth_a_restart():
    """An hour that loses 2 is held through, since stopping and starting cost 3; without that cost it is not."""
    gain = np.array([[5.0, -2.0, 5.0]])
    plans = [best_engagement(rules(start=cost), Engaged.resting(1), gain, np.ones(3))[0] for cost in (3.0, 0.0)]

    assert [[True, True, True], [True, False, True]] == [plan.tolist() for plan in plans]


def test_time_runs_on_until_a_change():
    """Two quarter-hours on, then one off."""
    state = Engaged.resting(1).after(np.array([True]), 0.25).after(np.array([True]), 0.25)

    assert [0.5, 0.25] == [state.since_h[0], state.after(np.array([False]), 0.25).since_h[0]]


@pytest.mark.parametrize("wrong", [{"on": -1.0}, {"off": -1.0}, {"start": 1.0, "stop": -2.0}])
def test_impossible_rules_are_refused(wrong):
    with pytest.raises(InvalidValue):
        rules(**wrong)


def test_rules_for_another_number_of_devices_are_refused():
    with pytest.raises(WrongShape):
        EngagementRules(np.zeros(2), np.zeros(2), np.zeros(2), np.zeros(2), np.zeros(3))
