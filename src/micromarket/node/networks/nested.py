"""The nested auction over a whole tree: bids go up, prices come down, all nodes and intervals in one call.

Going up, a node's net curve is the sum of its members' curves and of its children's as seen over their lines, clipped
to the limits and bent by the losses of its own line. At the root the sum meets zero. Going down, each child gets its
power from its parent's solution, and its price is, of the prices at which its net curve gives that power, the one
nearest to the parent's price corrected for losses: uncongested prices differ by losses only, congested ones by the
least congestion component.

Source: Transactive Network Template v4 (PNNL, 2024), sections 2.2.1, 2.2.3 and 3.4 (auction).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micromarket.domain.curves import Curves, Floats
from micromarket.errors import NotFinite, WrongShape
from micromarket.kernels.nested import NestedProblem, NestedSolution
from micromarket.kernels.nested import clear_nested as solve
from micromarket.node.networks.membership import checked_members
from micromarket.node.networks.tree import NodeTree

TOLERANCE_KW = 1e-9
"""Most by which a node may miss its balance through rounding [kW]."""


@dataclass(frozen=True, slots=True, eq=False)
class NestedClearing:
    """Prices of all `m` nodes and powers of all `n` participants in `T` intervals.

    Parameters
    ----------
    price : array of float, shape (m, T)
        Price in each node [currency/kWh].
    powers_kw : array of float, shape (n, T)
        Average power of each participant [kW], positive into its node; each node balances within `TOLERANCE_KW`.
    sent_kw, received_kw : array of float, shape (m, T)
        Power over the line between a node and its parent where it is sent and where it arrives [kW]: positive toward
        the node, negative from the node up. ``|sent| - |received|`` is lost. Zero for the root.
    outcome : array of int8, shape (m, T)
        0 balanced, 1 short (demand was rationed in this node), 2 surplus (generation was spilled).
    congested : array of bool, shape (m, T)
        Whether the line to the parent is at a limit that matters: prices differ by more than losses, or the node is
        short or in surplus behind it.
    unserved_kw : array of float, shape (n, T)
        What each participant wanted beyond `powers_kw` at the price of a short or surplus node [kW], not negative.
    """

    price: Floats
    powers_kw: Floats
    sent_kw: Floats
    received_kw: Floats
    outcome: NDArray[np.int8]
    congested: NDArray[np.bool_]
    unserved_kw: Floats

    @property
    def losses_kw(self) -> Floats:
        """Power lost on each line [kW], shape (m, T), not negative."""
        return np.abs(self.sent_kw) - np.abs(self.received_kw)

    def imported_kw(self) -> Floats:
        """Return the power into each node over its line, measured at the node [kW], shape (m, T)."""
        return np.where(self.sent_kw > 0, self.received_kw, self.sent_kw)

    def exported_kw(self) -> Floats:
        """Return the power into each parent over the node's line, measured at the parent [kW], shape (m, T)."""
        return -np.where(self.sent_kw > 0, self.sent_kw, self.received_kw)

    def unserved_by_node_kw(self, member_of: ArrayLike) -> Floats:
        """Return the unserved or spilled power of all members of each node [kW], shape (m, T)."""
        total = np.zeros_like(self.price)
        np.add.at(total, np.asarray(member_of, dtype=np.int64), self.unserved_kw)
        return total

    def imbalance_kw(self, tree: NodeTree, member_of: ArrayLike) -> Floats:
        """Return by how much each node misses its balance [kW], shape (m, T)."""
        total = self.imported_kw()
        np.add.at(total, np.asarray(member_of, dtype=np.int64), self.powers_kw)
        np.add.at(total, tree.parent[1:], self.exported_kw()[1:])
        return total


def clear_nested(
    tree: NodeTree, curves: Curves | Sequence[Curves], member_of: ArrayLike, reference: ArrayLike | None = None
) -> NestedClearing:
    """Clear every node of the tree in every interval.

    Parameters
    ----------
    tree : NodeTree
        Nodes and lines.
    curves : Curves or sequence of Curves
        Curves of all participants, the supplier among them; several fleets need not be joined into one array.
    member_of : array of int, shape (n,)
        Node of each participant.
    reference : array of float, shape (T,), optional
        Price [currency/kWh] to stay nearest to where a whole stretch of prices balances the root. Without it: the
        middle of the stretch, its finite end if it has one, else 0.

    Returns
    -------
    NestedClearing
        Exact for the given curves and the segments of the losses.

    Raises
    ------
    WrongShape
        If `member_of`, `curves` and `reference` do not fit together, or name a node that does not exist.
    NotFinite
        If a reference price is infinite or not a number.

    Notes
    -----
    *Shares.* On the piece of a node's net curve where its target lies, everyone goes the same fraction of the way
    between both ends of that piece: pro rata on a step, by the curves on a slope. Whoever has most room there takes
    what rounding leaves.
    *Shortage* (a limit too small for what cannot be done without): everyone who draws power in the node, lines to
    children included, loses the same fraction. The price is the highest at which anything in the node would still
    change its power, or what the line makes of the parent's price if that is higher. A surplus is the mirror image.
    """
    fleets = [curves] if isinstance(curves, Curves) else list(curves)
    members = checked_members(member_of, sum(len(fleet) for fleet in fleets), len(tree))
    if len({fleet.intervals for fleet in fleets}) > 1:
        raise WrongShape(f"all curves must share their intervals; found {sorted({f.intervals for f in fleets})}")
    intervals = fleets[0].intervals if fleets else 0
    return _clearing(solve(problem_of(tree, fleets, members, _reference(reference, intervals))))


def problem_of(
    tree: NodeTree, fleets: Sequence[Curves], member_of: NDArray[np.int64], reference: Floats
) -> NestedProblem:
    """Return the arrays of one kernel call; `reference` is NaN where there is none."""
    links = tree.links()
    counts = np.bincount(member_of, minlength=len(tree))
    return NestedProblem(
        parent=np.ascontiguousarray(tree.parent, dtype=np.int32),
        link_start=links.start,
        own_power=links.own_kw,
        seen_power=links.seen_kw,
        price_factor=links.price_factor,
        member_start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        members=np.argsort(member_of, kind="stable").astype(np.int64),
        reference=reference,
        prices=[fleet.prices for fleet in fleets],
        powers=[fleet.powers for fleet in fleets],
    )


def _clearing(solution: NestedSolution) -> NestedClearing:
    return NestedClearing(
        price=solution.price.T,
        powers_kw=solution.powers.T,
        sent_kw=solution.sent.T,
        received_kw=solution.received.T,
        outcome=solution.outcome.T,
        congested=solution.congested.T,
        unserved_kw=solution.unserved.T,
    )


def _reference(reference: ArrayLike | None, intervals: int) -> Floats:
    if reference is None:
        return np.full(intervals, np.nan)
    values = np.ascontiguousarray(reference, dtype=float)
    if values.shape != (intervals,):
        raise WrongShape(
            f"reference must have one price for each of {intervals} intervals; found shape {values.shape}"
        )
    if not np.isfinite(values).all():
        raise NotFinite("every reference price must be finite")
    return values
