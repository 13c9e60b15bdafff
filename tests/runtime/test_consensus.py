"""Consensus between living nodes, in rings and meshes, on a bus that loses, doubles and delays."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from living_nodes import CLEARING, MINUTE, START, Programs, cleared, hourly, lives, nothing
from micromarket.domain.curves import Curves
from micromarket.errors import BrokenTree
from micromarket.markets.auctions.auction import Outcome
from micromarket.node.coordination.consensus_market import SCARCITY, TYPICAL_KW
from micromarket.node.coordination.exchange import ConsensusRules
from micromarket.node.living.facts import (
    Cleared,
    Fate,
    NeighborSilent,
    NoAgreement,
    SignalReceived,
    SignalSent,
    Source,
)
from micromarket.node.living.running import RunningNode
from micromarket.node.neighbor import Direction, Neighbor
from micromarket.node.networks.consensus import clear_consensus
from micromarket.runtime.faults import Faults
from micromarket.runtime.network import run_network
from networks import network
from trees import load, offers, supplier

PEER = Direction.BIDIRECTIONAL
PLAN = hourly("consensus", negotiation_lead=30 * MINUTE, market_lead=MINUTE * 0)
FIRST = START - 20 * MINUTE
NEGOTIATION = CLEARING - 30 * MINUTE
END = CLEARING + 15 * MINUTE
SECOND = timedelta(seconds=1)
BAD = Faults(drop=0.2, double=0.2, delay=0.2, longest_delay=3 * SECOND, seed=1)
SHAPES = {
    "line": [(0, 1), (1, 2)],
    "ring of five": [(0, 1), (1, 2), (2, 3), (3, 4), (4, 0)],
    "mesh": [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2), (1, 3)],
}


def curves_of(nodes, seed=0):
    """A battery-like curve in each node, and one supplier in the first."""
    rng = np.random.default_rng(seed)
    prices, powers = np.sort(rng.uniform(0.05, 0.4, (nodes, 1, 3))), np.sort(rng.uniform(-5, 4, (nodes, 1, 3)))
    return Curves.concatenate([Curves(prices, powers), supplier(0.3, 0.1)])


def members_of(nodes):
    return np.append(np.arange(nodes), 0)


def peers(ends, curves, members, loss=0.03, plan=PLAN):
    """The nodes of a network as independent nodes."""
    neighbors = {node: [] for node in range(int(np.max(ends)) + 1)}
    for one, two in ends:
        neighbors[one].append(Neighbor(f"node-{two}", PEER, 4.0, 4.0, loss))
        neighbors[two].append(Neighbor(f"node-{one}", PEER, 4.0, 4.0, loss))
    return [lives(f"node-{k}", near, curves[np.flatnonzero(members == k)], plan) for k, near in neighbors.items()]


def prices(facts):
    return np.array([next(iter(cleared(each).values())).price[0] for each in facts.values()])


def rounds_of(facts):
    return max(fact.signal.number for each in facts.values() for fact in each if isinstance(fact, SignalSent))


@pytest.mark.parametrize("shape", SHAPES)
def test_nodes_that_only_exchange_signals_reach_the_consensus(shape):
    """In a line, a ring and a mesh the prices are those that the array kernel finds by the same rules."""
    ends = SHAPES[shape]
    nodes = int(np.max(ends)) + 1
    curves, members = curves_of(nodes), members_of(nodes)
    rules = ConsensusRules(-SCARCITY * 0.2, SCARCITY * 0.2, 0.2, TYPICAL_KW)
    expected = clear_consensus(network(ends, 4.0, 0.03), curves, members, rules, np.array([0.2]))

    found = run_network(peers(ends, curves, members), FIRST, END)

    assert prices(found) == pytest.approx(expected.price[:, 0], abs=1e-6)
    assert [] == [fact for each in found.values() for fact in each if isinstance(fact, NoAgreement)]


def test_a_rougher_precision_ends_sooner():
    """A series says how far its neighbors may disagree; all of them stop together when that is reached."""
    ends, curves, members = SHAPES["ring of five"], curves_of(5), members_of(5)
    rough = replace(PLAN, rules=replace(PLAN.rules, precision=1e-3))
    exact, near = (run_network(peers(ends, curves, members, plan=plan), FIRST, END) for plan in (PLAN, rough))

    assert rounds_of(near) < 0.8 * rounds_of(exact)
    assert prices(near) == pytest.approx(prices(exact), abs=1e-3)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_bad_bus_changes_nothing_but_the_time_it_takes(shape):
    """20 % of each fault: the very bits of a perfect bus, in every node."""
    ends = SHAPES[shape]
    nodes = int(np.max(ends)) + 1
    setups = peers(ends, curves_of(nodes, 7), members_of(nodes))

    perfect, faulty = (run_network(setups, FIRST, END, faults) for faults in (None, BAD))

    assert prices(perfect).tolist() == prices(faulty).tolist()


def test_two_messages_for_each_edge_and_round():
    """At the end some repeats and their answers, until everyone knows that the last round was heard."""
    ends = SHAPES["ring of five"]
    facts = run_network(peers(ends, curves_of(5), members_of(5)), FIRST, END)
    sent = Counter(fact.reason.value for each in facts.values() for fact in each if isinstance(fact, SignalSent))

    assert 2 * len(ends) * rounds_of(facts) == sent["first"] + sent["changed"]
    assert sent["unheard"] == sent["answer"] <= 2 * len(ends)


def test_who_cannot_be_served_is_short_and_says_so():
    """A home of 6 kW behind a line of 4 kW: the verdict is in its balance, at its scarcity price."""
    setups = peers([(0, 1)], Curves.concatenate([supplier(0.3, 0.1), load(6.0)]), np.array([0, 1]), loss=0.0)
    home = next(iter(cleared(run_network(setups, FIRST, END)["node-1"]).values()))

    assert (Outcome.SHORT, pytest.approx(SCARCITY * 0.2)) == (home.outcome[0], home.price[0])
    assert 4.0 == pytest.approx(home.neighbor_kw["node-0"][0], abs=1e-5)


def test_who_never_lived_is_stood_in_for_by_its_default():
    """A plant alone with the default of its only peer: the price of that load, and the record says what it is."""
    peer = Neighbor("node-1", PEER, default=load(4.0))
    facts = run_network([lives("node-0", [peer], offers((0.1, 0.0), (0.5, 8.0)), PLAN)], FIRST, END)["node-0"]

    (clearing,) = (fact for fact in facts if isinstance(fact, Cleared))
    assert [("node-1", Source.DEFAULT)] == [(f.neighbor, f.stand_in) for f in facts if isinstance(f, NeighborSilent)]
    assert ((("node-1", Source.DEFAULT),), pytest.approx(0.3)) == (clearing.sources, clearing.balance.price[0])


def dying(dies_at, back_at=END):
    """What happens in a ring of five on a bad bus, if the third is dead for a while."""
    setups = peers(SHAPES["ring of five"], curves_of(5, 3), members_of(5))
    return Programs(setups, FIRST, BAD, {"node-2": (dies_at, back_at)}).run_until(END)


def told(facts, kind, but="node-2"):
    """Facts of a kind as (node, neighbor), of all nodes but one."""
    return {
        (name, fact.neighbor)
        for name, each in facts.items()
        for fact in each
        if isinstance(fact, kind) and name != but
    }


@pytest.mark.parametrize("dies_at", [FIRST, NEGOTIATION + 20 * SECOND, NEGOTIATION + 3 * MINUTE])
def test_four_of_five_agree_without_the_one_that_died(dies_at):
    """Dead from the start or later: its neighbors name it, nobody else is named, all four reach their common optimum.

    Expected are the prices of the line of four, with what stands in for the dead at both its ends.
    """
    facts = dying(dies_at)
    last = {name: next(iter(cleared(each).values())) for name, each in facts.items()}
    stand_ins = [Curves.inelastic(last[name].neighbor_kw["node-2"][None]) for name in ("node-1", "node-3")]
    curves = Curves.concatenate([curves_of(5, 3), *stand_ins])
    line = clear_consensus(network([(3, 4), (4, 0), (0, 1)], 4.0, 0.03), curves, [*members_of(5), 1, 3])

    assert {("node-1", "node-2"), ("node-3", "node-2")} == told(facts, NeighborSilent)
    assert set() == told(facts, NoAgreement)
    assert pytest.approx(line.price[[0, 1, 3, 4], 0], abs=1e-6) == np.delete(prices(facts), 2)


def test_what_the_dead_said_last_stands_in_for_it():
    """It fell silent, and a quarter of an hour later, an eighth of the trust in it, so an eighth of it has faded."""
    facts = dying(NEGOTIATION + 3 * MINUTE)["node-3"]
    said = [
        f for f in facts if isinstance(f, SignalReceived) and f.signal.sender == "node-2" and f.fate is Fate.TAKEN
    ]
    clearing = [fact for fact in facts if isinstance(fact, Cleared)][-1]

    assert (("node-2", Source.LAST_KNOWN), ("node-4", Source.SIGNAL)) == clearing.sources
    power = said[-1].signal.content[0].scheduled.power_kw
    assert pytest.approx(7 / 8 * power, rel=0.01) == clearing.balance.neighbor_kw["node-2"][0]


def test_who_is_back_in_time_is_not_missed():
    """Away for ten minutes: the bits of a ring in which nobody ever was, and nobody is named."""
    setups = peers(SHAPES["ring of five"], curves_of(5, 3), members_of(5))
    facts = dying(NEGOTIATION + 20 * SECOND, NEGOTIATION + 10 * MINUTE)

    assert prices(run_network(setups, FIRST, END)).tolist() == prices(facts).tolist()
    assert set() == told(facts, NeighborSilent, but=None)


def test_who_is_back_too_late_is_not_listened_to():
    """Restarted from its store after all had given it up: the others stay with what they agreed on without it."""
    setups = peers(SHAPES["ring of five"], curves_of(5, 3), members_of(5))
    killed_at, back_at = NEGOTIATION + 20 * SECOND, NEGOTIATION + 18 * MINUTE
    ring = Programs(setups, FIRST, BAD, {"node-2": (killed_at, back_at)})
    ring.run_until(killed_at)
    store = ring.programs["node-2"].node.state
    ring.run_until(back_at)
    ring.restart("node-2", store)
    facts = ring.run_until(END)

    assert np.delete(prices(dying(killed_at)), 2).tolist() == np.delete(prices(facts), 2).tolist()
    assert Fate.LATE in {fact.fate for fact in facts["node-1"] if isinstance(fact, SignalReceived)}
    assert cleared(facts["node-2"])


def test_who_has_forgotten_its_rounds_is_as_good_as_dead():
    """Restarted from nothing it cannot join again, though it lives and speaks: the four others agree without it."""
    setups = peers(SHAPES["ring of five"], curves_of(5, 3), members_of(5))
    ring = Programs(setups, FIRST, BAD)
    ring.run_until(NEGOTIATION + MINUTE)
    ring.restart("node-2")
    facts = ring.run_until(END)

    assert {("node-1", "node-2"), ("node-3", "node-2")} == told(facts, NeighborSilent)
    assert set() == told(facts, NoAgreement)


def test_time_that_is_too_short_is_recorded():
    """On a bus that loses everything but a little, nobody agrees; each settles on its last round and says so."""
    setups = peers([(0, 1)], curves_of(2), members_of(2))
    facts = run_network(setups, FIRST, END, Faults(drop=0.97, seed=3))

    assert ["node-1"] == [fact.neighbor for fact in facts["node-0"] if isinstance(fact, NoAgreement)]
    assert 1 == len(cleared(facts["node-0"]))


def test_a_peer_is_no_part_of_a_nested_auction():
    node = RunningNode(lives("home", [Neighbor("other", PEER)], nothing(), hourly()))

    with pytest.raises(BrokenTree, match="upstream or downstream"):
        node.handle(CLEARING)


def test_an_island_agrees_with_itself():
    facts = run_network([lives("island", [], offers((0.2, -1.0), (0.2, 1.0)), PLAN)], FIRST, END)

    assert [0.2] == prices(facts).tolist()
