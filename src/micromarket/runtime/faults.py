"""A bus that loses, doubles, delays and so reorders messages, by a seeded chance: for tests and rehearsals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from random import Random

from micromarket.runtime.bus import Bus, Handler
from micromarket.runtime.clocks import Clock


@dataclass(frozen=True, slots=True)
class Faults:
    """How bad a bus is.

    Parameters
    ----------
    drop, double, delay : float
        Share of messages that are lost, sent twice, held back.
    longest_delay : timedelta
        Each message held back waits for any time up to this, so that later ones overtake it.
    seed : int
        Start of the chance.
    """

    drop: float = 0.0
    double: float = 0.0
    delay: float = 0.0
    longest_delay: timedelta = timedelta(seconds=10)
    seed: int = 0


class FaultyBus:
    """Another bus with faults in what it publishes.

    Parameters
    ----------
    bus : Bus
        The bus that carries what is left.
    clock : Clock
        By which messages are held back.
    faults : Faults
        How bad it is.
    """

    def __init__(self, bus: Bus, clock: Clock, faults: Faults) -> None:
        self._bus, self._clock, self._faults = bus, clock, faults
        self._chance = Random(faults.seed)

    def publish(self, subject: str, payload: bytes) -> None:
        """Send a message, or not, or twice, or later."""
        if self._chance.random() < self._faults.drop:
            return
        for _ in range(1 + (self._chance.random() < self._faults.double)):
            self._send(partial(self._bus.publish, subject, payload))

    def subscribe(self, subject: str, handler: Handler) -> None:
        """Have `handler` called with each message of a subject."""
        self._bus.subscribe(subject, handler)

    def _send(self, send: partial[None]) -> None:
        if self._chance.random() < self._faults.delay:
            wait = self._chance.random() * self._faults.longest_delay
            self._clock.call_at(self._clock.now() + wait, send)
        else:
            send()
