"""No engaged supplier loses, and nothing is paid from nowhere."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micromarket.dso.make_whole import make_whole
from micromarket.errors import InvalidValue, WrongShape

MONEY = st.integers(-(10**9), 10**9)


@given(st.lists(st.tuples(MONEY, MONEY), min_size=1, max_size=6), st.lists(st.floats(0, 1e4), min_size=1, max_size=6))
def test_nobody_loses_and_the_sum_is_zero(suppliers, drawn):
    """Whatever was earned and spent: losses are paid to the micro-unit, gains are left alone."""
    income, cost = np.array(suppliers).T
    if sum(drawn) < 1e-3:
        return
    made = make_whole(income, cost, drawn)

    left = income - cost + made.received
    assert (True, True, 0) == (
        (left >= 0).all(),
        (made.received[income >= cost] == 0).all(),
        made.received.sum() - made.charged.sum(),
    )


def test_charges_follow_the_energy_drawn():
    """Three times the energy, three times the charge; who drew nothing pays nothing."""
    made = make_whole(np.array([0]), np.array([1_000_000]), [1.0, 3.0, 0.0])

    assert [250_000, 750_000, 0] == made.charged.tolist()


def test_a_start_that_prices_did_not_pay_back_is_paid():
    """An hour of 10 kW at 0.40 earns 4.00; fuel costs 3.00 and the start 1.50: 0.50 is missing."""
    made = make_whole(np.array([4_000_000]), np.array([3_000_000 + 1_500_000]), [10.0])

    assert [500_000] == made.received.tolist()


def test_a_loss_that_nobody_can_bear_is_refused():
    with pytest.raises(InvalidValue, match="not 0 for everyone"):
        make_whole(np.array([0]), np.array([5]), [0.0, 0.0])


def test_costs_of_other_suppliers_are_refused():
    with pytest.raises(WrongShape):
        make_whole(np.array([0]), np.array([5, 6]), [1.0])
