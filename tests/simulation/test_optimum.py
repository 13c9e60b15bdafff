import numpy as np
import pytest

from micromarket.errors import MissingExtra, NotCleared
from micromarket.grid import dispatch
from micromarket.node.networks.nested import clear_nested
from micromarket.node.networks.welfare import welfare, welfare_bound
from micromarket.simulation.optimum import central_optimum
from trees import load, random_market, supplier, tree


def worst_gap(markets):
    """Largest difference between nested and central value, as a part of the cost, over markets that balance."""
    worst, count = 0.0, 0
    for grown, curves, member_of in markets:
        cleared = clear_nested(grown, curves, member_of)
        if not cleared.outcome.any():
            best = central_optimum(grown, curves, member_of).welfare
            gap = np.abs(best - welfare(curves, cleared.powers_kw)) / np.maximum(1.0, np.abs(best))
            worst, count = max(worst, float(gap.max())), count + 1
    assert count > len(markets) // 3
    return worst


@pytest.mark.parametrize("steps", [True, False])
def test_nested_equals_central_without_losses(steps):
    """Congested, tied, exporting and negative-price trees: the linear program finds nothing better."""
    assert worst_gap([random_market(seed, steps=steps) for seed in range(300)]) < 1e-6


@pytest.mark.parametrize("steps", [True, False])
def test_nested_equals_central_with_losses_at_prices_not_negative(steps):
    """The program has the same segments of the losses."""
    assert worst_gap([random_market(seed, True, 0.0, steps) for seed in range(200)]) < 1e-6


def test_node_prices_are_valid_duals():
    """Prices of the nested auction prove the solver's value to be the best there is."""
    worst = 0.0
    for seed in range(200):
        grown, curves, member_of = random_market(seed, steps=True)
        cleared = clear_nested(grown, curves, member_of)
        if not cleared.outcome.any():
            bound = welfare_bound(grown, curves, member_of, cleared.price)
            worst = max(worst, abs(float((bound - central_optimum(grown, curves, member_of).welfare)[0])))

    assert worst < 1e-9


def test_good_prices_to_start_from_save_nothing_but_time():
    grown, curves, member_of = random_market(8)
    near = clear_nested(grown, curves, member_of).price

    first, second = central_optimum(grown, curves, member_of), central_optimum(grown, curves, member_of, near)

    assert first.welfare == pytest.approx(second.welfare, rel=1e-8, abs=1e-8)


def test_demand_that_cannot_be_met_is_named():
    with pytest.raises(NotCleared, match="balances every node in interval 0"):
        central_optimum(tree([-1, 0], 1.0, 1.0), [load(5.0), supplier()], [1, 0])


def test_without_the_extra_an_optimum_says_what_to_install(monkeypatch):
    monkeypatch.setattr(dispatch, "highspy", None)

    with pytest.raises(MissingExtra, match=r"micromarket\[opt\]"):
        central_optimum(tree([-1]), load(0.0), [0])
