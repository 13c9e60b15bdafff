"""The central optimum of a whole tree, by a solver: what the nested auction is measured against (extra ``opt``).

One linear program for each interval, or a quadratic one where curves slope: every straight piece of every curve is a
variable, every segment of every line is one for each direction, and every node balances. Without losses, and with
losses at prices that are not negative, the nested auction reaches this optimum. At negative prices a line with losses
could earn money here by carrying power to and fro; the nested auction's price rule (`micromarket.node.losses`) does
not let it, and the gap shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micromarket.domain.curves import Curves, Floats
from micromarket.errors import MissingExtra, NotCleared
from micromarket.node.tree import NodeTree

try:
    import highspy
except ImportError:  # the extra is not installed; asking for an optimum says so
    highspy = None

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Optimum:
    """The best that could be reached in each of `T` intervals.

    Parameters
    ----------
    surplus : array of float, shape (T,)
        Value of all consumption minus cost of all generation [currency/h], as `surplus` counts it.
    price : array of float, shape (m, T)
        Marginal value of power in each node [currency/kWh].
    """

    surplus: Floats
    price: Floats


def surplus(curves: Curves | Sequence[Curves], powers_kw: Floats) -> Floats:
    """Return value of consumption minus cost of generation in each interval [currency/h], shape (T,).

    Each curve's price is integrated over its power, from the power of the curve that is nearest to zero; powers
    beyond the ends of a curve (rationed demand) count at the price of that end.

    Parameters
    ----------
    curves : Curves or sequence of Curves
        Curves of `n` participants.
    powers_kw : array of float, shape (n, T)
        Power of each participant [kW].
    """
    fleets = [curves] if isinstance(curves, Curves) else list(curves)
    ends = np.cumsum([len(fleet) for fleet in fleets])[:-1]
    parts = zip(fleets, np.split(powers_kw, ends), strict=True)
    return np.asarray(-sum(_cost(fleet, powers).sum(axis=0) for fleet, powers in parts))


def central_optimum(tree: NodeTree, curves: Curves | Sequence[Curves], member_of: ArrayLike) -> Optimum:
    """Return the optimum of the whole tree in every interval.

    Parameters
    ----------
    tree : NodeTree
        Nodes and lines, losses with the tree's segments.
    curves : Curves or sequence of Curves
        Curves of all `n` participants, the supplier among them.
    member_of : array of int, shape (n,)
        Node of each participant.

    Raises
    ------
    MissingExtra
        If highspy is not installed.
    NotCleared
        If nothing balances every node in some interval: what cannot be done without exceeds what can be brought.
    """
    if highspy is None:
        raise MissingExtra("the central optimum needs highspy: pip install 'micromarket[opt]'")
    fleets = [curves] if isinstance(curves, Curves) else list(curves)
    members = np.asarray(member_of, dtype=np.int64)
    at = np.cumsum([0, *(len(fleet) for fleet in fleets)])
    parts = [members[a:b] for a, b in pairwise(at)]
    lines = _lines(tree)
    solved = []
    for interval in range(fleets[0].intervals):
        pieces = [_pieces(fleet, nodes, interval) for fleet, nodes in zip(fleets, parts, strict=True)]
        start = np.zeros(len(tree))
        for fleet, nodes in zip(fleets, parts, strict=True):
            np.add.at(start, nodes, _nearest_zero(fleet)[:, interval])
        solved.append(_solve(_Columns.joined([*pieces, lines]), -start, interval))
    return Optimum(np.array([value for value, _ in solved]), np.array([price for _, price in solved]).T)


def _nearest_zero(curves: Curves) -> Floats:
    return np.clip(0.0, curves.powers[..., 0], curves.powers[..., -1])


def _cost(curves: Curves, powers_kw: Floats) -> Floats:
    p, q = curves.prices, curves.powers
    width = np.diff(q, axis=2)
    slope = np.divide(np.diff(p, axis=2), width, out=np.zeros_like(width), where=width > 0)
    a, b = (np.clip(x[..., None], q[..., :-1], q[..., 1:]) for x in (_nearest_zero(curves), powers_kw))
    inside = ((b - a) * (p[..., :-1] + slope * (0.5 * (a + b) - q[..., :-1]))).sum(axis=2)
    above, below = np.maximum(powers_kw - q[..., -1], 0.0), np.minimum(powers_kw - q[..., 0], 0.0)
    return np.asarray(inside + above * p[..., -1] + below * p[..., 0])


@dataclass(frozen=True, slots=True, eq=False)
class _Columns:
    """Variables of the program [kW]: each adds `factor` of itself to the balances of `nodes`, both of shape (c, 2)."""

    low: Floats
    high: Floats
    price: Floats
    slope: Floats
    nodes: Indices
    factor: Floats

    @classmethod
    def joined(cls, parts: Sequence[_Columns]) -> _Columns:
        return cls(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls)))


def _pieces(fleet: Curves, nodes: Indices, interval: int) -> _Columns:
    """Return a variable for each rising piece of each curve: its part of the way from the power nearest to zero."""
    p, q = fleet.prices[:, interval], fleet.powers[:, interval]
    zero = _nearest_zero(fleet)[:, interval, None]
    i, v = np.nonzero(np.diff(q, axis=1) > 0)
    a, b, at = q[i, v] - zero[i, 0], q[i, v + 1] - zero[i, 0], p[i, v]
    slope = (p[i, v + 1] - at) / (b - a)
    halves = []
    for low, high in ((np.minimum(a, 0.0), np.minimum(b, 0.0)), (np.maximum(a, 0.0), np.maximum(b, 0.0))):
        keep = high > low
        nearer = np.where(low < 0, high, low)
        price = at + slope * (nearer - a)
        pairs = np.stack([nodes[i], nodes[i]], axis=1)
        factor = np.stack([np.ones_like(low), np.zeros_like(low)], axis=1)
        columns = (low - nearer, high - nearer, price, slope, pairs, factor)
        halves.append(_Columns(*(column[keep] for column in columns)))
    return _Columns.joined(halves)


def _lines(tree: NodeTree) -> _Columns:
    """Return a variable for each piece of each line: power from the node up, measured at the node."""
    links = tree.links()
    ends = np.setdiff1d(np.arange(links.start[1], links.start[-1]), links.start[1:] - 1)  # borders that start a piece
    node = np.searchsorted(links.start, ends, side="right") - 1
    a, b = links.own_kw[ends], links.own_kw[ends + 1]
    nearer = np.clip(0.0, a, b)
    zeros = np.zeros_like(a)
    factor = np.stack([-np.ones_like(a), 1.0 / links.price_factor[ends]], axis=1)
    return _Columns(a - nearer, b - nearer, zeros, zeros, np.stack([node, tree.parent[node]], axis=1), factor)


def _solve(columns: _Columns, need: Floats, interval: int) -> tuple[float, Floats]:
    model = highspy.HighsModel()
    program = model.lp_
    program.num_col_, program.num_row_ = len(columns.low), len(need)
    program.col_cost_, program.col_lower_, program.col_upper_ = columns.price, columns.low, columns.high
    program.row_lower_ = program.row_upper_ = need
    used = columns.factor != 0
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_ = np.concatenate([[0], np.cumsum(used.sum(axis=1))])
    program.a_matrix_.index_, program.a_matrix_.value_ = columns.nodes[used], columns.factor[used]
    if columns.slope.any():
        sloped = columns.slope > 0
        model.hessian_.dim_ = len(columns.low)
        model.hessian_.format_ = highspy.HessianFormat.kTriangular
        model.hessian_.start_ = np.concatenate([[0], np.cumsum(sloped)])
        model.hessian_.index_, model.hessian_.value_ = np.flatnonzero(sloped), columns.slope[sloped]
    solver = highspy.Highs()
    solver.silent()
    solver.passModel(model)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise NotCleared(f"no optimum in interval {interval}: {solver.modelStatusToString(solver.getModelStatus())}")
    return -solver.getInfo().objective_function_value, np.asarray(solver.getSolution().row_dual)
