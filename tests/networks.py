"""Random networks of any shape, and one quadratic program over the whole of each: what consensus is measured with."""

from dataclasses import dataclass

import highspy
import numpy as np

from micromarket.domain.curves import Curves
from micromarket.domain.surplus import marginal_cost_integral
from micromarket.node.networks.network import Network
from micromarket.node.networks.tree import NodeTree
from trees import random_curves, random_tree, supplier

MUCH_KW = 1e3
"""Stands for unlimited power: more than all others of a random network can do together."""
SHAPES = ("tree", "ring", "mesh")


@dataclass(frozen=True)
class Case:
    """A network with its participants, and the tree it is, if it is one."""

    network: Network
    curves: Curves
    member_of: np.ndarray
    tree: NodeTree | None = None


def network(ends, limit_kw=np.inf, loss=0.0):
    """Nodes 0, 1, 2 ... joined by these edges."""
    nodes = int(np.max(ends, initial=0)) + 1
    return Network.of([f"node-{k}" for k in range(nodes)], ends, limit_kw, loss)


def random_case(seed):
    """Tree, ring or mesh in turn, every other three with losses; one in four has no supplier to fall back on.

    With losses no price is negative and nobody must generate, so that burning power in lines never pays.
    """
    rng = np.random.default_rng(seed)
    shape, losses = SHAPES[seed % 3], bool(seed // 3 % 2)
    nodes, participants = int(rng.integers(3, 9)), int(rng.integers(2, 16))
    curves = random_curves(rng, participants, 1, 0.0 if losses else -0.2, steps=bool(rng.random() < 0.3))
    if losses:
        curves = curves.shifted(-np.maximum(curves.lowest_kw, 0.0))
    parts = [curves] if rng.random() < 0.25 else [curves, supplier()]
    everyone = Curves.concatenate(parts)
    members = rng.integers(0, nodes, len(everyone))
    if shape == "tree":
        tree = random_tree(rng, nodes, losses)
        return Case(Network.of_tree(tree), everyone, members, tree)
    ends = [(k, (k + 1) % nodes) for k in range(nodes)]
    if shape == "mesh":
        ends += [tuple(rng.choice(nodes, 2, replace=False)) for _ in range(int(rng.integers(1, nodes)))]
    limits = rng.choice([0.0, 2.0, 5.0, 10.0, 40.0], (len(ends), 2))
    if losses:
        return Case(network(ends, limits, rng.choice([0.0, 0.02, 0.1, 0.3], len(ends))), everyone, members)
    limits[rng.random(len(ends)) < 0.2] = np.inf
    return Case(network(ends, limits), everyone, members)


def least_cost(case):
    """Least cost of generation less value of consumption by HiGHS, and a bound that its prices prove [currency/h].

    Both count from the lowest power of every curve. None if nothing balances every node. Every straight piece of
    every curve is a variable with a price that rises along it, every segment of every line is one in each direction,
    every node is a constraint.
    """
    columns = [one for one in (*_pieces(case), *_segments(case.network)) if one[0] > 0]
    needed = np.zeros(len(case.network))
    np.subtract.at(needed, case.member_of, lowest_kw(case))
    status, *found = _solved(columns, needed)
    if status == highspy.HighsModelStatus.kSolveError:  # its quadratic solver gives up on some
        status, *found = _solved([step for one in columns for step in _steps(*one)], needed)
    assert status in {highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kInfeasible}
    return tuple(found) if status == highspy.HighsModelStatus.kOptimal else None


def lowest_kw(case):
    """Lowest power of each participant [kW], of which the program counts."""
    return np.clip(case.curves.lowest_kw[:, 0], -MUCH_KW, MUCH_KW)


def cost_of(case, powers_kw):
    """What the program says of a dispatch [currency/h]."""
    return float(marginal_cost_integral(case.curves, lowest_kw(case)[:, None], powers_kw).sum())


def _pieces(case):
    """(width, first price, last price, ((node, 1),)) of each straight piece of each curve."""
    for k, node in enumerate(case.member_of):
        curve = case.curves[k]
        prices, powers = curve.prices[0, 0], np.clip(curve.powers[0, 0], -MUCH_KW, MUCH_KW)
        for v in np.flatnonzero(np.diff(powers) > 0):
            yield powers[v + 1] - powers[v], prices[v], prices[v + 1], ((node, 1.0),)


def _segments(network):
    """(width, 0, 0, ((from, -1), (to, part that arrives))) of each segment of each line, both ways."""
    for ends, limits, parts in zip(network.ends, network.limit_kw, network.arriving(), strict=True):
        for side in (0, 1):
            width = min(limits[side], 8 * MUCH_KW) / len(parts)
            for part in parts:
                yield width, 0.0, 0.0, ((ends[1 - side], -1.0), (ends[side], part))


def _steps(width, first, last, entries, count=1000):
    """A slope as steps so fine that no cost is wrong by a ten-millionth."""
    count = count if first < last else 1
    middles = first + (last - first) * (np.arange(count) + 0.5) / count
    return [(width / count, price, price, entries) for price in middles]


def _solved(columns, needed):
    model = highspy.HighsModel()
    lp, count = model.lp_, len(columns)
    lp.num_col_, lp.num_row_ = count, len(needed)
    lp.col_lower_, lp.col_upper_ = np.zeros(count), np.array([width for width, *_ in columns])
    lp.col_cost_ = np.array([first for _, first, _, _ in columns])
    lp.row_lower_ = lp.row_upper_ = needed
    entries = [entry for *_, entries in columns for entry in entries]
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = np.cumsum([0, *(len(entries) for *_, entries in columns)]).astype(np.int32)
    lp.a_matrix_.index_ = np.array([node for node, _ in entries], dtype=np.int32)
    lp.a_matrix_.value_ = np.array([factor for _, factor in entries])
    curvature = np.array([(last - first) / width for width, first, last, _ in columns])
    if (curvature > 0).any():
        model.hessian_.dim_ = count
        model.hessian_.format_ = highspy.HessianFormat.kTriangular
        model.hessian_.start_ = np.arange(count + 1, dtype=np.int32)
        model.hessian_.index_ = np.arange(count, dtype=np.int32)
        model.hessian_.value_ = curvature
    solver = highspy.Highs()
    solver.silent()
    solver.passModel(model)
    solver.run()
    price = np.array(solver.getSolution().row_dual)
    gain = [sum(factor * price[node] for node, factor in entries) for *_, entries in columns]
    bound = price @ needed + _least(lp.col_cost_ - np.array(gain), curvature, lp.col_upper_)
    return solver.getModelStatus(), solver.getInfo().objective_function_value, bound


def _least(slope, curvature, width):
    """Least of ``slope x + curvature x² / 2`` over widths, summed: what no choice of all variables can go below."""
    with np.errstate(divide="ignore", invalid="ignore"):
        best = np.where(curvature > 0, np.clip(-slope / curvature, 0.0, width), np.where(slope < 0, width, 0.0))
    return (slope * best + curvature * best**2 / 2).sum()
