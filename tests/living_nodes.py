"""Nodes that live: a tree of the array kernel as independent nodes, each with its own curves and series."""

from datetime import UTC, datetime, timedelta

import numpy as np

from micromarket.domain.curves import Curves
from micromarket.markets.series.market import MarketRules
from micromarket.markets.series.series import SeriesPlan
from micromarket.markets.series.states import Timing
from micromarket.node.facts import Cleared
from micromarket.node.neighbor import Direction, Neighbor
from micromarket.node.node import TransactiveNode
from micromarket.node.running import NodeSetup, StartingSeries

START = datetime(2026, 7, 6, 11, 30, tzinfo=UTC)
CLEARING = datetime(2026, 7, 6, 11, 45, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def hourly(coordination="nested_auction", intervals=1, **leads):
    """An hourly series: 5 minutes of negotiation, 5 of market lead, 15 of delivery lead."""
    leads = {"negotiation_lead": 5 * MINUTE, "market_lead": 5 * MINUTE, "delivery_lead": 15 * MINUTE} | leads
    timing = Timing(60 * MINUTE, intervals_to_clear=intervals, **leads)
    return SeriesPlan(MarketRules("hourly", coordination, timing, default_price=0.2), 60 * MINUTE * intervals)


class Fixed:
    """Local assets whose curves do not change, and defaults by neighbor."""

    def __init__(self, curves, defaults=None):
        self.curves, self.defaults = curves, defaults or {}

    def local(self, market, expected):
        return self.curves

    def default(self, neighbor, market):
        return self.defaults.get(neighbor)


def lives(node_id, neighbors, curves, plan=None, **more):
    """A node with fixed curves and one series."""
    series = (StartingSeries(plan or hourly(), CLEARING),)
    return NodeSetup(TransactiveNode(node_id, tuple(neighbors)), series, Fixed(curves), **more)


def setups_of(tree, curves, member_of, plan=None):
    """The nodes of a tree as independent nodes."""
    everyone = Curves.concatenate(curves)
    neighbors = [[] for _ in tree.ids]
    for child, parent in enumerate(tree.parent.tolist()):
        if parent >= 0:
            into, out_of = float(tree.import_limit_kw[child]), float(tree.export_limit_kw[child])
            loss = float(tree.full_load_loss[child])
            neighbors[child].append(Neighbor(tree.ids[parent], Direction.UPSTREAM, into, out_of, loss))
            neighbors[parent].append(Neighbor(tree.ids[child], Direction.DOWNSTREAM, out_of, into, loss))
    members = [np.flatnonzero(np.asarray(member_of) == node) for node in range(len(tree))]
    return [
        lives(node_id, neighbors[k], everyone[members[k]] if members[k].size else nothing(everyone.intervals), plan)
        for k, node_id in enumerate(tree.ids)
    ]


def nothing(intervals=1):
    return Curves.inelastic(np.zeros((1, intervals)))


def cleared(facts):
    """The last balance of each market at one node, by market."""
    return {fact.market.name: fact.balance for fact in facts if isinstance(fact, Cleared)}
