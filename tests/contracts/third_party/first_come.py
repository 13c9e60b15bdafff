"""A mechanism as another package would bring it: one posted price, first come, first served."""

from micromarket.markets.auctions.call_auction import LIMITS_ALONE, steps_of
from micromarket.markets.mechanism import Awarded, Cleared, OrderKind, OrderRemoved
from micromarket.markets.standing import CallMechanism

PRICE = 3


class FirstCome(CallMechanism):
    """Whoever accepts the price trades, in order of arrival, until one side is used up."""

    name = "first_come"
    version = 1
    takes = frozenset({OrderKind.LIMIT})
    rules = LIMITS_ALONE

    def uncross(self, books):
        """Clear every instrument at the posted price."""
        for instrument_id, orders in books.items():
            yield from self._clear(instrument_id, orders)

    def _clear(self, instrument_id, orders):
        wanted = [
            power if power * (PRICE - price) >= 0 else 0 for price, power in zip(*steps_of(orders), strict=True)
        ]
        sold, bought = sum(max(0, power) for power in wanted), sum(max(0, -power) for power in wanted)
        left = {True: min(sold, bought), False: min(sold, bought)}
        yield Cleared(instrument_id, float(PRICE), float(sold - bought))
        for order, power in zip(orders, wanted, strict=True):
            quantity = min(abs(power), left[power > 0])
            left[power > 0] -= quantity
            if quantity:
                yield Awarded(order.order_id, PRICE, quantity if power > 0 else -quantity)
        yield from (OrderRemoved(order.order_id, "cleared") for order in orders)
