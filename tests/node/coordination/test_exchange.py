"""Independent nodes that know their own curves and what their neighbors told them."""

import numpy as np
import pytest

from micromarket.domain.curves import Curves
from micromarket.errors import InvalidValue, WrongShape
from micromarket.kernels.consensus import clear_consensus
from micromarket.node.coordination.exchange import ConsensusRules, Exchange, Point, take_round
from micromarket.node.neighbor import Direction, Neighbor
from micromarket.node.networks.consensus import problem_of
from micromarket.node.node import TransactiveNode
from networks import network
from trees import random_curves, supplier

RULES = ConsensusRules(floor=-1.0, cap=3.0, spread=0.3, typical_kw=10.0, most_rounds=40)
RING = network([(k, (k + 1) % 5) for k in range(5)], 4.0, [0.0, 0.02, 0.05, 0.0, 0.1])
EXPECTED = np.array([0.2, 0.25])


def nodes_of(net):
    """Every node with its neighbors, as its own configuration would describe them."""
    neighbors = [[] for _ in net.ids]
    for (a, b), (into_a, into_b), loss in zip(net.ends, net.limit_kw, net.full_load_loss, strict=True):
        neighbors[a].append(Neighbor(net.ids[b], Direction.DOWNSTREAM, into_a, into_b, loss))
        neighbors[b].append(Neighbor(net.ids[a], Direction.DOWNSTREAM, into_b, into_a, loss))
    return [TransactiveNode(name, tuple(own)) for name, own in zip(net.ids, neighbors, strict=True)]


def negotiate(nodes, local, rounds):
    """Let independent nodes exchange their points for some rounds; return their prices and exchanges."""
    exchanges = {node.id: {n.id: Exchange.start(RULES, n, EXPECTED) for n in node.neighbors} for node in nodes}
    prices = {node.id: EXPECTED for node in nodes}
    for _ in range(rounds):
        taken = {
            node.id: take_round(node, curves, exchanges[node.id], RULES, prices[node.id])
            for node, curves in zip(nodes, local, strict=True)
        }
        prices = {name: one.balance.price for name, one in taken.items()}
        exchanges = {
            me: {you: one.after(taken[me].points[you], taken[you].points[me]) for you, one in own.items()}
            for me, own in exchanges.items()
        }
    return prices, exchanges


def local_curves():
    rng = np.random.default_rng(5)
    homes = [random_curves(rng, 3, 2, lowest=0.0) for _ in range(5)]
    homes[0] = Curves.concatenate([homes[0], supplier(intervals=2)])
    return homes


def test_five_independent_nodes_are_the_whole_ring_at_once():
    """Forty rounds of messages give the prices of forty rounds of the array form."""
    local = local_curves()
    prices, _ = negotiate(nodes_of(RING), local, 40)
    members = np.repeat(np.arange(5), [len(curves) for curves in local])
    whole = clear_consensus(problem_of(RING, Curves.concatenate(local), members, RULES, EXPECTED))

    np.testing.assert_allclose([prices[name] for name in RING.ids], whole.price.T, atol=1e-8)


def test_both_ends_know_the_same_and_settle_together():
    _, exchanges = negotiate(nodes_of(RING), local_curves(), 30)
    mine, yours = exchanges["node-0"]["node-1"], exchanges["node-1"]["node-0"]

    np.testing.assert_array_equal(mine.state.flow_kw, -yours.state.flow_kw)
    np.testing.assert_array_equal(mine.state.price, yours.state.price)
    np.testing.assert_array_equal(mine.settled(RULES), yours.settled(RULES))


def test_nothing_is_settled_before_the_first_round():
    start = Exchange.start(RULES, Neighbor("b", Direction.DOWNSTREAM), EXPECTED)

    assert [False, False] == start.settled(RULES).tolist()


def test_a_neighbor_stands_as_a_sloped_curve_within_the_lines_limits():
    """It gives nothing at the expected price, more above it, and never more than the line carries."""
    neighbor = Neighbor("b", Direction.DOWNSTREAM, import_limit_kw=4.0, export_limit_kw=2.0)
    curve = Exchange.start(RULES, neighbor, EXPECTED[:1]).curve(RULES)

    assert [-2.0, 0.0, 4.0] == pytest.approx([float(curve.powers_at([[p]])[0][0, 0]) for p in (-1.0, 0.2, 3.0)])


def test_what_a_node_lacks_is_one_more_participant():
    """Alone and with 3 kW of load, everything is bought at the cap and shown in the last row."""
    alone = take_round(TransactiveNode("a"), Curves.inelastic([[-3.0, -3.0]]), {}, RULES, EXPECTED)

    assert ([3.0, 3.0], [3.0, 3.0]) == (alone.balance.price.tolist(), alone.balance.local_kw[-1].tolist())


def test_points_of_different_intervals_are_refused():
    start = Exchange.start(RULES, Neighbor("b", Direction.DOWNSTREAM), EXPECTED)
    with pytest.raises(WrongShape, match="both points must have shape"):
        start.after(Point(EXPECTED, EXPECTED), Point(EXPECTED[:1], EXPECTED[:1]))


@pytest.mark.parametrize(
    ("changed", "message"),
    [({"cap": -2.0}, "floor must lie below the cap"), ({"spread": 0.0}, "spread must be more than 0")],
)
def test_rules_that_make_no_sense_are_refused(changed, message):
    with pytest.raises(InvalidValue, match=message):
        ConsensusRules(**{"floor": -1.0, "cap": 1.0, "spread": 0.1, "typical_kw": 1.0} | changed)
