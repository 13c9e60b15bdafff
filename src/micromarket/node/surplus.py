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
from micromarket.node.tree import NodeTree

ROUNDING = 1e-12
"""Part of a price below which two prices are the same."""


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
    fleets = _fleets(curves)
    ends = np.cumsum([len(fleet) for fleet in fleets])[:-1]
    total = np.zeros(powers_kw.shape[1])
    for fleet, powers in zip(fleets, np.split(powers_kw, ends), strict=True):
        total -= cost(fleet, powers).sum(axis=0)
    return total


def surplus_bound(tree: NodeTree, curves: Curves | Sequence[Curves], member_of: ArrayLike, price: Floats) -> Floats:
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
    total = lines_gain(tree, price)
    members, at = np.asarray(member_of), 0
    for fleet in _fleets(curves):
        prices = price[members[at : at + len(fleet)]]
        powers = best_response(fleet, prices)
        total += (prices * powers - cost(fleet, powers)).sum(axis=0)
        at += len(fleet)
    return total


def cost(curves: Curves, powers_kw: Floats) -> Floats:
    """Return each participant's price integrated over its power [currency/h], shape (n, T); negative for value."""
    p, q = curves.prices, curves.powers
    width = np.diff(q, axis=2)
    slope = np.divide(np.diff(p, axis=2), width, out=np.zeros_like(width), where=width > 0)
    a, b = (np.clip(x[..., None], q[..., :-1], q[..., 1:]) for x in (nearest_to_zero(curves), powers_kw))
    inside = ((b - a) * (p[..., :-1] + slope * (0.5 * (a + b) - q[..., :-1]))).sum(axis=2)
    above, below = np.maximum(powers_kw - q[..., -1], 0.0), np.minimum(powers_kw - q[..., 0], 0.0)
    return np.asarray(inside + above * p[..., -1] + below * p[..., 0])


def nearest_to_zero(curves: Curves) -> Floats:
    """Return the power of each curve that is nearest to zero [kW], shape (n, T)."""
    return np.asarray(np.clip(0.0, curves.powers[..., 0], curves.powers[..., -1]))


def best_response(curves: Curves, price: Floats) -> Floats:
    """Return a power [kW], shape (n, T), at which each participant gains most at its price; the least on a step."""
    p, q = curves.prices, curves.powers
    part = (price[..., None] - p[..., :-1]) / np.where(p[..., 1:] > p[..., :-1], np.diff(p, axis=2), np.inf)
    part = np.where(p[..., 1:] > p[..., :-1], np.clip(part, 0.0, 1.0), price[..., None] > p[..., 1:])
    return np.asarray(q[..., 0] + (part * np.diff(q, axis=2)).sum(axis=2))


def lines_gain(tree: NodeTree, price: Floats) -> Floats:
    """Return what the lines could gain at most by carrying power between these prices [currency/h], shape (T,)."""
    links = tree.links()
    starts = np.setdiff1d(np.arange(links.start[1], links.start[-1]), links.start[1:] - 1)
    node = np.searchsorted(links.start, starts, side="right") - 1
    own, parents = price[node], price[tree.parent[node]]
    gain = parents / links.price_factor[starts, None] - own  # of one more kW from the node up
    gain[np.abs(gain) < ROUNDING * (1.0 + np.abs(own))] = 0.0
    a, b = (end[:, None] for end in (links.own_kw[starts], links.own_kw[starts + 1]))
    nearer = np.clip(0.0, a, b)
    width = np.where(gain > 0, b - nearer, a - nearer)
    return np.asarray(np.where(gain == 0, 0.0, gain * np.where(gain == 0, 0.0, width)).sum(axis=0))


def _fleets(curves: Curves | Sequence[Curves]) -> list[Curves]:
    return [curves] if isinstance(curves, Curves) else list(curves)
