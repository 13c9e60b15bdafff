"""What information services told: how old it was, and when only the usual was left, step by step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from micromarket.assets.information_service import Source
from micromarket.assets.served import Bulletins
from micromarket.simulation.neighborhood import Neighborhood
from micromarket.simulation.recording.recorder import Coded, Moments, Recorder, grid


def write_information(recorder: Recorder, street: Neighborhood, services: Sequence[Bulletins]) -> None:
    """Write where the values come from that plans made just before each base step look at (`Source`).

    It follows from times alone, so it is the same with and without a market.
    """
    if not services:
        return
    steps, ahead = street.calendar.steps, street.market.horizon_steps
    t, k = grid(steps, len(services))
    counts = np.stack(
        [
            np.bincount(one.known(step, ahead).sources, minlength=len(Source))
            for step in range(steps)
            for one in services
        ]
    )
    by_source = {source.name.lower(): counts[:, source] for source in Source}
    when = Moments(street.calendar.start_of(np.arange(steps))[t])
    names = [one.service.name for one in services]
    recorder.write("information", "all", {"start": when, "service": Coded(k, names), **by_source})
