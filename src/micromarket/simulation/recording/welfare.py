"""How near the market came to the central optimum of the same bids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from micromarket.domain.curves import Curves
from micromarket.markets.auctions.auction import Outcome
from micromarket.node.networks.nested import NestedClearing
from micromarket.node.networks.welfare import welfare, welfare_bound
from micromarket.simulation.neighborhood import Neighborhood


@dataclass(frozen=True, slots=True)
class Welfare:
    """Value of consumption less cost of generation in one interval, by the curves that were bid.

    Parameters
    ----------
    market : float
        Of the market's dispatch [currency/h].
    bound : float
        What no dispatch of the whole tree can exceed, by weak duality at the market's prices [currency/h]. Where
        both are equal the market reached the central optimum.
    """

    market: float
    bound: float


def welfare_of(street: Neighborhood, curves: Sequence[Curves], clearing: NestedClearing) -> Welfare | None:
    """Return the welfare of a cleared interval, or None where some node could not be balanced."""
    if (clearing.outcome != Outcome.BALANCED).any():
        return None
    bound = welfare_bound(street.tree, curves, street.member_of, clearing.price)
    return Welfare(float(welfare(curves, clearing.powers_kw)[0]), float(bound[0]))
