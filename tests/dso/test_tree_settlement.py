"""A tree settled through a chain of markets, against exact fractions."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micromarket.domain.intervals import IntervalGrid
from micromarket.dso.settlement import Accounts, Metered
from micromarket.dso.tree_settlement import ClearedTree, settle_tree, spread
from micromarket.errors import InvalidValue
from micromarket.markets.series.market import MarketRules
from micromarket.markets.series.series import SeriesPlan
from micromarket.markets.series.states import Timing
from micromarket.node.networks.metering import metered_flows
from micromarket.node.networks.tree import NodeTree

START = datetime(2026, 7, 6, tzinfo=UTC)
TREE = NodeTree.of(["root", "feeder", "home", "shop"], [-1, 0, 1, 0], 50.0, 50.0, [0, 0.04, 0.02, 0])
MEMBERS = np.array([0, 1, 1, 2, 2, 3, 0])
"""Six devices, then the supplier."""
ACCOUNTS = Accounts(MEMBERS, np.array([0, 0, 1, 2, 2, 3, 4]), TREE.parent.astype(np.int64))


def plan(commits):
    """Return hours, quarters and five minutes that commit as told."""
    found = None
    for name, minutes, binds in reversed([("hour", 60, commits[0]), ("quarter", 15, commits[1]), ("five", 5, True)]):
        rules = MarketRules(name, "double_auction", Timing(timedelta(minutes=minutes)), 0.2, binds)
        found = SeriesPlan(rules, timedelta(minutes=minutes), refined_by=found)
    return found


def exchanged(chance, intervals, hours):
    """Return random powers of all devices, what they send over lines, and what is left for the supplier."""
    devices = chance.uniform(-8, 8, (len(MEMBERS) - 1, intervals)).round(chance.integers(1, 6))
    sent, received = metered_flows(TREE, devices, MEMBERS[:-1])
    return Metered(np.concatenate([devices, received[:1]]), sent, received, hours)


def history(seed, commits):
    """Return what three series cleared in two hours, and what was metered, at random."""
    chance = np.random.default_rng(seed)
    series = []
    for each in plan(commits).chain:
        market = each.together(START, timedelta(hours=2) // each.rules.timing.interval_duration)
        intervals = len(market.intervals)
        prices = chance.uniform(-0.1, 0.6, (len(TREE), intervals))
        series.append(ClearedTree(market, prices, exchanged(chance, intervals, market.intervals.hours)))
    return series, exchanged(chance, 24, 1 / 12)


STEPS = IntervalGrid(START, timedelta(minutes=5), 24)


def exact_micro(change):
    """Return each party's money in one series by fractions, each amount rounded once, half to even."""
    seconds = int(change.intervals.step.total_seconds())
    return [
        sum(
            round(Fraction(int(w)) * seconds * Fraction(round(Fraction(p) * 10**6)) / 3_600_000)
            for w, p in zip(row, prices, strict=True)
        )
        for row, prices in zip(change.changes_w, change.prices, strict=True)
    ]


commitments = st.tuples(st.booleans(), st.booleans())


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), commits=commitments)
def test_energy_is_the_sum_of_commitments(seed, commits):
    """Each party's joules are those of its changes, market by market, and what it delivered."""
    series, metered = history(seed, commits)

    settled = settle_tree(series, metered, ACCOUNTS, STEPS)

    joules = sum(each.settled.energy_j.sum(axis=1) for each in settled.changes)
    last = settled.changes[-1]
    assert np.array_equal(((last.committed_w + last.changes_w) * 300).sum(axis=1), joules)


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), commits=commitments)
def test_money_is_the_sum_of_commitments_at_their_prices(seed, commits):
    """To the micro-unit, in the ledger too, by fractions."""
    series, metered = history(seed, commits)

    settled = settle_tree(series, metered, ACCOUNTS, STEPS)

    exact = np.sum([exact_micro(change) for change in settled.changes], axis=0)
    posted = settled.postings
    of_parties = [
        int(posted.amount_micro[(posted.node == node) & (posted.account == account)].sum())
        for node, account in zip(settled.parties.node, settled.parties.account, strict=True)
    ]
    assert exact.tolist() == of_parties


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), commits=commitments)
def test_every_node_balances_in_every_market(seed, commits):
    """Watts, and with the account of rounding micro-units, sum to zero at each node in each interval."""
    series, metered = history(seed, commits)

    settled = settle_tree(series, metered, ACCOUNTS, STEPS)

    at = [settled.parties.node == node for node in range(len(TREE))]
    watts = [each.changes_w[rows].sum(axis=0).any() for each in settled.changes for rows in at]
    money = [settled.postings.amount_micro[settled.postings.node == node].sum(axis=0).any() for node in range(4)]
    assert not any(watts + money)


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), commits=commitments)
def test_commitments_are_added_to_and_never_changed(seed, commits):
    """What was committed before is the sum of all earlier changes."""
    series, metered = history(seed, commits)

    changes = settle_tree(series, metered, ACCOUNTS, STEPS).changes

    total = np.zeros_like(changes[-1].changes_w)
    for each in changes:
        steps_each = each.intervals.step // STEPS.step
        assert np.array_equal(total[:, ::steps_each], each.committed_w)
        total = total + np.repeat(each.changes_w, steps_each, axis=1)


def test_without_losses_or_flows_the_owner_of_lines_has_no_commitment():
    """In one region only customers and the supplier are committed."""
    one, devices = NodeTree.of(["root"], [-1]), np.array([[-2.0], [1.5], [0.5]])
    nothing = np.zeros((1, 1))
    hour = plan((True, True)).together(START, 1)
    cleared = ClearedTree(hour, np.full((1, 1), 0.2), Metered(devices, nothing, nothing, 1.0))
    accounts = Accounts(np.zeros(3, dtype=np.int64), np.arange(3), one.parent.astype(np.int64))

    settled = settle_tree([cleared], cleared.exchanged, accounts, hour.intervals)

    assert [[-400_000], [300_000], [100_000], [0]] == settled.changes[0].settled.amount_micro.tolist()


@given(
    amounts=st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=4),
    parts=st.integers(1, 24),
)
def test_spread_amounts_sum_and_differ_by_one(amounts, parts):
    """Nothing is lost over the steps of an interval."""
    shares = spread(np.array([amounts]), parts).reshape(len(amounts), parts)

    assert amounts == shares.sum(axis=1).tolist()
    assert (np.ptp(shares, axis=1) <= 1).all()


def test_refuses_commitments_for_other_times():
    """What lies beyond the metered steps cannot be settled yet."""
    series, metered = history(1, (True, True))

    with pytest.raises(InvalidValue, match="committed beyond"):
        settle_tree(series, metered, ACCOUNTS, IntervalGrid(START + timedelta(hours=1), STEPS.step, 24))
