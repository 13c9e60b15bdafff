"""Consensus and nested auction against one program over the whole network, in very many networks of every shape."""

import numpy as np
import pytest

from micromarket.node.networks.consensus import clear_consensus
from micromarket.node.networks.nested import clear_nested
from networks import cost_of, least_cost, random_case

PRECISION = 1e-6
"""Part of the cost, or of one unit of currency an hour where it is less, by which a method may miss the optimum."""
PARTS = 8


def missed(case, best, powers_kw):
    """By how much a dispatch is dearer than the program's, or better than its prices allow, as part of the cost."""
    cost, bound = best
    found = cost_of(case, powers_kw)
    return max(found - cost, bound - found) / max(1.0, abs(cost))


@pytest.mark.parametrize("part", range(PARTS))
def test_networks_reach_the_central_optimum_or_say_that_nothing_balances(part, oracle_events):
    """One network for every two thousand events asked for: 500 at a million."""
    wrong = []
    for seed in range(part, max(48, oracle_events // 2000), PARTS):
        case, best = random_case(seed), least_cost(random_case(seed))
        results = [clear_consensus(case.network, case.curves, case.member_of)]
        if case.tree is not None:
            results.append(clear_nested(case.tree, case.curves, case.member_of))
        for result in results:
            balanced = not result.outcome.any()
            if balanced != (best is not None) or (balanced and missed(case, best, result.powers_kw) > PRECISION):
                wrong.append((seed, type(result).__name__))

    assert [] == wrong


@pytest.mark.parametrize("part", range(PARTS))
def test_every_consensus_converges_to_a_balance(part, oracle_events):
    """Feasible or not, neighbors agree, and what is not served or spilled closes every node."""
    worst, rounds = 0.0, []
    for seed in range(part, max(200, oracle_events // 500), PARTS):
        case = random_case(seed)
        found = clear_consensus(case.network, case.curves, case.member_of)
        rounds.append(int(found.rounds.max()))
        served = found.outcome == 0
        worst = max(worst, float(np.abs(found.imbalance_kw(case.network, case.member_of)[served]).max(initial=0.0)))

    assert (worst < 1e-4, max(rounds) < 5000) == (True, True)
