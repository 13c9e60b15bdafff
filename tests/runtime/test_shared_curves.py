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
from micromarket.node.living.facts import Cleared, NeighborSilent, NoAgreement, SignalSent, Source
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
ONE = hourly("shared_curves", negotiation_lead=10 * MINUTE, market_lead=0 * MINUTE)
NEGOTIATION, END = CLEARING - 10 * MINUTE, CLEARING + 15 * MINUTE
SECOND = timedelta(seconds=1)
BAD = Faults(drop=0.2, double=0.2, delay=0.3, longest_delay=3 * SECOND, seed=1)
SHAPES = {
    "tree": [(1, 0), (2, 0), (3, 1), (4, 1), (5, 2)],
    "star": [(1, 0), (2, 0), (3, 0), (4, 0)],
    "ring of five": [(k, (k + 1) % 5) for k in range(5)],
    "ring of twelve": [(k, (k + 1) % 12) for k in range(12)],
    "wheel": [(0, k) for k in range(1, 9)] + [(k, k % 8 + 1) for k in range(1, 9)],
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


@pytest.mark.parametrize("shape", SHAPES)
def test_a_bad_bus_changes_no_bit(shape):
    """20 and 30 % of each fault: what is lost is repeated, what is doubled or overtaken was known."""
    setups = sharing(shape, 7)

    perfect, faulty = (run_network(setups, START, END, faults) for faults in (None, BAD))

    assert same(perfect, faulty)
    assert [] == told(faulty, NoAgreement)


@st.composite
def networks(draw):
    """Edges of a random tree of up to ten nodes, and of some loops."""
    nodes = draw(st.integers(2, 10))
    tree = [(k, draw(st.integers(0, k - 1))) for k in range(1, nodes)]
    ends = st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1)).filter(lambda pair: pair[0] > pair[1])
    return sorted({*tree, *draw(st.lists(ends, max_size=5))})


@settings(max_examples=8, deadline=None)
@given(networks())
def test_rounds_are_those_that_flooding_takes(ends):
    """Nobody counts rounds, yet on a perfect bus as many are spoken; on a bad one some hear two at once."""
    setups, expected = peers(ends, *curves_of(ends)), rounds_to_share(network(ends))
    perfect, faulty = (told(run_network(setups, START, END, faults), SignalSent) for faults in (None, BAD))

    assert expected == max(fact.signal.number for fact in perfect) >= max(fact.signal.number for fact in faulty)


@pytest.mark.parametrize("back_at", [END, NEGOTIATION + 7 * MINUTE], ids=["never back", "back in time"])
def test_who_is_dead_from_the_start_is_stood_in_for_until_it_speaks(back_at):
    """The others clear a line of four, with nothing from the dead; if it is back in time, the ring of five."""
    ends = SHAPES["ring of five"] if back_at < END else [(3, 4), (4, 0), (0, 1)]
    curves, members = curves_of(SHAPES["ring of five"], 3)
    whole = clear_consensus(network(ends, [[4.0, 3.0]], 0.03), curves, members)

    facts = Programs(sharing("ring of five", 3), START, BAD, {"node-2": (START, back_at)}).run_until(END)
    del facts["node-2"]

    assert ["node-2", "node-2"] == [fact.neighbor for fact in told(facts, NeighborSilent)]
    assert [] == told(facts, NoAgreement)
    assert pytest.approx(whole.price[[0, 1, 3, 4]], abs=1e-6) == [each.price for each in balances(facts).values()]


def test_who_dies_after_its_statement_is_as_good_as_alive():
    """The hub of a wheel: all wait for its next word until patience ends, then go on with what it stated.

    They end at the bits of a wheel in which nobody died, and nobody is named.
    """
    late = Faults(delay=1.0, longest_delay=3 * SECOND, seed=1)
    wheel = Programs(sharing("wheel", 3), START, late, {"node-0": (NEGOTIATION + SECOND / 100, END)})
    facts = wheel.run_until(END)
    del facts["node-0"]

    assert [] == told(facts, NeighborSilent) == told(facts, NoAgreement)
    assert same(facts, run_network(sharing("wheel", 3), START, END))


@pytest.mark.parametrize("forgets", [False, True])
def test_kills_change_no_bit(forgets):
    """Killed in every second of its busy ones, each started again from what it had written down, or from nothing."""
    ring = Programs(sharing("ring of five"), START, BAD)
    for second in range(1, 20):
        ring.run_until(NEGOTIATION + second * SECOND)
        for name, program in ring.programs.items():
            known = restored(program.node.setup, saved(name, program.node.state))
            ring.restart(name, None if forgets else known)
    facts = ring.run_until(END)

    assert same(run_network(sharing("ring of five"), START, END), facts)
    assert [] == told(facts, NoAgreement)


def test_neighbors_that_never_talk_are_part_of_a_nodes_own_curve():
    """A utility sells at 0.30 behind its line of 5 kW; the home next door gets what it asks for, and nobody more."""
    utility = Neighbor(
        "utility", Direction.UPSTREAM, 5.0, 5.0, default=offers((0.3, 0.0), (0.3, 9.0)), transactive=False
    )
    corner = lives("corner", [utility, Neighbor("home", PEER)], load(1.0), ONE)
    facts = run_network([corner, lives("home", [Neighbor("corner", PEER)], load(3.0), ONE)], START, END)
    found = balances(facts)["corner"]

    assert (0.3, 4.0, -3.0) == pytest.approx(
        (found.price[0], found.neighbor_kw["utility"][0], found.neighbor_kw["home"][0])
    )


def test_who_never_lived_is_stood_in_for_by_its_default():
    """A plant alone with the default of its only peer: the price of that load, and the record says what it is."""
    plant = lives("plant", [Neighbor("home", PEER, default=load(4.0))], offers((0.1, 0.0), (0.5, 8.0)), ONE)
    facts = run_network([plant], START, END)

    clearing = told(facts, Cleared)[-1]
    assert [("home", Source.DEFAULT)] == [(one.neighbor, one.stand_in) for one in told(facts, NeighborSilent)]
    assert ((("home", Source.DEFAULT),), pytest.approx(0.3)) == (clearing.sources, clearing.balance.price[0])


def test_who_cannot_be_served_is_short_and_says_so():
    """A home of 6 kW behind a line of 4 kW."""
    plant = lives("plant", [Neighbor("home", PEER, 4.0, 4.0)], supplier(0.3, 0.1), ONE)
    home = lives("home", [Neighbor("plant", PEER, 4.0, 4.0)], load(6.0), ONE)
    found = balances(run_network([plant, home], START, END))["home"]

    assert (Outcome.SHORT, 4.0) == (found.outcome[0], pytest.approx(found.neighbor_kw["plant"][0], abs=1e-5))


def test_who_knows_no_closed_network_says_so():
    """On a bus that loses nearly everything, each clears the lines it knows from both ends."""
    facts = run_network(sharing("ring of five"), START, END, Faults(drop=0.98, seed=3))

    assert told(facts, NoAgreement)
    assert 5 == len(balances(facts))


def test_a_charge_for_demand_cannot_be_stated():
    node = RunningNode(lives("home", [Neighbor("city", PEER, charge=DemandCharge(2.0, 10.0))], load(1.0), ONE))

    with pytest.raises(InvalidValue, match="'home' shares curves with 'city', so that cannot charge it for demand"):
        node.handle(NEGOTIATION)


def test_an_island_clears_itself():
    facts = run_network([lives("island", [], offers((0.2, -1.0), (0.2, 1.0)), ONE)], START, END)

    assert [0.2] == balances(facts)["island"].price.tolist()
