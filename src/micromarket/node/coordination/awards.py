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
from micromarket.markets.auctions.auction import Outcome, clear
from micromarket.node.balancing import Balance
from micromarket.node.living.signals import Content, curves_of, scheduled_of
from micromarket.node.neighbor import Neighbor
from micromarket.node.node import TransactiveNode

TOLERANCE_KW = 1e-6
"""By how much an award may lie beyond a bid and still be meant by it [kW]."""
ROUNDING_KW = 1e-10
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
    offer, bid = curves_of(said), side.node.signal(side.upstream.id, side.local, side.others)
    taken, meant = _taken(side, price, award), _answers(award, offer, bid)
    if meant.all():
        return taken
    reference = side.upstream.price_inside(price, award)
    return _chosen(meant, taken, side.node.balance(side.local, {**side.others, side.upstream.id: offer}, reference))


def _answers(award: Floats, offer: Curves, bid: Curves) -> NDArray[np.bool_]:
    """Return where an award answers our bid: it lies on it, or is all there is in a shortage or surplus upstream."""
    bid_low, bid_high, offer_low, offer_high = (
        ends[0] for ends in (bid.lowest_kw, bid.highest_kw, offer.lowest_kw, offer.highest_kw)
    )
    too_little, too_much = -award > bid_high + TOLERANCE_KW, -award < bid_low - TOLERANCE_KW
    short = too_little & (award >= 0) & (award >= offer_high - TOLERANCE_KW)
    surplus = too_much & (award <= 0) & (award <= offer_low + TOLERANCE_KW)
    return np.asarray(~(too_little | too_much) | short | surplus)


def _taken(side: Side, price: Floats, award: Floats) -> Balance:
    seen = side.node.seen(side.local, side.others, leaving_out=side.upstream.id)
    curves, arriving = Curves.concatenate([side.local, *seen.values()]), side.upstream.arriving_kw(award)
    net = curves.sum()
    target = _snapped(-arriving, net)
    cleared = clear(curves, target)
    powers = dict(zip(seen, cleared.powers_kw[len(side.local) :], strict=True))
    inside = side.upstream.price_inside(price, award, *_stretch(net, target, cleared.outcome))
    local = cleared.powers_kw[: len(side.local)]
    return Balance(inside, local, {**powers, side.upstream.id: arriving}, cleared.outcome)


def _stretch(net: Curves, target: Floats, outcome: NDArray[np.int8]) -> Range:
    """Return the prices that balance, or in a shortage or surplus those beyond which nobody moves.

    Rounding makes flat stretches of a curve steep; here they are flat again.
    """
    ends = net.lowest_kw[0], net.highest_kw[0]
    low, high = (
        net.prices_at(np.clip(target + aside, *ends))[side][0]
        for side, aside in enumerate((-ROUNDING_KW, ROUNDING_KW))
    )
    return np.where(outcome == Outcome.SURPLUS, -np.inf, low), np.where(outcome == Outcome.SHORT, np.inf, high)


def _snapped(power: Floats, net: Curves) -> Floats:
    """Return powers, on a vertex where they differ from one by rounding only."""
    distance = np.abs(net.powers[0] - power[:, None])
    nearest = np.take_along_axis(net.powers[0], distance.argmin(axis=1)[:, None], axis=1)[:, 0]
    return np.where(np.abs(nearest - power) <= ROUNDING_KW, nearest, power)


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
