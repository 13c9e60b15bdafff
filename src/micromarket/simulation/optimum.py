"""The central optimum of a whole tree, by a linear solver: what the nested auction is measured against (extra `opt`).

Every piece of every curve is a variable, every segment of every line is one, every node balances. Where curves slope
the program would be quadratic; HiGHS' quadratic solver gives up on some of these, so slopes are cut into fine steps
around the prices, solved, and cut again until the value meets the bound that the solver's own prices prove
(`micromarket.node.welfare.welfare_bound`).

Without losses, and with losses at prices that are not negative, the nested auction reaches this optimum. At negative
prices a line with losses could earn money here by carrying power both ways; the nested auction's price rule
(`micromarket.node.losses`) does not let it, and the gap shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micromarket.domain.curves import UNLIMITED_KW, Curves, Floats
from micromarket.errors import MissingExtra, NotCleared
from micromarket.node.tree import NodeTree
from micromarket.node.welfare import welfare_bound

highspy: Any
try:
    import highspy
except ImportError:  # the extra is not installed; asking for an optimum says so
    highspy = None

Indices = NDArray[np.int64]
ROUNDS = 30
CUTS = np.array([-1.0, -1 / 4, -1 / 16, -1 / 64, 0.0, 1 / 64, 1 / 16, 1 / 4, 1.0])
"""Where slopes are cut, as parts of the reach around a node's price."""


@dataclass(frozen=True, slots=True, eq=False)
class Optimum:
    """The best that could be reached in each of `T` intervals.

    Parameters
    ----------
    welfare : array of float, shape (T,)
        Value of all consumption minus cost of all generation [currency/h].
    bound : array of float, shape (T,)
        What no dispatch can exceed [currency/h]: `welfare` is within ``bound - welfare`` of the true optimum.
    price : array of float, shape (m, T)
        Marginal value of power in each node [currency/kWh].
    """

    welfare: Floats
    bound: Floats
    price: Floats


def central_optimum(
    tree: NodeTree,
    curves: Curves | Sequence[Curves],
    member_of: ArrayLike,
    near: Floats | None = None,
    precision: float = 1e-9,
) -> Optimum:
    """Return the optimum of the whole tree in every interval.

    Parameters
    ----------
    tree : NodeTree
        Nodes and lines, losses with the tree's segments.
    curves : Curves or sequence of Curves
        Curves of all `n` participants, the supplier among them.
    member_of : array of int, shape (n,)
        Node of each participant.
    near : array of float, shape (m, T), optional
        Prices to start from [currency/kWh]; good ones save rounds, bad ones do no harm.
    precision : float, default 1e-9
        Where curves slope, stop within this part of one plus the welfare.

    Raises
    ------
    MissingExtra
        If highspy is not installed.
    NotCleared
        If nothing balances every node in some interval: what cannot be done without exceeds what can be brought.

    Notes
    -----
    Powers of half of `UNLIMITED_KW` and more are cut to ten times what all others can do, so two "unlimited" traders
    with prices that cross would not be judged rightly.
    """
    if highspy is None:
        raise MissingExtra("the central optimum needs highspy: pip install 'micromarket[opt]'")
    fleets = [curves] if isinstance(curves, Curves) else list(curves)
    every = Curves.concatenate(fleets) if len(fleets) > 1 else fleets[0]
    found = []
    for t in range(every.intervals):
        program = _Program(tree, every[:, t : t + 1], np.asarray(member_of, dtype=np.int64), _lines(tree), t)
        found.append(_refined(program, None if near is None else near[:, t], precision))
    value, bound, price = zip(*found, strict=True)
    return Optimum(np.array(value), np.array(bound), np.array(price).T)


@dataclass(frozen=True, slots=True, eq=False)
class _Columns:
    """Variables of a program [kW]: each adds `factor` of itself to the balances of `nodes`, both of shape (c, 2)."""

    low: Floats
    high: Floats
    price: Floats
    nodes: Indices
    factor: Floats

    @classmethod
    def joined(cls, parts: Sequence[_Columns]) -> _Columns:
        """Return all of them in one."""
        return cls(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls)))

    def cut(self, start: Floats) -> _Columns:
        """Return the same with "unlimited" cut to ten times all the rest, beyond which nothing can go."""
        most = np.maximum(-self.low, self.high)
        bound = 1.0 + 10.0 * (np.abs(start).sum() + most[most < UNLIMITED_KW / 2].sum())
        return replace(self, low=np.maximum(self.low, -bound), high=np.minimum(self.high, bound))


@dataclass(frozen=True, slots=True, eq=False)
class _Program:
    """One interval of a tree."""

    tree: NodeTree
    curves: Curves
    member_of: Indices
    lines: _Columns
    interval: int


def _refined(program: _Program, price: Floats | None, precision: float) -> tuple[float, float, Floats]:
    spread = float(np.ptp(program.curves.prices)) or 1.0
    reach = spread if price is None else 1e-6
    price = np.full(len(program.tree), np.median(program.curves.prices)) if price is None else price
    best = (-np.inf, np.inf, price)
    for _ in range(ROUNDS):
        value, found = _solved(program, price, reach)
        bound = float(welfare_bound(program.tree, program.curves, program.member_of, found[:, None])[0])
        best = (max(value, best[0]), *min((bound, found), best[1:], key=lambda one: one[0]))
        if best[1] - best[0] <= precision * (1.0 + abs(best[0])):
            break
        reach = min(spread, max(4.0 * float(np.abs(found - price).max()), reach / 64))
        price = found
    return best


def _solved(program: _Program, price: Floats, reach: float) -> tuple[float, Floats]:
    """Return value and prices of the program whose slopes are steps, finest around `price`."""
    start = np.zeros(len(program.tree))
    np.add.at(start, program.member_of, _nearest_to_zero(program.curves)[:, 0])
    cuts = price[program.member_of, None] + reach * CUTS
    pieces = _pieces(program.curves, program.member_of, cuts)
    return _solve(_Columns.joined([pieces, program.lines]).cut(start), -start, program.interval)


def _nearest_to_zero(curves: Curves) -> Floats:
    return np.asarray(np.clip(0.0, curves.lowest_kw, curves.highest_kw))


def _pieces(curves: Curves, member_of: Indices, cuts: Floats) -> _Columns:
    """Return a variable for each step: its part of the way from the curve's power nearest to zero."""
    p, q = curves.prices[:, 0], curves.powers[:, 0] - _nearest_to_zero(curves)[:, :1]
    i, v = np.nonzero(np.diff(q, axis=1) > 0)
    low, high = p[i, v, None], p[i, v + 1, None]
    power = q[i, v, None], q[i, v + 1, None]
    slope = (high - low) / (power[1] - power[0])
    zero = low - slope * power[0]  # price at no change of power: a border too, so that steps never flatter the value
    prices = np.sort(np.concatenate([low, np.clip(np.concatenate([cuts[i], zero], axis=1), low, high), high], axis=1))
    part = np.divide(prices - low, high - low, out=np.zeros_like(prices), where=high > low)
    part[:, -1] = 1.0
    borders = power[0] + part * (power[1] - power[0])
    a, b, middle = borders[:, :-1], borders[:, 1:], 0.5 * (prices[:, :-1] + prices[:, 1:])
    row, _ = np.nonzero(b > a)
    a, b, middle = a[b > a], b[b > a], middle[b > a]
    return _signed(a, b, middle, member_of[i[row]])


def _signed(low: Floats, high: Floats, price: Floats, node: Indices) -> _Columns:
    halves = []
    for a, b in ((np.minimum(low, 0.0), np.minimum(high, 0.0)), (np.maximum(low, 0.0), np.maximum(high, 0.0))):
        keep = b > a
        nearer = np.where(a < 0, b, a)[keep]
        nodes, factor = np.zeros((nearer.size, 2), dtype=np.int64), np.zeros((nearer.size, 2))
        nodes[:, 0], factor[:, 0] = node[keep], 1.0
        halves.append(_Columns(a[keep] - nearer, b[keep] - nearer, price[keep], nodes, factor))
    return _Columns.joined(halves)


def _lines(tree: NodeTree) -> _Columns:
    """Return a variable for each piece of each line: power from the node up, measured at the node."""
    pieces = tree.links().pieces()
    factor = np.stack([-np.ones_like(pieces.price_factor), 1.0 / pieces.price_factor], axis=1)
    nodes = np.stack([pieces.node, tree.parent[pieces.node]], axis=1)
    return _Columns(pieces.least_kw, pieces.most_kw, np.zeros_like(pieces.least_kw), nodes, factor)


def _solve(columns: _Columns, need: Floats, interval: int) -> tuple[float, Floats]:
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = len(columns.low), len(need)
    program.col_cost_, program.col_lower_, program.col_upper_ = columns.price, columns.low, columns.high
    program.row_lower_ = program.row_upper_ = need
    used = columns.factor != 0
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_ = np.concatenate([[0], np.cumsum(used.sum(axis=1))])
    program.a_matrix_.index_, program.a_matrix_.value_ = columns.nodes[used], columns.factor[used]
    solver = highspy.Highs()
    solver.silent()
    solver.passModel(program)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        status = solver.modelStatusToString(solver.getModelStatus())
        raise NotCleared(f"no dispatch balances every node in interval {interval}: {status}")
    return -solver.getInfo().objective_function_value, np.asarray(solver.getSolution().row_dual)
