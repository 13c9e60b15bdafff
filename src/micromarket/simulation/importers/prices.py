"""A synthetic price of supply, for grids that come without one."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from micromarket.domain.curves import Floats

LEAST = 0.03
"""The price never falls below this [EUR/kWh]."""


def synthetic_price(times: list[datetime]) -> Floats:
    """Return a made-up price of supply with the habits of a day-ahead market with much sun [EUR/kWh], shape (S,).

    Parameters
    ----------
    times : list of datetime, length S
        Start of each step, in local time.

    Notes
    -----
    A level of 0.095, plus a morning peak at 7:30 and an evening peak at 19:30, minus a dip around 13:00 that is deep
    in June and shallow in December; lower on weekends. No chance in it, and no claim: it is not a measured price.
    """
    hour = np.array([time.hour + time.minute / 60 for time in times])
    weekend = np.array([time.weekday() >= 5 for time in times])
    season = np.array([np.cos(2 * np.pi * (time.timetuple().tm_yday - 172) / 365.25) for time in times])
    level = np.where(weekend, 0.085, 0.095)
    morning = 0.030 * _bell(hour, 7.5, 1.5) * ~weekend
    evening = (0.075 - 0.01 * season) * _bell(hour, 19.5, 2.0)
    dip = (0.035 + 0.020 * season) * _bell(hour, 13.0, 2.5)
    return np.asarray(np.round(np.maximum(level + morning + evening - dip, LEAST), 4))


def _bell(hour: Floats, center: float, width: float) -> Floats:
    return np.asarray(np.exp(-(((hour - center) / width) ** 2)))
