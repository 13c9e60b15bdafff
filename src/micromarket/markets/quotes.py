"""Quotes: prices that inform or can be taken, and requests that ask for them.

The negotiation of Common Transactive Services: a party quotes, unasked or in answer to a request; another accepts a
tradeable quote, wholly or in part, or rejects what was quoted to it alone. Accepting moves exactly the accepted
quantity between the owner of the quote and the acceptor, and the outcome names both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar

from micromarket.domain.ids import InstrumentId, OrderId, PartyId
from micromarket.domain.intervals import utc
from micromarket.domain.orders import Side
from micromarket.domain.products import Steps
from micromarket.errors import (
    DuplicateOrder,
    NotSupported,
    NotTheOwner,
    NotTradeable,
    OrderExpired,
    TooLarge,
    UnknownInstrument,
)
from micromarket.markets import snapshots
from micromarket.markets.mechanism import OrderAccepted, OrderRefused, OrderRemoved
from micromarket.markets.offers import (
    Offer,
    OfferOutcome,
    Offers,
    audience_of,
    audience_row,
    refused,
    require_quantity,
    unknown,
)


@dataclass(frozen=True, slots=True)
class QuoteRequest:
    """A request for quotes.

    Parameters
    ----------
    request_id : OrderId
        Name, unique for ever among the requests of one market.
    party_id : PartyId
        Who asks.
    instrument_id : InstrumentId
        What is to be delivered, and when.
    side : Side
        What the asking party wants to do; answers are on the other side.
    quantity : Steps
        Most that an answer may be for, unsigned [quantity steps].
    asked : frozenset of PartyId or None
        Who may see and answer it; None is everybody.
    private_answers : bool
        Whether only the asking party sees the answers.
    tradeable_only : bool
        Whether only answers that can be taken are wanted.
    good_till : datetime or None
        Until when it can be answered, by the event clock; answers live on by their own time. Kept in UTC.

    Raises
    ------
    OffGrid, ZeroQuantity
        If the quantity is not a positive whole number of steps.
    """

    request_id: OrderId
    party_id: PartyId
    instrument_id: InstrumentId
    side: Side
    quantity: Steps
    asked: frozenset[PartyId] | None = None
    private_answers: bool = True
    tradeable_only: bool = False
    good_till: datetime | None = None

    def __post_init__(self) -> None:
        """Check the quantity and convert to UTC."""
        require_quantity(f"quantity of request {self.request_id}", self.quantity)
        if self.good_till is not None:
            object.__setattr__(self, "good_till", utc(self.good_till))

    def is_open_to(self, party: PartyId) -> bool:
        """Return whether `party` may see it."""
        return self.asked is None or party in self.asked or party == self.party_id


class QuoteMarket:
    """Quotes and requests for quotes.

    Parameters
    ----------
    instrument_ids : sequence of InstrumentId
        What may be quoted.
    """

    name: ClassVar[str] = "quotes"
    version: ClassVar[int] = 1

    def __init__(self, instrument_ids: Sequence[InstrumentId]) -> None:
        self._traded = frozenset(instrument_ids)
        self._offers = Offers(instrument_ids)
        self._asked: dict[OrderId, QuoteRequest] = {}
        self._open: dict[OrderId, None] = {}

    def request(self, request: QuoteRequest) -> list[OfferOutcome]:
        """Ask for quotes: ``OrderAccepted``; refused with `DuplicateOrder`, `UnknownInstrument`, `OrderExpired`."""
        name = request.request_id
        if self._asked.get(name) == request:
            return [OrderAccepted(name)]
        if name in self._asked:
            return [refused(name, DuplicateOrder, f"request {name} was made with other content")]
        if request.instrument_id not in self._traded:
            return [refused(name, UnknownInstrument, f"{request.instrument_id} is not traded here")]
        if self._offers.is_over(request.good_till):
            return [refused(name, OrderExpired, f"good till {request.good_till}, it is {self._offers.now}")]
        self._asked[name], self._open[name] = request, None
        return [OrderAccepted(name)]

    def withdraw_request(self, request_id: OrderId, party: PartyId) -> list[OfferOutcome]:
        """Ask no longer: ``OrderRemoved``; nothing if no such request is open. Quotes that answered it stay open."""
        request = self._asked[request_id] if request_id in self._open else None
        if request is None or not request.is_open_to(party):
            return []
        if party != request.party_id:
            return [refused(request_id, NotTheOwner, f"{party} did not make request {request_id}")]
        del self._open[request_id]
        return [OrderRemoved(request_id, "withdrawn")]

    def quote(self, offer: Offer) -> list[OfferOutcome]:
        """Quote a price: ``OrderAccepted``.

        A quote that answers a request with private answers is open to the asking party alone. Refused with
        `UnknownOffer` if the request is not open to the owner, `NotSupported` if the quote does not fit it,
        `TooLarge` if it is for more, `NotTradeable` if only quotes that can be taken are wanted.
        """
        request = None if offer.request_id is None else self._asked.get(offer.request_id)
        if request is not None and request.private_answers:
            offer = replace(offer, audience=frozenset({request.party_id}))
        return self._offers.place(offer, self._not_an_answer)

    def _not_an_answer(self, offer: Offer) -> OrderRefused | None:
        if offer.request_id is None:
            return None
        request = self._asked[offer.request_id] if offer.request_id in self._open else None
        if request is None or not request.is_open_to(offer.owner):
            return unknown(offer.request_id, offer.owner)
        wanted = (request.instrument_id, request.side.opposite)
        if (offer.instrument_id, offer.side) != wanted or offer.owner == request.party_id:
            return refused(offer.offer_id, NotSupported, f"expected {wanted[1].name} of {wanted[0]} by another party")
        if offer.quantity > request.quantity:
            return refused(offer.offer_id, TooLarge, f"expected at most {request.quantity}; found {offer.quantity}")
        if request.tradeable_only and not offer.tradeable:
            return refused(offer.offer_id, NotTradeable, "only quotes that can be taken are wanted")
        return None

    def accept(self, offer_id: OrderId, party: PartyId, quantity: Steps | None = None) -> list[OfferOutcome]:
        """Take a quantity of a tradeable quote, or all that is left; see `Offers.take`."""
        return self._offers.take(offer_id, party, quantity)

    def reject(self, offer_id: OrderId, party: PartyId) -> list[OfferOutcome]:
        """Decline a quote made to `party` alone; refused with `UnknownOffer` or `NotAddressed`."""
        return self._offers.reject(offer_id, party)

    def withdraw(self, offer_id: OrderId, party: PartyId) -> list[OfferOutcome]:
        """Let go of what is left of a quote of one's own."""
        return self._offers.withdraw(offer_id, party)

    def withdraw_all(self, party: PartyId) -> list[OfferOutcome]:
        """Let go of every quote of a party, oldest first."""
        return self._offers.withdraw_all(party)

    def expire(self, now: datetime) -> list[OfferOutcome]:
        """Move the event clock and let go of what is over: quotes first, then requests, each by time, then age."""
        outcomes = self._offers.expire(now)
        over = [self._asked[name] for name in self._open if self._offers.is_over(self._asked[name].good_till)]
        for request in sorted(over, key=lambda each: each.good_till or utc(now)):
            del self._open[request.request_id]
            outcomes.append(OrderRemoved(request.request_id, "expired"))
        return outcomes

    def open_to(self, party: PartyId) -> tuple[Offer, ...]:
        """Return the quotes that a party may see, oldest first."""
        return self._offers.open_to(party)

    def requests_open_to(self, party: PartyId) -> tuple[QuoteRequest, ...]:
        """Return the requests that a party may see, oldest first."""
        return tuple(self._asked[name] for name in self._open if self._asked[name].is_open_to(party))

    def snapshot(self) -> bytes:
        """Return the whole state; equal states give equal bytes."""
        asked = [_row(request) for request in self._asked.values()]
        state = {"offers": self._offers.to_rows(), "asked": asked, "open": list(self._open)}
        return snapshots.to_bytes(self.name, self.version, state)

    def restore(self, snapshot: bytes) -> None:
        """Take over the state of a snapshot."""
        state = snapshots.from_bytes(self.name, self.version, snapshot)
        self._offers.from_rows(state["offers"])
        self._asked = {request.request_id: request for request in map(_request, state["asked"])}
        self._open = dict.fromkeys(state["open"])


def _row(request: QuoteRequest) -> list[Any]:
    told = [request.request_id, request.party_id, request.instrument_id, request.side.value, request.quantity]
    terms = [request.private_answers, request.tradeable_only, snapshots.moment_text(request.good_till)]
    return [*told, audience_row(request.asked), *terms]


def _request(row: Sequence[Any]) -> QuoteRequest:
    request_id, party_id, instrument_id, side, quantity, asked, private, tradeable, good_till = row
    terms = audience_of(asked), private, tradeable, snapshots.moment_of(good_till)
    return QuoteRequest(request_id, party_id, instrument_id, Side(side), quantity, *terms)
