"""Stores are planned exactly: against HiGHS, by perturbing prices, and the plain twin against the compiled kernel."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from micromarket.errors import InvalidValue, NotFinite, WrongShape
from micromarket.kernels.storage import Stores, curves, curves_plain, plan, plan_plain
from storage_program import CEILING, cost_of, optimum, random_stores

SEEDS = st.integers(0, 2**32 - 1)
FEATURES = st.fixed_dictionaries({name: st.booleans() for name in ("losses", "limits")})


def battery(**changes):
    """Return a lossy battery of 10 kWh and 5 kW over as many hours as there are prices, half full."""
    ratings = {"charge_kw": 5.0, "discharge_kw": 5.0, "gain": 0.9, "drain": 1 / 0.9, "lowest": 0.0, "highest": 10.0}
    return Stores(**{"hours": np.ones(1), "initial": np.array([5.0]), **ratings, **changes})


def accepted(prices, powers, price, slack=1e-7):
    """Return the least and the most power that a curve accepts near a price."""
    return np.interp(price - slack, prices, powers), np.interp(price + slack, prices, powers)


@settings(max_examples=100, deadline=None)
@given(seed=SEEDS, features=FEATURES)
def test_plan_costs_what_the_linear_program_costs(seed, features):
    """No plan of any battery or vehicle is cheaper, negative prices and unreachable limits included."""
    stores, prices = random_stores(seed, **features)
    powers, states = plan(stores, prices)
    for store in range(2):
        least, _ = optimum(stores, prices, store)
        assert least == pytest.approx(
            cost_of(stores, prices, store, powers[store], states[store]), rel=1e-7, abs=1e-7
        )


@settings(max_examples=50, deadline=None)
@given(seed=SEEDS, features=FEATURES)
def test_plan_costs_what_the_quadratic_program_costs(seed, features):
    """With comfort, different below and above the target, the same holds for the quadratic program."""
    stores, prices = random_stores(seed, comfort=True, **features)
    powers, states = plan(stores, prices)
    for store in range(2):
        found = optimum(stores, prices, store)
        assume(found is not None)
        assert found[0] == pytest.approx(
            cost_of(stores, prices, store, powers[store], states[store]), rel=1e-7, abs=1e-6
        )


@settings(max_examples=50, deadline=None)
@given(seed=SEEDS, features=FEATURES, price=st.floats(-0.3, 0.8))
def test_curve_is_the_optimum_of_a_perturbed_price(seed, features, price):
    """Solved again with one price changed, the program's power lies on the curve of that step."""
    stores, prices = random_stores(seed, **features)
    corners = curves(stores, prices, prices.shape[1])
    for step in range(prices.shape[1]):
        perturbed = prices.copy()
        perturbed[0, step] = price
        _, powers = optimum(stores, perturbed, 0)
        low, high = accepted(corners[0][0, step], corners[1][0, step], price)
        assert low - 1e-5 <= powers[step] <= high + 1e-5


@settings(max_examples=200, deadline=None)
@given(seed=SEEDS, features=FEATURES, comfort=st.booleans(), vertex=st.integers(0, 50))
def test_plan_follows_the_curve_when_a_price_changes(seed, features, comfort, vertex):
    """Planned again at a price near any vertex of a curve, power lies on that curve."""
    stores, prices = random_stores(seed, comfort, **features)
    corners = curves(stores, prices, prices.shape[1])
    for step in range(prices.shape[1]):
        perturbed = prices.copy()
        perturbed[:, step] = corners[0][:, step, vertex % corners[0].shape[2]] + 1e-4
        powers = plan(stores, perturbed)[0]
        for store in np.flatnonzero(np.abs(perturbed[:, step]) < CEILING / 2):
            low, high = accepted(corners[0][store, step], corners[1][store, step], perturbed[store, step])
            assert low - 1e-7 <= powers[store, step] <= high + 1e-7


@settings(max_examples=200, deadline=None)
@given(seed=SEEDS, features=FEATURES, comfort=st.booleans())
def test_curves_rise_within_what_the_converter_can(seed, features, comfort):
    """Prices and powers never fall along a curve, and no power is beyond the limits at the meter."""
    stores, prices = random_stores(seed, comfort, **features)
    corners, powers = curves(stores, prices, prices.shape[1])
    least, most = (
        np.broadcast_to(limit, prices.shape)[:, :, None] for limit in (stores.charge_kw, stores.discharge_kw)
    )

    assert (np.diff(corners, axis=2) >= 0).all()
    assert (np.diff(powers, axis=2) >= 0).all()
    assert ((powers >= -least - 1e-9) & (powers <= most + 1e-9)).all()


@settings(max_examples=100, deadline=None)
@given(seed=SEEDS, features=FEATURES, comfort=st.booleans())
def test_the_plain_twin_plans_the_same(seed, features, comfort):
    """Plain Python and the compiled kernel give the same powers, states and curves."""
    stores, prices = random_stores(seed, comfort, **features)
    plain, compiled = curves_plain(stores, prices, prices.shape[1]), curves(stores, prices, prices.shape[1])

    for ours, theirs in zip(plan_plain(stores, prices), plan(stores, prices), strict=True):
        assert np.allclose(ours, theirs, rtol=0, atol=1e-9)
    for where in np.ndindex(prices.shape):
        middles = np.convolve(np.unique(compiled[0][where].round(5)), [0.5, 0.5], "valid")
        ours, theirs = (np.interp(middles, prices[where], powers[where]) for prices, powers in (plain, compiled))
        assert np.allclose(ours, theirs, rtol=0, atol=1e-5)


def test_many_stores_are_planned_like_one():
    """Split between threads or alone, a store gets the same bytes."""
    rng = np.random.default_rng(1)
    prices, initial = rng.uniform(0, 0.4, (200, 48)), rng.uniform(0, 10, 200)
    stores = battery(hours=np.full(48, 0.5), initial=initial, end_value=0.1)
    powers, _ = plan(stores, prices)
    single, _ = plan(replace(stores, initial=initial[150:151]), prices[150:151])

    assert single.tobytes() == powers[150:151].tobytes()


def test_buys_low_and_sells_high():
    """Over one cheap and one dear hour: full power in, and out what the losses leave."""
    powers, states = plan(battery(hours=np.ones(2), initial=np.zeros(1)), np.array([[0.1, 0.3]]))

    assert [[-5.0, 0.81 * 5]] == pytest.approx(powers)
    assert [[0.0, 4.5, 0.0]] == pytest.approx(states)


def test_rests_within_the_spread_that_losses_need():
    """A rise in price that does not pay for the losses moves nothing."""
    powers, _ = plan(battery(hours=np.ones(2), initial=np.zeros(1)), np.array([[0.25, 0.30]]))

    assert [[0.0, 0.0]] == powers.tolist()


def test_a_full_battery_burns_energy_at_negative_prices():
    """At a negative price half the interval's swing is burned: the curve has a step at price 0."""
    prices, powers = curves(battery(initial=np.array([10.0]), end_value=0.2), np.array([[0.1]]), 1)
    burned = 5.0 - 10.0 * (5 / 0.9) / (5 / 0.9 + 5 * 0.9)

    assert [0.0, 0.0] == prices[0, 0, :2].tolist()
    assert [burned, 0.0] == pytest.approx(powers[0, 0, :2])


def test_wear_puts_off_burning():
    """With wear, burning begins only where the price pays for it both ways."""
    prices, _ = curves(battery(initial=np.array([10.0]), end_value=0.2, wear=0.01), np.array([[0.1]]), 1)

    assert -0.01 * (1 / 0.9 + 0.9) / (1 / 0.9 - 0.9) == pytest.approx(prices[0, 0, 0])


def test_what_cannot_be_reached_is_neared():
    """A level that is out of reach is approached at full power, whatever the price; the curve is inelastic."""
    stores = battery(hours=np.ones(2), initial=np.zeros(1), lowest=np.array([[0.0, 10.0]]))
    prices, powers = curves(stores, np.full((1, 2), 0.9), 2)

    assert (1, 2, 1) == prices.shape
    assert [[-5.0], [-5.0]] == powers[0].tolist()


@pytest.mark.parametrize(
    "change",
    [
        {"gain": 0.0},
        {"gain": 1.2},
        {"charge_kw": -1.0},
        {"discharge_kw": -1.0},
        {"highest": -1.0},
        {"retained": 0.0},
        {"retained": 1.1},
        {"wear": -0.1},
        {"comfort_below": -1.0},
        {"comfort_above": np.nan},
    ],
)
def test_refuses_what_would_not_be_a_store(change):
    """A parameter outside its range is a named error."""
    with pytest.raises(InvalidValue):
        battery(**change)


def test_refuses_arrays_that_do_not_fit():
    """Prices of another shape, parameters of another length, and prices without a value are named errors."""
    with pytest.raises(WrongShape):
        plan(battery(), np.zeros((1, 2)))
    with pytest.raises(WrongShape):
        plan(battery(charge_kw=np.ones((3, 1))), np.zeros((1, 1)))
    with pytest.raises(NotFinite):
        plan(battery(), np.full((1, 1), np.nan))
    with pytest.raises(NotFinite):
        battery(drift=np.inf)
