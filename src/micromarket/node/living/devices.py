"""The devices of a node: what they plan, what they are told, what they then do.

A market clears what devices shall do; doing it is another matter. So devices are told at the start of each base step
and deliver at its end, as far as their physics allows, and what they plan next begins from where that left them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from micromarket.assets.asset import LocalAsset, Outlook
from micromarket.assets.state import Arrays, fleet_arrays, restore_fleets
from micromarket.domain.curves import Curves, Floats
from micromarket.domain.intervals import EPOCH, MICROSECOND, IntervalGrid, Times
from micromarket.errors import InvalidValue
from micromarket.markets.series.market import Market
from micromarket.markets.series.prediction import asset_times
from micromarket.node.living.facts import Delivered, SetPointsGiven

LOOKS_AHEAD = timedelta(hours=24)
"""How far devices plan beyond the last interval of a market."""

Aims = Callable[[datetime], Floats | None]
"""What every device shall do in the base step that starts at a time [kW], shape (n,); None if nothing was cleared."""
Prices = Callable[[Times], Floats]
"""Price expected at some times [microseconds since 1970 UTC], [currency/kWh], both of shape (H,)."""


@dataclass(frozen=True, slots=True, eq=False)
class Devices:
    """Devices as they are when a node begins, one fleet for each kind.

    Parameters
    ----------
    grid : IntervalGrid
        Base steps in which they are told and deliver; what they foresee is known in these.
    fleets : tuple of LocalAsset
        The devices; `n` of them in all. Who follows the others' habits stands last.
    """

    grid: IntervalGrid
    fleets: tuple[LocalAsset, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """Name of each device, fleet by fleet."""
        return tuple(name for fleet in self.fleets for name in fleet.ids)


@dataclass(frozen=True, slots=True, eq=False)
class DeviceState:
    """Where devices stand; enough to go on after a restart.

    Parameters
    ----------
    ids : tuple of str
        Whose state it is.
    step : int
        The base step that they live in, or will live through next.
    told : bool
        Whether they have been told what to do in it.
    set_point_kw : array of float, shape (n,), or None
        What they were told [kW]; None if nothing was cleared, and each follows its habit.
    changed : mapping of str to array
        What is not as it was at the beginning (`micromarket.assets.state`).
    """

    ids: tuple[str, ...]
    step: int
    told: bool = False
    set_point_kw: Floats | None = None
    changed: Arrays = field(default_factory=dict)


class LivingDevices:
    """Devices through time.

    Parameters
    ----------
    devices : Devices
        What they are.
    state : DeviceState, optional
        Where they stood when the node stopped; by default they begin with the step in which they are first asked.

    Raises
    ------
    InvalidValue
        If the state is that of other devices.
    """

    def __init__(self, devices: Devices, state: DeviceState | None = None) -> None:
        if state is not None and state.ids != devices.ids:
            raise InvalidValue(f"expected the state of {list(devices.ids)}; found that of {list(state.ids)}")
        self._devices, self._grid = devices, devices.grid
        self._fleets = devices.fleets if state is None else restore_fleets(devices.fleets, state.changed)
        self._step = None if state is None else state.step
        self._told = state is not None and state.told
        self._set_point = None if state is None else state.set_point_kw

    @property
    def state(self) -> DeviceState | None:
        """Where they stand; None before they were ever asked for anything."""
        if self._step is None:
            return None
        changed = fleet_arrays(self._devices.fleets, self._fleets)
        return DeviceState(self._devices.ids, self._step, self._told, self._set_point, changed)

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._devices.ids)

    def wakes_at(self, now: datetime) -> list[datetime]:
        """Return when they are to be told or deliver next; nothing when their time is over."""
        step = self._at(now) if self._step is None else self._step
        if step >= len(self._grid):
            return []
        return [self._grid[step].end if self._told else self._grid[step].start]

    def delivered(self, now: datetime) -> list[Delivered]:
        """Live through all steps that are over by now, and return what was done in each."""
        if self._step is None:
            self._step = self._at(now)
        facts = []
        while self._step < len(self._grid) and self._grid[self._step].end <= now:
            interval, before = self._grid[self._step], self._set_point
            self._fleets, powers = _lived(self._fleets, self._step, before)
            facts.append(Delivered(interval.end, interval.start, self._named(powers), self._readings()))
            self._step, self._told, self._set_point = self._step + 1, False, None
        return facts

    def instructed(self, now: datetime, aims: Aims) -> list[SetPointsGiven]:
        """Tell all devices what to do in the step that has begun, once, and return what they were told."""
        if self._told or self._step is None or self._step >= len(self._grid) or self._grid[self._step].start > now:
            return []
        start = self._grid[self._step].start
        self._told, self._set_point = True, aims(start)
        told = () if self._set_point is None else self._named(self._set_point)
        return [SetPointsGiven(now, start, told)] if self._devices.ids else []

    def curves(self, market: Market, aims: Aims, prices: Prices) -> Curves:
        """Return how devices answer the price in each interval of a market, given prices to expect.

        They plan from the state in which what was cleared before will leave them when its delivery begins.
        """
        window = market.intervals
        times = asset_times(window, window.whole.duration + LOOKS_AHEAD)
        edges = (times - (self._grid.start - EPOCH) // MICROSECOND) // (self._grid.step // MICROSECOND)
        expected = prices(times[:-1])
        return Curves.concatenate(
            [
                Curves.inelastic(np.zeros((0, len(window)))),
                *(
                    fleet.curves(
                        Outlook(edges, self._grid.hours, np.tile(expected, (len(fleet.ids), 1)), len(window))
                    )
                    for fleet in self._foreseen(int(edges[0]), aims)
                ),
            ]
        )

    def _foreseen(self, step: int, aims: Aims) -> tuple[LocalAsset, ...]:
        fleets = self._fleets
        for between in range(self._step or 0, min(step, len(self._grid))):
            told = self._set_point if self._told and between == self._step else aims(self._grid[between].start)
            fleets, _ = _lived(fleets, between, told)
        return fleets

    def _at(self, now: datetime) -> int:
        return max(0, (now - self._grid.start) // self._grid.step)

    def _named(self, powers: Floats) -> tuple[tuple[str, float], ...]:
        return tuple(zip(self._devices.ids, powers.tolist(), strict=True))

    def _readings(self) -> tuple[tuple[str, str, float], ...]:
        return tuple(
            (device, name, value)
            for fleet in self._fleets
            for name, values in fleet.readings().items()
            for device, value in zip(fleet.ids, values.tolist(), strict=True)
        )


def _lived(
    fleets: tuple[LocalAsset, ...], step: int, set_point_kw: Floats | None
) -> tuple[tuple[LocalAsset, ...], Floats]:
    """Return fleets after a base step and what they did in it: as told, or by their habits."""
    after, powers, at = [], np.zeros(sum(len(fleet.ids) for fleet in fleets)), 0
    for fleet in fleets:
        mine = slice(at, at := at + len(fleet.ids))
        surplus = np.full(len(fleet.ids), powers.sum())
        aim = fleet.default_power(step, surplus) if set_point_kw is None else set_point_kw[mine]
        lived, powers[mine] = fleet.deliver(step, aim)
        after.append(lived)
    return tuple(after), powers
