"""Living nodes that show their curves to the whole network: all clear it by themselves, to the same bits."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from living_nodes import CLEARING, MINUTE, START, Programs, cleared, hourly, lives
from micromarket.domain.curves import Curves
from micromarket.errors import InvalidValue
from micromarket.markets.auctions.auction import Outcome
from micromarket.node.coordination.shared_curves import rounds_to_share
from micromarket.node.demand.demand_charge import DemandCharge
from micromarket.node.living.facts import Cleared, Fate, NeighborSilent, NoAgreement, SignalReceived, SignalSent, Source
from micromarket.node.living.running import RunningNode
from micromarket.node.neighbor import Direction, Neighbor
from micromarket.node.networks.consensus import clear_consensus
from micromarket.runtime.faults import Faults
from micromarket.runtime.network import run_network
from micromarket.runtime.saving import restored, saved
from networks import network
from trees import load, offers, random_curves, supplier

PEER = Direction.BIDIRECTIONAL
PLAN = hourly("shared_curves", intervals=2, negotiation_lead=10 * MINUTE, market_lead=0 * MINUTE)
NEGOTIATION, END = CLEARING - 10 * MINUTE, CLEARING + 15 * MINUTE
SECOND = timedelta(seconds=1)
BAD = Faults(drop=0.2, double=0.2, delay=0.3, longest_delay=3 * SECOND, seed=1)
SHAPES = {
    "tree": [(1, 0), (2, 0), (3, 1), (4, 1), (5, 2)],
    "star": [(1, 0), (2, 0), (3, 0), (4, 0)],
    "ring of five": [(k, (k + 1) % 5) for k in range(5)],
    "ring of twelve": [(k, (k + 1) % 12) for k in range(12)],
    "mesh": [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2), (1, 3)],
}


def curves_of(ends, seed=0):
    """Two random curves in each node, and one supplier in the first; and whose they are."""
    nodes = int(np.max(ends)) + 1
    curves = random_curves(np.random.default_rng(seed), 2 * nodes, 2, lowest=0.0)
    curves = curves.shifted(-np.maximum(curves.lowest_kw, 0.0))
    return Curves.concatenate([curves, supplier(0.3, 0.1, intervals=2)]), np.append(np.tile(np.arange(nodes), 2), 0)


def peers(ends, curves, members, loss=0.03):
    """The nodes of a network as independent nodes."""
    neighbors = {node: [] for node in range(int(np.max(ends)) + 1)}
    for one, two in ends:
        neighbors[one].append(Neighbor(f"node-{two}", PEER, 4.0, 3.0, loss))
        neighbors[two].append(Neighbor(f"node-{one}", PEER, 3.0, 4.0, loss))
    return [lives(f"node-{k}", near, curves[np.flatnonzero(members == k)], PLAN) for k, near in neighbors.items()]


def sharing(shape, seed=0):
    return peers(SHAPES[shape], *curves_of(SHAPES[shape], seed))


def balances(facts):
    return {name: next(iter(cleared(each).values())) for name, each in facts.items()}


def same(one, other):
    return all(balance.equals(balances(other)[name]) for name, balance in balances(one).items())


def told(facts, kind):
    """Facts of a kind of all nodes."""
    return [fact for each in facts.values() for fact in each if isinstance(fact, kind)]


@pytest.mark.parametrize("shape", SHAPES)
def test_nodes_that_share_their_curves_reach_the_consensus(shape):
    """In every shape each node settles on its part of what the array kernel finds for the whole network."""
    curves, members = curves_of(SHAPES[shape])
    whole = clear_consensus(network(SHAPES[shape], [[4.0, 3.0]], 0.03), curves, members)

    found = balances(run_network(sharing(shape), START, END))

    for k, balance in enumerate(found.values()):
        assert pytest.approx(whole.price[k], abs=1e-9) == balance.price
        assert pytest.approx(whole.powers_kw[members == k], abs=1e-9) == balance.local_kw
