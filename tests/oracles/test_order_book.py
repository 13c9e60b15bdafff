"""The order book against one by brute force: every outcome of very many random events, under every rule."""

from random import Random

import pytest

from micromarket.markets.admission import Collar, LargestQuantity, TradingState, no_self_trade
from micromarket.markets.book.matching import OrderBook, Segment, SelfTrading
from order_events import INSTRUMENTS, OrderEvents, at
from plain_book import PlainBook
from plain_rules import Limits
from told import told

OWNERS = {"p0": "house", "p1": "house"}
PRIORITIES = ("time", "volume", "pro_rata")
RUN = 250
"""Events of one run; the next starts with empty books."""


def both(random, priority, policy):
    """Return the two books with the same rules, some of them drawn."""
    gates = {"noon": at(random.randint(30, 90)), "one": None, "two": at(random.randint(30, 90))}
    limits = Limits(*(rule if random.random() < 0.3 else None for rule in ((-2, 2), 8, True)))
    rules = [Collar(*limits.collar)] if limits.collar else []
    rules += [LargestQuantity(limits.most)] if limits.most else []
    rules += [no_self_trade] if limits.apart else []
    ours = OrderBook([], Segment(priority, policy, tuple(rules), OWNERS))
    for each in INSTRUMENTS:
        ours.open(each, gates[each])
    return ours, PlainBook(priority, policy.value, OWNERS, gates.items(), limits)


def play(ours, plain, kind, *arguments):
    """Return what both tell of a call."""
    state = [TradingState(arguments[0]), *arguments[1:]] if kind == "set_state" else arguments
    return told(getattr(ours, kind)(*state)), getattr(plain, kind)(*arguments)


def standing(plain):
    """Return what stands in the plain book, as levels."""
    found = {}
    for each in plain.standing:
        place = each.order.instrument_id, each.order.side, each.price
        quantity, orders = found.get(place, (0, 0))
        found[place] = quantity + each.left, orders + 1
    return found


def depth(ours):
    """Return what stands in the book, as levels."""
    levels = [(each, level) for each in INSTRUMENTS for level in ours.depth(each)]
    return {(each, level.side, level.price): (level.quantity, level.orders) for each, level in levels}


@pytest.mark.parametrize("policy", SelfTrading)
@pytest.mark.parametrize("priority", PRIORITIES)
def test_every_outcome_equals_brute_force(priority, policy, oracle_events):
    """Whatever is submitted, amended, cancelled, halted or over: both tell the same, word for word."""
    events = -(-oracle_events // (len(PRIORITIES) * len(SelfTrading)))
    for run in range(0, events, RUN):
        random = Random(f"{priority} {policy} {run}")
        ours, plain = both(random, priority, policy)
        for call in OrderEvents(random).calls(min(RUN, events - run)):
            found, expected = play(ours, plain, *call)

            assert expected == found, (run, call)
        assert standing(plain) == depth(ours)
