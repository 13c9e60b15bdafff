"""The balancing responsibility: one price at which everything that enters and leaves a node sums to zero.

Source: Transactive Network Template v4 (PNNL, 2024), section 2.2.1, solution method 2 (interpolation of curves).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micromarket.domain.curves import Curves, Floats
from micromarket.markets.auctions.auction import clear


@dataclass(frozen=True, slots=True, eq=False)
class Balance:
    """What one node settles on in `T` intervals.

    Parameters
    ----------
    price : array of float, shape (T,)
        Price in the node [currency/kWh].
    local_kw : array of float, shape (n, T)
        Power of each local asset [kW].
    neighbor_kw : mapping of str to array of float, shape (T,)
        Power from each neighbor, measured in the node [kW]; negative toward it.
    outcome : array of int8, shape (T,)
        `Outcome` of each interval.
    """

    price: Floats
    local_kw: Floats
    neighbor_kw: Mapping[str, Floats]
    outcome: NDArray[np.int8]

    def equals(self, other: Balance | None) -> bool:
        """Return whether both say the same, to the last bit."""
        if other is None or self.neighbor_kw.keys() != other.neighbor_kw.keys():
            return False
        pairs = [(self.price, other.price), (self.local_kw, other.local_kw)]
        pairs += [(power, other.neighbor_kw[name]) for name, power in self.neighbor_kw.items()]
        return all(np.array_equal(one, two) for one, two in pairs) and np.array_equal(self.outcome, other.outcome)


def balance(local: Curves, neighbors: Mapping[str, Curves], reference: ArrayLike | None = None) -> Balance:
    """Return the price that balances local assets and neighbors, and what each then does.

    Parameters
    ----------
    local : Curves
        Curves of `n` local assets.
    neighbors : mapping of str to Curves
        Curve (1, T, V) of each neighbor as seen from inside the node.
    reference : array of float, shape (T,), optional
        Price [currency/kWh] to stay near where many balance.
    """
    cleared = clear(Curves.concatenate([local, *neighbors.values()]), reference=reference)
    powers = dict(zip(neighbors, cleared.powers_kw[len(local) :], strict=True))
    return Balance(cleared.price, cleared.powers_kw[: len(local)], powers, cleared.outcome)
