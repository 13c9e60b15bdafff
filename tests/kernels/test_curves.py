"""Sums of curves: equal to adding every curve by hand, in both builds."""

from fractions import Fraction

import numpy as np
import pytest

from micromarket.kernels.backend import native
from micromarket.kernels.curves import sum_groups, sum_groups_plain, sum_others, sum_others_plain
from random_curves import columns, exact_powers, exact_sum

BUILDS = [pytest.param(sum_groups_plain, sum_others_plain, id="plain")]
if native is not None:
    BUILDS.append(pytest.param(sum_groups, sum_others, id="compiled"))


def trials(prices):
    """Return every whole and half price around the vertices."""
    return [Fraction(k, 2) for k in range(2 * int(prices.min()) - 2, 2 * int(prices.max()) + 3)]


@pytest.mark.parametrize(("groups_of", "_"), BUILDS)
@pytest.mark.parametrize("vertices", [1, 2, 5])
def test_sum_of_groups_is_exact(groups_of, _, vertices):
    """At any price the sum's curve gives what its members add up to; an empty group gives nothing."""
    prices, powers = columns("grid", 7, participants=6, intervals=12, vertices=vertices)

    sums = groups_of(prices, powers, np.array([0, 4, 4, 6]))

    members = (slice(0, 4), slice(4, 4), slice(4, 6))
    for t, group in [(t, group) for t in range(12) for group in range(3)]:
        of = members[group]
        expected = [exact_sum(prices[t][:, of], powers[t][:, of], price) for price in trials(prices)]
        actual = [exact_powers(sums[0][t, :, group], sums[1][t, :, group], price) for price in trials(prices)]
        np.testing.assert_allclose(np.array(expected, float), np.array(actual, float), atol=1e-12)


@pytest.mark.parametrize(("_", "others_of"), BUILDS)
def test_sum_of_others_is_exact(_, others_of):
    """Each participant faces the sum of the others of its group, and of nobody else."""
    prices, powers = columns("grid", 8, participants=5, intervals=6, vertices=3)

    others = others_of(prices, powers, np.array([0, 3, 5]))

    rest = ([1, 2], [0, 2], [0, 1], [4], [3])
    for t, i in [(t, i) for t in range(6) for i in range(5)]:
        expected = [exact_sum(prices[t][:, rest[i]], powers[t][:, rest[i]], price) for price in trials(prices)]
        actual = [exact_powers(others[0][t, :, i], others[1][t, :, i], price) for price in trials(prices)]
        np.testing.assert_allclose(np.array(expected, float), np.array(actual, float), atol=1e-12)


@pytest.mark.parametrize(("groups_of", "others_of"), BUILDS)
@pytest.mark.parametrize("kind", ["grid", "steps", "smooth", "scales", "unlimited", "inelastic"])
def test_sums_rise_without_redundant_vertices(groups_of, others_of, kind):
    """Whatever rounding does, sums rise, repeat no vertex but the last, and keep no middle of a step or a flat."""
    market = columns(kind, 9, participants=7, intervals=10)

    for prices, powers in (groups_of(*market, np.array([0, 7])), others_of(*market, np.array([0, 3, 7]))):
        along, up = np.diff(prices, axis=1), np.diff(powers, axis=1)
        straight = ((along == 0)[:, 1:] & (along == 0)[:, :-1]) | ((up == 0)[:, 1:] & (up == 0)[:, :-1])
        padding = (along == 0)[:, 1:] & (up == 0)[:, 1:]
        assert (0, True, True) == (np.count_nonzero(straight & ~padding), (along >= 0).all(), (up >= 0).all())


@pytest.mark.skipif(native is None, reason="no compiled kernels here")
@pytest.mark.parametrize("kind", ["grid", "steps", "smooth", "unlimited", "inelastic"])
def test_compiled_equals_plain(kind):
    """Both builds give the same function of price."""
    market = columns(kind, 10, participants=40, intervals=5)
    offsets = np.array([0, 25, 40])

    compiled, plain = sum_groups(*market, offsets), sum_groups_plain(*market, offsets)

    for t, group in [(t, group) for t in range(5) for group in range(2)]:
        at = np.unique(plain[0][t, :, group])
        at = np.sort(np.concatenate([at, 0.5 * (at[1:] + at[:-1])]))
        ends = [
            [exact_powers(*(cube[t, :, group] for cube in sums), Fraction(p)) for p in at]
            for sums in (plain, compiled)
        ]
        np.testing.assert_allclose(np.array(ends[0], float), np.array(ends[1], float), rtol=1e-12, atol=1e-12)


def test_an_unlimited_member_costs_no_digits():
    """Beside a step of a million megawatts the others' tenths stay exact: nothing is subtracted."""
    prices = np.array([[[0.2, 0.1, 0.3], [0.2, 0.5, 0.4]]])
    powers = np.array([[[-1e9, 0.0, -0.3], [1e9, 0.1, 0.0]]])

    others = sum_others(prices, powers, np.array([0, 3]))

    alone = sum_groups(prices[:, :, 1:], powers[:, :, 1:], np.array([0, 2]))
    assert alone[1][0, :, 0].tolist() == others[1][0, : alone[1].shape[1], 0].tolist()
