"""A network of nodes joined by lines in any shape: tree, ring or mesh."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micromarket.domain.curves import Floats
from micromarket.errors import BrokenNetwork, InvalidValue, UnratedLoss, WrongShape
from micromarket.node.losses import SEGMENTS
from micromarket.node.networks.tree import MOST_LOSS, NodeTree


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Nodes, and the lines between them: `m` nodes, `E` edges.

    Parameters
    ----------
    ids : tuple of str, length m
        Name of each node.
    ends : array of int, shape (E, 2)
        Nodes at both ends of each edge; two nodes may be joined by several edges.
    limit_kw : array of float, shape (E, 2)
        Most power into the node at each end, where it is sent [kW]; may be infinite.
    full_load_loss : array of float, shape (E,)
        Fraction of the power that is lost at the limit of either direction; the importer bears it.
    loss_segments : int, default 8
        Straight segments that stand for the loss parabola in each direction.

    Raises
    ------
    WrongShape
        If the arrays do not fit together.
    BrokenNetwork
        If there is no node, a name repeats, or an edge joins a node to itself or to one that does not exist.
    InvalidValue
        If a limit is negative or not a number, a loss is outside [0, 0.5), or there is no segment.
    UnratedLoss
        If an edge has a loss but an unlimited direction.

    Notes
    -----
    Source: Transactive Network Template v4 (PNNL, 2024), section 2.2 (nodes, neighbors) and 2.2.3 (losses).
    """

    ids: tuple[str, ...]
    ends: NDArray[np.int32]
    limit_kw: Floats
    full_load_loss: Floats
    loss_segments: int = SEGMENTS

    def __post_init__(self) -> None:
        """Check everything."""
        edges = len(self.ends)
        for name, shape in (("ends", (edges, 2)), ("limit_kw", (edges, 2)), ("full_load_loss", (edges,))):
            found = getattr(self, name).shape
            if found != shape:
                raise WrongShape(f"{name} must have shape {shape}; found {found}")
        self._check_ends()
        self._check_lines()

    @classmethod
    def of(
        cls,
        ids: Sequence[str],
        ends: ArrayLike,
        limit_kw: ArrayLike = np.inf,
        full_load_loss: ArrayLike = 0.0,
    ) -> Network:
        """Return a network; limits and losses may be one number for all, limits one for each edge as well.

        Parameters
        ----------
        ids, ends, limit_kw, full_load_loss
            As in the class; a `limit_kw` of shape (E, 1) is the same in both directions.
        """
        pairs = np.asarray(ends, dtype=np.int32).reshape(-1, 2)
        limits = np.array(np.broadcast_to(np.asarray(limit_kw, dtype=float), pairs.shape))
        loss = np.array(np.broadcast_to(np.asarray(full_load_loss, dtype=float), len(pairs)))
        return cls(tuple(ids), pairs, limits, loss)

    @classmethod
    def of_tree(cls, tree: NodeTree) -> Network:
        """Return a tree as a network; edge ``k - 1`` is the line of node ``k``, whose first end is the node."""
        ends = np.stack([np.arange(1, len(tree), dtype=np.int32), tree.parent[1:]], axis=1)
        limits = np.stack([tree.import_limit_kw, tree.export_limit_kw], axis=1)[1:]
        return cls(tree.ids, ends, limits, tree.full_load_loss[1:], tree.loss_segments)

    def __len__(self) -> int:
        """Return the number of nodes."""
        return len(self.ids)

    def arriving(self) -> Floats:
        """Return the part of the power sent that arrives, by segment of an edge's limit, shape (E, segments)."""
        share = (2 * np.arange(1, self.loss_segments + 1) - 1) / self.loss_segments
        return np.asarray(1.0 - self.full_load_loss[:, None] * share)

    def received_kw(self, flow_kw: Floats) -> Floats:
        """Return what arrives of a flow into the first end of each edge, negative the other way [kW].

        Parameters
        ----------
        flow_kw : array of float, shape (E, T)
            Power into the first end where positive, into the second where negative, where it is sent [kW].
        """
        limit = np.where(flow_kw > 0, self.limit_kw[:, :1], self.limit_kw[:, 1:])
        borders = np.arange(self.loss_segments) / self.loss_segments
        with np.errstate(invalid="ignore"):
            filled = np.clip(np.abs(flow_kw)[:, :, None] - limit[:, :, None] * borders, 0.0, None)
            filled = np.minimum(filled, limit[:, :, None] / self.loss_segments)
            arrives = (filled * self.arriving()[:, None, :]).sum(axis=2)
        lossless = (self.full_load_loss == 0)[:, None]
        return np.where(lossless, flow_kw, np.sign(flow_kw) * arrives)

    def _check_ends(self) -> None:
        if not self.ids:
            raise BrokenNetwork("a network needs at least one node")
        if len(set(self.ids)) < len(self.ids):
            raise BrokenNetwork(f"names of nodes must differ; found {sorted(self.ids)}")
        for k, (first, second) in enumerate(self.ends.tolist()):
            if first == second or not (0 <= first < len(self) and 0 <= second < len(self)):
                raise BrokenNetwork(
                    f"edge {k} must join two different nodes of 0 to {len(self) - 1}; found {first}, {second}"
                )

    def _check_lines(self) -> None:
        if self.loss_segments < 1:
            raise InvalidValue(f"a loss needs at least one segment; found {self.loss_segments}")
        for k in np.flatnonzero(~(self.limit_kw >= 0).all(axis=1)):
            raise InvalidValue(f"limit_kw of edge {k} must be 0 or more; found {self.limit_kw[k].tolist()}")
        loss = self.full_load_loss
        for k in np.flatnonzero(~((loss >= 0) & (loss < MOST_LOSS))):
            raise InvalidValue(f"full_load_loss of edge {k} must be from 0 to below {MOST_LOSS}; found {loss[k]}")
        for k in np.flatnonzero((loss > 0) & np.isinf(self.limit_kw).any(axis=1)):
            raise UnratedLoss(f"edge {k} has a loss of {loss[k]}, so it needs both limits, finite")
