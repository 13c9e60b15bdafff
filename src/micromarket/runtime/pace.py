"""One clock for many programs: a conductor says over the bus what time it is, and waits until everyone has followed.

Programs that follow live in virtual time: fast where nothing happens, slow on a loaded machine, and alike every time.
What a follower sends at one moment leaves before its word that it has followed, so that over a bus that keeps the
order of a sender it arrives before the next moment begins.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime

import msgspec

from micromarket.errors import BusError
from micromarket.runtime.bus import Bus, subject_of
from micromarket.runtime.clocks import VirtualClock

AGAIN_SECONDS = 0.1
"""After how long a moment is announced again to those who have not followed."""


class Moment(msgspec.Struct, frozen=True):
    """The conductor's word: the time of a beat."""

    beat: int
    now: datetime


class Followed(msgspec.Struct, frozen=True):
    """A program's word that it has lived through a beat."""

    beat: int
    name: str


class Follower:
    """Moves a virtual clock as a conductor says.

    Parameters
    ----------
    name : str
        Name of the program.
    network : str
        First word of all subjects.
    clock : VirtualClock
        The clock it moves.
    bus : Bus
        Where the conductor is heard.
    """

    def __init__(self, name: str, network: str, clock: VirtualClock, bus: Bus) -> None:
        self._name, self._network, self._clock, self._bus = name, network, clock, bus

    def start(self) -> None:
        """Begin to follow."""
        self._bus.subscribe(subject_of(self._network, "pace"), self._follow)

    def _follow(self, payload: bytes) -> None:
        moment = msgspec.json.decode(payload, type=Moment)
        if moment.now >= self._clock.now():
            self._clock.run_until(moment.now)
        said = msgspec.json.encode(Followed(moment.beat, self._name))
        self._bus.publish(subject_of(self._network, "followed"), said)


class Conductor:
    """Says what time it is, beat by beat.

    Parameters
    ----------
    network : str
        First word of all subjects.
    bus : Bus
        Where the followers are.
    """

    def __init__(self, network: str, bus: Bus) -> None:
        self._network, self._bus = network, bus
        self._beat = 0
        self._followed: dict[str, int] = {}
        self._news = asyncio.Event()
        bus.subscribe(subject_of(network, "followed"), self._note)

    async def lead(self, now: datetime, followers: Iterable[str], limit_seconds: float = 60.0) -> None:
        """Announce a time, and return once each of the followers has lived through it.

        Raises
        ------
        BusError
            If somebody does not follow within the limit; the message names them.
        """
        self._beat += 1
        waiting_for = set(followers)
        announcing = asyncio.create_task(self._announce(Moment(self._beat, now)))
        try:
            await asyncio.wait_for(self._all_followed(waiting_for), limit_seconds)
        except TimeoutError:
            late = sorted(name for name in waiting_for if self._followed.get(name) != self._beat)
            raise BusError(f"{', '.join(late)} did not follow to {now} within {limit_seconds:g} s") from None
        finally:
            announcing.cancel()

    async def _announce(self, moment: Moment) -> None:
        payload = msgspec.json.encode(moment)
        while True:
            self._bus.publish(subject_of(self._network, "pace"), payload)
            await asyncio.sleep(AGAIN_SECONDS)

    async def _all_followed(self, names: set[str]) -> None:
        while any(self._followed.get(name) != self._beat for name in names):
            self._news.clear()
            await self._news.wait()

    def _note(self, payload: bytes) -> None:
        said = msgspec.json.decode(payload, type=Followed)
        self._followed[said.name] = max(said.beat, self._followed.get(said.name, 0))
        self._news.set()
