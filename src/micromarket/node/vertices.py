"""One curve over several intervals as plain lists of vertices, and back: the form in which it is bent and sent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from micromarket.domain.curves import Curves
from micromarket.kernels.polylines import Polyline


def vertices_of(curve: Curves) -> list[Polyline]:
    """Return the vertices of one curve (1, T, V) in each interval, repeats included."""
    corners = np.stack([curve.prices[0], curve.powers[0]], axis=2).tolist()
    return [[(price, power) for price, power in interval] for interval in corners]


def curve_of(intervals: Sequence[Polyline]) -> Curves:
    """Return one curve (1, T, V) from its vertices in each of `T` intervals."""
    parts = [Curves.from_vertices([vertices]) for vertices in intervals]
    width = max(part.vertices for part in parts)
    wide = [part.padded(width) for part in parts]
    return Curves(*(np.concatenate([getattr(part, name) for part in wide], axis=1) for name in ("prices", "powers")))
