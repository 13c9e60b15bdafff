import numpy as np
import pytest

from micromarket.kernels import nested
from micromarket.kernels.nested import NestedProblem, NestedSolution, clear_nested, clear_nested_plain
from micromarket.kernels.polylines import add_all, clip, polyline, powers_at, prices_at
from micromarket.node.networks.nested import problem_of
from trees import random_market

FIELDS = NestedSolution.__dataclass_fields__


def random_problem(seed, intervals=2) -> NestedProblem:
    tree, curves, member_of = random_market(seed, losses=seed % 2 == 1, intervals=intervals)
    return problem_of(tree, curves, member_of, np.full(intervals, np.nan if seed % 3 else 0.1))


def worst_difference(one: NestedSolution, other: NestedSolution) -> float:
    pairs = ((getattr(one, name).astype(float), getattr(other, name)) for name in FIELDS)
    return max(float(np.abs(a - b).max()) for a, b in pairs)


def test_compiled_equals_plain_on_random_trees():
    """Prices, powers, flows and every flag, with losses, limits, shortages and ties."""
    problems = [random_problem(seed) for seed in range(400)]

    worst = max(worst_difference(clear_nested(one), clear_nested_plain(one)) for one in problems)

    assert worst < 1e-9


def test_any_memory_order_gives_the_same_bytes():
    tree, curves, member_of = random_market(3, losses=True, intervals=5)
    problem = problem_of(tree, curves, member_of, np.full(5, np.nan))
    turned = [np.ascontiguousarray(array.transpose(1, 2, 0)).transpose(2, 0, 1) for array in problem.prices]
    again = NestedProblem(*(turned if name == "prices" else getattr(problem, name) for name in problem.__slots__))

    np.testing.assert_array_equal(clear_nested(problem).powers, clear_nested(again).powers)


@pytest.mark.parametrize("intervals", [3, 400])
def test_threads_do_not_change_a_bit(intervals, monkeypatch):
    problem = random_problem(11, intervals)
    two = clear_nested(problem)
    monkeypatch.setattr(nested, "THREADS", 1)

    np.testing.assert_array_equal(clear_nested(problem).powers, two.powers)


def test_redundant_vertices_go():
    """Repeats, the middles of steps and flats, and flat ends carry nothing."""
    vertices = [(0, 1), (1, 1), (1, 2), (1, 3), (1, 4), (2, 4), (3, 4), (4, 4), (5, 6), (5, 6), (7, 6)]

    assert [(1, 1), (1, 4), (4, 4), (5, 6)] == polyline(vertices)


def test_a_sum_keeps_every_step_and_bend():
    step, slope, constant = [(1.0, 0.0), (1.0, 2.0)], [(0.0, 0.0), (2.0, 4.0)], [(0.0, -1.0)]

    assert [(0.0, -1.0), (1.0, 1.0), (1.0, 3.0), (2.0, 5.0)] == add_all([step, slope, constant])


def test_clipping_cuts_slopes_and_keeps_steps():
    assert [(0.5, 1.0), (2.0, 4.0), (2.0, 5.0)] == clip([(0.0, 0.0), (2.0, 4.0), (2.0, 9.0)], 1.0, 5.0)


def test_a_step_has_two_powers_and_a_flat_two_prices():
    curve = [(1.0, 0.0), (1.0, 2.0), (3.0, 2.0), (4.0, 5.0)]

    assert ((0.0, 2.0), (1.0, 3.0)) == (powers_at(curve, 1.0), prices_at(curve, 2.0))
