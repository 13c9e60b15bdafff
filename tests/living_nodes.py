"""Nodes that live: a tree of the array kernel as independent nodes, each with its own curves and series."""

from datetime import UTC, datetime, timedelta

import numpy as np

from micromarket.domain.curves import Curves
from micromarket.markets.series.market import MarketRules
from micromarket.markets.series.series import SeriesPlan
from micromarket.markets.series.states import Timing
from micromarket.node.living.facts import Cleared
from micromarket.node.living.running import NodeSetup, RunningNode, StartingSeries
from micromarket.node.neighbor import Direction, Neighbor
from micromarket.node.node import TransactiveNode
from micromarket.runtime.bus import InProcessBus
from micromarket.runtime.clocks import VirtualClock
from micromarket.runtime.faults import FaultyBus
from micromarket.runtime.program import NodeProgram, Surroundings

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


class CutOff:
    """A bus from which one node is cut off for a while: as good as dead for the others, and they for it."""

    def __init__(self, bus, clock, start, end):
        self.bus, self.clock, self.start, self.end = bus, clock, start, end

    def publish(self, subject, payload):
        if not self.start <= self.clock.now() < self.end:
            self.bus.publish(subject, payload)

    def subscribe(self, subject, handler):
        self.bus.subscribe(subject, lambda payload: self.start <= self.clock.now() < self.end or handler(payload))


class Programs:
    """Nodes as programs in one process, on a bad bus; some are cut off from moment to moment."""

    def __init__(self, setups, start, faults, cut_off=None):
        self.clock = VirtualClock(start)
        bus = FaultyBus(InProcessBus(self.clock), self.clock, faults)
        self.facts = {setup.node.id: [] for setup in setups}
        self.programs = {}
        for setup in setups:
            name = setup.node.id
            own = CutOff(bus, self.clock, *cut_off[name]) if name in (cut_off or {}) else bus
            around = Surroundings("here", self.clock, own)
            self.programs[name] = NodeProgram(RunningNode(setup), around, self.facts[name].append)
            self.programs[name].start()

    def restart(self, name, state=None):
        """Start a node again, from what it knew or from nothing."""
        self.programs[name].node = RunningNode(self.programs[name].node.setup, state)

    def run_until(self, end):
        self.clock.run_until(end)
        return self.facts
