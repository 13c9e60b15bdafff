import numpy as np
import pytest

from micromarket.kernels.backend import native
from micromarket.kernels.consensus import clear_consensus, clear_consensus_plain
from micromarket.kernels.exchange import EdgeState
from micromarket.node.networks.consensus import problem_of, rules_for
from networks import random_case


def problem(seed, most_rounds):
    case = random_case(seed)
    rules = rules_for(case.network, case.curves)
    expected = np.full(1, 0.2)
    made = problem_of(case.network, case.curves, case.member_of, rules, expected)
    return type(made)(**{name: getattr(made, name) for name in made.__slots__} | {"most_rounds": most_rounds})


@pytest.mark.skipif(native is None, reason="no compiled kernels")
def test_the_compiled_kernel_is_the_plain_twin():
    """Prices, flows and penalties of thirty networks of all shapes, round by round, for 12 rounds."""
    worst = 0.0
    for seed in range(30):
        compiled, plain = (solve(problem(seed, 12)) for solve in (clear_consensus, clear_consensus_plain))
        for name in ("price", "flow", "edge_price", "penalty"):
            worst = max(worst, float(np.abs(getattr(compiled, name) - getattr(plain, name)).max()))

    assert worst < 1e-8


@pytest.mark.skipif(native is None, reason="no compiled kernels")
def test_both_end_at_the_same_prices():
    ends = [
        [solve(problem(seed, 1000)).price for solve in (clear_consensus, clear_consensus_plain)] for seed in range(18)
    ]

    assert max(float(np.abs(a - b).max()) for a, b in ends) < 1e-6


def test_history_holds_the_price_of_every_round():
    found = clear_consensus_plain(problem(0, 5), keep_history=True)

    np.testing.assert_array_equal(found.edge_price, found.history[:, -1])


def test_both_ends_of_an_edge_compute_the_same():
    """Flows mirror, prices and penalties are equal to the last bit, in a hundred rounds of noise."""
    rng = np.random.default_rng(1)
    here = there = EdgeState.start(np.array([0.2, 0.3]), np.array([0.01, 0.02]), np.full(2, 1e-2))
    for _ in range(100):
        a, b = rng.normal(0, 5, (2, 2))
        ours, theirs = (a, here.price_of(a)), (b, there.price_of(b))
        here, there = here.after(ours, theirs), there.after(theirs, ours)

    np.testing.assert_array_equal(
        [here.flow_kw, here.price, here.penalty], [-there.flow_kw, there.price, there.penalty]
    )


def test_the_penalty_comes_to_rest():
    """However the ends behave, all changes together are bounded."""
    rng = np.random.default_rng(2)
    state, penalties = EdgeState.start(np.array([0.2]), np.array([0.01]), np.full(1, 1e-2)), []
    for _ in range(9000):
        a, b = rng.normal(0, 10.0 ** rng.uniform(-6, 6), (2, 1))
        state = state.after((a, state.price_of(a)), (b, state.price_of(b) + rng.normal(0, 1)))
        penalties.append(float(state.penalty[0]))

    assert penalties[-1] == pytest.approx(penalties[-900], rel=1e-3)
