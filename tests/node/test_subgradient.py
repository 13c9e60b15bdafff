"""Balancing by asking only."""

import numpy as np
import pytest

from micromarket.domain.curves import Curves
from micromarket.domain.surplus import production_cost
from micromarket.errors import InvalidValue, WrongShape
from micromarket.markets.auctions.auction import clear
from micromarket.node.subgradient import Search, balance_by_answers

SEARCH = Search(scale=0.1)


def balancing_markets(count, decimals):
    """Yield random curves of up to 11 participants in 24 intervals that balance; few decimals make ties."""
    for seed in range(count):
        rng = np.random.default_rng(seed)
        shape = (int(rng.integers(2, 12)), 24, 4)
        prices = np.sort(rng.uniform(0.01, 0.4, shape).round(decimals), axis=2)
        curves = Curves(prices, np.sort(rng.uniform(-6, 5, shape), axis=2))
        if clear(curves).is_balanced.all():
            yield curves


def answers_of(curves):
    """Return the answers of participants that know their curves but do not show them."""
    return lambda price: curves.powers_at(price)[0]


@pytest.mark.parametrize("decimals", [9, 1])
def test_asking_finds_what_curves_show(decimals):
    """Sloping or all on steps: the dispatch balances and costs no more above the best than its own bound says."""
    worst = -np.inf
    for curves in balancing_markets(80, decimals):
        asked = balance_by_answers(answers_of(curves), np.full(24, 0.1), SEARCH)
        best = production_cost(curves, clear(curves).powers_kw).sum(axis=0)
        excess = production_cost(curves, asked.powers_kw).sum(axis=0) - best
        worst = max(worst, (excess - asked.gap).max(), np.abs(asked.powers_kw.sum(axis=0)).max())
        worst = max(worst, float((~asked.converged).any()))

    assert worst < 1e-9


def test_price_is_the_one_of_the_crossing():
    """The template's figure 2: an offer from 0.01 to 0.035 of up to 25 kW meets 15 kW of load at 0.025."""
    curves = Curves.concatenate([Curves.from_vertices([[(0.01, 0.0), (0.035, 25.0)]]), Curves.inelastic([[-15.0]])])
    asked = balance_by_answers(answers_of(curves), [0.0], Search(scale=0.01, gap=1e-9))

    assert [0.025] == asked.price.round(6).tolist()


def test_says_so_where_nothing_balances():
    """10 kW of load and 4 kW of supply: no number of questions helps, in the other interval one does."""
    curves = Curves.concatenate([Curves.offer([[0.2, 0.2]], 0.0, [[4.0, 40.0]]), Curves.inelastic([[-10.0, -10.0]])])
    asked = balance_by_answers(answers_of(curves), [0.1, 0.1], SEARCH)

    assert ([False, True], [-6.0, 0.0]) == (asked.converged.tolist(), asked.powers_kw.sum(axis=0).round(9).tolist())


def test_stops_when_patience_is_over():
    """Three questions are too few; what was found is returned with its gap, not called converged."""
    curves = next(balancing_markets(9, 9))
    asked = balance_by_answers(answers_of(curves), np.full(24, 0.1), Search(scale=0.1, rounds=3))

    assert (3, False) == (asked.rounds, asked.converged.all())


def test_answer_of_another_shape_is_refused():
    with pytest.raises(WrongShape, match="2 prices"):
        balance_by_answers(lambda price: np.zeros((3, 5)), [0.1, 0.1], SEARCH)


@pytest.mark.parametrize("wrong", [{"scale": 0.0}, {"scale": 1.0, "gap": 0.0}, {"scale": 1.0, "rounds": 0}])
def test_search_without_scale_or_patience_is_refused(wrong):
    with pytest.raises(InvalidValue, match="positive"):
        Search(**wrong)
