"""A transactive node: one circuit region seen from inside, with its local assets and its neighbors.

The array kernel in `micromarket.node.networks.nested` solves whole trees at once. This is the same thing for one node
that knows nothing but the curves its neighbors sent: what an independent agent runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from micromarket.domain.curves import Curves
from micromarket.errors import BrokenTree, UnknownParty
from micromarket.node.balancing import Balance, balance
from micromarket.node.neighbor import Direction, Neighbor

Signals = Mapping[str, Curves]


@dataclass(frozen=True, slots=True)
class TransactiveNode:
    """One circuit region, a copper plate: no losses and one price inside.

    Parameters
    ----------
    id : str
        Name of the node.
    neighbors : tuple of Neighbor
        Regions it exchanges power with.

    Raises
    ------
    BrokenTree
        If two neighbors share a name.

    Notes
    -----
    A *signal* is one curve (1, T, V): the sum of everything in and around the sender except the receiver, power
    positive toward the receiver. Its vertices are the seed's transactive records.
    Source: Transactive Network Template v4 (PNNL, 2024), sections 2.2.1 to 2.2.3 and 3.4.
    """

    id: str
    neighbors: tuple[Neighbor, ...] = ()

    def __post_init__(self) -> None:
        """Check that names are different."""
        names = [neighbor.id for neighbor in self.neighbors]
        if len(set(names)) < len(names):
            raise BrokenTree(f"two neighbors of {self.id!r} share a name: {sorted(names)}")

    def neighbor(self, neighbor_id: str) -> Neighbor:
        """Return a neighbor by name.

        Raises
        ------
        UnknownParty
            If there is none of that name.
        """
        for neighbor in self.neighbors:
            if neighbor.id == neighbor_id:
                return neighbor
        raise UnknownParty(f"{self.id!r} has no neighbor {neighbor_id!r}; it has {[n.id for n in self.neighbors]}")

    def with_thresholds(self, thresholds_kw: Mapping[str, float]) -> TransactiveNode:
        """Return the node with the demand [kW] up to which some of its neighbors' charges add nothing."""
        if not thresholds_kw:
            return self
        return replace(
            self,
            neighbors=tuple(
                replace(one, threshold_kw=thresholds_kw.get(one.id, one.threshold_kw)) for one in self.neighbors
            ),
        )

    def directed(self, direction: Direction) -> tuple[Neighbor, ...]:
        """Return the neighbors upstream or downstream."""
        return tuple(neighbor for neighbor in self.neighbors if neighbor.direction is direction)

    def signal(self, to: str, local: Curves, received: Signals) -> Curves:
        """Return what this node tells a neighbor: its net curve without that neighbor.

        Parameters
        ----------
        to : str
            Who shall receive it.
        local : Curves
            Curves of the local assets.
        received : mapping of str to Curves
            The last signal of each neighbor; whoever sent none counts with its default, or not at all.

        Raises
        ------
        UnknownParty
            If `to`, or a sender in `received`, is no neighbor.
        """
        receiver = self.neighbor(to)
        others = self.seen(local, received, leaving_out=to)
        return receiver.sent(Curves.concatenate([local, *others.values()]).sum())

    def balance(self, local: Curves, received: Signals, reference: ArrayLike | None = None) -> Balance:
        """Return price and powers that balance this node, given the last signal of each neighbor.

        Arguments are those of `signal`; `reference` is a price to stay near where many balance.
        """
        return balance(local, self.seen(local, received), reference)

    def seen(self, local: Curves, received: Signals, leaving_out: str | None = None) -> dict[str, Curves]:
        """Return the curve of each neighbor as seen from inside, but for one that is left out.

        Arguments are those of `signal`.
        """
        for sender in received:
            self.neighbor(sender)
        nothing = Curves.inelastic(np.zeros((1, local.intervals)))
        return {
            neighbor.id: neighbor.seen(
                received.get(neighbor.id, nothing if neighbor.default is None else neighbor.default)
            )
            for neighbor in self.neighbors
            if neighbor.id != leaving_out
        }
