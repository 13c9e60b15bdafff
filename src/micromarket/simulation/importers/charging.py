"""From a measured series of a charging station to the sessions of a car that could have charged at other times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micromarket.domain.curves import Floats

NOISE_KW = 0.02
"""Power [kW] below which nothing is taken to be charging."""


@dataclass(frozen=True, slots=True)
class Session:
    """A car at the plug.

    Parameters
    ----------
    arrival, departure : int
        First step at the plug, and first step away again.
    energy : float
        What it draws there [kW x steps].
    """

    arrival: int
    departure: int
    energy: float


@dataclass(frozen=True, slots=True, eq=False)
class CarSeries:
    """A car over a stretch of steps.

    Parameters
    ----------
    plugged : array of float, shape (S,)
        1 where it is at the plug, else 0.
    used : array of float, shape (S,)
        Energy it has used in a step while away [kW x steps].
    missing : float
        Energy that is missing to full at the start [kW x steps].
    """

    plugged: Floats
    used: Floats
    missing: float


def charging_sessions(power_kw: Floats, latest: Sequence[int]) -> list[Session]:
    """Return the sessions behind a measured charging series.

    Parameters
    ----------
    power_kw : array of float, shape (S,)
        Average power drawn in each step [kW].
    latest : sequence of int
        Steps at which every car leaves, rising: a car that began to charge before one of them stays until then.

    Returns
    -------
    list of Session, in order. Each lasts from its first measured charging until the next of the `latest` steps,
    unless it was measured charging for longer, or the next session begins: then the car is away for one step before.
    Two stretches of charging with less than two idle steps between them are one session.
    """
    blocks = _blocks(power_kw)
    leaves = np.asarray([*latest, len(power_kw)])
    sessions = []
    for at, (start, end) in enumerate(blocks):
        following = blocks[at + 1][0] - 1 if at + 1 < len(blocks) else len(power_kw)
        usual = int(leaves[np.searchsorted(leaves, start, side="right").clip(max=len(leaves) - 1)])
        departure = max(end, min(usual, following))
        sessions.append(Session(start, departure, float(power_kw[start:end].sum())))
    return sessions


def car_series(sessions: Sequence[Session], power_kw: Floats, first: int, steps: int) -> CarSeries:
    """Return the car over `steps` steps from step `first` on.

    Energy used on a trip is booked in the last step before arrival. A session that is under way at the start needs
    what was measured after the start.

    Parameters
    ----------
    sessions : sequence of Session
        Sessions of the whole series.
    power_kw : array of float, shape (N,)
        The whole measured series [kW].
    first, steps : int
        Which stretch.
    """
    plugged, used, missing = np.zeros(steps), np.zeros(steps), 0.0
    for session in sessions:
        arrival, departure = session.arrival - first, session.departure - first
        if departure <= 0 or arrival >= steps:
            continue
        plugged[max(arrival, 0) : departure] = 1
        if arrival > 0:
            used[arrival - 1] += session.energy
        else:
            missing = float(power_kw[first : session.departure].sum())
    return CarSeries(plugged, used, missing)


def _blocks(power_kw: Floats) -> list[tuple[int, int]]:
    """Return start and end of each stretch of charging."""
    charging = power_kw > NOISE_KW
    charging[1:-1] |= charging[:-2] & charging[2:]
    edges: NDArray[np.int64] = np.flatnonzero(np.diff(np.concatenate([[False], charging, [False]]).astype(np.int8)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]
