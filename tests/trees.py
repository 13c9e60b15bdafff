"""Random trees and curves for the tests of the nested auction."""

import numpy as np

from micromarket.domain.curves import UNLIMITED_KW, Curves
from micromarket.node.networks.tree import NodeTree


def tree(parent, import_kw=np.inf, export_kw=np.inf, loss=0.0):
    return NodeTree.of([f"node-{k}" for k in range(len(parent))], parent, import_kw, export_kw, loss)


def supplier(price=0.20, feed_in=0.05, intervals=1):
    """As much as anyone asks at `price`; takes as much as anyone has at `feed_in`."""
    prices = np.tile([feed_in, feed_in, price, price], (1, intervals, 1))
    return Curves(prices, np.tile([-UNLIMITED_KW, 0.0, 0.0, UNLIMITED_KW], (1, intervals, 1)))


def load(*powers):
    return Curves.inelastic(-np.array(powers, dtype=float)[:, None])


def offers(*vertices):
    """One participant in one interval from (price, power) pairs."""
    array = np.array(vertices, dtype=float)
    return Curves(array[None, None, :, 0], array[None, None, :, 1])


def random_tree(rng, nodes, losses):
    parent = [-1, *(int(rng.integers(0, k)) for k in range(1, nodes))]
    limits = rng.choice([0.0, 2.0, 5.0, 10.0, 40.0], (2, nodes))
    if losses:
        return tree(parent, *limits, rng.choice([0.0, 0.02, 0.1, 0.3], nodes))
    limits[0, rng.random(nodes) < 0.2] = np.inf
    return tree(parent, *limits)


def random_curves(rng, participants, intervals=1, lowest=-0.2, steps=False):
    """Curves on a coarse grid (many ties, steps and flats) or anywhere; a third is inelastic."""
    shape = (participants, intervals, 5)
    coarse = rng.random() < 0.5
    prices = rng.integers(lowest * 20, 10, shape) * 0.05 if coarse else rng.uniform(lowest, 0.5, shape)
    powers = rng.integers(-6, 5, shape) * 1.0 if coarse else rng.uniform(-6, 5, shape)
    prices, powers = np.sort(prices, axis=2), np.sort(powers, axis=2)
    inelastic = rng.random(participants) < 0.3
    powers[inelastic] = powers[inelastic, :, :1]
    if steps:
        prices, powers = np.repeat(prices, 2, axis=2)[:, :, 1:], np.repeat(powers, 2, axis=2)[:, :, :-1]
    return Curves(prices, powers)


def random_market(seed, losses=False, lowest=-0.2, steps=False, intervals=1):
    """A tree, its curves with a supplier at the root, and the node of each participant."""
    rng = np.random.default_rng(seed)
    nodes, participants = int(rng.integers(1, 9)), int(rng.integers(1, 15))
    grown = random_tree(rng, nodes, losses)
    curves = [random_curves(rng, participants, intervals, lowest, steps), supplier(intervals=intervals)]
    return grown, curves, np.append(rng.integers(0, nodes, participants), 0)
