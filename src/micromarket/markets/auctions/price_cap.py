"""A market's price cap: at that price anyone may be served in part."""

from __future__ import annotations

import numpy as np

from micromarket.domain.curves import Curves


def with_price_cap(curves: Curves, cap: float) -> Curves:
    """Return the curves as a market with a price cap sees them.

    No vertex lies above the cap, and whoever would still consume there accepts any part of it: a step at the cap
    up to zero. So a market with a supplier that is too small clears at its cap and shares what there is, pro rata
    to need.

    Parameters
    ----------
    curves : Curves
        As bid.
    cap : float
        Highest price [currency/kWh].
    """
    _, at_cap = curves.powers_at(cap)
    ends = np.stack([at_cap, np.maximum(at_cap, 0.0)], axis=2)
    prices, powers = np.minimum(curves.prices, cap), np.minimum(curves.powers, at_cap[:, :, None])
    return Curves(np.concatenate([prices, np.full_like(ends, cap)], axis=2), np.concatenate([powers, ends], axis=2))
