"""From the lines of a grid to the tree of nodes in which a nested market clears."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from micromarket.errors import InvalidValue
from micromarket.simulation.importers.simbench_source import Branch


@dataclass(frozen=True, slots=True)
class RadialTree:
    """Buses in an order in which parents come before children.

    Parameters
    ----------
    order : tuple of int
        Every bus that can be reached from the root; the root first.
    upstream : dict of int to (int, Branch)
        For every other bus: the bus it hangs on, and the branch between them.
    left_out : tuple of Branch
        Branches that would close a loop.
    """

    order: tuple[int, ...]
    upstream: dict[int, tuple[int, Branch]]
    left_out: tuple[Branch, ...]


def radial_tree(root: int, branches: Sequence[Branch]) -> RadialTree:
    """Return the tree that spreads from `root` over `branches`, nearest buses first.

    A branch between two buses that are reached already would close a loop, which a tree cannot hold; it is left out
    and named in the result.

    Parameters
    ----------
    root : int
        The bus to start from.
    branches : sequence of Branch
        What connects buses; at equal distance the earlier branch wins.
    """
    touching: dict[int, list[Branch]] = {}
    for branch in branches:
        for end in branch.ends:
            touching.setdefault(end, []).append(branch)
    order, upstream, left_out = [root], dict[int, tuple[int, Branch]](), dict[Branch, None]()
    for bus in order:
        for branch in touching.get(bus, []):
            other = branch.ends[0] if branch.ends[1] == bus else branch.ends[1]
            if bus in upstream and branch == upstream[bus][1]:
                continue
            if other == root or other in upstream:
                if upstream.get(other, (-1, None))[1] != branch:
                    left_out[branch] = None
                continue
            upstream[other] = bus, branch
            order.append(other)
    return RadialTree(tuple(order), upstream, tuple(left_out))


def require_reached(tree: RadialTree, buses: Sequence[int], names: Sequence[str]) -> None:
    """Do nothing if the tree reaches all `buses`.

    Raises
    ------
    InvalidValue
        If it does not; names the first one.
    """
    reached = set(tree.order)
    lost = [names[bus] for bus in buses if bus not in reached]
    if lost:
        raise InvalidValue(f"no closed line leads from the supplier to {', '.join(sorted(set(lost))[:5])}")
