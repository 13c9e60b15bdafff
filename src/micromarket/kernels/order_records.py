"""Records of order events, trades and resting orders: their layout in memory and in files."""

from __future__ import annotations

import hashlib
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Records = NDArray[np.void]

EVENT = np.dtype(
    [
        ("kind", "u1"),
        ("side", "u1"),
        ("flags", "<u2"),
        ("instrument", "<u4"),
        ("price", "<i4"),
        ("quantity", "<i4"),
        ("order_id", "<i8"),
    ]
)
"""One order event, 24 bytes: `Kind`, side (0 buys, 1 sells), flags nobody reads, instrument, price and quantity in
whole steps, and the order meant."""

TRADE = np.dtype([("taker", "<i8"), ("maker", "<i8"), ("price", "<i4"), ("quantity", "<i4")])
"""One trade, 24 bytes: the aggressive order, the standing order, its price, and how much."""

RESTING = np.dtype(
    [("instrument", "<u4"), ("side", "<u4"), ("price", "<i4"), ("quantity", "<i4"), ("order_id", "<i8")]
)
"""One standing order, 24 bytes; a book lists them by instrument, side, best price, arrival."""

PRIORITIES = ("time", "volume", "pro_rata")
"""Who trades first among orders at one price: the oldest; the largest at that moment; all together."""

MOST_INSTRUMENTS = 1 << 24
"""Instruments of one book are numbered from 0 to one less."""


class Kind(IntEnum):
    """What an event asks for; IOC and AON never stand."""

    NEW = 0
    CANCEL = 1
    IOC = 2
    AON = 3
    REPLACE = 4


def digest(records: Records) -> str:
    """Return the SHA-256 of the bytes of trades or resting orders, in hexadecimal.

    Parameters
    ----------
    records : structured array
        Records of one layout above.
    """
    return hashlib.sha256(np.ascontiguousarray(records).tobytes()).hexdigest()
