"""The bilateral tender: one named party proposes to another, who accepts all of it or rejects it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from micromarket.domain.ids import InstrumentId, OrderId, PartyId
from micromarket.errors import NotSupported, SelfTrade
from micromarket.markets import snapshots
from micromarket.markets.mechanism import OrderRefused
from micromarket.markets.offers import Offer, OfferOutcome, Offers, refused


class BilateralMarket:
    """Tenders between two named parties, which nobody else sees.

    Parameters
    ----------
    instrument_ids : sequence of InstrumentId
        What may be tendered.
    """

    name: ClassVar[str] = "bilateral"
    version: ClassVar[int] = 1

    def __init__(self, instrument_ids: Sequence[InstrumentId]) -> None:
        self._offers = Offers(instrument_ids)

    def tender(self, offer: Offer) -> list[OfferOutcome]:
        """Propose to the one party in the audience; `NotSupported` if it is not one, `SelfTrade` if it is oneself."""
        return self._offers.place(offer, _for_one_other)

    def accept(self, offer_id: OrderId, party: PartyId) -> list[OfferOutcome]:
        """Accept all of a tender: ``Agreed``, ``OrderRemoved``; see `Offers.take` for what is refused."""
        return self._offers.take(offer_id, party)

    def reject(self, offer_id: OrderId, party: PartyId) -> list[OfferOutcome]:
        """Decline a tender: ``OrderRemoved``; refused with `UnknownOffer`, to its owner with `NotAddressed`."""
        return self._offers.reject(offer_id, party)

    def withdraw(self, offer_id: OrderId, party: PartyId) -> list[OfferOutcome]:
        """Take back a tender of one's own."""
        return self._offers.withdraw(offer_id, party)

    def withdraw_all(self, party: PartyId) -> list[OfferOutcome]:
        """Take back every tender of a party, oldest first."""
        return self._offers.withdraw_all(party)

    def expire(self, now: datetime) -> list[OfferOutcome]:
        """Move the event clock and let go of what is over."""
        return self._offers.expire(now)

    def open_to(self, party: PartyId) -> tuple[Offer, ...]:
        """Return the tenders that a party made or got, oldest first."""
        return self._offers.open_to(party)

    def snapshot(self) -> bytes:
        """Return the whole state; equal states give equal bytes."""
        return snapshots.to_bytes(self.name, self.version, self._offers.to_rows())

    def restore(self, snapshot: bytes) -> None:
        """Take over the state of a snapshot."""
        self._offers.from_rows(snapshots.from_bytes(self.name, self.version, snapshot))


def _for_one_other(offer: Offer) -> OrderRefused | None:
    if offer.audience is None or len(offer.audience) != 1 or not offer.tradeable or offer.request_id is not None:
        return refused(offer.offer_id, NotSupported, "expected a tender to one named party")
    if offer.owner in offer.audience:
        return refused(offer.offer_id, SelfTrade, f"{offer.owner} cannot tender to itself")
    return None
