"""The nested auction between independent nodes: bids go up, then prices and awards come down.

A node waits for the bids of all its downstream neighbors, adds its own curves and bids upstream. Who has nobody
upstream to bid to clears when its market lead ends, and offers downstream: the curve of all but the receiver, and as
record 0 the price and the power that it awards. Whoever receives an offer takes the award if its own bid allows it,
so that ties on a step are shared once, where they are cleared; then it offers downstream itself. This is the rule of
`clear_nested`, from inside: both give the same prices and powers.

Nobody waits for ever: with its patience at an end a node goes on with the last known or default curve of whoever is
silent, and replaces what followed from it should the missing signal still come in time.

Source: Transactive Network Template v4 (PNNL, 2024), section 3.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from micromarket.domain.curves import Curves
from micromarket.errors import BrokenTree
from micromarket.markets.series.states import MarketState
from micromarket.node.balancing import Balance
from micromarket.node.coordination.awards import Side, awarded
from micromarket.node.coordination.coordination import Prepared, View
from micromarket.node.living.signals import Content, content_of, curves_of
from micromarket.node.neighbor import Direction, Neighbor
from micromarket.node.node import TransactiveNode


class NestedAuction:
    """Registered as ``nested_auction``."""

    name: ClassVar[str] = "nested_auction"
    version: ClassVar[int] = 1
    in_order: ClassVar[bool] = False
    memory: ClassVar[type | None] = None

    def minds(self, neighbor: Neighbor, state: MarketState) -> bool:
        """Bids count until the market clears, offers until delivery begins."""
        last = MarketState.DELIVERY_LEAD if neighbor.direction is Direction.UPSTREAM else MarketState.MARKET_LEAD
        return state <= last

    def prepare(self, view: View) -> Prepared:
        """Return the bid from MARKET_LEAD on, and balance and offers from DELIVERY_LEAD on.

        Raises
        ------
        BrokenTree
            If the node has several transactive neighbors upstream, or one that is neither upstream nor downstream.
        """
        upstream = upstream_of(view.node)
        awaited = _awaited(view, upstream)
        bids = {
            name: curves_of(said) for name, said in view.received.items() if upstream is None or name != upstream.id
        }
        curves = {**view.stand_ins, **bids}
        bid = {} if upstream is None else _bid(view, upstream, curves)
        if view.state < MarketState.DELIVERY_LEAD:
            return Prepared(bid, awaited=awaited)
        balance = _settled(view, upstream, curves)
        if balance is None:
            return Prepared(bid, awaited=awaited)
        if upstream is not None and upstream.id in view.received:
            curves[upstream.id] = curves_of(view.received[upstream.id])
        return Prepared({**bid, **_offers(view, curves, balance)}, balance, awaited=awaited)


def upstream_of(node: TransactiveNode) -> Neighbor | None:
    """Return the one transactive neighbor to bid to, or None at the top of a tree.

    Raises
    ------
    BrokenTree
        If there are several, or neighbors without direction.
    """
    for neighbor in node.neighbors:
        if neighbor.transactive and neighbor.direction is Direction.BIDIRECTIONAL:
            raise BrokenTree(f"a nested auction needs {neighbor.id!r} upstream or downstream of {node.id!r}")
    above = [neighbor for neighbor in node.directed(Direction.UPSTREAM) if neighbor.transactive]
    if len(above) > 1:
        raise BrokenTree(f"{node.id!r} can bid to one neighbor upstream; found {[neighbor.id for neighbor in above]}")
    return above[0] if above else None


def _awaited(view: View, upstream: Neighbor | None) -> tuple[str, ...]:
    """Return who should have spoken by now and did not: those below from MARKET_LEAD on, then the one above."""
    if view.state < MarketState.MARKET_LEAD:
        return ()
    below = [neighbor.id for neighbor in view.node.directed(Direction.DOWNSTREAM) if neighbor.transactive]
    above = [] if upstream is None or view.state < MarketState.DELIVERY_LEAD else [upstream.id]
    return tuple(name for name in [*below, *above] if name not in view.received)


def _bid(view: View, upstream: Neighbor, curves: Mapping[str, Curves]) -> Mapping[str, Content]:
    waiting = _awaited(view, None) and not view.time_is_up
    if view.state < MarketState.MARKET_LEAD or waiting:
        return {}
    curve = view.node.signal(upstream.id, view.local, curves)
    power = curve.powers_at(view.expected)[0][0]
    return {upstream.id: content_of(view.market.intervals.moments, curve, view.expected, power)}


def _settled(view: View, upstream: Neighbor | None, curves: Mapping[str, Curves]) -> Balance | None:
    """Return the balance at the top of a tree, by an award, or with what stands in for a silent neighbor upstream."""
    if upstream is None:
        return view.node.balance(view.local, curves)
    if upstream.id in view.received:
        others = {name: curve for name, curve in curves.items() if name != upstream.id}
        return awarded(Side(view.node, upstream, view.local, others), view.received[upstream.id])
    return view.node.balance(view.local, curves, view.expected) if view.time_is_up else None


def _offers(view: View, curves: Mapping[str, Curves], balance: Balance) -> dict[str, Content]:
    below = [neighbor for neighbor in view.node.directed(Direction.DOWNSTREAM) if neighbor.transactive]
    return {neighbor.id: _offer(view, neighbor, curves, balance) for neighbor in below}


def _offer(view: View, neighbor: Neighbor, curves: Mapping[str, Curves], balance: Balance) -> Content:
    curve = view.node.signal(neighbor.id, view.local, {k: v for k, v in curves.items() if k != neighbor.id})
    award = -neighbor.agreed_kw(balance.neighbor_kw[neighbor.id])
    return content_of(view.market.intervals.moments, curve, neighbor.price_sending(balance.price, award), award)
