"""The posted price: a party posts a price and a quantity, others take whole steps of it until it is gone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from micromarket.domain.ids import InstrumentId, OrderId, PartyId
from micromarket.domain.orders import Side
from micromarket.domain.products import Steps
from micromarket.errors import NotSupported
from micromarket.markets import snapshots
from micromarket.markets.mechanism import OrderRefused
from micromarket.markets.offers import Offer, OfferOutcome, Offers, refused


class PostedPrices:
    """Posts that anybody may take from; first come, first served, at the posted price.

    Parameters
    ----------
    instrument_ids : sequence of InstrumentId
        What may be posted.
    """

    name: ClassVar[str] = "posted_price"
    version: ClassVar[int] = 1

    def __init__(self, instrument_ids: Sequence[InstrumentId]) -> None:
        self._offers = Offers(instrument_ids)

    def post(self, offer: Offer) -> list[OfferOutcome]:
        """Hold out a price and quantity to everybody; `NotSupported` if it is for some only, or not tradeable."""
        return self._offers.place(offer, _for_everybody)

    def take(self, offer_id: OrderId, party: PartyId, quantity: Steps | None = None) -> list[OfferOutcome]:
        """Take a quantity, or all that is left; see `Offers.take`."""
        return self._offers.take(offer_id, party, quantity)

    def withdraw(self, offer_id: OrderId, party: PartyId) -> list[OfferOutcome]:
        """Let go of what is left of a post of one's own."""
        return self._offers.withdraw(offer_id, party)

    def withdraw_all(self, party: PartyId) -> list[OfferOutcome]:
        """Let go of every post of a party, oldest first."""
        return self._offers.withdraw_all(party)

    def expire(self, now: datetime) -> list[OfferOutcome]:
        """Move the event clock and let go of what is over."""
        return self._offers.expire(now)

    def posts(self, instrument_id: InstrumentId, side: Side) -> tuple[Offer, ...]:
        """Return the open posts of an instrument, best price for a taker first, then oldest first.

        Parameters
        ----------
        instrument_id : InstrumentId
            Which.
        side : Side
            What the owners of the posts do.
        """
        found = [offer for offer in self._offers if (offer.instrument_id, offer.side) == (instrument_id, side)]
        return tuple(sorted(found, key=lambda offer: side.value * offer.price))

    def snapshot(self) -> bytes:
        """Return the whole state; equal states give equal bytes."""
        return snapshots.to_bytes(self.name, self.version, self._offers.to_rows())

    def restore(self, snapshot: bytes) -> None:
        """Take over the state of a snapshot."""
        self._offers.from_rows(snapshots.from_bytes(self.name, self.version, snapshot))


def _for_everybody(offer: Offer) -> OrderRefused | None:
    if offer.audience is None and offer.tradeable and offer.request_id is None:
        return None
    return refused(offer.offer_id, NotSupported, "expected a post that anybody may take")
