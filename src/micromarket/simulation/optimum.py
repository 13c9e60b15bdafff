"""The central optimum of a whole tree: what the nested auction is measured against (extra `opt`).

Without losses, and with losses at prices that are not negative, the nested auction reaches this optimum. At negative
prices a line with losses could earn money here by carrying power both ways; the nested auction's price rule
(`micromarket.node.losses`) does not let it, and the gap shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from micromarket.domain.curves import Curves, Floats
from micromarket.grid.dispatch import Entries, Network, Task, best_dispatch
from micromarket.node.networks.tree import NodeTree
from micromarket.node.networks.welfare import lines_gain


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
    """
    fleets = [curves] if isinstance(curves, Curves) else list(curves)
    every = Curves.concatenate(fleets) if len(fleets) > 1 else fleets[0]
    members, lines = np.asarray(member_of, dtype=np.int64), network_of(tree)
    found = [
        best_dispatch(
            Task(lines, every[:, t : t + 1], members, f"interval {t}", lambda price: _gain(tree, price)),
            None if near is None else near[:, t],
            precision,
        )
        for t in range(every.intervals)
    ]
    welfare, bound = ([getattr(one, name) for one in found] for name in ("welfare", "bound"))
    return Optimum(np.array(welfare), np.array(bound), np.stack([one.price for one in found], axis=1))


def network_of(tree: NodeTree) -> Network:
    """Return a tree as a network: a variable for each piece of each line, power from the node up."""
    pieces = tree.links().pieces()
    column = np.arange(len(pieces.node))
    leaving = Entries(pieces.node, column, -np.ones(len(column)))
    arriving = Entries(tree.parent[pieces.node].astype(np.int64), column, 1.0 / pieces.price_factor)
    nothing = np.zeros(0)
    return Network(
        len(tree),
        pieces.least_kw,
        pieces.most_kw,
        Entries.joined([leaving, arriving]),
        Entries.none(),
        nothing,
        nothing,
    )


def _gain(tree: NodeTree, price: Floats) -> float:
    return float(lines_gain(tree, price[:, None])[0])
