"""Consensus between neighbors beside the nested auction: time, rounds and messages, by the shape of the network.

A message is what one node tells one neighbor, for all intervals at once: for consensus two numbers for each interval,
for the nested auction a whole curve up and a power down, for shared curves the net curves of all nodes heard of.
Rounds are those of the slowest interval.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bench_nested import Case, campus, deep
from micromarket.domain.curves import Curves
from micromarket.node.coordination.shared_curves import MOST_ROUNDS, rounds_to_share
from micromarket.node.networks.consensus import clear_consensus, rules_for
from micromarket.node.networks.nested import clear_nested
from micromarket.node.networks.network import Network
from micromarket.node.networks.tree import NodeTree
from micromarket.node.networks.welfare import welfare
from timing import duration, median_of, table

REFERENCE_ROUNDS = 99
"""Rounds after which the template's reference code gives up, on any network, converged or not."""


def microgrids(nodes: int, intervals: int, seed: int = 1) -> tuple[list[Curves], np.ndarray]:
    """Return loads, roofs and batteries of microgrids, and one supplier at the first."""
    rng, shape = np.random.default_rng(seed), (nodes, intervals)
    load = Curves.inelastic(-rng.uniform(20.0, 80.0, shape))
    roof = Curves.offer(0.02, 0.0, rng.uniform(0.0, 90.0, shape))
    middle = rng.uniform(0.08, 0.22, (nodes, intervals, 1))
    battery = Curves(middle + np.array([-0.03, 0.03]), np.broadcast_to([-30.0, 30.0], (nodes, intervals, 2)))
    supplier = Curves(
        np.tile([0.05, 0.05, 0.25, 0.25], (1, intervals, 1)), np.tile([-1e9, 0.0, 0.0, 1e9], (1, intervals, 1))
    )
    return [load, roof, battery, supplier], np.append(np.tile(np.arange(nodes), 3), 0)


def shapes(nodes: int) -> dict[str, list[tuple[int, int]]]:
    """Return edges of four shapes over as many nodes."""
    rng, ring = np.random.default_rng(nodes), [(k, (k + 1) % nodes) for k in range(nodes)]
    chords = [(k, int((k + rng.integers(2, nodes - 1)) % nodes)) for k in range(nodes)]
    return {
        "tree": [(k, (k - 1) // 2) for k in range(1, nodes)],
        "star": [(k, 0) for k in range(1, nodes)],
        "ring": ring,
        "mesh": ring + chords,
    }


def consensus_row(name: str, network: Network, fleets: list[Curves], member_of: np.ndarray) -> dict[str, object]:
    found = clear_consensus(network, fleets, member_of)
    seconds = median_of(lambda: clear_consensus(network, fleets, member_of), 3)
    rounds, edges = int(found.rounds.max()), len(network.ends)
    return {
        "network": name,
        "nodes": len(network),
        "edges": edges,
        "by": "consensus",
        "time": duration(seconds),
        "rounds": rounds,
        "median": float(np.median(found.rounds)),
        "messages": 2 * edges * rounds,
        "per 2 x edges": float(rounds),
        "converged": bool(found.converged.all()),
    }


def shared_row(name: str, network: Network, fleets: list[Curves], member_of: np.ndarray) -> dict[str, object]:
    """Count rounds as statements spread; the time is that of the clearing which each node does by itself."""
    rules = replace(rules_for(network, Curves.concatenate(fleets)), most_rounds=MOST_ROUNDS)
    found = clear_consensus(network, fleets, member_of, rules)
    rounds, edges = rounds_to_share(network), len(network.ends)
    return {
        "network": name,
        "nodes": len(network),
        "edges": edges,
        "by": "shared curves",
        "time": duration(median_of(lambda: clear_consensus(network, fleets, member_of, rules), 3)),
        "rounds": rounds,
        "median": float(rounds),
        "messages": 2 * edges * rounds,
        "per 2 x edges": float(rounds),
        "converged": bool(found.converged.all()),
    }


def peer_rows(name: str, network: Network, fleets: list[Curves], member_of: np.ndarray) -> list[dict[str, object]]:
    return [row(name, network, fleets, member_of) for row in (consensus_row, shared_row)]


def nested_row(name: str, case: Case) -> dict[str, object]:
    edges = len(case[0]) - 1
    return {
        "network": name,
        "nodes": len(case[0]),
        "edges": edges,
        "by": "nested auction",
        "time": duration(median_of(lambda: clear_nested(*case), 3)),
        "rounds": 1,
        "median": 1.0,
        "messages": 2 * edges,
        "per 2 x edges": 1.0,
        "converged": True,
    }


def tree_rows(name: str, case: Case) -> list[dict[str, object]]:
    tree, fleets, member_of = case
    return [nested_row(name, case), *peer_rows(name, Network.of_tree(tree), fleets, member_of)]


def of_shape(shape: str, nodes: int) -> list[dict[str, object]]:
    edges = shapes(nodes)[shape]
    fleets, member_of = microgrids(nodes, 24)
    if shape in {"tree", "star"}:
        parent = [-1, *(b for _, b in edges)]
        tree = NodeTree.of([str(k) for k in range(nodes)], parent, 30.0 * nodes, 30.0 * nodes, 0.02)
        return tree_rows(shape, (tree, fleets, member_of))
    network = Network.of([str(k) for k in range(nodes)], edges, 30.0 * nodes, 0.02)
    return peer_rows(shape, network, fleets, member_of)


def most_rounds(rows: list[dict[str, object]], by: str) -> float:
    """Return the most rounds that any network took, relative to the reference's."""
    return max(int(str(row["rounds"])) for row in rows if row["by"] == by) / REFERENCE_ROUNDS


def main() -> None:
    rows = tree_rows("city, campus, 50 buildings", campus(50))
    for nodes in (5, 50):
        for shape in ("tree", "star", "ring", "mesh"):
            rows += of_shape(shape, nodes)
    table(rows, "Consensus and nested auction, 24 intervals; the reference's consensus always takes 99 rounds")
    case = campus(50)
    tree, fleets, member_of = case
    exact = welfare(fleets, clear_nested(*case).powers_kw)
    found = welfare(fleets, clear_consensus(Network.of_tree(tree), fleets, member_of).powers_kw)
    table(
        [
            {"figure": "campus: relative cost missed by consensus", "value": float(np.abs(found / exact - 1).max())},
            {"figure": "consensus: most rounds / the reference's 99", "value": most_rounds(rows, "consensus")},
            {
                "figure": "shared curves: most rounds / the reference's 99",
                "value": most_rounds(rows, "shared curves"),
            },
        ],
        "Precision and rounds",
    )
    sizes = [("2,000 buildings under one campus", campus(2000)), ("depth 6, 10,000 nodes", deep(10_000))]
    shown = ["network", "nodes", "edges", "by", "time", "messages"]
    large = [nested_row(name, sized) for name, sized in sizes]
    table([{name: row[name] for name in shown} for row in large], "Large trees, nested auction")


if __name__ == "__main__":
    main()
