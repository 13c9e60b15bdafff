"""What customers and their supplier tender: limit orders in whole steps, from plans, curves and positions.

A customer tenders the difference between what it plans and what it has traded. It starts with a price that would
please it and concedes, as the gate comes nearer, up to the last price that still serves it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from micromarket.assets.asset import Steps as BaseSteps
from micromarket.domain.curves import Floats
from micromarket.domain.orders import Side
from micromarket.domain.products import Steps
from micromarket.dso.load_serving_entity import Supplier

LEVELS = 6
"""Prices at which a customer's curve of the nearest instrument is tendered."""

OFFERS = 15
"""Most offers of the supplier that stand on a side."""

NEARLY = 1e-9
"""Part of a step that is float error."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A limit order that is still to be tendered.

    Parameters
    ----------
    side : Side
        Buying or selling.
    price : Steps
        Worst acceptable price [price steps].
    quantity : Steps
        How much, unsigned [quantity steps].
    """

    side: Side
    price: Steps
    quantity: Steps


@dataclass(frozen=True, slots=True)
class PriceRange:
    """The prices between which an instrument is traded [price steps].

    Parameters
    ----------
    floor : int
        What the supplier pays at least: a seller need not take less.
    ceiling : int
        What the supplier asks at most: a buyer need not pay more.
    """

    floor: int
    ceiling: int

    def conceded(self, side: Side, concession: float) -> Steps:
        """Return the price of an order that has conceded a part, 0 to 1, of the way to its last price.

        Notes
        -----
        Source: Faratin, Sierra and Jennings (1998), "Negotiation decision functions for autonomous agents", section
        3.1, time-dependent tactics.
        """
        way = concession * (self.ceiling - self.floor)
        return Steps(round(self.floor + way if side is Side.BUY else self.ceiling - way))


def concession(lead: int, ahead: int, comfort: float) -> float:
    """Return which part of its way a customer has conceded, `lead` rounds before the last of `ahead`.

    Linear in time for a comfort of 0.5; who loves comfort concedes early, who loves money late.

    Examples
    --------
    >>> [concession(lead, 4, 0.5) for lead in (3, 1, 0)]
    [0.25, 0.75, 1.0]
    """
    return float((1 - lead / ahead) ** 2 ** (1 - 2 * comfort))


def wish_for(gap: int, prices: PriceRange, conceded: float) -> Iterator[Wish]:
    """Yield the order for the difference between plan and position [quantity steps, positive to sell], if any."""
    if gap:
        side = Side.SELL if gap > 0 else Side.BUY
        yield Wish(side, prices.conceded(side, conceded), Steps(abs(gap)))


def wishes_along(levels: list[int], gaps: list[int]) -> Iterator[Wish]:
    """Yield the orders that stand for a rising curve less a position.

    Parameters
    ----------
    levels : list of int
        Rising prices [price steps].
    gaps : list of int
        The curve less the position at each [quantity steps]; never falling.

    Examples
    --------
    >>> [(wish.side.name, wish.price, wish.quantity) for wish in wishes_along([10, 20, 30], [-5, -2, 4])]
    [('BUY', 10, 3), ('BUY', 20, 2), ('SELL', 30, 4)]
    """
    short = [*(max(-gap, 0) for gap in gaps), 0]
    long = [0, *(max(gap, 0) for gap in gaps)]
    for k, price in enumerate(levels):
        if short[k] > short[k + 1]:
            yield Wish(Side.BUY, Steps(price), Steps(short[k] - short[k + 1]))
        if long[k + 1] > long[k]:
            yield Wish(Side.SELL, Steps(price), Steps(long[k + 1] - long[k]))


@dataclass(frozen=True, slots=True, eq=False)
class SupplierOffers:
    """What the supplier stands with: lots up and down its curve, from where it has got to.

    Parameters
    ----------
    supplier : Supplier
        Its prices.
    price_step, power_step : float
        Grids of prices [currency/kWh] and powers [kW].
    lot : int
        Power of one offer [quantity steps].
    most_sold, most_bought : int
        How much it may sell or buy net: its capacity, or what the lines at the root carry [quantity steps].
    """

    supplier: Supplier
    price_step: float
    power_step: float
    lot: int
    most_sold: int
    most_bought: int

    def wishes(self, step: int, position: int) -> Iterator[Wish]:
        """Yield its offers for base step `step` when it has sold `position` net [quantity steps].

        What was sold is not bought back at the price of the sale: it always buys at its feed-in price and sells at
        its price. Prices are those of its cost, lot by lot, on the grid to its own favor.
        """
        sold, bought = max(position, 0), max(-position, 0)
        for price, quantity in self._lots(step, sold, self.most_sold, 1):
            yield Wish(Side.SELL, Steps(int(np.ceil(price - NEARLY))), Steps(quantity))
        for price, quantity in self._lots(step, bought, self.most_bought, -1):
            yield Wish(Side.BUY, Steps(int(np.floor(price + NEARLY))), Steps(quantity))

    def range(self, step: int, position: int) -> PriceRange:
        """Return the prices between which base step `step` is traded, from its feed-in price to its dearest offer."""
        floor = int(np.floor(self.supplier.feed_in_price[step] / self.price_step + NEARLY))
        last = min(position, max(self.most_sold - self.lot, 0))
        asked = [wish.price for wish in self.wishes(step, last) if wish.side is Side.SELL]
        return PriceRange(floor, max(asked, default=floor))

    def next_price(self, step: int, power_kw: float) -> float:
        """Return what one lot more costs it when it supplies `power_kw`, whatever the lines carry [currency/kWh]."""
        lot_kw, from_kw = self.lot * self.power_step, max(power_kw, 0.0)
        first, last = self.supplier.cost(np.array([from_kw, from_kw + lot_kw]), np.array([step, step]))
        return float((last - first) / lot_kw)

    def _lots(self, step: int, start: int, most: int, sign: int) -> Iterator[tuple[float, int]]:
        ends = np.minimum(start + self.lot * np.arange(OFFERS + 1), most)
        cost = self.supplier.cost(sign * ends * self.power_step, np.full(len(ends), step))
        for quantity, spent in zip(np.diff(ends).tolist(), np.diff(cost).tolist(), strict=True):
            if quantity > 0:
                yield sign * spent / (quantity * self.power_step) / self.price_step, quantity


def whole(power_kw: Floats, power_step: float) -> BaseSteps:
    """Return powers in the whole steps nearest to them, halves to even: here plans become orders."""
    return np.rint(power_kw / power_step).astype(np.int64)
