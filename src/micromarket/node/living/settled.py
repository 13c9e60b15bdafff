"""What the markets of a node want of one moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from micromarket.domain.curves import Floats
from micromarket.markets.series.states import MarketState
from micromarket.node.living.facts import Delivered
from micromarket.node.living.negotiation import Negotiation
from micromarket.node.neighbor import Direction, Neighbor

SETTLED = (MarketState.DELIVERY_LEAD, MarketState.DELIVERY)
"""States in which a market says what is to be delivered."""


class Settled(NamedTuple):
    """What was cleared for one time: power of each local asset, shape (n,), and from each neighbor [kW]."""

    local_kw: Floats
    neighbor_kw: Mapping[str, float]

    def devices_kw(self, count: int) -> Floats:
        """Return the powers of the last `count` local assets, which are the devices [kW]."""
        return self.local_kw[len(self.local_kw) - count :]


def settled_at(negotiations: Iterable[Negotiation], moment: datetime) -> Settled | None:
    """Return what the newest market that has cleared says of a moment; None if none has."""
    cleared = [
        (one.market.clearing, one.balance, one.market.intervals.index(moment))
        for one in negotiations
        if one.balance is not None and one.state in SETTLED and one.market.delivery.contains(moment)
    ]
    if not cleared:
        return None
    _, balance, at = max(cleared, key=itemgetter(0))
    return Settled(balance.local_kw[:, at], {name: float(power[at]) for name, power in balance.neighbor_kw.items()})


def exchanged_kw(settled: Settled | None, fact: Delivered, neighbors: tuple[Neighbor, ...]) -> dict[str, float]:
    """Return the average power from each neighbor, where it is metered, while devices delivered [kW].

    It is what was cleared; what devices did otherwise is exchanged with the first neighbor upstream, or else with the
    first of all.
    """
    exchanged = dict.fromkeys((one.id for one in neighbors), 0.0)
    otherwise = -sum(power for _, power in fact.power_kw)
    if settled is not None:
        exchanged |= settled.neighbor_kw
        otherwise += float(settled.devices_kw(len(fact.power_kw)).sum())
    for one in sorted(neighbors, key=lambda each: each.direction is not Direction.UPSTREAM)[:1]:
        exchanged[one.id] += otherwise
    return {one.id: float(one.agreed_kw(np.array([exchanged[one.id]]))[0]) for one in neighbors}
