"""What a dispatch of a whole tree is worth, and a bound that no dispatch can exceed: a proof of optimality by prices.

Any prices of the nodes give a bound: let everyone, lines included, choose what is best for itself at these prices
and add up what they gain; no dispatch that balances every node is worth more (weak duality). Where the value of a
dispatch meets the bound of its prices, both are optimal, and no solver is needed to know.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from micromarket.domain.curves import Curves, Floats
from micromarket.domain.surplus import production_cost, surplus
from micromarket.node.networks.tree import NodeTree

ROUNDING = 1e-12
"""Part of a price below which two prices are the same."""


def welfare(curves: Curves | Sequence[Curves], powers_kw: Floats) -> Floats:
    """Return value of consumption minus cost of generation in each interval [currency/h], shape (T,).

    Parameters
    ----------
    curves : Curves or sequence of Curves
        Curves of `n` participants.
    powers_kw : array of float, shape (n, T)
        Power of each participant [kW]; what lies beyond a curve's ends (rationed demand) counts as its end.
    """
    total, at = np.zeros(powers_kw.shape[1]), 0
    for fleet in _fleets(curves):
        total -= production_cost(fleet, powers_kw[at : at + len(fleet)]).sum(axis=0)
        at += len(fleet)
    return total


def welfare_bound(tree: NodeTree, curves: Curves | Sequence[Curves], member_of: ArrayLike, price: Floats) -> Floats:
    """Return what no dispatch can exceed, proved by these prices [currency/h], shape (T,).

    Parameters
    ----------
    tree : NodeTree
        Nodes and lines.
    curves : Curves or sequence of Curves
        Curves of all `n` participants.
    member_of : array of int, shape (n,)
        Node of each participant.
    price : array of float, shape (m, T)
        Any prices [currency/kWh]; those of the optimum give the optimum itself. Infinite if a line without limit
        joins two different prices.

    Notes
    -----
    In intervals where demand must be rationed no dispatch is feasible and the bound says nothing.
    """
    total, members, at = lines_gain(tree, price), np.asarray(member_of), 0
    for fleet in _fleets(curves):
        at_node = price[members[at : at + len(fleet)]]
        total += surplus(fleet, at_node, fleet.powers_at(at_node)[0]).sum(axis=0)
        at += len(fleet)
    return total


def lines_gain(tree: NodeTree, price: Floats) -> Floats:
    """Return what the lines could gain at most by carrying power between these prices [currency/h], shape (T,)."""
    pieces = tree.links().pieces()
    own, parent = price[pieces.node], price[tree.parent[pieces.node]]
    gain = parent / pieces.price_factor[:, None] - own  # of one more kW from the node up
    gain[np.abs(gain) < ROUNDING * (1.0 + np.abs(own))] = 0.0
    flow = np.where(gain > 0, pieces.most_kw[:, None], pieces.least_kw[:, None])
    return np.asarray(np.multiply(gain, flow, out=np.zeros_like(gain), where=gain != 0).sum(axis=0))


def _fleets(curves: Curves | Sequence[Curves]) -> list[Curves]:
    return [curves] if isinstance(curves, Curves) else list(curves)
