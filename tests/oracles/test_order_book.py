"""The order book against one by brute force: every outcome of very many random events, under every rule."""

from random import Random

import pytest

from micromarket.markets.admission import Collar, LargestQuantity, TradingState, no_self_trade
from micromarket.markets.book.calendar import Timetable
from micromarket.markets.book.matching import OrderBook, Segment, SelfTrading
from order_events import INSTRUMENTS, PARTIES, OrderEvents, at
from plain_book import PlainBook
from plain_rules import Limits, Times
from told import told

OWNERS = {"p0": "house", "p1": "house"}
PRIORITIES = ("time", "volume", "pro_rata")
RUN = 250
"""Events of one run; the next starts with empty books."""


def both(random, priority, policy):
    """Return the two books with the same rules, some of them drawn."""
    times = {each: timetable(random) for each in INSTRUMENTS}
    limits = Limits(*(rule if random.random() < 0.3 else None for rule in ((-2, 2), 8, True)))
    rules = [Collar(*limits.collar)] if limits.collar else []
    rules += [LargestQuantity(limits.most)] if limits.most else []
    rules += [no_self_trade] if limits.apart else []
    ours = OrderBook([], Segment(priority, policy, tuple(rules), OWNERS))
    for each in INSTRUMENTS:
        ours.schedule(each, Timetable(*times[each]))
    return ours, PlainBook(priority, policy.value, OWNERS, times.items(), limits)


def timetable(random):
    """Return when an instrument opens and closes, with or without auctions."""
    opens, continuous, closing, gate = (
        at(random.randint(low, low + 12)) if random.random() < likely else None
        for low, likely in ((1, 0.2), (14, 0.5), (30, 0.6), (45, 0.7))
    )
    return Times(opens, continuous, closing if gate else None, gate)


def play(ours, plain, kind, *arguments):
    """Return what both tell of a call."""
    state = [TradingState(arguments[0]), *arguments[1:]] if kind == "set_state" else arguments
    return told(getattr(ours, kind)(*state)), getattr(plain, kind)(*arguments)


def plain_state(plain):
    """Return what stands in the plain book as levels, and who bought or sold how much."""
    found = {}
    for each in plain.standing:
        place = each.order.instrument_id, each.order.side, each.price
        quantity, orders = found.get(place, (0, 0))
        found[place] = quantity + each.left, orders + 1
    positions = {place: bought for place, bought in plain.positions.items() if bought}
    return found, positions


def state(ours):
    """Return what stands in the book as levels, and who bought or sold how much."""
    levels = [(each, level) for each in INSTRUMENTS for level in ours.depth(each)]
    places = [(party, each) for party in PARTIES for each in INSTRUMENTS]
    positions = {place: bought for place in places if (bought := ours.position(*place))}
    return {(each, level.side, level.price): (level.quantity, level.orders) for each, level in levels}, positions


@pytest.mark.parametrize("policy", SelfTrading)
@pytest.mark.parametrize("priority", PRIORITIES)
def test_every_outcome_equals_brute_force(priority, policy, oracle_events):
    """Whatever is submitted, amended, cancelled, halted, collected or over: both tell the same, word for word."""
    events = -(-oracle_events // (len(PRIORITIES) * len(SelfTrading)))
    for run in range(0, events, RUN):
        random = Random(f"{priority} {policy} {run}")
        ours, plain = both(random, priority, policy)
        for call in OrderEvents(random).calls(min(RUN, events - run)):
            found, expected = play(ours, plain, *call)

            assert expected == found, (run, call)
        assert plain_state(plain) == state(ours)
