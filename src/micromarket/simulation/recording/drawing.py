"""Curves for drawing: what each kind of asset offers and asks, summed and thinned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from micromarket.domain.curves import Curves
from micromarket.simulation.neighborhood import Neighborhood

MOST_VERTICES = 200


def by_kind(street: Neighborhood, curves: Sequence[Curves]) -> dict[str, Curves]:
    """Return the summed curve of each kind of asset and of the supplier, in one interval.

    Limits and losses between the devices and the root are not in it.

    Parameters
    ----------
    street : Neighborhood
        Whose devices bid.
    curves : sequence of Curves
        What each fleet bid, then the supplier.

    Returns
    -------
    dict of Curves
        By kind, each of shape (1, 1, V) with at most `MOST_VERTICES` vertices.
    """
    kinds = [*(fleet.kind for fleet in street.fleets), "supplier"]
    parts: dict[str, list[Curves]] = {}
    for kind, part in zip(kinds, curves, strict=True):
        parts.setdefault(kind, []).append(part)
    return {kind: thinned(Curves.concatenate(alike).sum()) for kind, alike in parts.items()}


def thinned(curve: Curves, most: int = MOST_VERTICES) -> Curves:
    """Return `curve` with at most `most` vertices, evenly picked, its ends kept; for drawing only."""
    if curve.vertices <= most:
        return curve
    kept = np.unique(np.linspace(0, curve.vertices - 1, most).round().astype(int))
    return Curves(curve.prices[:, :, kept], curve.powers[:, :, kept])
