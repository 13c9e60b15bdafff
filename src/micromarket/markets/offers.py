"""Offers: what one party holds out to others, and what another takes of it. Nothing is matched by price.

An order here stands as an offer until another order names it and takes it (`Deal.takes`): exactly the quantity of
the taker passes between the two parties, at the price of the offer. Who may see and take an offer, and whether it can
be taken at all, is said in its `Deal`:

- a **posted price** is an offer to everybody;
- a **quote** is an offer too, or informs only; it may answer a **request for quotes**, which is an order that informs
  only, to everybody or to named parties;
- a **bilateral tender** is an offer to one named party.

A segment that wants one of these alone adds a rule: `to_everybody` or `to_one_other`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import ClassVar

from micromarket.domain.curves import Curves
from micromarket.domain.ids import InstrumentId, OrderId, PartyId
from micromarket.domain.orders import Deal, Order, OrderTerms, limit
from micromarket.domain.products import Steps
from micromarket.errors import NotAddressed, NotEnough, NotSupported, NotTradeable, SelfTrade, TooLarge, UnknownOffer
from micromarket.markets.admission import (
    Objection,
    Register,
    RegisterRule,
    crosses,
    judge,
    known_instrument,
    limit_or_market,
    not_expired,
    one_side,
    whole_steps,
)
from micromarket.markets.mechanism import (
    Level,
    Matched,
    OrderAccepted,
    OrderKind,
    OrderRefused,
    OrderRemoved,
    Outcome,
    Rested,
)
from micromarket.markets.standing import CallMechanism, curve_of, levels

NO_DEAL = Deal()
"""An offer to everybody, which can be taken and answers nothing."""


def deal_of(order: Order) -> Deal:
    """Return what an order says about whom and what it deals with."""
    return order.terms.deal or NO_DEAL


def is_open(order: Order, party_id: PartyId) -> bool:
    """Return whether a party may see an offer: its own, those to everybody, and those to it."""
    to = deal_of(order).to
    return to is None or party_id in to or party_id == order.party_id


def only_an_end(order: Order, register: Register) -> Objection | None:
    """Refuse terms of orders that are matched by price, and an offer without a price that can be taken."""
    terms = order.terms
    if terms != OrderTerms(good_till=terms.good_till, deal=terms.deal):
        return Objection(NotSupported, f"expected an end and a deal as only terms; found {terms}")
    if order.is_market and not deal_of(order).takes and not deal_of(order).informs:
        return Objection(NotSupported, "expected a price in what can be taken; found none")
    return None


def to_everybody(order: Order, register: Register) -> Objection | None:
    """Refuse all but posted prices and their takers."""
    deal = deal_of(order)
    if deal in (NO_DEAL, Deal(takes=deal.takes)):
        return None
    return Objection(NotSupported, "expected an offer that anybody may take")


def to_one_other(order: Order, register: Register) -> Objection | None:
    """Refuse all but tenders to one other named party, and their takers."""
    deal = deal_of(order)
    if deal.takes is not None or (deal == Deal(to=deal.to) and len(deal.to or ()) == 1):
        return None
    return Objection(NotSupported, "expected a tender to one named party")


class OfferMarket(CallMechanism):
    """Posted prices, quotes and bilateral tenders: offers that stand until somebody takes them by name.

    Parameters
    ----------
    instrument_ids : sequence of InstrumentId
        What may be offered.
    rules : sequence of RegisterRule, optional
        Asked after those of every offer market, such as `to_everybody`.
    """

    name: ClassVar[str] = "offers"
    version: ClassVar[int] = 2
    takes: ClassVar[frozenset[OrderKind]] = frozenset({OrderKind.LIMIT})
    rules: ClassVar[tuple[RegisterRule, ...]] = (
        known_instrument,
        whole_steps,
        one_side,
        limit_or_market,
        only_an_end,
        not_expired,
    )

    def __init__(self, instrument_ids: Sequence[InstrumentId], rules: Sequence[RegisterRule] = ()) -> None:
        super().__init__(instrument_ids)
        self._added = tuple(rules)

    def judged(self, order: Order) -> OrderRefused | None:
        """Return why an order is not taken, by the rules of every offer market and those that were added.

        What is taken is never cut: `NotEnough` if more is wanted than is left. A stranger to a private offer gets the
        answer, `UnknownOffer`, that it would get for one that never was.
        """
        rule = self._answering if deal_of(order).takes is None else self._taking
        return judge(order, self, (*self.rules, *self._added, rule))

    def enter(self, order: Order) -> list[Outcome]:
        """Hold an offer, a quote or a request for quotes; or take an offer, with an order that names it."""
        if (takes := deal_of(order).takes) is not None:
            return [OrderAccepted(order.order_id), *self._take(self._held[takes], order)]
        self.hold(self._addressed(order))
        return [OrderAccepted(order.order_id), Rested(order.order_id, order.quantity)]

    def reject(self, order_id: OrderId, party_id: PartyId) -> list[Outcome]:
        """Decline an offer made to a party alone: ``OrderRemoved``; refused with `UnknownOffer`, `NotAddressed`."""
        offer = self._held.get(order_id)
        if offer is None or not is_open(offer, party_id):
            return [OrderRefused(order_id, *_unknown(order_id, party_id))]
        if deal_of(offer).to != frozenset({party_id}):
            return [OrderRefused(order_id, NotAddressed, f"{order_id} is not for {party_id} alone")]
        return self._noted(self._remove([order_id], "rejected"))

    def clear(self) -> list[Outcome]:
        """Return nothing: offers stand until they are taken."""
        return []

    def uncross(self, books: dict[InstrumentId, list[Order]]) -> Iterable[Outcome]:
        """Return nothing, for nothing is matched by price."""
        return ()

    def open_to(self, party_id: PartyId) -> tuple[Order, ...]:
        """Return the offers and requests that a party may see, oldest first, each with what is left of it."""
        return tuple(order for order in self._held.values() if is_open(order, party_id))

    def depth(self, instrument_id: InstrumentId) -> tuple[Level, ...]:
        """Return what anybody may take, by side and price, buyers first, best price first."""
        return levels(self._public(instrument_id))

    def curve(self, instrument_id: InstrumentId) -> Curves:
        """Return the sum of what anybody may take as one curve of one interval [price steps, quantity steps]."""
        return curve_of(self._public(instrument_id))

    def _public(self, instrument_id: InstrumentId) -> list[Order]:
        held = self._books[instrument_id].values()
        return [order for order in held if deal_of(order).to is None and not deal_of(order).informs]

    def _addressed(self, order: Order) -> Order:
        """Return an answer as only the party that asked may see it, if it asked for that."""
        request = self._held.get(deal_of(order).answers or OrderId(""))
        if request is None or not deal_of(request).answered_privately:
            return order
        deal = replace(deal_of(order), to=frozenset({request.party_id}))
        return replace(order, terms=replace(order.terms, deal=deal))

    def _take(self, offer: Order, taker: Order) -> list[Outcome]:
        """Pass a quantity between the two parties."""
        side, price = offer.side, offer.vertices[0].price
        left = Steps(offer.quantity - taker.quantity)
        outcomes: list[Outcome] = [Matched(offer.order_id, taker.order_id, price, taker.quantity)]
        if left and side is not None:
            self.hold(replace(offer, vertices=limit(side, price, left)))
        else:
            outcomes += self._remove([offer.order_id], "matched")
        return [*outcomes, OrderRemoved(taker.order_id, "matched")]

    def _taking(self, order: Order, register: Register) -> Objection | None:
        """Refuse to take what is not there, cannot be taken, or is not as the taker expects."""
        name = deal_of(order).takes or OrderId("")
        offer = self._held.get(name)
        if offer is None or not is_open(offer, order.party_id):
            return _unknown(name, order.party_id)
        if offer.party_id == order.party_id:
            return Objection(SelfTrade, f"{order.party_id} made the offer")
        if deal_of(offer).informs:
            return Objection(NotTradeable, f"{name} informs only; ask for a quote that can be taken")
        if order.quantity > offer.quantity:
            return Objection(NotEnough, f"{order.quantity} wanted, {offer.quantity} left")
        opposite = offer.instrument_id == order.instrument_id and offer.side is not order.side
        if not opposite or not crosses(order, offer.vertices[0].price):
            return Objection(NotSupported, f"{name} is not what the order accepts: {offer.vertices}")
        return None

    def _answering(self, order: Order, register: Register) -> Objection | None:
        """Refuse an answer to no request, or one that is not what was asked for."""
        name = deal_of(order).answers
        if name is None:
            return _no_other_party(order)
        request = self._held.get(name)
        if request is None or not deal_of(request).informs or not is_open(request, order.party_id):
            return _unknown(name, order.party_id)
        opposite = request.instrument_id == order.instrument_id and request.side is not order.side
        if not opposite or request.party_id == order.party_id:
            return Objection(NotSupported, f"expected the other side of {request.instrument_id} by another party")
        if order.quantity > request.quantity:
            return Objection(TooLarge, f"expected at most {request.quantity}; found {order.quantity}")
        if deal_of(request).wants_tradeable and deal_of(order).informs:
            return Objection(NotTradeable, "only quotes that can be taken are wanted")
        return None


def _no_other_party(order: Order) -> Objection | None:
    to = deal_of(order).to
    if to is None or to - {order.party_id}:
        return None
    return Objection(SelfTrade, f"expected another party to offer to; found {sorted(to)}")


def _unknown(order_id: OrderId, party_id: PartyId) -> Objection:
    return Objection(UnknownOffer, f"{order_id} is not open to {party_id}")
