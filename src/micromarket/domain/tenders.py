"""Tenders: what a party proposes, in the units people use; and the one way a tender becomes an order."""

from __future__ import annotations

from dataclasses import dataclass

from micromarket.domain.ids import OrderId, PartyId
from micromarket.domain.orders import Order, Side, limit
from micromarket.domain.products import Instrument


@dataclass(frozen=True, slots=True)
class Tender:
    """A party's proposal to buy or sell.

    Parameters
    ----------
    tender_id : str
        Name given by the party.
    party_id : PartyId
        Who proposes.
    side : Side
        Buying or selling.
    price : float
        Worst acceptable price [currency/kWh]; may be negative.
    quantity_kw : float
        Average power over the delivery [kW], unsigned.
    """

    tender_id: str
    party_id: PartyId
    side: Side
    price: float
    quantity_kw: float


def order_of(tender: Tender, instrument: Instrument) -> Order:
    """Return the order that `tender` makes in `instrument`, in whole steps.

    Its name is the party's and the tender's, so that the same tender always makes the same order.

    Raises
    ------
    OffGrid
        If price or quantity lies between two steps; nothing is rounded.
    InvalidValue
        If the quantity is not positive.
    """
    product = instrument.product
    price = product.prices.to_steps(tender.price)
    quantity = product.quantities.to_steps(tender.quantity_kw)
    order_id = OrderId(f"{tender.party_id}/{tender.tender_id}")
    return Order(order_id, tender.party_id, instrument.instrument_id, limit(tender.side, price, quantity))
