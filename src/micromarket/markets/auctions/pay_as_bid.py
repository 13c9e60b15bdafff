"""Pay as bid: limit orders wait, then cross pair by pair, each at the price of the one that stood first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from micromarket.domain.ids import InstrumentId
from micromarket.domain.orders import Order
from micromarket.domain.products import Steps
from micromarket.markets.admission import RegisterRule
from micromarket.markets.auctions.call_auction import LIMITS_ALONE, steps_of
from micromarket.markets.mechanism import Matched, OrderKind, OrderRemoved, Outcome
from micromarket.markets.standing import CallMechanism


def pairs(orders: Sequence[Order]) -> Iterator[Matched]:
    """Match limit orders pair by pair, best buyer with best seller, and yield each match.

    Parameters
    ----------
    orders : sequence of Order
        Limit orders of one instrument, in order of arrival.

    Notes
    -----
    On either side the better price comes first, and of equal prices the older order. The older of the two orders of a
    match stood when the other came: its price is paid. Buyers pay exactly what sellers receive, match by match. The
    volume is that of the call auction.

    Examples
    --------
    >>> from micromarket.domain.orders import Side, limit
    >>> roof, car = limit(Side.SELL, 10, 5), limit(Side.BUY, 12, 3)
    >>> list(pairs([Order("roof", "a", "noon", roof), Order("car", "b", "noon", car)]))
    [Matched(standing_id='roof', aggressive_id='car', price=10, quantity=3)]
    """
    prices, powers = steps_of(orders)
    left = [abs(power) for power in powers]
    buyers = sorted((i for i, power in enumerate(powers) if power < 0), key=lambda i: (-prices[i], i))
    sellers = sorted((i for i, power in enumerate(powers) if power > 0), key=lambda i: (prices[i], i))
    b = s = 0
    while b < len(buyers) and s < len(sellers) and prices[buyers[b]] >= prices[sellers[s]]:
        buyer, seller = buyers[b], sellers[s]
        first, second = min(buyer, seller), max(buyer, seller)
        quantity = min(left[buyer], left[seller])
        yield Matched(orders[first].order_id, orders[second].order_id, Steps(prices[first]), Steps(quantity))
        left[buyer] -= quantity
        left[seller] -= quantity
        b, s = b + (left[buyer] == 0), s + (left[seller] == 0)


class PayAsBidAuction(CallMechanism):
    """The discriminatory auction as a mechanism: limit orders cross pair by pair when it is told to clear.

    There is no one price, so `clear` tells matches and what was let go, and no ``Cleared``.
    """

    name: ClassVar[str] = "pay_as_bid"
    version: ClassVar[int] = 2
    takes: ClassVar[frozenset[OrderKind]] = frozenset({OrderKind.LIMIT})
    rules: ClassVar[tuple[RegisterRule, ...]] = LIMITS_ALONE

    def uncross(self, books: dict[InstrumentId, list[Order]]) -> Iterator[Outcome]:
        """Match the orders of every instrument by `pairs`, then let go of all."""
        for orders in books.values():
            yield from pairs(orders)
            yield from (OrderRemoved(order.order_id, "cleared") for order in orders)
