"""A whole network of nodes in one process, in virtual time: the same programs, over a bus in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from micromarket.node.living.facts import Fact
from micromarket.node.living.running import NodeSetup, RunningNode
from micromarket.runtime.bus import InProcessBus
from micromarket.runtime.clocks import VirtualClock
from micromarket.runtime.faults import Faults, FaultyBus
from micromarket.runtime.program import NodeProgram, Surroundings

Facts = dict[str, list[Fact]]
"""What happened at each node, in order."""


def run_network(setups: Sequence[NodeSetup], start: datetime, end: datetime, faults: Faults | None = None) -> Facts:
    """Let nodes live together and return what happened at each.

    Parameters
    ----------
    setups : sequence of NodeSetup
        The nodes.
    start, end : datetime
        From when until when, in virtual time.
    faults : Faults, optional
        How bad the bus between them is; by default it is perfect.
    """
    facts: Facts = {setup.node.id: [] for setup in setups}
    live_together(setups, (start, end), lambda node, fact: facts[node].append(fact), faults)
    return facts


def live_together(
    setups: Sequence[NodeSetup],
    between: tuple[datetime, datetime],
    record: Callable[[str, Fact], None],
    faults: Faults | None = None,
) -> None:
    """Let nodes live together and record what happens, as it happens.

    Parameters
    ----------
    setups : sequence of NodeSetup
        The nodes.
    between : (datetime, datetime)
        From when until when, in virtual time.
    record : callable
        Is given the name of a node and a fact, in the order of events.
    faults : Faults, optional
        How bad the bus between them is; by default it is perfect.
    """
    start, end = between
    clock = VirtualClock(start)
    perfect = InProcessBus(clock)
    bus = perfect if faults is None else FaultyBus(perfect, clock, faults)
    around = Surroundings("here", clock, bus)
    for setup in setups:
        NodeProgram(RunningNode(setup), around, partial(record, setup.node.id)).start()
    clock.run_until(end)
