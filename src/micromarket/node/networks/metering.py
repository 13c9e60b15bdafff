"""What the meters count: the power over every line that the metered devices bring about, whatever was scheduled."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micromarket.domain.curves import Floats
from micromarket.node.losses import received_kw
from micromarket.node.networks.tree import NodeTree


def metered_flows(tree: NodeTree, powers_kw: Floats, member_of: ArrayLike) -> tuple[Floats, Floats]:
    """Return the power over the line above each node, where it is sent and where it arrives [kW].

    Limits do not hold power back here: a line that is asked for more is overloaded, and that is what is seen. Losses
    follow the parabola itself, not the segments that stand for it in the auction.

    Parameters
    ----------
    tree : NodeTree
        Nodes and lines.
    powers_kw : array of float, shape (n, T)
        Metered power of every device [kW], positive into its node.
    member_of : array of int, shape (n,)
        Node of each device.

    Returns
    -------
    sent_kw, received_kw : array of float, shape (m, T)
        Positive toward the node, negative from the node up; for the root, what its supplier delivers.
    """
    net = _by_node(len(tree), np.asarray(member_of), powers_kw)
    sent, received = np.zeros_like(net), np.zeros_like(net)
    for level in reversed(tree.levels()[1:]):
        sent[level], received[level] = _over_lines(tree, level, net[level])
        at_parent = -np.where(net[level] < 0, sent[level], received[level])
        np.add.at(net, tree.parent[level], at_parent)
    sent[0] = received[0] = -net[0]
    return sent, received


def _over_lines(tree: NodeTree, nodes: NDArray[np.int32], net_kw: Floats) -> tuple[Floats, Floats]:
    rated = _rated_kw(tree)[nodes, None]
    loss = np.broadcast_to(tree.full_load_loss[nodes, None], net_kw.shape)
    drawn, fed = np.maximum(-net_kw, 0), np.maximum(net_kw, 0)
    sent = _needed_kw(drawn, rated, loss) - fed
    return sent, drawn - received_kw(fed, rated, loss)


def _rated_kw(tree: NodeTree) -> Floats:
    """Return the power at which each line loses its full-load loss; without losses any number will do."""
    rated = np.maximum(tree.import_limit_kw, tree.export_limit_kw)
    return np.where(tree.full_load_loss > 0, np.maximum(rated, np.finfo(float).tiny), 1.0)


def _needed_kw(arriving_kw: Floats, rated_kw: Floats, loss: Floats) -> Floats:
    """Return what must be sent for `arriving_kw` to arrive: the inverse of the loss parabola.

    Beyond the power at which the line could deliver no more it goes on as if that were a straight line.
    """
    most = np.where(loss > 0, 0.9 / (4 * np.where(loss > 0, loss, 1)), np.inf) * rated_kw
    within = np.minimum(arriving_kw, most)
    root = np.sqrt(1 - 4 * loss * np.where(loss > 0, within, 0) / rated_kw)
    return np.asarray(2 * within / (1 + root) + (arriving_kw - within))


def _by_node(nodes: int, member_of: NDArray[np.int64], powers_kw: Floats) -> Floats:
    net = np.zeros((nodes, powers_kw.shape[1]))
    np.add.at(net, member_of, powers_kw)
    return net
