import numpy as np
import pytest

from micromarket.node.networks.nested import clear_nested
from micromarket.node.networks.welfare import lines_gain, welfare, welfare_bound
from trees import load, offers, random_market, supplier, tree


def test_cost_is_the_area_below_the_curve():
    """2 kW on a step at 0.10 and 2 kW on a slope from 0.10 to 0.30."""
    curve = offers((0.10, 0.0), (0.10, 2.0), (0.30, 4.0))

    assert -0.2 - 2 * 0.2 == pytest.approx(welfare(curve, np.array([[4.0]]))[0])


def test_consumption_has_value():
    """3 kW wanted at up to 0.30, of which 2 kW are taken."""
    assert 0.6 == pytest.approx(welfare(offers((0.30, -3.0), (0.30, 0.0)), np.array([[-2.0]]))[0])


def test_a_must_run_counts_from_its_power():
    assert 0.0 == welfare(load(2.0), np.array([[-2.0]]))[0]


def test_wrong_prices_bound_from_above():
    """No price proves less than what the auction reaches."""
    least = np.inf
    for seed in range(200):
        grown, curves, member_of = random_market(seed, losses=True)
        cleared = clear_nested(grown, curves, member_of)
        if not cleared.outcome.any():
            wrong = cleared.price + np.random.default_rng(seed).normal(0, 0.01, cleared.price.shape)
            bound = welfare_bound(grown, curves, member_of, wrong)
            least = min(least, float((bound - welfare(curves, cleared.powers_kw)).min()))

    assert least > -1e-9


def test_an_unlimited_line_between_two_prices_gains_without_end():
    assert np.isinf(lines_gain(tree([-1, 0]), np.array([[0.1], [0.2]]))).all()


def test_a_line_gains_its_limit_times_the_difference():
    assert 0.5 == pytest.approx(lines_gain(tree([-1, 0], 5.0, 3.0), np.array([[0.1], [0.2]]))[0])


def test_supplier_sells_at_its_price():
    assert -0.8 == pytest.approx(welfare(supplier(0.20), np.array([[4.0]]))[0])
