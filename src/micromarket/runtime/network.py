"""A whole network of nodes in one process, in virtual time: the same programs, over a bus in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from micromarket.node.facts import Fact
from micromarket.node.running import NodeSetup, RunningNode
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
    clock = VirtualClock(start)
    perfect = InProcessBus(clock)
    bus = perfect if faults is None else FaultyBus(perfect, clock, faults)
    around = Surroundings("here", clock, bus)
    facts: Facts = {setup.node.id: [] for setup in setups}
    for setup in setups:
        NodeProgram(RunningNode(setup), around, facts[setup.node.id].append).start()
    clock.run_until(end)
    return facts
