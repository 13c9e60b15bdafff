"""The best dispatch of curves over a network whose flows obey linear rules, by a linear solver (extra `opt`).

Every piece of every curve is a variable, and so is everything the network is made of: flows, angles, voltages. Nodes
balance; the multipliers of these balances are the nodes' prices. Where curves slope the program would be quadratic;
HiGHS' quadratic solver gives up on some of these, so slopes are cut into fine steps around the prices, solved, and
cut again until the value meets a bound that the solver's own prices prove.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micromarket.domain.curves import UNLIMITED_KW, Curves, Floats
from micromarket.domain.surplus import production_cost, surplus
from micromarket.errors import MissingExtra, NotCleared, WrongShape

highspy: Any
try:
    import highspy
except ImportError:  # the extra is not installed; asking for a dispatch says so
    highspy = None

Indices = NDArray[np.int64]
Bound = Callable[[Floats], float]
"""From prices (m,) to the most that the network could gain by carrying power between them [currency/h]."""

ROUNDS = 30
PRECISION = 1e-13
"""Part of the welfare within which slopes are dispatched; prices, which err with its root, are then right to 1e-6."""

CUTS = np.array([-1.0, -1 / 4, -1 / 16, -1 / 64, 0.0, 1 / 64, 1 / 16, 1 / 4, 1.0])
"""Where slopes are cut, as parts of the reach around a node's price."""

ROUNDING = 1e-12
"""Part of a price below which two prices are the same."""


@dataclass(frozen=True, slots=True, eq=False)
class Entries:
    """Numbers of a matrix that are not 0: where each stands, and its value; all of shape (k,)."""

    row: Indices
    column: Indices
    value: Floats

    @classmethod
    def none(cls) -> Entries:
        """Return the entries of a matrix of zeros."""
        return cls(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0))

    @classmethod
    def joined(cls, parts: Sequence[Entries]) -> Entries:
        """Return the entries of all of them in one matrix."""
        return cls(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls)))

    def times(self, values: Floats, rows: int) -> Floats:
        """Return the matrix times a vector, shape (rows,)."""
        return np.bincount(self.row, self.value * values[self.column], minlength=rows).astype(float)

    def transposed(self) -> Entries:
        """Return the matrix with rows and columns exchanged."""
        return Entries(self.column, self.row, self.value)

    def moved(self, rows: int, columns: int) -> Entries:
        """Return the same further down and to the right."""
        return Entries(self.row + rows, self.column + columns, self.value)


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """`m` nodes and `c` variables that describe what flows between them.

    Parameters
    ----------
    nodes : int
        Number of nodes, `m`.
    low, high : array of float, shape (c,)
        Limits of the variables; may be infinite.
    arriving : Entries, m rows and c columns
        Power that reaches each node for each unit of a variable [kW].
    rules : Entries, r rows and c columns
        Rules that bind variables to each other.
    rule_low, rule_high : array of float, shape (r,)
        Between what each rule's sum must lie.
    """

    nodes: int
    low: Floats
    high: Floats
    arriving: Entries
    rules: Entries
    rule_low: Floats
    rule_high: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Dispatch:
    """The best that can be done in one interval.

    Parameters
    ----------
    price : array of float, shape (m,)
        Marginal value of power in each node [currency/kWh].
    powers_kw : array of float, shape (n,)
        Power of each participant [kW].
    variables : array of float, shape (c,)
        What the network does.
    welfare : float
        Value of consumption minus cost of generation [currency/h].
    bound : float
        What no dispatch can exceed [currency/h].
    """

    price: Floats
    powers_kw: Floats
    variables: Floats
    welfare: float
    bound: float


@dataclass(frozen=True, slots=True, eq=False)
class Dispatches:
    """The same for `T` intervals: every array has one dimension more, of length `T`."""

    price: Floats
    powers_kw: Floats
    variables: Floats
    welfare: Floats
    bound: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """One interval to dispatch.

    Parameters
    ----------
    network : Network
        What can flow.
    curves : Curves
        `n` curves in one interval.
    member_of : array of int, shape (n,)
        Node of each.
    name : str
        What to call the interval where nothing balances.
    bound : callable, optional
        Most that the network could gain between prices, if there is a closed form; else it is a linear program.
    """

    network: Network
    curves: Curves
    member_of: Indices
    name: str = "the interval"
    bound: Bound | None = None

    @property
    def start_kw(self) -> Floats:
        """Power of each participant from which its pieces are counted [kW], shape (n,)."""
        return np.asarray(np.clip(0.0, self.curves.lowest_kw, self.curves.highest_kw)[:, 0])


def best_dispatch(task: Task, near: Floats | None = None, precision: float = 1e-9) -> Dispatch:
    """Return the dispatch of most value, proved within `precision`.

    Parameters
    ----------
    task : Task
        What to dispatch.
    near : array of float, shape (m,), optional
        Prices to start from [currency/kWh]; good ones save rounds, bad ones do no harm.
    precision : float, default 1e-9
        Where curves slope, stop within this part of one plus the welfare.

    Raises
    ------
    MissingExtra
        If highspy is not installed.
    NotCleared
        If nothing balances every node.

    Notes
    -----
    Powers of half of `UNLIMITED_KW` and more are cut to ten times what all others can do, so two "unlimited" traders
    with prices that cross would not be judged rightly.
    """
    if highspy is None:
        raise MissingExtra("the best dispatch needs highspy: pip install 'micromarket[opt]'")
    spread = float(np.ptp(task.curves.prices)) or 1.0
    reach = spread if near is None else 1e-6
    price = np.full(task.network.nodes, np.median(task.curves.prices)) if near is None else near
    best: Dispatch | None = None
    for _ in range(ROUNDS):
        found = _solved(task, price, reach)
        best = found if best is None else _better(best, found)
        if best.bound - best.welfare <= precision * (1.0 + abs(best.welfare)):
            break
        reach = min(spread, max(4.0 * float(np.abs(found.price - price).max()), reach / 64))
        price = found.price
    assert best is not None
    return best


def dispatch_each(network: Network, curves: Curves, member_of: ArrayLike) -> Dispatches:
    """Return the best dispatch of every interval, slopes within `PRECISION`.

    Parameters
    ----------
    network : Network
        What can flow.
    curves : Curves
        `n` curves in `T` intervals.
    member_of : array of int, shape (n,)
        Node of each.

    Raises
    ------
    WrongShape
        If `member_of` is not of that shape.
    MissingExtra
        If highspy is not installed.
    NotCleared
        If nothing balances every node in some interval.
    """
    members = np.asarray(member_of, dtype=np.int64)
    if members.shape != (len(curves),):
        raise WrongShape(f"expected a node for each of {len(curves)} participants; found {members.shape}")
    found = [
        best_dispatch(Task(network, curves[:, t : t + 1], members, f"interval {t}"), precision=PRECISION)
        for t in range(curves.intervals)
    ]
    return Dispatches(*(np.stack([getattr(one, f.name) for one in found], axis=-1) for f in fields(Dispatches)))


def _better(old: Dispatch, new: Dispatch) -> Dispatch:
    best = new if new.welfare > old.welfare else old
    tighter = new if new.bound < old.bound else old
    return replace(best, price=tighter.price, bound=tighter.bound)


def _solved(task: Task, price: Floats, reach: float) -> Dispatch:
    """Return the dispatch of the program whose slopes are steps, finest around `price`."""
    network, pieces = task.network, _pieces(task, price[task.member_of, None] + reach * CUTS)
    need = -np.bincount(task.member_of, task.start_kw, minlength=network.nodes)
    shape = len(pieces.owner)
    program = _Program(
        np.concatenate([pieces.price, np.zeros(len(network.low))]),
        np.concatenate([pieces.low, network.low]),
        np.concatenate([pieces.high, network.high]),
        Entries.joined([pieces.entries(task.member_of), network.arriving.moved(0, shape), _rules(network, shape)]),
        np.concatenate([need, network.rule_low]),
        np.concatenate([need, network.rule_high]),
    )
    solution = _solve(program)
    if solution is None:
        raise NotCleared(f"no dispatch balances every node in {task.name}")
    values, duals = solution
    powers = task.start_kw + np.bincount(pieces.owner, values[:shape], minlength=len(task.curves))
    prices = np.where(np.abs(duals) < ROUNDING, 0.0, duals)[: network.nodes]
    welfare = -float(production_cost(task.curves, powers[:, None]).sum())
    return Dispatch(prices, powers, values[shape:], welfare, _bound(task, prices))


def _rules(network: Network, columns: int) -> Entries:
    return network.rules.moved(network.nodes, columns)


def _bound(task: Task, price: Floats) -> float:
    """Return what nobody can exceed who may choose freely at these prices: participants, and the network."""
    at_node = price[task.member_of, None]
    gained = surplus(task.curves, at_node, task.curves.powers_at(at_node)[0]).sum()
    return float(gained) + (task.bound or _carrier(task.network))(price)


def _carrier(network: Network) -> Bound:
    def most(price: Floats) -> float:
        gain = network.arriving.transposed().times(price, len(network.low))
        gain[np.abs(gain) < ROUNDING * (1.0 + np.abs(price).max())] = 0.0
        limits = network.rule_low, network.rule_high
        found = _solve(_Program(-gain, network.low, network.high, network.rules, *limits))
        return np.inf if found is None else float(gain @ found[0])

    return most


@dataclass(frozen=True, slots=True, eq=False)
class _Pieces:
    """Steps of curves as variables: how far each participant goes along it [kW]."""

    owner: Indices
    low: Floats
    high: Floats
    price: Floats

    def entries(self, member_of: Indices) -> Entries:
        return Entries(member_of[self.owner], np.arange(len(self.owner)), np.ones(len(self.owner)))


def _pieces(task: Task, cuts: Floats) -> _Pieces:
    """Return a variable for each step: its part of the way from the curve's power nearest to zero."""
    curves = task.curves
    p, q = curves.prices[:, 0], curves.powers[:, 0] - task.start_kw[:, None]
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
    return _bounded(_signed(i[row], a[b > a], b[b > a], middle[b > a]), float(np.abs(task.start_kw).sum()))


def _signed(owner: Indices, low: Floats, high: Floats, price: Floats) -> _Pieces:
    halves = []
    for a, b in ((np.minimum(low, 0.0), np.minimum(high, 0.0)), (np.maximum(low, 0.0), np.maximum(high, 0.0))):
        keep = b > a
        nearer = np.where(a < 0, b, a)[keep]
        halves.append(_Pieces(owner[keep], a[keep] - nearer, b[keep] - nearer, price[keep]))
    return _Pieces(*(np.concatenate([getattr(half, f.name) for half in halves]) for f in fields(_Pieces)))


def _bounded(pieces: _Pieces, start: float) -> _Pieces:
    """Return the same with "unlimited" cut to ten times all the rest, beyond which nothing can go."""
    most = np.maximum(-pieces.low, pieces.high)
    bound = 1.0 + 10.0 * (start + most[most < UNLIMITED_KW / 2].sum())
    return replace(pieces, low=np.maximum(pieces.low, -bound), high=np.minimum(pieces.high, bound))


@dataclass(frozen=True, slots=True, eq=False)
class _Program:
    """A linear program: least cost within limits of columns and of rows."""

    cost: Floats
    low: Floats
    high: Floats
    matrix: Entries
    row_low: Floats
    row_high: Floats


def _solve(given: _Program) -> tuple[Floats, Floats] | None:
    """Return the values of the columns and the multipliers of the rows, or None if there is no optimum."""
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = len(given.low), len(given.row_low)
    program.col_cost_, program.col_lower_, program.col_upper_ = given.cost, given.low, given.high
    program.row_lower_, program.row_upper_ = given.row_low, given.row_high
    order = np.argsort(given.matrix.column, kind="stable")
    counts = np.bincount(given.matrix.column, minlength=len(given.low))
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_ = np.concatenate([[0], np.cumsum(counts)])
    program.a_matrix_.index_, program.a_matrix_.value_ = given.matrix.row[order], given.matrix.value[order]
    solver = highspy.Highs()
    solver.silent()
    solver.passModel(program)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    solution = solver.getSolution()
    return np.asarray(solution.col_value), np.asarray(solution.row_dual)
