"""The tree of nodes: homes under feeders under a substation, each joined to its parent by one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micromarket.domain.curves import Floats
from micromarket.errors import BrokenTree, InvalidValue, UnratedLoss, WrongShape
from micromarket.node.losses import SEGMENTS, Links, links

Indices = NDArray[np.int32]
MOST_LOSS = 0.5
"""Full-load losses stay below this fraction: beyond it more sent power would arrive as less."""


@dataclass(frozen=True, slots=True, eq=False)
class NodeTree:
    """Nodes in an order in which parents stand before their children, and the line from each to its parent.

    Parameters
    ----------
    ids : tuple of str, length m
        Name of each node.
    parent : array of int, shape (m,)
        Index of each node's parent; -1 for the root, which is node 0.
    import_limit_kw, export_limit_kw : array of float, shape (m,)
        Most power over the line toward the node and from the node up, at the sending end [kW]; may be infinite.
        Those of the root are unused.
    full_load_loss : array of float, shape (m,)
        Fraction of the power that is lost at the limit of either direction.
    loss_segments : int, default 8
        Straight segments that stand for the loss parabola in each direction.

    Raises
    ------
    WrongShape
        If the arrays do not have one entry for each node.
    BrokenTree
        If there is no node, a name repeats, the first node is not the root, or a parent does not stand before its
        child.
    InvalidValue
        If a limit is negative or not a number, a loss is outside [0, 0.5), or there is no segment.
    UnratedLoss
        If a line has a loss but an unlimited direction: a full-load loss needs a full load.
    """

    ids: tuple[str, ...]
    parent: Indices
    import_limit_kw: Floats
    export_limit_kw: Floats
    full_load_loss: Floats
    loss_segments: int = SEGMENTS
    _links: Links = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check everything."""
        for name in ("parent", "import_limit_kw", "export_limit_kw", "full_load_loss"):
            shape = getattr(self, name).shape
            if shape != (len(self.ids),):
                raise WrongShape(f"{name} must have one entry for each of {len(self.ids)} nodes; found shape {shape}")
        self._check_order()
        self._check_lines()
        lines = links(self.import_limit_kw, self.export_limit_kw, self.full_load_loss, self.loss_segments)
        object.__setattr__(self, "_links", lines)

    @classmethod
    def of(
        cls,
        ids: Sequence[str],
        parent: ArrayLike,
        import_limit_kw: ArrayLike = np.inf,
        export_limit_kw: ArrayLike = np.inf,
        full_load_loss: ArrayLike = 0.0,
    ) -> NodeTree:
        """Return a tree; a limit or a loss may be one number for all lines."""
        imports, exports, loss = (
            np.array(np.broadcast_to(np.asarray(line, dtype=float), len(ids)))
            for line in (import_limit_kw, export_limit_kw, full_load_loss)
        )
        return cls(tuple(ids), np.asarray(parent, dtype=np.int32), imports, exports, loss)

    def __len__(self) -> int:
        """Return the number of nodes."""
        return len(self.ids)

    @property
    def depth(self) -> Indices:
        """Lines between each node and the root, shape (m,)."""
        depth = np.zeros(len(self), dtype=np.int32)
        for k in range(1, len(self)):
            depth[k] = depth[self.parent[k]] + 1
        return depth

    def levels(self) -> list[Indices]:
        """Return the nodes of each level, from the root down."""
        depth = self.depth
        order = np.argsort(depth, kind="stable").astype(np.int32)
        return np.split(order, np.flatnonzero(np.diff(depth[order])) + 1)

    def children(self, node: int) -> Indices:
        """Return the nodes whose parent is `node`."""
        return np.flatnonzero(self.parent == node).astype(np.int32)

    def path(self, node: int) -> list[int]:
        """Return the nodes from the root down to `node`, both included."""
        path = [node]
        while self.parent[path[-1]] >= 0:
            path.append(int(self.parent[path[-1]]))
        return path[::-1]

    def links(self) -> Links:
        """Return the lines as the kernel takes them."""
        return self._links

    def _check_order(self) -> None:
        if not self.ids:
            raise BrokenTree("a tree needs at least its root")
        for a, b in pairwise(sorted(self.ids)):
            if a == b:
                raise BrokenTree(f"two nodes are named {a!r}")
        if self.parent[0] != -1:
            raise BrokenTree(f"the first node must be the root, with parent -1; {self.ids[0]!r} has {self.parent[0]}")
        wrong = np.flatnonzero((self.parent < 0) | (self.parent >= np.arange(len(self))))
        for k in wrong[wrong > 0]:
            raise BrokenTree(f"the parent of {self.ids[k]!r}, node {k}, must stand before it; found {self.parent[k]}")

    def _check_lines(self) -> None:
        if self.loss_segments < 1:
            raise InvalidValue(f"a loss needs at least one segment; found {self.loss_segments}")
        for name in ("import_limit_kw", "export_limit_kw"):
            limit = getattr(self, name)
            for k in np.flatnonzero(~(limit >= 0)):
                raise InvalidValue(f"{name} of {self.ids[k]!r} must be 0 or more; found {limit[k]}")
        loss = self.full_load_loss
        for k in np.flatnonzero(~((loss >= 0) & (loss < MOST_LOSS))):
            raise InvalidValue(
                f"full_load_loss of {self.ids[k]!r} must be from 0 to below {MOST_LOSS}; found {loss[k]}"
            )
        unlimited = np.isinf(self.import_limit_kw) | np.isinf(self.export_limit_kw)
        for k in np.flatnonzero((loss > 0) & unlimited):
            raise UnratedLoss(f"the line of {self.ids[k]!r} has a loss of {loss[k]}, so it needs both limits, finite")
