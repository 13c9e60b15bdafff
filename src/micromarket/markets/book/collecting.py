"""The opening and closing auction of an order book: what stands and what was collected cross at one price."""

from __future__ import annotations

from collections.abc import Iterable

from micromarket.domain.ids import InstrumentId, PartyId
from micromarket.domain.products import Steps
from micromarket.markets.auctions.call_auction import Uncrossing, uncross
from micromarket.markets.book.crossing import Crossing
from micromarket.markets.book.holdings import Held, buys
from micromarket.markets.mechanism import Awarded, Cleared, Outcome


def cross(crossing: Crossing, instrument_id: InstrumentId, out: list[Outcome]) -> None:
    """Cross what stands and what was collected of an instrument at one price; what is left of it stands.

    Nothing at all happens if nothing was collected. Told are ``Cleared``; ``Awarded`` for every order with a part in
    it, by arrival; ``OrderRemoved`` for those that are used up; then ``Rested``, or ``OrderRemoved`` if it does not
    stand, for what is left of each collected order, by arrival.
    """
    if not (collected := crossing.holdings.collected(instrument_id)):
        return
    taking = _taking_part(crossing, instrument_id)
    found = _uncross(crossing, instrument_id, taking)
    out.append(Cleared(instrument_id, float(found.price), float(found.imbalance)))
    awards = [(held, power) for held, power in zip(taking, found.awards.tolist(), strict=True) if power]
    left = {held.number: crossing.remaining(held) - abs(power) for held, power in awards}
    for held, power in awards:
        _award(crossing, held, found.price, power, out)
    for held, _ in awards:
        _reduce(crossing, held, left[held.number], out)
    for held, _ in awards:
        crossing.drop_siblings(held.order, out)
    for held in collected:
        if crossing.holdings.get(held.order.order_id) is held:
            _enter(crossing, held, left.get(held.number, int(held.order.quantity)), out)


def indication(crossing: Crossing, instrument_id: InstrumentId) -> Uncrossing:
    """Return what a crossing at one price would lead to now."""
    return _uncross(crossing, instrument_id, _taking_part(crossing, instrument_id))


def _taking_part(crossing: Crossing, instrument_id: InstrumentId) -> list[Held]:
    """Return what stands and what was collected, by arrival, of every set the oldest only."""
    everyone = crossing.standing(instrument_id) + crossing.holdings.collected(instrument_id)
    return list(_oldest_of_sets(sorted(everyone, key=lambda held: held.number)))


def _oldest_of_sets(everyone: Iterable[Held]) -> Iterable[Held]:
    met: set[tuple[PartyId, str]] = set()
    for held in everyone:
        if (name := held.order.terms.one_of) is not None:
            if (held.order.party_id, name) in met:
                continue
            met.add((held.order.party_id, name))
        yield held


def _uncross(crossing: Crossing, instrument_id: InstrumentId, taking: list[Held]) -> Uncrossing:
    prices = [int(held.order.vertices[0].price) for held in taking]
    powers = [(-1 if buys(held.order) else 1) * crossing.remaining(held) for held in taking]
    return uncross(prices, powers, crossing.last_prices.get(instrument_id))


def _award(crossing: Crossing, held: Held, price: Steps, power: int, out: list[Outcome]) -> None:
    crossing.last_prices[held.order.instrument_id] = int(price)
    crossing.book_position(held.order, -power)
    out.append(Awarded(held.order.order_id, price, Steps(power)))


def _reduce(crossing: Crossing, held: Held, left: int, out: list[Outcome]) -> None:
    """Leave so much of an order: one that stands keeps its place, one that is used up goes."""
    if not left:
        crossing.remove(held.order.order_id, "matched", out)
    elif held.stands:
        crossing.book.reduce(held.number, left)


def _enter(crossing: Crossing, held: Held, left: int, out: list[Outcome]) -> None:
    """Let what is left of a collected order trade on, as its terms ask.

    Only one of a set can meet anybody here, for of a set one took part; all else crossed already.
    """
    crossing.holdings.remove(held.order.order_id)
    crossing.trade(held.order, held.number, left, out)
