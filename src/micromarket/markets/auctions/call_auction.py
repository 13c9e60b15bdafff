"""The call auction: limit orders wait, then all cross at one price, in whole numbers throughout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micromarket.domain.ids import InstrumentId
from micromarket.domain.orders import Order
from micromarket.domain.products import Steps
from micromarket.errors import NotSupported
from micromarket.kernels import call as kernel
from micromarket.markets.admission import EVERYWHERE, Objection, Register, RegisterRule, one_side
from micromarket.markets.mechanism import Awarded, Cleared, OrderKind, OrderRemoved, Outcome
from micromarket.markets.standing import CallMechanism


@dataclass(frozen=True, slots=True, eq=False)
class Uncrossing:
    """The price at which a book of limit orders crosses, and what each order gets.

    Parameters
    ----------
    price : Steps
        One price for all [price steps].
    low, high : Steps
        Lowest and highest price of the same volume and surplus, one step beyond the orders' prices at most.
    volume : Steps
        Quantity matched, unsigned [quantity steps].
    imbalance : Steps
        Supply less demand at the price [quantity steps]: what the longer side could not match.
    awards : array of int, shape (n,)
        Part of each order that is matched [quantity steps], positive sold, negative bought; sums to zero.
    """

    price: Steps
    low: Steps
    high: Steps
    volume: Steps
    imbalance: Steps
    awards: NDArray[np.integer]


def uncross(prices: ArrayLike, powers: ArrayLike, reference: int | None = None) -> Uncrossing:
    """Return the price that uncrosses limit orders, and what each order gets.

    Parameters
    ----------
    prices : array of int, shape (n,)
        Worst acceptable prices [price steps], in order of arrival.
    powers : array of int, shape (n,)
        Quantities [quantity steps], positive sells, negative buys.
    reference : int, optional
        Price to be near where several are as good [price steps].

    Raises
    ------
    WrongShape
        If prices and powers are not two lists of one length.
    InvalidValue
        If they are not whole numbers, or so large that sums are no longer exact.

    Notes
    -----
    Rules, in this order:

    1. The volume is as large as possible.
    2. The surplus, what the longer side could not match at the price, is as small as possible.
    3. The price is nearest to `reference`; without one it is in the middle, rounded down.
    4. On either side the better price is served first, and of equal prices the older order. Only the last order
       served may get a part.

    If nothing crosses the volume is zero, and the price says only where a first match could be.

    Examples
    --------
    >>> found = uncross([10, 12, 11], [5, -3, -4])
    >>> int(found.price), int(found.volume), found.awards.tolist()
    (10, 5, [5, -3, -2])
    """
    price, low, high, volume, imbalance, awards = kernel.uncross(prices, powers, reference)
    return Uncrossing(Steps(price), Steps(low), Steps(high), Steps(volume), Steps(imbalance), awards)


def limit_alone(order: Order, register: Register) -> Objection | None:
    """Refuse what is not a limit order, and every term but an expiry."""
    terms = order.terms
    plain = type(terms)(good_till=terms.good_till)
    if order.is_limit and terms == plain:
        return None
    found = f"{len(order.vertices)} vertices" if terms == plain else f"{terms}"
    return Objection(NotSupported, f"expected a limit order without terms but an expiry; found {found}")


LIMITS_ALONE: tuple[RegisterRule, ...] = (*EVERYWHERE, one_side, limit_alone)
"""Rules of auctions that take limit orders only."""


class CallAuction(CallMechanism):
    """The call auction as a mechanism: limit orders cross at one price when it is told to clear, then all are let go.

    Parameters
    ----------
    instrument_ids : sequence of InstrumentId
        What it trades, in the order in which `clear` goes through it.
    references : mapping of InstrumentId to Steps, optional
        Price to be near where several are as good [price steps], such as yesterday's.
    """

    name: ClassVar[str] = "call_auction"
    version: ClassVar[int] = 2
    takes: ClassVar[frozenset[OrderKind]] = frozenset({OrderKind.LIMIT})
    rules: ClassVar[tuple[RegisterRule, ...]] = LIMITS_ALONE

    def __init__(
        self, instrument_ids: Sequence[InstrumentId], references: Mapping[InstrumentId, Steps] | None = None
    ) -> None:
        super().__init__(instrument_ids)
        self._references = dict(references or {})

    def uncross(self, books: dict[InstrumentId, list[Order]]) -> Iterator[Outcome]:
        """Clear every instrument at one price by `uncross`."""
        for instrument_id, orders in books.items():
            found = uncross(*steps_of(orders), self._references.get(instrument_id))
            yield Cleared(instrument_id, float(found.price), float(found.imbalance))
            for order, power in zip(orders, found.awards.tolist(), strict=True):
                if power:
                    yield Awarded(order.order_id, found.price, Steps(power))
            yield from (OrderRemoved(order.order_id, "cleared") for order in orders)


def steps_of(orders: Sequence[Order]) -> tuple[list[int], list[int]]:
    """Return the prices and signed powers of limit orders."""
    prices = [int(order.vertices[0].price) for order in orders]
    return prices, [int(order.vertices[0].power + order.vertices[-1].power) for order in orders]
