"""Flows of calls for the contract that every mechanism keeps, whatever kinds of orders it takes."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import strategies as st

from micromarket.domain.orders import Order, OrderTerms, Side, Vertex, limit, market
from micromarket.markets import registry
from micromarket.markets.mechanism import Awarded, Matched, OrderKind

INSTRUMENTS = ("noon", "one", "two")
KINDS = (*["submit"] * 4, "amend", "cancel", "cancel_all", "expire", "clear")
MORNING = datetime(2026, 7, 6, 8, tzinfo=UTC)

every_mechanism = pytest.mark.parametrize("name", registry.names())


def create(name):
    """Return a mechanism of a name, for all instruments."""
    return registry.mechanism(name)(INSTRUMENTS)


def taking(kind):
    """Return the mark of a test that runs over every mechanism that takes a kind of orders."""
    return pytest.mark.parametrize("name", [name for name in registry.names() if kind in create(name).takes])


def at(minutes):
    """Return a time of the morning."""
    return MORNING + timedelta(minutes=minutes)


def order(order_id, side, price, quantity, instrument="noon", *, party=None, **terms):
    """Return a limit order, of a party of its own unless one is named."""
    return Order(
        order_id, party or f"party-{order_id}", instrument, limit(side, price, quantity), OrderTerms(**terms)
    )


def wish(mechanism, order_id, side, price, quantity, instrument="noon", *, party=None, **terms):  # noqa: PLR0917
    """Return an order that the mechanism can hold: a limit order, or else a curve about the same price."""
    step = order(order_id, side, price, quantity, instrument, party=party, **terms)
    if OrderKind.LIMIT in mechanism.takes:
        return step
    low, high = step.vertices
    return Order(
        order_id, step.party_id, instrument, [low, Vertex(high.price + type(price)(1), high.power)], step.terms
    )


SAMPLES = {
    OrderKind.LIMIT: limit(Side.BUY, 3, 5),
    OrderKind.MARKET: market(Side.BUY, 5),
    OrderKind.CURVE: (Vertex(1, -5), Vertex(4, -2), Vertex(4, 0)),
    OrderKind.BOTH_SIDES: (Vertex(1, -5), Vertex(4, 5)),
}
"""One order of every kind."""

limits = st.builds(limit, st.sampled_from(Side), st.integers(-6, 6), st.integers(1, 12))


@st.composite
def curves(draw):
    """Return vertices that rise: slopes, steps, inelastic ones, both sides at once."""
    count = draw(st.integers(1, 4))
    prices, powers = (sorted(draw(st.lists(st.integers(-b, b), min_size=count, max_size=count))) for b in (6, 12))
    return tuple(Vertex(*corner) for corner in zip(prices, powers, strict=True))


@st.composite
def calls(draw, vertices=limits, most=30):
    """Return calls in order: most of them submit; the others amend, cancel, let time pass and clear."""
    made = []
    for number in range(draw(st.integers(0, most))):
        kind = draw(st.sampled_from(KINDS))
        if kind == "submit":
            good_till = draw(st.none() | st.none() | st.integers(1, 60).map(at))
            where = f"p{draw(st.integers(0, 7))}", draw(st.sampled_from(INSTRUMENTS))
            made.append((kind, Order(f"o{number}", *where, draw(vertices), OrderTerms(good_till=good_till))))
        elif kind in {"amend", "cancel"}:
            named = (kind, f"o{draw(st.integers(0, number))}")
            made.append((*named, draw(vertices)) if kind == "amend" else named)
        else:
            made.append((kind, *{"cancel_all": (f"p{number % 8}",), "expire": (at(number),), "clear": ()}[kind]))
    return made


def play(mechanism, played):
    """Return every outcome of making the calls, in order."""
    return [outcome for name, *arguments in played for outcome in getattr(mechanism, name)(*arguments)]


def submitted(played):
    """Return the orders that were submitted, by name, and every curve each of them ever had."""
    orders = {call[1].order_id: call[1] for call in played if call[0] == "submit"}
    wished = defaultdict(list)
    for kind, *arguments in played:
        if kind == "submit":
            wished[arguments[0].order_id].append(arguments[0].vertices)
        elif kind == "amend":
            wished[arguments[0]].append(arguments[1])
    return orders, wished


def parts(outcomes, orders):
    """Return (order, price, signed power) of every part in a match or a clearing."""
    for outcome in outcomes:
        if isinstance(outcome, Awarded):
            yield orders[outcome.order_id], outcome.price, outcome.power
        elif isinstance(outcome, Matched):
            for each in (orders[outcome.standing_id], orders[outcome.aggressive_id]):
                yield each, outcome.price, outcome.quantity * (1 if sells(each, outcome, orders) else -1)


def sells(each, matched, orders):
    """Return whether an order is the seller of a match, by its own side or the other one's."""
    if each.side is not None:
        return each.side is Side.SELL
    (other,) = {matched.standing_id, matched.aggressive_id} - {each.order_id}
    return orders[other].side is Side.BUY


def matches_at_once(name):
    """Return whether a mechanism matches as orders come, rather than when it clears."""
    mechanism = create(name)
    mechanism.submit(order("a", Side.SELL, 1, 5))
    return any(isinstance(outcome, Matched) for outcome in mechanism.submit(order("b", Side.BUY, 1, 5)))
