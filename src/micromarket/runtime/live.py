"""Running one node over a NATS server until its time is over: by the clock on the wall, or by a conductor's."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from micromarket.node.living.running import NodeSetup, NodeState, RunningNode
from micromarket.runtime.clocks import Clock, VirtualClock, WallClock
from micromarket.runtime.faults import Faults, FaultyBus
from micromarket.runtime.nats_bus import NatsBus
from micromarket.runtime.pace import Follower
from micromarket.runtime.program import Keep, NodeProgram, Record, Surroundings
from micromarket.runtime.saving import restored, saved, write


@dataclass(frozen=True, slots=True)
class Life:
    """How one node lives.

    Parameters
    ----------
    setup : NodeSetup
        The node.
    network : str
        Name of the network; nodes of one network hear each other.
    start, end : datetime
        Its time; when the clock shows `end` it stops.
    url : str
        Address of the NATS server.
    state : pathlib.Path, optional
        File that keeps what it knows, from which it starts if it is there.
    paced : bool
        Whether a conductor says what time it is.
    faults : Faults, optional
        What its own messages shall suffer, for rehearsals.
    """

    setup: NodeSetup
    network: str
    start: datetime
    end: datetime
    url: str
    state: Path | None = None
    paced: bool = False
    faults: Faults | None = None


async def live(life: Life, record: Record) -> None:
    """Run a node until its time is over.

    Raises
    ------
    BusError
        If no server answers.
    InvalidValue
        If the state file is not this node's.
    """
    node = RunningNode(life.setup, _remembered(life))
    over = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: _fail(over, context))
    async with NatsBus(life.url) as nats:
        clock = _clock(life, node)
        bus = nats if life.faults is None else FaultyBus(nats, clock, life.faults)
        NodeProgram(node, Surroundings(life.network, clock, bus), record, _keeper(life)).start()
        if isinstance(clock, VirtualClock):
            Follower(life.setup.node.id, life.network, clock, nats).start()
        clock.call_at(life.end, lambda: None if over.done() else over.set_result(None))
        await over


def _clock(life: Life, node: RunningNode) -> Clock:
    return VirtualClock(node.state.at or life.start) if life.paced else WallClock()


def _remembered(life: Life) -> NodeState | None:
    if life.state is None or not life.state.exists():
        return None
    return restored(life.setup, life.state.read_bytes())


def _keeper(life: Life) -> Keep:
    path = life.state
    if path is None:
        return lambda _: None
    return lambda node: write(path, saved(node.setup.node.id, node.state))


def _fail(over: asyncio.Future[None], context: dict[str, Any]) -> None:
    """Let what went wrong in a callback end the program instead of being logged."""
    if not over.done():
        over.set_exception(context.get("exception") or RuntimeError(context["message"]))
