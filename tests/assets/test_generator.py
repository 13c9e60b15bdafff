"""Dispatchable generators."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micromarket.assets.asset import Outlook
from micromarket.assets.engagement import EngagementRules
from micromarket.assets.generator import Generator
from micromarket.domain.surplus import production_cost
from micromarket.errors import InvalidValue


def generator(minimum=0.0, slope=0.01):
    """Return a generator of 10 kW that asks 0.30 for its first kW."""
    return Generator(("diesel",), *(np.array([value]) for value in (minimum, 10.0, 0.30, slope)))


def starting(cost, minimum_on=0.0):
    """Return a generator that asks 0.30 a kWh and `cost` for each start, and stays on for some hours."""
    rules = EngagementRules(*(np.array([value]) for value in (cost, 0.0, 0.0, minimum_on, 0.0)))
    return Generator(("diesel",), *(np.array([value]) for value in (4.0, 10.0, 0.30, 0.0)), rules)


def outlook(*prices):
    """Return a horizon of single hours, all tendered."""
    return Outlook(np.arange(len(prices) + 1), 1.0, np.array([prices], dtype=float), len(prices))


def test_offers_its_marginal_cost():
    """From nothing at 0.30 to 10 kW at 0.40."""
    curves = generator().curves(outlook(0.35))

    assert ([[[0.3, 0.4]]], [[[0.0, 10.0]]]) == (curves.prices.round(9).tolist(), curves.powers.tolist())


@pytest.mark.parametrize("power", [0.0, 3.0, 10.0])
def test_the_area_under_its_curve_is_its_quadratic_cost(power):
    """0.30 P and half of 0.01 P squared."""
    curves = generator().curves(outlook(0.35))

    assert 0.30 * power + 0.5 * 0.01 * power**2 == pytest.approx(production_cost(curves, power)[0, 0])


def test_plans_what_earns_most():
    """It runs until the next kW costs what it earns."""
    assert [[0.0, 5.0, 10.0]] == generator().schedule(outlook(0.2, 0.35, 0.9)).round(9).tolist()


def test_constant_cost_is_a_step():
    """Without slope it is all or nothing, and anything between at its own price."""
    curves = generator(slope=0.0).curves(outlook(0.35))

    assert ([[[0.3, 0.3]]], [[[0.0, 10.0]]]) == (curves.prices.tolist(), curves.powers.tolist())


def test_minimum_is_run_only_where_it_pays():
    """A minimum of 4 kW costs 0.32 a kWh on average; below that the generator stays off."""
    off, on = generator(minimum=4.0).curves(outlook(0.319, 0.321)).powers[0].tolist()

    assert ([0.0, 0.0], [4.0, 10.0]) == (off, on)


def test_a_start_must_be_earned_back_over_the_whole_run():
    """Two hours at 0.60 earn 6: worth a start that costs 5, not one that costs 7."""
    plans = [starting(cost).schedule(outlook(0.2, 0.6, 0.6, 0.2))[0].tolist() for cost in (5.0, 7.0)]

    assert [[0.0, 10.0, 10.0, 0.0], [0.0] * 4] == plans


def test_once_started_it_stays_on_for_its_time():
    """It must run for two hours: asked for nothing in the second, it gives its minimum, in the third it stops."""
    fleet, metered = starting(1.0, minimum_on=2.0), []
    for aim in (6.0, 0.0, 0.0):
        fleet, power = fleet.deliver(0, np.array([aim]))
        metered += power.tolist()

    assert ([6.0, 4.0, 0.0], [0.0]) == (metered, fleet.readings()["engaged"].tolist())


@given(st.floats(0, 9), st.floats(0, 0.05), st.floats(0, 1))
def test_plan_is_the_best_of_all_powers(minimum, slope, price):
    """No power it could run at, nor standing still, earns more than the plan."""
    power = generator(minimum, slope).schedule(outlook(price))[0, 0]
    choices = np.concatenate([[0.0], np.linspace(minimum, 10, 201)])
    earned = (price - 0.30) * np.append(choices, power) - slope * np.append(choices, power) ** 2 / 2

    assert earned[-1] >= earned[:-1].max() - 1e-12


@pytest.mark.parametrize(("aim", "metered"), [(0.0, 0.0), (2.0, 4.0), (5.0, 5.0), (99.0, 10.0)])
def test_runs_within_its_limits(aim, metered):
    """Off, or between minimum and maximum."""
    assert [metered] == generator(minimum=4.0).deliver(0, np.array([aim]))[1].tolist()


def test_stands_by_without_market():
    """Nobody pays it, so it rests."""
    assert [0.0] == generator().default_power(0, np.zeros(1)).tolist()


@pytest.mark.parametrize(("minimum", "slope"), [(-1.0, 0.0), (11.0, 0.0), (0.0, -0.1)])
def test_impossible_generator_is_refused(minimum, slope):
    """Limits in order, cost that does not fall."""
    with pytest.raises(InvalidValue, match="minimum <= maximum"):
        generator(minimum, slope)
