from collections import Counter
from datetime import timedelta

import numpy as np
import pytest

from living_nodes import CLEARING, MINUTE, START, cleared, hourly, lives, setups_of
from micromarket.errors import BrokenTree
from micromarket.node.coordination import clear_nested
from micromarket.node.dialog import Reason
from micromarket.node.facts import Cleared, NeighborSilent, SignalSent, Source
from micromarket.node.neighbor import Direction, Neighbor
from micromarket.node.running import RunningNode
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


@pytest.mark.parametrize("losses", [False, True])
def test_nodes_that_only_exchange_signals_reach_the_nested_auction(losses):
    """Prices and powers of random trees, ties included, are those of the array kernel, wherever all is balanced."""
    worst, compared = 0.0, 0
    for seed in range(60):
        tree, curves, members = random_market(seed, losses)
        nested = clear_nested(tree, curves, members)
        if nested.outcome.any():
            continue
        balances = last(run_network(setups_of(tree, curves, members), START, END))
        prices = np.array([one.price for one in balances])
        powers = [nested.powers_kw[members == node] for node in range(len(tree))]
        wrong = [
            np.abs(one.local_kw - power).max() for one, power in zip(balances, powers, strict=True) if len(power)
        ]
        worst, compared = max(worst, *wrong, np.abs(prices - nested.price).max()), compared + 1

    assert worst < 1e-9
    assert compared > 30


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
