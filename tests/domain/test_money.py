"""Money in whole micro-units."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micromarket.domain.money import apportion, to_micro
from micromarket.errors import NotFinite, WrongShape


def test_halves_go_to_the_even_unit():
    """The one rounding rule: nearest, halves to even."""
    assert [0, 2, 2, 4, -2] == to_micro(np.array([0.5, 1.5, 2.5, 3.5, -2.5]) * 1e-6).tolist()


@pytest.mark.parametrize("amount", [math.nan, math.inf, 1e10])
def test_amounts_that_cannot_be_exact_are_refused(amount):
    """No amount is silently inexact."""
    with pytest.raises(NotFinite, match="micro-units"):
        to_micro(amount)


def test_ties_go_to_the_earlier():
    """Of equal remainders the earlier share is raised."""
    assert [4, 3, 3] == apportion(np.full(3, 10 / 3), 10).tolist()


def test_parts_that_do_not_sum_are_refused():
    """Rounding mends fractions of a unit, not wrong sums."""
    with pytest.raises(WrongShape, match="do not sum"):
        apportion(np.array([1.5, 1.5]), 5)


@given(st.lists(st.lists(st.floats(-1e5, 1e5), min_size=3, max_size=3), min_size=1, max_size=5))
def test_rows_of_powers_sum_to_zero(rows):
    """Powers that balance as floats balance in whole steps, each next to its exact value."""
    exact = np.array(rows)
    exact[:, 2] = -exact[:, :2].sum(axis=1)
    steps = apportion(exact, 0)

    assert not steps.sum(axis=1).any()
    assert (np.abs(steps - exact) <= 1 + 1e-3).all()


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=8))
def test_whole_numbers_stay(steps):
    """What is whole already, but for float error, is not moved."""
    noisy = np.array(steps) * (1 + 1e-16) + 1e-10

    assert steps == apportion(noisy, sum(steps)).tolist()
