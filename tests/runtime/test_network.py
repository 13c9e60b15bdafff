from collections import Counter
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from living_nodes import CLEARING, MINUTE, START, cleared, hourly, lives, setups_of
from micromarket.errors import BrokenTree
from micromarket.node.living.dialog import Reason
from micromarket.node.living.facts import Cleared, NeighborSilent, SignalSent, Source
from micromarket.node.living.running import RunningNode
from micromarket.node.neighbor import Direction, Neighbor
from micromarket.node.networks.nested import clear_nested
from micromarket.runtime.faults import Faults
from micromarket.runtime.network import run_network
from trees import load, offers, random_market

END = CLEARING + 15 * MINUTE
UP, DOWN = Direction.UPSTREAM, Direction.DOWNSTREAM


def bad(seed):
    return Faults(drop=0.3, double=0.3, delay=0.3, longest_delay=timedelta(seconds=20), seed=seed)


def last(facts):
    """The last balance of each node in its first market."""
    return [next(iter(cleared(each).values())) for each in facts.values()]


def sent(facts):
    return [fact for each in facts.values() for fact in each if isinstance(fact, SignalSent)]


@settings(max_examples=60)
@given(seed=st.integers(0, 10**6), losses=st.booleans(), steps=st.booleans())
@example(seed=165, losses=False, steps=False).via("a child cut to nothing by its parent's shortage")
@example(seed=15, losses=True, steps=False).via("inelastic children that share a shortage")
@example(seed=18, losses=True, steps=False).via("a surplus where nobody moves")
@example(seed=12, losses=True, steps=False).via("a shortage behind a line without power")
@example(seed=19, losses=True, steps=False).via("a flat stretch that rounding made steep")
def test_nodes_that_only_exchange_signals_reach_the_nested_auction(seed, losses, steps):
    """Prices, powers and verdicts of random trees, ties, shortages and surplus included, are those of the kernel."""
    tree, curves, members = random_market(seed, losses, steps=steps)
    nested = clear_nested(tree, curves, members)
    balances = last(run_network(setups_of(tree, curves, members), START, END))
    served = [one for node in range(len(tree)) if (one := nested.powers_kw[members == node, 0].tolist())]

    assert nested.outcome[:, 0].tolist() == [one.outcome[0] for one in balances]
    assert pytest.approx(nested.price[:, 0], abs=1e-8) == [one.price[0] for one in balances]
    assert pytest.approx(np.concatenate(served), abs=1e-7) == np.concatenate(
        [one.local_kw[:, 0] for node, one in enumerate(balances) if (members == node).any()]
    )


@pytest.mark.parametrize("seed", range(20))
def test_messages_may_be_lost_doubled_late_and_out_of_order(seed):
    """With 30 % of each fault every node ends at the very bits of a perfect bus."""
    setups = setups_of(*random_market(seed, losses=True, intervals=3), plan=hourly(intervals=3))
    perfect, faulty = (last(run_network(setups, START, END, faults)) for faults in (None, bad(seed)))

    assert all(one.equals(two) for one, two in zip(perfect, faulty, strict=True))


def test_a_perfect_bus_carries_four_messages_for_each_line():
    """A bid, an offer, and each time the word that it was heard."""
    tree, curves, members = random_market(7)
    reasons = Counter(fact.reason for fact in sent(run_network(setups_of(tree, curves, members), START, END)))

    assert {Reason.FIRST: 2 * (len(tree) - 1), Reason.ANSWER: 2 * (len(tree) - 1)} == reasons


def test_the_same_faults_happen_again():
    """Chance is seeded: the same facts in the same order."""
    setups = setups_of(*random_market(5))
    first, second = (run_network(setups, START, END, bad(1)) for _ in range(2))

    assert repr(first) == repr(second)


def test_a_silent_home_is_stood_in_for_and_named():
    """The feeder clears on the default of the home that never came, and says so; the price is that of its load."""
    feeder = lives("feeder", [Neighbor("home", DOWN, default=load(4.0))], offers((0.1, 0.0), (0.5, 8.0)))

    facts = run_network([feeder], START, END)["feeder"]

    silent = [(fact.neighbor, fact.stand_in) for fact in facts if isinstance(fact, NeighborSilent)]
    (clearing,) = (fact for fact in facts if isinstance(fact, Cleared))
    assert [("home", Source.DEFAULT)] == silent
    assert ((("home", Source.DEFAULT),), 0.3) == (clearing.sources, pytest.approx(clearing.balance.price[0]))


def test_a_home_without_upstream_balances_by_itself():
    """Its feeder is dead: it lives on its own generator, at its own price, from its patience's end on."""
    home = lives("home", [Neighbor("feeder", UP)], offers((0.3, -2.0), (0.3, 5.0)))

    facts = run_network([home], START, END)["home"]

    (clearing,) = (fact for fact in facts if isinstance(fact, Cleared))
    assert (0.3, CLEARING + 7.5 * MINUTE) == (clearing.balance.price[0], clearing.at)
    assert (("feeder", Source.NOTHING),) == clearing.sources


def test_who_would_bid_to_two_is_refused():
    """A nested auction is a tree; networks of other shapes have the consensus."""
    node = RunningNode(lives("home", [Neighbor(name, UP) for name in ("east", "west")], load(1.0)))

    with pytest.raises(BrokenTree, match=r"can bid to one neighbor upstream; found \['east', 'west'\]"):
        node.handle(CLEARING)


def test_nobody_is_needed_to_clear():
    """A node without neighbors is a market of its own."""
    facts = run_network([lives("island", [], offers((0.2, -1.0), (0.2, 1.0)))], START, END)

    assert [0.2] == last(facts)[0].price.tolist()
