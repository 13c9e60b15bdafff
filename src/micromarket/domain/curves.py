"""Curves: average power as a non-decreasing function of price, as arrays over participants and intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micromarket.errors import NotFinite, NotMonotone, WrongShape

Floats = NDArray[np.float64]

UNLIMITED_KW = 1e9
"""Power [kW] that stands for "as much as anyone asks": far beyond any small market, yet exact beside it."""


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Curves of `n` participants in `T` intervals, each with `V` vertices.

    Power is linear between vertices, constant beyond the first and the last; two vertices at one price are a step
    on which any power between is acceptable; a single vertex is inelastic. Shorter curves repeat their last vertex.

    Parameters
    ----------
    prices : array of float, shape (n, T, V)
        Price of each vertex [currency/kWh], not falling along the last axis; finite.
    powers : array of float, shape (n, T, V)
        Average power of each vertex [kW], positive into the region, not falling along the last axis; finite.

    Raises
    ------
    WrongShape, NotFinite, NotMonotone
        If the arrays are not what is described above.
    """

    prices: Floats
    powers: Floats

    def __post_init__(self) -> None:
        """Check shape, finiteness and monotony."""
        if self.prices.ndim != 3 or self.prices.shape != self.powers.shape or self.prices.shape[2] < 1:
            raise WrongShape(
                f"prices and powers must share one shape (n, T, V) with V >= 1; "
                f"found {self.prices.shape} and {self.powers.shape}"
            )
        for name, values in (("price", self.prices), ("power", self.powers)):
            if not np.isfinite(values).all():
                raise NotFinite(f"every {name} of a curve must be finite")
            if (np.diff(values, axis=2) < 0).any():
                n, t, v = np.argwhere(np.diff(values, axis=2) < 0)[0]
                raise NotMonotone(f"{name} falls after vertex {v} of participant {n} in interval {t}")

    def __len__(self) -> int:
        """Return the number of participants."""
        return int(self.prices.shape[0])

    @property
    def intervals(self) -> int:
        """Number of intervals."""
        return int(self.prices.shape[1])

    @property
    def vertices(self) -> int:
        """Number of vertices of each curve, repeated ones included."""
        return int(self.prices.shape[2])

    @classmethod
    def inelastic(cls, powers: ArrayLike) -> Curves:
        """Return curves that give the same power at every price.

        Parameters
        ----------
        powers : array of float, shape (n, T)
            Average power [kW], positive into the region.
        """
        values = np.asarray(powers, dtype=float)[:, :, None]
        return cls(np.zeros_like(values), values)

    @classmethod
    def concatenate(cls, parts: Sequence[Curves]) -> Curves:
        """Return all participants of `parts` in one array; shorter curves repeat their last vertex."""
        width = max(part.vertices for part in parts)
        padded = [part.padded(width) for part in parts]
        return cls(np.concatenate([part.prices for part in padded]), np.concatenate([part.powers for part in padded]))

    def padded(self, vertices: int) -> Curves:
        """Return the same curves with `vertices` vertices, the last one repeated."""
        extra = ((0, 0), (0, 0), (0, vertices - self.vertices))
        return Curves(np.pad(self.prices, extra, mode="edge"), np.pad(self.powers, extra, mode="edge"))
