"""Whatever a neighbor's program says, as long as it is a signal, a node lives on and its prices stay numbers."""

from datetime import timedelta
from random import Random

import numpy as np
import pytest

from living_nodes import CLEARING, START, hourly, lives
from micromarket.domain.curves import Curves
from micromarket.node.demand.demand_charge import DemandCharge
from micromarket.node.living.facts import Cleared
from micromarket.node.living.running import RunningNode
from micromarket.node.living.signals import (
    LARGEST,
    IntervalRecords,
    StatedLine,
    Statement,
    TransactiveRecord,
    TransactiveSignal,
)
from micromarket.node.neighbor import Direction, Neighbor
from trees import load, offers

DIRECTIONS = {
    "nested_auction": (Direction.UPSTREAM, Direction.DOWNSTREAM),
    "consensus": (Direction.BIDIRECTIONAL, Direction.BIDIRECTIONAL),
    "shared_curves": (Direction.BIDIRECTIONAL, Direction.BIDIRECTIONAL),
}
NUMBERS = (0, 1, 2, 3, 4, 7, 10**9)
NAMES = ("home", "east", "west", "far")


def some_value(chance):
    """Nothing, something usual, or a number of any size."""
    return chance.choice([0.0, chance.uniform(-5, 5), chance.choice([-1, 1]) * 10 ** chance.uniform(-14, 15)])


def some_records(chance, start):
    """A scheduled point anywhere, and any curve or none."""
    count = chance.choice([0, 2, 3, 4])
    prices, powers = (sorted(some_value(chance) for _ in range(count)) for _ in range(2))
    vertices = list(zip(prices, powers, strict=True))
    points = [(some_value(chance), some_value(chance)), *vertices[:1], *vertices[-1:], *vertices[1:-1]]
    held = [tuple(float(np.clip(value, -LARGEST, LARGEST)) for value in point) for point in points]
    return IntervalRecords(start, tuple(TransactiveRecord(number, *point) for number, point in enumerate(held)))


def some_statements(chance, market):
    """Statements of anybody, with any lines: true, false, and about the receiver itself."""
    for name in chance.sample(NAMES, chance.randrange(5)):
        ends = [other for other in NAMES if other != name and chance.random() < 0.6]
        limits = [chance.choice([None, 0.0, abs(some_value(chance))]) for _ in range(2)]
        loss = 0.0 if None in limits else chance.choice([0.0, 0.05, 0.49])
        lines = tuple(StatedLine(other, *limits, loss) for other in ends)
        content = tuple(some_records(chance, start) for start in market.intervals.moments)
        yield Statement(name, chance.choice(NUMBERS[1:]), lines, content)


def some_signal(chance, market, now):
    """Any number, heard or not, asking or not, of either neighbor."""
    number = chance.choice(NUMBERS)
    content = tuple(some_records(chance, start) for start in market.intervals.moments) if number else ()
    sender, heard, asks = chance.choice(["east", "west"]), chance.choice(NUMBERS), chance.random() < 0.5
    shared = tuple(some_statements(chance, market)) if number else ()
    return TransactiveSignal(market.name, sender, "home", number, now, content, heard, asks, shared)


def some_node(chance, mechanism):
    """Limits, losses and charges of any kind."""
    neighbors = []
    for name, direction in zip(("east", "west"), DIRECTIONS[mechanism], strict=True):
        loss = chance.choice([0.0, 0.0, 0.05, 0.4])
        limits = (chance.choice([0.0, 3.0, 8.0] if loss else [0.0, 3.0, 8.0, np.inf]) for _ in range(2))
        charge = None if mechanism == "shared_curves" else chance.choice([None, DemandCharge(2.0, 10.0)])
        neighbors.append(Neighbor(name, direction, *limits, loss, charge=charge))
    everyone = Curves.concatenate([load(2.0), offers((0.1, 0.0), (0.5, 6.0))])
    return RunningNode(lives("home", neighbors, everyone, hourly(mechanism)))


@pytest.mark.parametrize("mechanism", DIRECTIONS)
@pytest.mark.parametrize("seed", range(20))
def test_no_signal_does_harm(mechanism, seed):
    """At any time of a market, in any order; warnings of arithmetic would be errors."""
    chance, facts = Random(f"{mechanism} {seed}"), []
    for _ in range(5):
        node, now = some_node(chance, mechanism), START
        node.handle(now)
        for _ in range(30):
            now += timedelta(seconds=chance.choice([0, 1, 5, 30, 120]))
            opened = [one.market for one in node.state.open.values()]
            facts += node.handle(now, some_signal(chance, chance.choice(opened), now) if opened else None).facts
        facts += node.handle(CLEARING + timedelta(hours=1)).facts
    prices = [fact.balance.price for fact in facts if isinstance(fact, Cleared)]

    assert len(prices) >= 5
    assert np.isfinite(prices).all()
