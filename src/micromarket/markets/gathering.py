"""On what a market clears when somebody is silent: the last known curve, else the default one, and a record of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from micromarket.domain.curves import Curves
from micromarket.errors import WrongShape


class Basis(IntEnum):
    """Where the curve came from that a participant was cleared on."""

    TENDERED = 0
    """It came in time, for this market."""
    LAST_KNOWN = 1
    """Nothing came; this is what the participant said last of the same time."""
    DEFAULT = 2
    """Nothing ever came; this is what was configured, or nothing at all."""


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """The curves of a market at the moment it clears.

    Parameters
    ----------
    names : tuple of str
        The `n` participants.
    curves : Curves
        One for each, in the market's `T` intervals.
    basis : array of int8, shape (n,)
        `Basis` of each.
    """

    names: tuple[str, ...]
    curves: Curves
    basis: NDArray[np.int8]

    @property
    def silent(self) -> tuple[str, ...]:
        """Who sent nothing in time."""
        return tuple(name for name, basis in zip(self.names, self.basis, strict=True) if basis != Basis.TENDERED)


def gather(
    names: Sequence[str],
    intervals: int,
    tendered: Mapping[str, Curves],
    last_known: Mapping[str, Curves],
    defaults: Mapping[str, Curves],
) -> Gathered:
    """Return what a market clears on, whoever has or has not acted by the end of its lead.

    Parameters
    ----------
    names : sequence of str
        Who takes part; at least one.
    intervals : int
        What the market clears, `T`.
    tendered, last_known, defaults : mapping of str to Curves
        The curve (1, T, V) of each participant, as far as there is one: what came for this market, what was known of
        the same intervals before, what is configured. Who has none at all counts with no power.

    Raises
    ------
    WrongShape
        If a curve is not one participant's, or is of another number of intervals.

    Notes
    -----
    The template leaves this case to future work (Transactive Network Template v4, section 3.4).
    """
    nothing = Curves.inelastic(np.zeros((1, intervals)))
    sources = (tendered, last_known, defaults)
    basis = [_first_with(name, sources) for name in names]
    chosen = [sources[which].get(name, nothing) for name, which in zip(names, basis, strict=True)]
    for name, curve in zip(names, chosen, strict=True):
        if (len(curve), curve.intervals) != (1, intervals):
            raise WrongShape(f"expected one curve of {name!r} in {intervals} intervals; found {curve.prices.shape}")
    return Gathered(tuple(names), Curves.concatenate(chosen), np.array(basis, dtype=np.int8))


def _first_with(name: str, sources: tuple[Mapping[str, Curves], ...]) -> Basis:
    return next((basis for basis, source in zip(Basis, sources, strict=True) if name in source), Basis.DEFAULT)
