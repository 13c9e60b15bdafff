"""Where time comes from: a virtual clock that jumps from event to event, and the one on the wall."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from heapq import heappop, heappush
from typing import Protocol

from micromarket.domain.intervals import utc

Action = Callable[[], None]


class Clock(Protocol):
    """Tells the time, and calls back at one."""

    def now(self) -> datetime:
        """Return the time, in UTC."""
        ...

    def call_at(self, moment: datetime, action: Action) -> None:
        """Call `action` at `moment`, or as soon as possible if it has passed; never before this returns."""
        ...


class VirtualClock:
    """A clock that stands still while something happens, and then jumps to what happens next.

    Parameters
    ----------
    start : datetime
        What it shows at first.

    Notes
    -----
    Actions come in the order of their moments, those of one moment in the order in which they were asked for, so that
    the same program always does the same.
    """

    def __init__(self, start: datetime) -> None:
        self._now = utc(start)
        self._due: list[tuple[datetime, int, Action]] = []
        self._asked = 0

    def now(self) -> datetime:
        """Return the time, in UTC."""
        return self._now

    def call_at(self, moment: datetime, action: Action) -> None:
        """Call `action` when the clock gets to `moment`."""
        heappush(self._due, (max(utc(moment), self._now), self._asked, action))
        self._asked += 1

    def run_until(self, end: datetime) -> None:
        """Do all that is due by `end`, that included, and stop there."""
        last = utc(end)
        while self._due and self._due[0][0] <= last:
            self._now, _, action = heappop(self._due)
            action()
        self._now = max(self._now, last)


class WallClock:
    """The time of day; needs a running asyncio loop to call back."""

    def now(self) -> datetime:
        """Return the time, in UTC."""
        return datetime.now(UTC)

    def call_at(self, moment: datetime, action: Action) -> None:
        """Call `action` when the time has come."""
        wait = (utc(moment) - self.now()).total_seconds()
        asyncio.get_running_loop().call_later(max(0.0, wait), action)
