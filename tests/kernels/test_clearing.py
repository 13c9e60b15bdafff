"""The balancing price: exact where arithmetic can be, equal in both builds, at home in degenerate markets."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from micromarket.kernels import clearing
from micromarket.kernels.backend import native
from micromarket.kernels.clearing import BALANCED, SHORT, SURPLUS, balance, balance_plain, dispatch, dispatch_plain
from random_curves import KINDS, columns, exact_sum

BUILDS = [pytest.param(balance_plain, id="plain")]
if native is not None:
    BUILDS.append(pytest.param(balance, id="compiled"))


def exact_balance(prices, powers, target):
    """Return outcome and stretch of one interval by trying every vertex in exact arithmetic."""
    at = sorted({Fraction(price) for price in prices.ravel()})
    ends = [exact_sum(prices, powers, price) for price in at]
    if ends[-1][1] < target:
        return SHORT, None
    if ends[0][0] > target:
        return SURPLUS, None
    found = [price for price, (low, high) in zip(at, ends, strict=True) if low <= target <= high]
    for (left, (_, start)), (right, (end, _)) in pairwise(zip(at, ends, strict=True)):
        if start < target < end:
            found.append(left + (right - left) * (target - start) / (end - start))
    low = -np.inf if ends[0][0] == target else float(min(found))
    return BALANCED, (low, np.inf if ends[-1][1] == target else float(max(found)))


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("vertices", [1, 2, 3, 4, 7, 18])
@pytest.mark.parametrize("seed", range(4))
def test_stretch_is_exact_on_a_grid(build, vertices, seed):
    """Outcome and both ends of the stretch are those of exact arithmetic: ties, steps, flats and all."""
    prices, powers = columns("grid", seed, participants=2 + 3 * seed, vertices=vertices)
    targets = np.arange(20.0) % 5 - 2

    low, high, outcome = build(prices, powers, targets)

    expected = [exact_balance(*each) for each in zip(prices, powers, targets.astype(int).tolist(), strict=True)]
    assert [kind for kind, _ in expected] == outcome.tolist()
    stretches = np.array([stretch for _, stretch in expected if stretch]).reshape(-1, 2)
    np.testing.assert_allclose(np.column_stack([low, high])[outcome == BALANCED], stretches, rtol=1e-13, atol=1e-13)


@pytest.mark.skipif(native is None, reason="no compiled kernels here")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("participants", [0, 1, 2, 30, 400, 9000])
def test_compiled_equals_plain(kind, participants):
    """Both builds find the same outcome, stretch and powers in every kind of market."""
    if kind == "unlimited" and not participants:
        return
    market = columns(kind, 1, participants, intervals=12)
    targets = np.linspace(-1, 1, 12) * (np.arange(12) % 3 > 0)

    low, high, outcome = balance(*market, targets)
    plain = balance_plain(*market, targets)

    assert plain[2].tolist() == outcome.tolist()
    np.testing.assert_allclose(np.array([low, high]), np.array(plain[:2]), rtol=1e-8, atol=1e-11)
    at = np.clip(np.clip(0.1, low, high), -1e9, 1e9)
    powers = dispatch(*market, at, targets, outcome), dispatch_plain(*market, at, targets, outcome)
    np.testing.assert_allclose(*powers, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_sum_crosses_the_target_at_the_price(build, kind):
    """Just below the price the sum is not above the target, just above it not below, in every kind of market."""
    prices, powers = columns(kind, 2, participants=50, intervals=40)

    low, high, outcome = build(prices, powers, np.zeros(40))

    at = np.clip(low, -1e9, high) * (1 - 1e-12 * np.sign(low)), np.clip(high, low, 1e9) * (1 + 1e-12 * np.sign(high))
    sums = [clearing._pass(prices, powers, each) for each in at]
    slack = 1e-9 * (1 + sums[1].scale + np.abs(prices).max() * sums[1].slope * 1e-3)
    crosses = (sums[0].low <= slack) & (sums[1].high >= -slack)
    assert [] == np.flatnonzero(~crosses & (outcome == BALANCED)).tolist()


@pytest.mark.parametrize("build", BUILDS)
def test_a_hundred_thousand_distinct_steps(build):
    """Where the sum is a staircase the search ends on the one step that crosses zero."""
    rng = np.random.default_rng(5)
    price, width = rng.lognormal(size=100_000), rng.uniform(0, 5, 100_000)
    buys = np.arange(100_000) % 2 == 0
    prices = np.repeat(price[None, None], 2, axis=1)
    powers = np.stack([np.where(buys, -width, 0), np.where(buys, 0, width)])[None]

    low, high, outcome = build(prices, powers, np.zeros(1))

    order = np.argsort(price)
    stairs = np.where(buys, -width, 0).sum() + np.cumsum(width[order])
    assert (BALANCED, price[order][np.searchsorted(stairs, 0)]) == (outcome[0], low[0])
    assert low[0] == high[0]


@pytest.mark.parametrize("build", BUILDS)
def test_nobody_and_nobody_who_moves(build):
    """Without participants zero balances at every price; inelastic ones balance or do not, whatever the price."""
    empty = build(np.zeros((2, 1, 0)), np.zeros((2, 1, 0)), np.array([0.0, 1.0]))
    fixed = build(np.zeros((3, 1, 2)), np.array([[[1.0, -1.0]], [[1.0, -2.0]], [[2.0, -1.0]]]), np.zeros(3))

    assert [BALANCED, SHORT] == empty[2].tolist()
    assert [BALANCED, SHORT, SURPLUS] == fixed[2].tolist()
    assert (-np.inf, np.inf) == (fixed[0].max(), fixed[1].min())


@pytest.mark.parametrize("build", BUILDS)
def test_a_flat_zero_made_of_tenths(build):
    """0.1 + 0.2 - 0.3 counts as zero: rounding of the sum does not shrink the stretch to its end."""
    prices = np.array([[[0.0, 0.0, 5.0], [1.0, 2.0, 6.0]]])
    powers = np.array([[[0.0, 0.0, -0.3], [0.1, 0.2, 0.0]]])

    low, high, _ = build(prices, powers, np.zeros(1))

    assert (2.0, 5.0) == (low[0], high[0])


@pytest.mark.skipif(native is None, reason="no compiled kernels here")
def test_same_bytes_whatever_else_is_cleared():
    """An interval's price does not depend on how many others share the call, and so on how many threads work."""
    prices, powers = columns("smooth", 3, participants=200, intervals=600)

    together = balance(prices, powers, np.zeros(600))[0]
    alone = [balance(prices[t : t + 1], powers[t : t + 1], np.zeros(1))[0][0] for t in range(0, 600, 50)]

    assert alone == together[::50].tolist()


@pytest.mark.skipif(native is None, reason="no compiled kernels here")
@pytest.mark.parametrize("kind", KINDS)
def test_few_passes(kind):
    """The search reads all curves a few times only, however the prices lie."""
    market = columns(kind, 4, participants=20_000, intervals=1)

    assert native.balance_passes(*market, 0.0) <= 20
