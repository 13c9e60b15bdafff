"""When a car is at its plug, and what its trips take, over the base steps of a run."""

from __future__ import annotations

import numpy as np

from micromarket.domain.curves import Floats
from micromarket.simulation.scenario.fields import SeriesRef
from micromarket.simulation.scenario.reading import OwnedAsset
from micromarket.simulation.scenario.timeline import Timeline

MINUTES_PER_DAY = 1440
PLUGGED_SHARE = 0.5
"""Share of a step beyond which a car counts as plugged in."""


def sessions(timeline: Timeline, owned: OwnedAsset) -> tuple[Floats, Floats]:
    """Return whether a car is plugged in (1 or 0) and the energy its trip takes [kWh] in each step, both (S,).

    Given by the clock, a trip takes its energy in the last step away, just before the car is plugged in.
    """
    car = owned.asset
    plugged = _plugged(timeline, car)
    if isinstance(car.trip, SeriesRef):  # type: ignore[union-attr]
        return plugged, timeline.series(car.trip)  # type: ignore[union-attr]
    returns = np.append((plugged[:-1] == 0) & (plugged[1:] == 1), False)
    return plugged, np.where(returns, float(car.trip), 0.0)  # type: ignore[union-attr]


def _plugged(timeline: Timeline, car: object) -> Floats:
    hours = car.plugged  # type: ignore[attr-defined]
    if isinstance(hours, SeriesRef):
        return (timeline.series(hours) > PLUGGED_SHARE).astype(float)
    begin, end = hours
    minutes = timeline.grid.local_minutes(timeline.zone)
    inside = (minutes - begin) % MINUTES_PER_DAY < ((end - begin) % MINUTES_PER_DAY or MINUTES_PER_DAY)
    leaves = np.isin(timeline.grid.local_weekdays(timeline.zone), car.weekdays)  # type: ignore[attr-defined]
    return np.asarray(inside | ~leaves, dtype=float)
