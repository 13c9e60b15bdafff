"""Orders: what a mechanism holds after a tender was admitted. Every order is a curve, counted in whole steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from micromarket.domain.ids import InstrumentId, OrderId, PartyId
from micromarket.domain.products import Steps
from micromarket.errors import InvalidValue, NotMonotone


class Side(Enum):
    """Which way a party trades; the value is the sign of its power."""

    BUY = -1
    SELL = 1

    @property
    def opposite(self) -> Side:
        """The side this one trades with."""
        return Side(-self.value)

    def signed(self, quantity: Steps) -> Steps:
        """Return an unsigned quantity as signed power: positive into the region. The one place that converts.

        Raises
        ------
        InvalidValue
            If `quantity` is not positive.
        """
        if quantity <= 0:
            raise InvalidValue(f"a quantity is unsigned and not zero; found {quantity}")
        return Steps(self.value * quantity)


@dataclass(frozen=True, slots=True)
class Vertex:
    """One corner of an order's curve.

    Parameters
    ----------
    price : Steps
        Price [steps of the product's price grid], may be negative.
    power : Steps
        Average power [steps of the product's quantity grid], positive into the region.
    """

    price: Steps
    power: Steps


@dataclass(frozen=True, slots=True)
class Order:
    """A standing wish to buy or sell, as power rising with price; a limit order is a curve of one step.

    Parameters
    ----------
    order_id : OrderId
        Name given by the market.
    party_id : PartyId
        Whose it is.
    instrument_id : InstrumentId
        What is to be delivered, and when.
    vertices : sequence of Vertex
        Corners by rising price; linear between them, flat beyond them, two at one price are a step.

    Raises
    ------
    InvalidValue
        If there is no vertex.
    NotMonotone
        If price or power falls from one vertex to the next.
    """

    order_id: OrderId
    party_id: PartyId
    instrument_id: InstrumentId
    vertices: Sequence[Vertex]

    def __post_init__(self) -> None:
        """Check the curve."""
        object.__setattr__(self, "vertices", tuple(self.vertices))
        if not self.vertices:
            raise InvalidValue(f"order {self.order_id} has no vertex")
        for before, after in pairwise(self.vertices):
            if after.price < before.price or after.power < before.power:
                raise NotMonotone(f"order {self.order_id} falls from {before} to {after}")


def limit(side: Side, price: Steps, quantity: Steps) -> tuple[Vertex, ...]:
    """Return the curve of a limit order: nothing at worse prices, all of `quantity` at better ones.

    Parameters
    ----------
    side : Side
        Buying or selling.
    price : Steps
        Worst acceptable price [price steps].
    quantity : Steps
        How much, unsigned [quantity steps].

    Raises
    ------
    InvalidValue
        If `quantity` is not positive.

    Examples
    --------
    >>> [vertex.power for vertex in limit(Side.BUY, price=250, quantity=4)]
    [-4, 0]
    """
    low, high = sorted((0, side.signed(quantity)))
    return (Vertex(price, Steps(low)), Vertex(price, Steps(high)))
