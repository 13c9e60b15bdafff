"""What carries messages between nodes: anything that publishes bytes under a subject. Here within one process."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol
from urllib.parse import quote

from micromarket.runtime.clocks import Clock

Handler = Callable[[bytes], None]


class Bus(Protocol):
    """Carries messages; may lose, delay, double and reorder them."""

    def publish(self, subject: str, payload: bytes) -> None:
        """Send a message to whoever subscribed to its subject; returns before anybody has handled it."""
        ...

    def subscribe(self, subject: str, handler: Handler) -> None:
        """Have `handler` called with each message of a subject."""
        ...


def subject_of(network: str, *words: str) -> str:
    """Return a subject: words joined by dots, with what no word of a subject may hold written as ``%..``.

    Examples
    --------
    >>> subject_of("oak-street", "signal", "home 1.a")
    'oak-street.signal.home%201%2Ea'
    """
    return ".".join(quote(word, safe="/:-_").replace(".", "%2E") for word in (network, *words))


class InProcessBus:
    """A bus without network: messages arrive at once by the clock, in the order in which they were sent.

    Parameters
    ----------
    clock : Clock
        Delivers each message after its sender is done.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._handlers: dict[str, list[Handler]] = {}

    def publish(self, subject: str, payload: bytes) -> None:
        """Send a message to whoever subscribed to its subject."""
        for handler in self._handlers.get(subject, ()):
            self._clock.call_at(self._clock.now(), partial(handler, payload))

    def subscribe(self, subject: str, handler: Handler) -> None:
        """Have `handler` called with each message of a subject."""
        self._handlers.setdefault(subject, []).append(handler)
