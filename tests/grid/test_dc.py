"""Markets over a mesh whose flows follow angles."""

import highspy
import numpy as np
import pytest

from micromarket.domain.curves import Curves
from micromarket.errors import InvalidValue, MissingExtra, NotCleared, WrongShape
from micromarket.grid import dispatch
from micromarket.grid.dc import Grid, clear_on_grid
from micromarket.markets.auctions.auction import clear


def triangle(limit=np.inf):
    """Return three nodes joined by three equal lines; only the one from a to b has a limit."""
    return Grid.of_reactances(("a", "b", "c"), [(0, 1), (0, 2), (1, 2)], np.ones(3), 10.0, [limit, np.inf, np.inf])


def cheap_dear_load(load=-90.0):
    """Cheap power in a, dear power in b, all of the load in c."""
    return Curves.concatenate([Curves.offer([[0.1], [0.3]], 0.0, [[200.0], [200.0]]), Curves.inelastic([[load]])])


def random_grid(seed):
    """Return a connected mesh with limits and step curves of two traders in every node."""
    rng = np.random.default_rng(seed)
    nodes = int(rng.integers(3, 8))
    tree = [(int(rng.integers(0, k)), k) for k in range(1, nodes)]
    chords = [tuple(sorted(rng.choice(nodes, 2, replace=False).tolist())) for _ in range(int(rng.integers(1, 4)))]
    lines = np.array(tree + chords)
    reactance, limits = rng.uniform(0.1, 2.0, len(lines)), rng.integers(2, 12, len(lines)).astype(float)
    grid = Grid.of_reactances(tuple("abcdefgh"[:nodes]), lines, reactance, 0.4, limits)
    price, power = rng.integers(1, 40, (2 * nodes, 1)) / 100, rng.integers(1, 9, (2 * nodes, 1)).astype(float)
    sells = rng.random((2 * nodes, 1)) < 0.5
    curves = Curves.offer(price, np.where(sells, 0.0, -power), np.where(sells, power, 0.0))
    return grid, curves, np.repeat(np.arange(nodes), 2)


def transfer_factors(grid):
    """Return flow over each line for each kW injected in a node and taken out in the first, by linear algebra."""
    lines, nodes = len(grid.start), len(grid.nodes)
    incidence = np.zeros((lines, nodes))
    incidence[np.arange(lines), grid.start], incidence[np.arange(lines), grid.end] = 1.0, -1.0
    weighted = grid.susceptance_kw[:, None] * incidence
    factors = np.zeros((lines, nodes))
    factors[:, 1:] = weighted[:, 1:] @ np.linalg.inv((incidence.T @ weighted)[1:, 1:])
    return factors.round(12)


def best_value(grid, curves, member_of):
    """Return the most that step curves are worth, by a program over injections and transfer factors."""
    program, factors = highspy.Highs(), transfer_factors(grid)
    program.silent()
    traded = [
        program.addVariable(float(low), float(high), float(price))
        for low, high, price in zip(
            curves.lowest_kw[:, 0], curves.highest_kw[:, 0], curves.prices[:, 0, 0], strict=True
        )
    ]
    program.addConstr(sum(traded) == 0)
    for line, limit in zip(factors, grid.limit_kw, strict=True):
        flow = sum(float(line[node]) * power for node, power in zip(member_of, traded, strict=True))
        program.addConstr(flow <= float(limit))
        program.addConstr(flow >= -float(limit))
    program.run()
    return -program.getObjectiveValue()


def test_no_dispatch_is_worth_more():
    """A hundred meshes with tight lines: the value equals that of transfer factors, and its own prices prove it."""
    worst = 0.0
    for seed in range(100):
        cleared = clear_on_grid(*random_grid(seed))
        worst = max(
            worst, abs(cleared.welfare[0] - best_value(*random_grid(seed))), *(cleared.bound - cleared.welfare)
        )

    assert worst < 1e-7


def test_flows_follow_angles_and_limits():
    """Flows are those of the transfer factors, and none exceeds its line."""
    worst = 0.0
    for seed in range(100):
        grid, curves, member_of = random_grid(seed)
        cleared = clear_on_grid(grid, curves, member_of)
        flows = transfer_factors(grid) @ cleared.injected_kw
        drop = cleared.angle_rad[grid.start] - cleared.angle_rad[grid.end]
        worst = max(worst, np.abs(flows - cleared.flow_kw).max(), (np.abs(flows[:, 0]) - grid.limit_kw).max())
        worst = max(worst, np.abs(grid.susceptance_kw[:, None] * drop - cleared.flow_kw).max())

    assert worst < 1e-6


def test_slopes_clear_as_in_one_region_where_no_line_is_full():
    """Without limits a mesh is a copper plate, whatever its angles."""
    rng = np.random.default_rng(5)
    curves = Curves(np.sort(rng.uniform(0.0, 0.5, (6, 4, 3)), axis=2), np.sort(rng.uniform(-9, 8, (6, 4, 3)), axis=2))
    cleared = clear_on_grid(triangle(), curves, [0, 0, 1, 1, 2, 2])

    assert clear(curves).price == pytest.approx(cleared.price.mean(axis=0), abs=1e-6)


def test_one_full_line_gives_every_node_its_own_price():
    """A third of what a sends to c goes by b. With 10 kW from a to b, a sells 60 kW and b 30 kW; a kW more in c
    would need two from b and one less from a: 2 x 0.30 - 0.10 = 0.50."""
    cleared = clear_on_grid(triangle(limit=10.0), cheap_dear_load(), [0, 1, 2])

    assert ([0.1, 0.3, 0.2], [60.0, 30.0, -90.0], [10.0, 50.0, 40.0]) == (
        cleared.price[:, 0].round(9).tolist(),
        cleared.injected_kw[:, 0].round(6).tolist(),
        cleared.flow_kw[:, 0].round(6).tolist(),
    )


def test_each_node_settles_by_itself_on_what_it_was_told():
    """A node that knows its own participants and the power it was told finds a price that agrees with the grid's."""
    agree = []
    for seed in range(30):
        grid, curves, member_of = random_grid(seed)
        cleared = clear_on_grid(grid, curves, member_of)
        for node in range(len(grid.nodes)):
            alone = clear(curves[member_of == node], cleared.injected_kw[node].round(9))
            agree.append(alone.low[0] - 1e-9 <= cleared.price[node, 0] <= alone.high[0] + 1e-9)

    assert all(agree)


def test_lines_never_lose_money():
    """What loads pay is what generators receive and what full lines earn."""
    earned = []
    for seed in range(50):
        grid, curves, member_of = random_grid(seed)
        cleared = clear_on_grid(grid, curves, member_of)
        paid = -(cleared.price[member_of] * cleared.powers_kw).sum()
        earned.append((cleared.congestion_income(grid)[0], paid))

    earned = np.array(earned)
    assert (True, True) == (bool((earned > -1e-7).all()), np.allclose(*earned.T, atol=1e-6))


def test_load_that_lines_cannot_bring_is_named():
    grid = Grid.of_reactances(("a", "b"), [(0, 1)], [1.0], 10.0, 5.0)
    with pytest.raises(NotCleared, match="every node in interval 0"):
        clear_on_grid(grid, cheap_dear_load(-9.0), [0, 0, 1])


@pytest.mark.parametrize(
    ("changes", "error"),
    [({"lines": [(0, 3)]}, InvalidValue), ({"lines": [(1, 1)]}, InvalidValue),
     ({"reactance_ohm": [-1.0]}, InvalidValue), ({"reactance_ohm": [1.0, 1.0]}, WrongShape)],
)  # fmt: skip
def test_impossible_grid_is_refused(changes, error):
    given = {"nodes": ("a", "b"), "lines": [(0, 1)], "reactance_ohm": [1.0], "kilovolts": 0.4, "limit_kw": 5.0}
    with pytest.raises(error):
        Grid.of_reactances(**given | changes)


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(dispatch, "highspy", None)
    with pytest.raises(MissingExtra, match=r"micromarket\[opt\]"):
        clear_on_grid(triangle(), cheap_dear_load(), [0, 1, 2])
