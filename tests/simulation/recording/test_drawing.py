"""Curves for drawing."""

import numpy as np

from micromarket.domain.curves import Curves
from micromarket.simulation.recording.drawing import MOST_VERTICES, thinned


def stairs(steps: int) -> Curves:
    """Return a curve of many small steps."""
    prices = np.repeat(np.arange(steps, dtype=float), 2)
    powers = np.arange(2 * steps, dtype=float) // 2
    return Curves(prices[None, None], powers[None, None])


def test_long_curves_are_thinned_and_keep_their_ends():
    """A thousand steps become at most two hundred vertices from the same first to the same last."""
    thin = thinned(stairs(1000))

    assert (True, 0.0, 999.0) == (thin.vertices <= MOST_VERTICES, thin.powers.min(), thin.powers.max())


def test_short_curves_stay_as_they_are():
    """Nothing is lost where nothing needs to be."""
    curve = stairs(10)

    assert thinned(curve) is curve
