"""Taking an award: a node's balance once its upstream neighbor has said what it gets, and at which price.

The power is given, so the node's price is, of the prices at which everything else in the node takes that power, the
one nearest to the upstream price corrected for losses. Ties on a step were shared upstream and stay shared that way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from micromarket.domain.curves import Curves, Floats, Range
from micromarket.markets.auctions.auction import Clearing, Outcome, clear
from micromarket.node.balancing import Balance
from micromarket.node.neighbor import Neighbor
from micromarket.node.node import TransactiveNode
from micromarket.node.signals import Content, curves_of, scheduled_of

TOLERANCE_KW = 1e-6
"""By how much an award may lie beyond a bid and still be meant by it [kW]."""
ROUNDING_KW = 1e-9
"""Powers nearer to each other than this are the same."""


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """A node as its upstream neighbor is concerned: everything else in it.

    Parameters
    ----------
    node : TransactiveNode
        The node.
    upstream : Neighbor
        Who awards.
    local : Curves
        Curves (n, T, V) of the local assets.
    others : mapping of str to Curves
        Curve of each other neighbor, at the sending end.
    """

    node: TransactiveNode
    upstream: Neighbor
    local: Curves
    others: Mapping[str, Curves]


def awarded(side: Side, said: Content) -> Balance:
    """Return the balance with the awarded power, or along the offer where our bid does not reach the award."""
    price, award = scheduled_of(said)
    offer, near = curves_of(said), side.upstream.prices_inside(price, award)
    bid = side.node.signal(side.upstream.id, side.local, side.others)
    taken, meant = _taken(side, award, (price, near)), _answers(award, offer, bid)
    if meant.all():
        return taken
    return _chosen(meant, taken, side.node.balance(side.local, {**side.others, side.upstream.id: offer}, near[0]))


def _answers(award: Floats, offer: Curves, bid: Curves) -> NDArray[np.bool_]:
    """Return where an award answers our bid: it lies on it, or is all there is in a shortage or surplus upstream."""
    bid_low, bid_high, offer_low, offer_high = (
        ends[0] for ends in (bid.lowest_kw, bid.highest_kw, offer.lowest_kw, offer.highest_kw)
    )
    on_bid = (-award >= bid_low - TOLERANCE_KW) & (-award <= bid_high + TOLERANCE_KW)
    short = (award > 0) & (award >= offer_high - TOLERANCE_KW)
    surplus = (award < 0) & (award <= offer_low + TOLERANCE_KW)
    return np.asarray(on_bid | short | surplus)


def _taken(side: Side, award: Floats, prices: tuple[Floats, Range]) -> Balance:
    seen = side.node.seen(side.local, side.others, leaving_out=side.upstream.id)
    curves, arriving = Curves.concatenate([side.local, *seen.values()]), side.upstream.arriving_kw(award)
    net = curves.sum()
    target = _snapped(-arriving, net)
    cleared = clear(curves, target)
    powers = dict(zip(seen, cleared.powers_kw[len(side.local) :], strict=True))
    low, high = (ends[0] for ends in net.prices_at(target))
    price = _nearest(cleared, (low, high), *prices)
    local = cleared.powers_kw[: len(side.local)]
    return Balance(price, local, {**powers, side.upstream.id: arriving}, cleared.outcome)


def _snapped(power: Floats, net: Curves) -> Floats:
    """Return powers, on a vertex where they differ from one by rounding only."""
    distance = np.abs(net.powers[0] - power[:, None])
    nearest = np.take_along_axis(net.powers[0], distance.argmin(axis=1)[:, None], axis=1)[:, 0]
    return np.where(np.abs(nearest - power) <= ROUNDING_KW, nearest, power)


def _nearest(cleared: Clearing, balancing: Range, price: Floats, near: Range) -> Floats:
    """Return, of the prices that balance, the one nearest to a price within the range that only losses make."""
    low, high = balancing
    within = np.minimum(np.maximum(np.maximum(price, near[0]), low), np.minimum(near[1], high))
    found = np.where(low > near[1], low, np.where(high < near[0], high, within))
    found = np.where(cleared.outcome == Outcome.SHORT, np.maximum(cleared.price, near[0]), found)
    return np.where(cleared.outcome == Outcome.SURPLUS, np.minimum(cleared.price, near[1]), found)


def _chosen(first: NDArray[np.bool_], one: Balance, other: Balance) -> Balance:
    """Return one balance in the intervals where `first` holds, the other elsewhere."""
    return replace(
        one,
        price=np.where(first, one.price, other.price),
        local_kw=np.where(first, one.local_kw, other.local_kw),
        neighbor_kw={
            name: np.where(first, power, other.neighbor_kw[name]) for name, power in one.neighbor_kw.items()
        },
        outcome=np.where(first, one.outcome, other.outcome),
    )
