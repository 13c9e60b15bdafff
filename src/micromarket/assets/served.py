"""Series that are foreseen as an information service tells them: bulletins at regular times, some of which fail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from micromarket.assets.asset import Steps
from micromarket.assets.information_service import Information, InformationService, Update
from micromarket.assets.profile import Profile
from micromarket.domain.curves import Floats
from micromarket.domain.intervals import EPOCH, MICROSECOND, Interval, IntervalGrid


@dataclass(frozen=True, slots=True, eq=False)
class Bulletins:
    """What an information service says at every whole multiple of its refresh period.

    Parameters
    ----------
    service : InformationService
        The service, before it was ever heard.
    grid : IntervalGrid
        The `S` base steps of which something may be told.
    values : array of float, shape (S,)
        What is told of each.
    reach : timedelta
        How far ahead a bulletin tells.
    silent : tuple of Interval, optional
        Times in which no bulletin comes.
    """

    service: InformationService
    grid: IntervalGrid
    values: Floats
    reach: timedelta
    silent: tuple[Interval, ...] = ()

    def heard(self, now: datetime) -> InformationService:
        """Return the service with the newest bulletin that came by `now`, if that may still be used."""
        issued = now - (now - EPOCH) % self.service.refresh
        while now - issued < self.service.valid_for:
            update = None if any(one.contains(issued) for one in self.silent) else self._update(issued)
            if update is not None:
                return self.service.heard(update)
            issued -= self.service.refresh
        return self.service

    def times(self, factor: float) -> Bulletins:
        """Return what is told of `factor` times the same, such as of a plant whose yield is told."""
        usual = replace(self.service, usual=self.service.usual * factor)
        return replace(self, service=usual, values=self.values * factor)

    def known(self, first: int, steps: int) -> Information:
        """Return what is known of a number of base steps just before the first of them."""
        start = self.grid.start + first * self.grid.step
        now = start - MICROSECOND
        return self.heard(now).information(IntervalGrid(start, self.grid.step, steps), now)

    def expected(self, edges: Steps) -> Floats:
        """Return the mean told between `edges`, as known just before ``edges[0]``, shape (H,)."""
        values = self.known(int(edges[0]), int(edges[-1] - edges[0])).values
        return np.asarray(np.add.reduceat(values, edges[:-1] - edges[0]) / np.diff(edges))

    def _update(self, issued: datetime) -> Update | None:
        first = max(0, (issued - self.grid.start) // self.grid.step)
        last = min(len(self.grid), -((self.grid.start - issued - self.reach) // self.grid.step))
        if last <= first:
            return None
        intervals = IntervalGrid(self.grid.start + first * self.grid.step, self.grid.step, last - first)
        return Update(issued, intervals, self.values[first:last])


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """Series of `n` devices, some of which are foreseen as a service tells.

    Parameters
    ----------
    profile : Profile
        What happens, and what is expected where no service tells.
    told : mapping of int to Bulletins
        By the device's place in the fleet.
    """

    profile: Profile
    told: Mapping[int, Bulletins]

    def actual(self, step: int) -> Floats:
        """Return what happens in base step `step`, shape (n,)."""
        return self.profile.actual(step)

    def expected(self, edges: Steps) -> Floats:
        """Return the mean expected between `edges`, as known just before ``edges[0]``, shape (n, H)."""
        values = self.profile.expected(edges).copy()
        expected = {bulletins: bulletins.expected(edges) for bulletins in dict.fromkeys(self.told.values())}
        for row, bulletins in self.told.items():
            values[row] = expected[bulletins]
        return values
