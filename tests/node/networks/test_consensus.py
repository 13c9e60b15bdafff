import numpy as np
import pytest

from micromarket.domain.curves import Curves
from micromarket.errors import NotFinite, WrongShape
from micromarket.markets.auctions.auction import Outcome
from micromarket.node.coordination.exchange import ConsensusRules
from micromarket.node.networks.consensus import clear_consensus
from micromarket.node.networks.nested import clear_nested
from micromarket.node.networks.network import Network
from micromarket.node.networks.welfare import welfare
from networks import network
from trees import load, offers, random_market, supplier

RULES = ConsensusRules(floor=-2.0, cap=2.0, spread=0.5, typical_kw=20.0)
RING = network([(0, 1), (1, 2), (2, 3), (3, 0)], 3.0)


def test_power_goes_both_ways_around_a_ring():
    """5 kW for the node opposite the supplier: no line carries more than 3, so both ways are needed."""
    cleared = clear_consensus(RING, [supplier(0.20), load(5.0)], [0, 2])
    into = cleared.imported_kw(RING)[:, 0]

    assert ([-5.0, 0.0, 5.0, 0.0], True) == (pytest.approx(into, abs=1e-5), bool(cleared.converged.all()))


def test_a_full_ring_lifts_the_price_behind_it():
    """6 kW come over both lines, the seventh from the generator next to the load."""
    generator = offers((0.30, 0.0), (0.40, 4.0))
    cleared = clear_consensus(RING, [supplier(0.20), load(7.0), generator], [0, 2, 2])

    assert (0.20, 0.325) == pytest.approx((cleared.price[0, 0], cleared.price[2, 0]), abs=1e-6)


def test_losses_are_borne_by_the_importer():
    line = network([(0, 1)], 10.0, 0.08)
    cleared = clear_consensus(line, [supplier(0.20), load(4.8)], [0, 1])

    assert (-5.0, -4.8, 0.2) == pytest.approx(
        (cleared.flow_kw[0, 0], cleared.received_kw[0, 0], cleared.losses_kw[0, 0]), abs=1e-5
    )


def test_a_node_that_cannot_be_served_says_so_and_nobody_else():
    """7 kW of load behind lines of 6 kW: one is missing, in one node."""
    cleared = clear_consensus(RING, [supplier(0.20), load(7.0)], [0, 2])

    assert [0, 0, Outcome.SHORT, 0] == cleared.outcome[:, 0].tolist()
    assert (1.0, -6.0) == pytest.approx((cleared.unserved_kw[1, 0], cleared.powers_kw[1, 0]), abs=1e-5)


def test_a_node_that_cannot_place_its_power_says_so():
    cleared = clear_consensus(RING, [supplier(0.20, 0.05), load(-8.0)], [0, 2])

    assert (Outcome.SURPLUS, 2.0) == (cleared.outcome[2, 0], pytest.approx(cleared.unserved_kw[1, 0], abs=1e-5))


def test_only_the_intervals_without_a_balance_are_named():
    demand = Curves.inelastic([[-5.0, -7.0, -6.0]])
    cleared = clear_consensus(RING, [supplier(intervals=3), demand], [0, 2])

    assert [False, True, False] == cleared.outcome.any(axis=0).tolist()


def test_too_few_rounds_are_admitted():
    rules = ConsensusRules(floor=-1.0, cap=1.0, spread=0.2, typical_kw=5.0, most_rounds=3)
    cleared = clear_consensus(RING, [supplier(0.20), load(5.0)], [0, 2], rules)

    assert ([False], [3], [24]) == (
        cleared.converged.tolist(), cleared.rounds.tolist(), cleared.messages.tolist()
    )  # fmt: skip


@pytest.mark.parametrize("losses", [False, True])
def test_on_trees_it_agrees_with_the_nested_auction(losses):
    """Both reach the same value; who is short is short in both."""
    worst, differ = 0.0, []
    for seed in range(60):
        tree, curves, member_of = random_market(seed, losses, lowest=0.0 if losses else -0.2)
        nested = clear_nested(tree, curves, member_of)
        found = clear_consensus(Network.of_tree(tree), curves, member_of)
        if nested.outcome.any():
            differ += [] if found.outcome.any() else [seed]
        elif nested.price.min() >= 0 or not losses:
            values = welfare(curves, nested.powers_kw), welfare(curves, found.powers_kw)
            worst = max(worst, float(np.abs(values[0] - values[1]).max() / max(1.0, np.abs(values[0]).max())))

    assert (worst < 1e-6, []) == (True, differ)


def test_intervals_do_not_touch_each_other():
    tree, curves, member_of = random_market(7, intervals=20)
    every, ring = Curves.concatenate(curves), Network.of_tree(tree)
    alone = [clear_consensus(ring, every[:, t : t + 1], member_of, RULES, [0.0]) for t in range(20)]
    together = clear_consensus(ring, every, member_of, RULES, np.zeros(20))

    np.testing.assert_array_equal(together.price, np.concatenate([one.price for one in alone], axis=1))


@pytest.mark.parametrize(
    ("member_of", "expected", "error", "message"),
    [
        ([0], None, WrongShape, "one node for each of 2 participants"),
        ([0, 4], None, WrongShape, "must name nodes 0 to 3"),
        ([0, 1], [0.1, 0.2], WrongShape, "one price for each of 1 intervals"),
        ([0, 1], [np.nan], NotFinite, "expected price must be finite"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(member_of, expected, error, message):
    with pytest.raises(error, match=message):
        clear_consensus(RING, [supplier(), load(1.0)], member_of, expected_price=expected)
