"""A node as a program: it hears the clock and the bus, and says on the bus what its deterministic core wants said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from micromarket.errors import BadSignal
from micromarket.node.living.description import foreseen, started
from micromarket.node.living.facts import Fact, MessageRefused, MeterRead
from micromarket.node.living.running import RunningNode
from micromarket.node.living.signals import TransactiveSignal
from micromarket.runtime.bus import Bus, subject_of
from micromarket.runtime.clocks import Clock
from micromarket.runtime.wire import decoded, encoded

Record = Callable[[Fact], None]
Keep = Callable[[RunningNode], None]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a program lives in.

    Parameters
    ----------
    network : str
        First word of all subjects; nodes of one network hear each other.
    clock : Clock
        Where time comes from.
    bus : Bus
        What carries signals.
    """

    network: str
    clock: Clock
    bus: Bus


class NodeProgram:
    """Joins a node with a clock and a bus.

    Parameters
    ----------
    node : RunningNode
        The node.
    around : Surroundings
        Its clock and its bus.
    record : callable
        Is given every fact, in order.
    keep : callable
        Is given the node after every event, before the signals that follow from it are sent: whatever must survive a
        crash is kept there.
    """

    def __init__(self, node: RunningNode, around: Surroundings, record: Record, keep: Keep = lambda _: None) -> None:
        self.node = node
        self._network, self._clock, self._bus = around.network, around.clock, around.bus
        self._record, self._keep = record, keep
        self._called_at: datetime | None = None

    def start(self) -> None:
        """Say what the node is, listen to the bus, and then live through what is due."""
        self._record(started(self.node.setup, self._clock.now()))
        self._bus.subscribe(self._subject(self.node.setup.node.id), self._hear)
        self._clock.call_at(self._clock.now(), self._wake)

    def metered(self, neighbor: str, start: datetime, power_kw: float) -> None:
        """Take a reading of the meter toward a neighbor, as `RunningNode.metered` does, and record it.

        Raises
        ------
        UnknownParty
            If there is no such neighbor.
        """
        raised = self.node.metered(neighbor, start, power_kw)
        for fact in (MeterRead(self._clock.now(), neighbor, start, power_kw), *raised):
            self._record(fact)
        self._keep(self.node)

    def _hear(self, payload: bytes) -> None:
        try:
            signal = decoded(payload)
        except BadSignal as error:
            self._record(MessageRefused(self._clock.now(), str(error)))
        else:
            self._live(signal)

    def _wake(self) -> None:
        self._called_at = None
        self._live()

    def _live(self, signal: TransactiveSignal | None = None) -> None:
        outputs = self.node.handle(self._clock.now(), signal)
        for fact in (*outputs.facts, *foreseen(self.node, outputs.facts)):
            self._record(fact)
        self._keep(self.node)
        for said in outputs.signals:
            self._bus.publish(self._subject(said.receiver), encoded(said))
        following = self.node.wakes_at
        if self._called_at is None or following < self._called_at:
            self._called_at = following
            self._clock.call_at(following, self._wake)

    def _subject(self, receiver: str) -> str:
        return subject_of(self._network, "signal", receiver)
