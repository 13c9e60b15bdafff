"""Offers: what one party holds out to others, and what another takes of it.

Posted prices, quotes and bilateral tenders are all offers; they differ in who may take one, and how. Nothing is
matched here: a party names the offer it takes. Each taking moves exactly the quantity taken between the owner of the
offer and the taker, at the price of the offer, and is told as one `Agreed` with both parties.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from micromarket.domain.ids import InstrumentId, OrderId, PartyId
from micromarket.domain.intervals import utc
from micromarket.domain.orders import Side
from micromarket.domain.products import Steps
from micromarket.errors import (
    DuplicateOrder,
    NotAddressed,
    NotEnough,
    NotTheOwner,
    NotTradeable,
    OffGrid,
    OrderExpired,
    Refused,
    SelfTrade,
    UnknownInstrument,
    UnknownOffer,
    ZeroQuantity,
)
from micromarket.markets.mechanism import OrderAccepted, OrderRefused, OrderRemoved
from micromarket.markets.snapshots import moment_of, moment_text


@dataclass(frozen=True, slots=True)
class Offer:
    """A price and a quantity that a party holds out.

    Parameters
    ----------
    offer_id : OrderId
        Name, unique for ever within one market.
    owner : PartyId
        Who holds it out.
    instrument_id : InstrumentId
        What is delivered, and when.
    side : Side
        What the owner does; who takes it does the opposite.
    price : Steps
        Price [price steps], may be negative.
    quantity : Steps
        Most that can be taken, unsigned [quantity steps].
    audience : frozenset of PartyId or None
        Who may see and take it; None is everybody.
    good_till : datetime or None
        When it is over, by the event clock; kept in UTC.
    tradeable : bool
        Whether it can be taken; if not it only informs.
    request_id : OrderId or None
        Request for quotes that it answers.

    Raises
    ------
    OffGrid
        If price or quantity is not a whole number of steps.
    ZeroQuantity
        If the quantity is not positive.
    """

    offer_id: OrderId
    owner: PartyId
    instrument_id: InstrumentId
    side: Side
    price: Steps
    quantity: Steps
    audience: frozenset[PartyId] | None = None
    good_till: datetime | None = None
    tradeable: bool = True
    request_id: OrderId | None = None

    def __post_init__(self) -> None:
        """Check the numbers and convert to UTC."""
        require_steps(f"price of offer {self.offer_id}", self.price)
        require_quantity(f"quantity of offer {self.offer_id}", self.quantity)
        if self.good_till is not None:
            object.__setattr__(self, "good_till", utc(self.good_till))

    def is_open_to(self, party: PartyId) -> bool:
        """Return whether `party` may see it."""
        return self.audience is None or party in self.audience or party == self.owner


@dataclass(frozen=True, slots=True)
class Agreed:
    """A quantity passes from a seller to a buyer: both halves of the transaction at once.

    Parameters
    ----------
    offer_id : OrderId
        Offer that was taken.
    instrument_id : InstrumentId
        What is delivered, and when.
    seller, buyer : PartyId
        Between whom.
    price : Steps
        Price of the offer [price steps].
    quantity : Steps
        Quantity taken, unsigned [quantity steps].
    """

    offer_id: OrderId
    instrument_id: InstrumentId
    seller: PartyId
    buyer: PartyId
    price: Steps
    quantity: Steps


OfferOutcome = OrderAccepted | OrderRefused | OrderRemoved | Agreed

Rule = Callable[[Offer], OrderRefused | None]


def require_steps(name: str, value: object) -> None:
    """Do nothing if `value` is a whole number.

    Raises
    ------
    OffGrid
        If not.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise OffGrid(f"{name} must be a whole number of steps; found {value!r}")


def require_quantity(name: str, value: object) -> None:
    """Do nothing if `value` is a whole number above zero.

    Raises
    ------
    OffGrid, ZeroQuantity
        If not.
    """
    require_steps(name, value)
    if not isinstance(value, int) or value <= 0:
        raise ZeroQuantity(f"{name} must be more than nothing; found {value}")


class Offers:
    """Offers that are open, and the calls that change them.

    Parameters
    ----------
    instrument_ids : sequence of InstrumentId
        What may be offered.
    """

    def __init__(self, instrument_ids: Sequence[InstrumentId]) -> None:
        self._traded = frozenset(instrument_ids)
        self._said: dict[OrderId, Offer] = {}
        self._left: dict[OrderId, Steps] = {}
        self._now: datetime | None = None

    @property
    def now(self) -> datetime | None:
        """The event clock; None before the first `expire`."""
        return self._now

    def place(self, offer: Offer, rule: Rule | None = None) -> list[OfferOutcome]:
        """Hold an offer, if `rule` lets it in: ``OrderAccepted``.

        The same offer again gets the same answer and changes nothing. Refused with `DuplicateOrder` if another offer
        has its name, with `UnknownInstrument`, and with `OrderExpired` if its time is over.
        """
        if self._said.get(offer.offer_id) == offer:
            return [OrderAccepted(offer.offer_id)]
        if offer.offer_id in self._said:
            return [refused(offer.offer_id, DuplicateOrder, f"offer {offer.offer_id} was made with other content")]
        if offer.instrument_id not in self._traded:
            return [refused(offer.offer_id, UnknownInstrument, f"{offer.instrument_id} is not traded here")]
        if self.is_over(offer.good_till):
            return [refused(offer.offer_id, OrderExpired, f"good till {offer.good_till}, it is {self._now}")]
        if rule is not None and (problem := rule(offer)) is not None:
            return [problem]
        self._said[offer.offer_id] = offer
        self._left[offer.offer_id] = offer.quantity
        return [OrderAccepted(offer.offer_id)]

    def take(self, offer_id: OrderId, party: PartyId, quantity: Steps | None = None) -> list[OfferOutcome]:
        """Take `quantity` of an offer, or all that is left: ``Agreed``, then ``OrderRemoved`` when nothing is left.

        Refused with `UnknownOffer`, `SelfTrade`, `NotTradeable`, or `NotEnough` if more is wanted than is left;
        never cut. A stranger to a private offer learns no more than of one that never was.

        Raises
        ------
        OffGrid, ZeroQuantity
            If `quantity` is not a positive whole number of steps.
        """
        if quantity is not None:
            require_quantity("quantity taken", quantity)
        offer = self.get(offer_id, party)
        if offer is None:
            return [unknown(offer_id, party)]
        problem = self._not_for_taking(offer, party, offer.quantity if quantity is None else quantity)
        return [problem] if problem else self._move(offer, party, offer.quantity if quantity is None else quantity)

    @staticmethod
    def _not_for_taking(offer: Offer, party: PartyId, quantity: Steps) -> OrderRefused | None:
        if party == offer.owner:
            return refused(offer.offer_id, SelfTrade, f"{party} made the offer")
        if not offer.tradeable:
            return refused(offer.offer_id, NotTradeable, "the quote informs only; ask for a tradeable one")
        if quantity > offer.quantity:
            return refused(offer.offer_id, NotEnough, f"{quantity} wanted, {offer.quantity} left")
        return None

    def _move(self, offer: Offer, party: PartyId, quantity: Steps) -> list[OfferOutcome]:
        seller, buyer = (offer.owner, party) if offer.side is Side.SELL else (party, offer.owner)
        agreed = Agreed(offer.offer_id, offer.instrument_id, seller, buyer, offer.price, quantity)
        self._left[offer.offer_id] = Steps(offer.quantity - quantity)
        return [agreed] if quantity < offer.quantity else [agreed, *self.remove(offer.offer_id, "taken")]

    def withdraw(self, offer_id: OrderId, party: PartyId) -> list[OfferOutcome]:
        """Let go of one's own offer: ``OrderRemoved``; nothing if none is open to `party`, else `NotTheOwner`."""
        offer = self.get(offer_id, party)
        if offer is None:
            return []
        if party != offer.owner:
            return [refused(offer_id, NotTheOwner, f"{party} did not make offer {offer_id}")]
        return self.remove(offer_id, "withdrawn")

    def reject(self, offer_id: OrderId, party: PartyId) -> list[OfferOutcome]:
        """Decline an offer made to `party` alone: ``OrderRemoved``; refused with `UnknownOffer` or `NotAddressed`."""
        offer = self.get(offer_id, party)
        if offer is None:
            return [unknown(offer_id, party)]
        if offer.audience != frozenset({party}):
            return [refused(offer_id, NotAddressed, f"offer {offer_id} is not for {party} alone")]
        return self.remove(offer_id, "rejected")

    def withdraw_all(self, party: PartyId) -> list[OfferOutcome]:
        """Let go of every offer of a party, oldest first."""
        owned = [offer.offer_id for offer in self if offer.owner == party]
        return [outcome for offer_id in owned for outcome in self.remove(offer_id, "withdrawn")]

    def remove(self, offer_id: OrderId, reason: str) -> list[OfferOutcome]:
        """Let go of an offer for a reason; nothing if it is not open."""
        return [] if self._left.pop(offer_id, None) is None else [OrderRemoved(offer_id, reason)]

    def expire(self, now: datetime) -> list[OfferOutcome]:
        """Set the event clock, which never goes back, and let go of what is over: by time, then by age."""
        self._now = utc(now) if self._now is None else max(self._now, utc(now))
        over = sorted((o for o in self if self.is_over(o.good_till)), key=lambda o: o.good_till or utc(now))
        return [outcome for offer in over for outcome in self.remove(offer.offer_id, "expired")]

    def is_over(self, good_till: datetime | None) -> bool:
        """Return whether a time has come, by the event clock."""
        return good_till is not None and self._now is not None and good_till <= self._now

    def get(self, offer_id: OrderId, party: PartyId) -> Offer | None:
        """Return an offer that is open to `party`, with the quantity that is left of it."""
        left = self._left.get(offer_id)
        offer = None if left is None else replace(self._said[offer_id], quantity=left)
        return offer if offer is not None and offer.is_open_to(party) else None

    def __iter__(self) -> Iterator[Offer]:
        """Go through the open offers, oldest first, each with the quantity that is left of it."""
        return (replace(self._said[offer_id], quantity=left) for offer_id, left in list(self._left.items()))

    def open_to(self, party: PartyId) -> tuple[Offer, ...]:
        """Return what a party may see, oldest first."""
        return tuple(offer for offer in self if offer.is_open_to(party))

    def to_rows(self) -> dict[str, Any]:
        """Return everything that is remembered, as JSON can hold it."""
        said = [_row(offer) for offer in self._said.values()]
        return {"now": moment_text(self._now), "said": said, "left": list(self._left.items())}

    def from_rows(self, rows: Mapping[str, Any]) -> None:
        """Remember what `to_rows` returned, and nothing else."""
        said = [_offer(row) for row in rows["said"]]
        self._said = {offer.offer_id: offer for offer in said}
        self._left = {OrderId(name): Steps(left) for name, left in rows["left"]}
        self._now = moment_of(rows["now"])


def refused(name: OrderId, reason: type[Refused], detail: str) -> OrderRefused:
    """Return a refusal."""
    return OrderRefused(name, reason, detail)


def unknown(name: OrderId, party: PartyId) -> OrderRefused:
    """Return the refusal of what is not there, or not for `party` to see."""
    return refused(name, UnknownOffer, f"{name} is not open to {party}")


def audience_row(parties: frozenset[PartyId] | None) -> list[str] | None:
    """Return an audience as JSON can hold it."""
    return None if parties is None else sorted(parties)


def audience_of(row: Sequence[str] | None) -> frozenset[PartyId] | None:
    """Return the audience that `audience_row` wrote."""
    return None if row is None else frozenset(map(PartyId, row))


def _row(offer: Offer) -> list[Any]:
    told = [offer.offer_id, offer.owner, offer.instrument_id, offer.side.value, offer.price, offer.quantity]
    return [*told, audience_row(offer.audience), moment_text(offer.good_till), offer.tradeable, offer.request_id]


def _offer(row: Sequence[Any]) -> Offer:
    offer_id, owner, instrument_id, side, price, quantity, audience, good_till, *rest = row
    terms = audience_of(audience), moment_of(good_till), *rest
    return Offer(offer_id, owner, instrument_id, Side(side), price, quantity, *terms)
