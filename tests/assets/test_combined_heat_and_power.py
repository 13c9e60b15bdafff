"""Combined heat and power: heat that is needed makes electricity cheaper."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micromarket.assets.asset import Outlook
from micromarket.assets.combined_heat_and_power import CombinedHeatAndPower, HeatUse
from micromarket.assets.engagement import EngagementRules
from micromarket.assets.generator import Generator
from micromarket.assets.profile import Profile
from micromarket.errors import InvalidValue
from perturbation import accepted


def engine(need, slope=0.0, boiler=0.06, rules=None, minimum=20.0):
    """Return an engine of 100 kW: 0.15 a kWh and 1 an hour for fuel; 10 kW of heat at no load, 1.2 for each kWh."""
    electric = Generator(("chp",), *(np.array([value]) for value in (minimum, 100.0, 0.15, slope)), rules)
    need = Profile(np.atleast_2d(np.asarray(need, dtype=float)), 24)
    return CombinedHeatAndPower(("chp",), electric, HeatUse(need, *map(np.array, ([10.0], [1.2], [boiler], [1.0]))))


def outlook(*prices):
    """Return a horizon of single hours, all tendered."""
    return Outlook(np.arange(len(prices) + 1), 1.0, np.array([prices], dtype=float), len(prices))


def earned(price, power, need, slope, boiler):
    """Return what an hour at a power earns, from fuel, heat and boiler one by one."""
    if power == 0.0:
        return -boiler * need
    heat = 10.0 + 1.2 * power
    return price * power - (1.0 + 0.15 * power + slope * power**2 / 2) - boiler * max(need - heat, 0.0)


def test_electricity_is_cheaper_while_its_heat_is_needed():
    """A need of 70 kW is met by 50 kW of electricity at 0.15 less 1.2 times 0.06; the rest costs 0.15."""
    curves = engine([70.0]).curves(outlook(0.12))

    assert [20.0, 50.0, 50.0, 100.0] == curves.powers[0, 0].tolist()
    assert [0.078, 0.078, 0.15, 0.15] == pytest.approx(curves.prices[0, 0].tolist())


@pytest.mark.parametrize(("need", "step_at"), [(5.0, 20.0), (500.0, 100.0)])
def test_the_step_stays_within_the_limits(need, step_at):
    """With hardly any need no kWh has a credit, with a great one every kWh has."""
    assert [20.0, step_at, step_at, 100.0] == engine([need]).curves(outlook(0.3)).powers[0, 0].tolist()


@settings(max_examples=200)
@given(st.floats(0, 0.3), st.floats(0, 200), st.floats(0, 0.002), st.floats(0, 0.12))
def test_plan_is_the_best_of_all_powers(price, need, slope, boiler):
    """No power it could run at, nor standing still, earns more than the plan."""
    plan = engine([need], slope, boiler).schedule(outlook(price))[0, 0]
    choices = [0.0, *np.linspace(20, 100, 401)]
    best = max(earned(price, power, need, slope, boiler) for power in choices)

    assert earned(price, plan, need, slope, boiler) >= best - 1e-9


@settings(max_examples=100)
@given(st.floats(0, 200), st.floats(0, 0.002), st.floats(-0.1, 0.3))
def test_the_curve_is_what_another_price_would_do(need, slope, price):
    """Where it is engaged, the curve says at any price what brute force says is best between its limits."""
    curves = engine([need], slope).curves(outlook(1.0))
    powers = np.unique(np.append(np.linspace(20, 100, 401), np.clip((need - 10) / 1.2, 20, 100)))
    worth = np.array([earned(price, power, need, slope, 0.06) for power in powers])
    least, most = accepted(curves, 0, 0, price)
    chosen = earned(price, least, need, slope, 0.06), earned(price, most, need, slope, 0.06)

    assert min(chosen) >= worth.max() - 1e-9


def test_boiler_and_cooler_balance_the_heat():
    """At 50 kW of electricity there are 70 kW of heat: 30 are missing at a need of 100, 40 too many at 30."""
    readings = [engine([need]).deliver(0, np.array([50.0]))[0].readings() for need in (100.0, 30.0)]

    assert [30.0, 0.0] == [reading["boiler_kw"][0] for reading in readings]
    assert [0.0, 40.0] == [reading["dumped_kw"][0] for reading in readings]


def test_cost_is_that_of_fuel_less_the_boiler_spared():
    """What plan and books say agrees with fuel, heat and boiler counted one by one."""
    fleet, power = engine([70.0, 30.0, 90.0]), np.array([[50.0, 40.0, 0.0]])
    alone = [-earned(0.0, kw, need, 0.0, 0.06) - 0.06 * need for kw, need in zip(power[0], (70, 30, 90), strict=True)]

    assert alone == pytest.approx(fleet.cost(power)[0].tolist())


def test_follows_the_heat_without_a_market():
    """It makes the heat that is needed, and rests where its minimum would make too much."""
    fleet = engine([70.0, 20.0, 500.0])

    assert [50.0, 0.0, 100.0] == [fleet.default_power(step, np.zeros(1))[0] for step in range(3)]


def test_a_start_must_be_earned_back_by_heat_and_power():
    """Three hours at 0.14 earn 2.7 each thanks to the heat: worth a start of 8, not of 8.2."""

    def plan(cost):
        rules = EngagementRules(*(np.array([value]) for value in (cost, 0.0, 0.0, 0.0, 0.0)))
        return engine([70.0] * 24, rules=rules).schedule(outlook(0.0, 0.14, 0.14, 0.14, 0.0))[0].tolist()

    hour = earned(0.14, 50.0, 70.0, 0.0, 0.06) - earned(0.14, 0.0, 70.0, 0.0, 0.06)
    assert [0.0, 50.0, 50.0, 50.0, 0.0] == plan(3 * hour - 0.1)
    assert [0.0] * 5 == plan(3 * hour + 0.1)


def test_an_engine_runs_at_some_least_power():
    with pytest.raises(InvalidValue, match="minimum_kw must be above 0"):
        engine([70.0], minimum=0.0)
