"""The nested auction: homes under feeders under a substation, TENT's city and campus, and a deep tree.

Beside it stand, in the same run, the plain Python twin and a small re-creation of the way of the template's reference
code: one aggregate curve for each neighbor, every participant evaluated at every price of every other by a scan over
its vertices. Both are run on reduced sizes, named in their rows.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from micromarket.domain.curves import UNLIMITED_KW, Curves
from micromarket.kernels.nested import clear_nested_plain
from micromarket.node.networks.nested import NestedClearing, clear_nested, problem_of
from micromarket.node.networks.tree import NodeTree
from timing import duration, median_of, table

Vertices = list[tuple[float, float]]
Case = tuple[NodeTree, list[Curves], np.ndarray]


def homes(count: int, feeders: int, intervals: int, loss: float = 0.0) -> Case:
    """Five devices in each home, a battery of 20 to 60 vertices among them; each home is a node."""
    rng = np.random.default_rng(count)
    parent = np.concatenate([[-1], np.zeros(feeders), 1 + np.arange(count) % feeders]).astype(int)
    limit = np.concatenate([[1e6], np.full(feeders, 3.0 * count / feeders), np.full(count, 12.0)])
    tree = NodeTree.of([str(k) for k in range(len(parent))], parent, limit, limit, loss)
    home = 1 + feeders + np.arange(count)
    shape = (count, intervals)
    fleets = [
        batteries(rng, shape),
        Curves.inelastic(-rng.uniform(0.2, 3.0, shape)),
        curves_of(rng, shape, 2, (0.0, rng.uniform(0.0, 5.0)), steps=True),
        curves_of(rng, shape, 3, (-4.0, 0.0)),
        curves_of(rng, shape, 4, (-7.4, 0.0)),
    ]
    return tree, [*fleets, supplier(intervals)], np.concatenate([np.tile(home, 5), [0]])


def batteries(rng: np.random.Generator, shape: tuple[int, int]) -> Curves:
    """Return steps up and down; curves shorter than 60 vertices repeat their last one."""
    curves = curves_of(rng, shape, 30, (-5.0, 5.0), steps=True)
    last = 2 * rng.integers(10, 31, (*shape, 1)) - 1
    index = np.minimum(np.arange(60), last)
    return Curves(np.take_along_axis(curves.prices, index, 2), np.take_along_axis(curves.powers, index, 2))


def curves_of(
    rng: np.random.Generator, shape: tuple[int, int], corners: int, reach: tuple[float, float], *, steps: bool = False
) -> Curves:
    columns = (shape[1], corners, shape[0])
    prices = np.sort(rng.uniform(0.02, 0.50, columns), axis=1)
    powers = np.sort(rng.uniform(*reach, columns), axis=1)
    if steps:
        prices, powers = np.repeat(prices, 2, axis=1), np.repeat(powers, 2, axis=1)
        powers = np.concatenate([powers[:, :1], powers[:, :-1]], axis=1)
    return Curves.from_columns(prices, powers)


def supplier(intervals: int) -> Curves:
    columns = np.ones((intervals, 1, 1))
    prices = columns * np.array([0.05, 0.05, 0.20, 0.20])[:, None]
    return Curves.from_columns(prices, columns * np.array([-UNLIMITED_KW, 0.0, 0.0, UNLIMITED_KW])[:, None])


def campus(buildings: int, intervals: int = 24) -> Case:
    """City, campus and buildings with the limits, losses and curves of PNNL's demonstration."""
    rng = np.random.default_rng(buildings)
    parent = [-1, 0, *([1] * buildings)]
    limit, loss = [200_800.0, 20_000.0, *([120.0] * buildings)], [0.0, 0.01, *([0.01] * buildings)]
    tree = NodeTree.of([str(k) for k in range(len(parent))], parent, limit, limit, loss)
    ones = np.ones((buildings, intervals, 1))
    comfort = Curves(ones * [0.045, 0.060], ones * [-50.0, -25.0] * rng.uniform(0.5, 1.5, (buildings, intervals, 1)))
    bulk = Curves(np.ones((1, intervals, 1)) * [0.04196, 0.04282], np.ones((1, intervals, 1)) * [0.0, 196_784.0])
    base = Curves.inelastic(-np.ones((buildings, intervals)) * 40.0)
    rest = Curves.inelastic(-np.ones((2, intervals)) * np.array([[100_420.0], [6_000.0]]))
    building = 2 + np.arange(buildings)
    return tree, [comfort, base, rest, bulk], np.concatenate([building, building, [0, 1, 0]])


def deep(nodes: int, depth: int = 6) -> Case:
    """Return a random tree of the given depth, two devices in each node."""
    rng = np.random.default_rng(nodes)
    level = np.sort(np.concatenate([np.arange(depth + 1), rng.integers(1, depth + 1, nodes - depth - 1)]))
    first = np.searchsorted(level, np.arange(depth + 2))
    parent = np.array([-1, *(rng.integers(first[d - 1], first[d]) for d in level[1:])])
    limit = 30.0 * 4.0 ** (depth - level)
    tree = NodeTree.of([str(k) for k in range(nodes)], parent, limit, limit, 0.02)
    fleets = [curves_of(rng, (nodes, 1), 4, (-5.0, 0.0)), curves_of(rng, (nodes, 1), 4, (0.0, 3.0), steps=True)]
    return tree, [*fleets, supplier(1)], np.append(np.tile(np.arange(nodes), 2), 0)


def plain(case: Case) -> None:
    tree, fleets, member_of = case
    clear_nested_plain(problem_of(tree, fleets, member_of, np.full(fleets[0].intervals, np.nan)))


def reference_way(case: Case) -> float:
    """Clear by one aggregate curve for each neighbor, every participant evaluated at every price of the others.

    Without losses and limits, which would slow it down further. Returns the sum of all prices.
    """
    tree, fleets, member_of = case
    return sum(_reference_interval(tree, fleets, member_of, t) for t in range(fleets[0].intervals))


def _reference_interval(tree: NodeTree, fleets: list[Curves], member_of: np.ndarray, interval: int) -> float:
    inside: list[dict[object, Vertices]] = [{} for _ in tree.ids]
    for i, (prices, powers) in enumerate(
        pair for fleet in fleets for pair in zip(fleet.prices[:, interval], fleet.powers[:, interval], strict=True)
    ):
        inside[member_of[i]]["member", i] = list(zip(prices.tolist(), powers.tolist(), strict=True))
    for node in range(len(tree) - 1, 0, -1):
        inside[tree.parent[node]]["child", node] = _aggregate(list(inside[node].values()))
    total = 0.0
    for node in range(len(tree)):
        total += _interpolated(_aggregate(list(inside[node].values())))
        for child in tree.children(node):
            offer = [curve for key, curve in inside[node].items() if key != ("child", child)]
            inside[child]["parent"] = _aggregate(offer)
    return total


def _aggregate(curves: list[Vertices]) -> Vertices:
    prices = sorted(price for curve in curves if len(curve) > 1 for price, _ in curve)
    return [(price, sum(_scan(curve, price) for curve in curves)) for price in prices or [0.0]]


def _scan(curve: Vertices, price: float) -> float:
    if price < curve[0][0]:
        return curve[0][1]
    for (p, low), (q, high) in pairwise(curve):
        if p <= price < q:
            return low + (high - low) * (price - p) / (q - p)
    return curve[-1][1]


def _interpolated(curve: Vertices) -> float:
    for (p, low), (q, high) in pairwise(curve):
        if low < 0 <= high:
            return p - low * (q - p) / (high - low)
    return curve[-1][0]


def row(name: str, case: Case, run: Callable[[Case], object], repeat: int = 5) -> dict[str, object]:
    tree, fleets, _ = case
    seconds = median_of(lambda: run(case), repeat)
    intervals = fleets[0].intervals
    vertices = sum(count_vertices(fleet) for fleet in fleets)
    return {
        "case": name,
        "nodes": len(tree),
        "intervals": intervals,
        "vertices": vertices,
        "time": duration(seconds),
        "per vertex": duration(seconds / vertices),
        "seconds": seconds,
    }


def count_vertices(curves: Curves) -> int:
    """Return the number of vertices without the repeated last one of shorter curves."""
    moved = (np.diff(curves.prices, axis=2) > 0) | (np.diff(curves.powers, axis=2) > 0)
    return int(moved.sum()) + curves.prices[..., 0].size


def compiled(case: Case) -> NestedClearing:
    return clear_nested(*case)


def main() -> None:
    rows = [
        row("1,000 homes, 10 feeders", homes(1000, 10, 1), compiled),
        row("1,000 homes, 10 feeders, losses", homes(1000, 10, 1, 0.02), compiled),
        row("1,000 homes, 10 feeders", homes(1000, 10, 24), compiled),
        row("2,000 homes, 20 feeders", homes(2000, 20, 24), compiled),
        row("4,000 homes, 40 feeders", homes(4000, 40, 24), compiled),
        row("100 homes, 10 feeders", homes(100, 10, 1), compiled),
        row("100 homes, 10 feeders, plain twin", homes(100, 10, 1), plain, 1),
        row("city, campus, 50 buildings", campus(50), compiled),
        row("city, campus, 50 buildings, plain twin", campus(50), plain, 1),
        row("city, campus, 50 buildings, reference's way", campus(50, 1), reference_way, 1),
        row("depth 6", deep(2_500), compiled),
        row("depth 6", deep(5_000), compiled),
        row("depth 6", deep(10_000), compiled),
    ]
    shown = ["case", "nodes", "intervals", "vertices", "time", "per vertex"]
    table([{name: one[name] for name in shown} for one in rows], "Nested auction over whole trees")
    seconds = [float(str(one["seconds"])) for one in rows]
    table(
        [
            {"figure": "24 intervals: 2,000 homes / 1,000 homes", "ratio": seconds[3] / seconds[2]},
            {"figure": "24 intervals: 4,000 homes / 2,000 homes", "ratio": seconds[4] / seconds[3]},
            {"figure": "depth 6: 10,000 nodes / 5,000 nodes", "ratio": seconds[12] / seconds[11]},
            {"figure": "100 homes: plain twin / compiled", "ratio": seconds[6] / seconds[5]},
            {"figure": "campus: plain twin / compiled", "ratio": seconds[8] / seconds[7]},
            {"figure": "campus, per interval: reference's way / compiled", "ratio": 24 * seconds[9] / seconds[7]},
        ],
        "Growth and ratios, of the same run",
    )


if __name__ == "__main__":
    main()
