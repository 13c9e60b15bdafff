"""Chillers with cold-water tanks: the need is served at any price, and made when power is cheap."""

import highspy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micromarket.assets.asset import Outlook
from micromarket.assets.chiller import Chiller, ChillerRatings
from micromarket.assets.profile import Profile
from micromarket.errors import InvalidValue
from perturbation import misses

NEED = np.where((np.arange(96) % 24 >= 8) & (np.arange(96) % 24 < 20), 60.0, 10.0)
DEAR_DAY = np.where((np.arange(24) >= 10) & (np.arange(24) < 18), 0.3, 0.1)


def chiller(bent=0.4, tank_kwh=300.0, need=NEED, loss=0.0, stored=50.0):
    """Return one chiller of 100 kW of cooling at a COP of 4, in steps of an hour over four days."""
    ratings = ChillerRatings(100.0, 4.0, bent, tank_kwh, loss)
    return Chiller(("plant",), ratings, Profile(need[None], 24), 1.0, np.array([stored]))


def outlook(prices, first=0, tendered=1):
    """Return a horizon of hours from `first` on."""
    return Outlook(first + np.arange(len(prices) + 1), 1.0, np.array([prices], dtype=float), tendered)


def test_power_is_a_polynomial_of_the_load():
    """At full load 25 kW; at half load 7.5 kW straight and a quarter of the 10 kW that bend."""
    powers = [
        chiller(need=np.full(96, load), tank_kwh=0.0, stored=0.0).default_power(0, np.zeros(1))
        for load in (100.0, 50.0)
    ]

    assert [[-25.0], [-10.0]] == [power.tolist() for power in powers]


def test_cools_in_the_night_for_the_day():
    """With a cheap night and a dear day the tank is full at 10 h and empty at 18 h, and everything was served."""
    fleet, stored = chiller(), []
    for step in range(24):
        fleet, _ = fleet.deliver(step, fleet.schedule(outlook(np.roll(DEAR_DAY, -step), step))[:, 0])
        stored.append(fleet.stored_kwh[0])
        assert [0.0] == fleet.missing_kwh.tolist()

    assert [300.0, 0.0] == pytest.approx([stored[9], stored[17]], abs=1.0)


@settings(max_examples=30)
@given(aims=st.lists(st.floats(-40, 5), min_size=24, max_size=24), tank=st.floats(0, 200))
def test_the_need_is_served_whatever_the_market_asks(aims, tank):
    """The tank stays between empty and full, nothing is missing, and energy is conserved hour by hour."""
    fleet = chiller(tank_kwh=tank, stored=0.0)
    for step, aim in enumerate(aims):
        before = fleet.stored_kwh[0]
        fleet, power = fleet.deliver(step, np.array([aim]))
        made = NEED[step] + fleet.stored_kwh[0] - before
        assert [0.0] == fleet.missing_kwh.tolist()
        assert -1e-9 <= fleet.stored_kwh[0] <= tank + 1e-9
        steadily = 0.6 * made / 4 + 0.4 * made**2 / 400
        assert steadily - 1e-9 <= -power[0] <= made / 4 + 1e-9


def test_one_number_serves_a_whole_fleet():
    """Three plants of the same ratings do what each does alone."""
    ratings, need = chiller().ratings, Profile(np.tile(NEED, (3, 1)), 24)
    fleet = Chiller(("a", "b", "c"), ratings, need, 1.0, np.full(3, 50.0))
    ahead = Outlook(np.arange(25), 1.0, np.tile(DEAR_DAY, (3, 1)), 1)
    after, power = fleet.deliver(0, fleet.schedule(ahead)[:, 0])
    alone, one = chiller().deliver(0, chiller().schedule(outlook(DEAR_DAY))[:, 0])

    assert (3 * one.tolist(), 3 * alone.stored_kwh.tolist()) == (power.tolist(), after.stored_kwh.tolist())


def test_what_cannot_be_served_is_told():
    """A need of 130 kW on a chiller of 100 kW and an empty tank misses 30 kWh in the hour."""
    fleet, power = chiller(need=np.full(96, 130.0), stored=0.0).deliver(0, np.zeros(1))

    assert (-25.0, 30.0) == (power[0], fleet.readings()["cooling_missing_kwh"][0])


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), step=st.integers(0, 3), price=st.floats(0.03, 0.7), bent=st.floats(0, 1))
def test_the_curve_is_what_another_price_would_do(seed, step, price, bent):
    """Perturbed in one interval, the new plan lies on the curve of the old one; the last price, the lowest, stays."""
    prices = np.append(np.random.default_rng(seed).uniform(0.05, 0.5, 23), 0.02)

    assert [0.0] == pytest.approx(misses(chiller(bent), outlook(prices, 0, 4), step, price), abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_plans_what_a_linear_program_plans(seed):
    """The power as two lines, in a program that knows nothing of stores: both pay the same."""
    prices = np.random.default_rng(seed).uniform(0.05, 0.5, 24)
    fleet = chiller(loss=0.05)
    plan = -fleet.schedule(outlook(prices))[0]

    assert _least_cost(prices) == pytest.approx(prices @ plan - _left_worth(prices, plan), rel=1e-7)


def test_two_lines_cost_little():
    """A day as the square says, planned by two lines, costs at most 8 % more than the best on a fine grid."""
    fleet, paid, best = chiller(stored=0.0), 0.0, _best_on_a_grid()
    for step in range(24):
        ahead = outlook(np.append(DEAR_DAY[step:], 0.0), step)
        fleet, power = fleet.deliver(step, fleet.schedule(ahead)[:, 0])
        paid -= DEAR_DAY[step] * power[0]

    assert best <= paid + 1e-9
    assert paid < 1.08 * best


def test_impossible_ratings_are_refused():
    with pytest.raises(InvalidValue, match="bent must lie between 0 and 1"):
        ChillerRatings(100.0, 4.0, bent=1.5)


KINK, BELOW, ABOVE = 35.0, 0.15 + 0.1 * 0.35, 0.15 + 0.1 * 1.35
"""Two lines for the power: they meet at the mean need, since the tank evens out 25 kW either way."""


def _left_worth(prices, plan):
    """Return what is left after a plan of powers, at the lowest price and the last hour's efficiency."""
    left = 50.0
    for hour, power in enumerate(plan):
        base = min(power / BELOW, KINK)
        left = left * 0.95 ** (1 / 24) + base + (power - base * BELOW) / ABOVE - NEED[hour]
    return left * prices.min() * BELOW


def _least_cost(prices):
    """Return the least cost of a day less what is left at its end, by a linear program."""
    solver, cost, stored = highspy.Highs(), 0.0, 50.0
    solver.silent()
    for hour in range(24):
        base, extra = solver.addVariable(lb=0.0, ub=KINK), solver.addVariable(lb=0.0, ub=100.0 - KINK)
        after = solver.addVariable(lb=0.0, ub=300.0)
        solver.addConstr(0.95 ** (1 / 24) * stored + base + extra - after == NEED[hour])
        cost, stored = cost + prices[hour] * (BELOW * base + ABOVE * extra), after
    solver.minimize(cost - prices.min() * BELOW * stored)
    return solver.getInfo().objective_function_value


def _best_on_a_grid():
    """Return the least cost of a day from an empty tank by brute force, in steps of 2.5 kWh."""
    levels = np.arange(0.0, 300.1, 2.5)
    value = np.zeros(len(levels))
    for hour in reversed(range(24)):
        made = levels[None, :] - levels[:, None] + NEED[hour]
        power = np.where((made >= 0) & (made <= 100), 0.15 * made + 0.001 * made**2, np.inf)
        value = (DEAR_DAY[hour] * power + value).min(axis=1)
    return value[0]
