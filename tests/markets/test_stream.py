"""The numbered stream: clones and mirrors end equal, whatever the network does."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micromarket.domain.ids import InstrumentId, OrderId, PartyId
from micromarket.domain.orders import Order, Side, Vertex, limit
from micromarket.errors import StreamBroken
from micromarket.markets import registry
from micromarket.markets.admission import TradingState
from micromarket.markets.book.calendar import Timetable
from micromarket.markets.stream import (
    Amend,
    Cancel,
    CancelAll,
    Clear,
    Expire,
    Message,
    Mirror,
    Publisher,
    Reject,
    Schedule,
    SetState,
    Submit,
    SubmitBlock,
    clone,
)

INSTRUMENTS = [InstrumentId("noon"), InstrumentId("evening")]
START = datetime(2026, 7, 6, tzinfo=UTC)
NAMES = sorted(registry.names())


def create(name):
    """Return a new mechanism of that name."""
    return registry.mechanism(name)(INSTRUMENTS)


def some_call(chance, number):
    """Return a call such as a market sees them."""
    order_id = OrderId(f"o{chance.randrange(max(number, 1))}")
    vertices = some_vertices(chance)
    party = PartyId(f"p{chance.randrange(5)}")
    submit = Submit(Order(OrderId(f"o{number}"), party, chance.choice(INSTRUMENTS), vertices))
    rest = [Amend(order_id, vertices), Cancel(order_id), CancelAll(party), Clear()]
    return submit if chance.random() < 0.7 else chance.choice([*rest, Expire(START + timedelta(minutes=number))])


def some_vertices(chance):
    """Return a limit order, or a slope with a part that goes only whole."""
    side, price, quantity = chance.choice(list(Side)), chance.randrange(90, 110), chance.randrange(1, 9)
    if chance.random() < 0.7:
        return limit(side, price, quantity)
    slope = Vertex(price, 0), Vertex(price + side.value * 5, side.value * quantity)
    return (*slope, Vertex(price + side.value * 8, side.value * (quantity + 2), divisible=False))[:: side.value]


def calls_of_its_own(name, chance, number):
    """Return a call that only this mechanism has, or none."""
    legs = tuple(
        Order(OrderId(f"o{number}-{each}"), PartyId("p"), each, limit(Side.BUY, 100, 3)) for each in INSTRUMENTS
    )
    gate = START + timedelta(minutes=number + 9)
    state = SetState(chance.choice([*TradingState, TradingState.ACTIVE]), chance.choice([*INSTRUMENTS, None]))
    return {
        "order_book": [SubmitBlock(legs), state, Schedule(InstrumentId(f"i{number}"), Timetable(gate=gate))],
        "block_auction": [SubmitBlock(legs)],
        "offers": [Reject(OrderId(f"o{chance.randrange(number + 1)}"), PartyId("p1"))],
    }.get(name, [])


def next_call(name, chance, number):
    """Return a call to that mechanism."""
    own = calls_of_its_own(name, chance, number)
    return chance.choice(own) if own and chance.random() < 0.1 else some_call(chance, number)


def published(name, calls, seed=1):
    """Return a publisher that has made so many calls."""
    chance, publisher = random.Random(seed), Publisher(create(name))
    for number in range(calls):
        publisher.make(next_call(name, chance, number))
    return publisher


@pytest.mark.parametrize("name", NAMES)
def test_a_mirror_survives_a_bad_network(name):
    """1 % dropped, doubled and reordered: with what was dropped asked for again, the mirror ends equal."""
    publisher, chance = published(name, 400), random.Random(2)
    messages = [m for m in publisher.after(0) for _ in range(1 + (chance.random() < 0.01)) if chance.random() > 0.01]
    for _ in range(len(messages) // 100):
        a, b = chance.randrange(len(messages)), chance.randrange(len(messages))
        messages[a], messages[b] = messages[b], messages[a]
    mirror = Mirror(create(name))
    for message in [*messages, *publisher.after(0)]:
        mirror.receive(message)

    assert publisher.snapshot().state == mirror.mechanism.snapshot()


@pytest.mark.parametrize("name", NAMES)
@given(st.integers(0, 60))
def test_any_moment_can_be_cloned(name, moment):
    """The book as it was after a message equals the live one at that time."""
    live = published(name, moment)

    assert live.snapshot().state == clone(lambda: create(name), published(name, 60).after(0), moment).snapshot()


@pytest.mark.parametrize("name", NAMES)
def test_a_late_reader_joins_from_a_snapshot(name):
    """Snapshot and the next number on: no gap."""
    publisher = published(name, 50)
    mirror = Mirror(create(name), publisher.snapshot())
    chance = random.Random(3)
    for number in range(50, 80):
        publisher.make(next_call(name, chance, number))
    for message in publisher.after(mirror.number):
        mirror.receive(message)

    assert publisher.snapshot().state == mirror.mechanism.snapshot()


def test_says_what_is_missing():
    """After 1, 2 and 5 came, 3 and 4 are waited for."""
    messages = published("double_auction", 5).after(0)
    mirror = Mirror(create("double_auction"))
    for number in (0, 1, 4):
        mirror.receive(messages[number])

    assert range(3, 5) == mirror.missing


def test_a_stream_with_a_gap_is_no_clone():
    """A clone is never silently older than asked for."""
    messages = [m for m in published("double_auction", 5).after(0) if m.number != 3]

    with pytest.raises(StreamBroken, match="message 3"):
        clone(lambda: create("double_auction"), messages)


def test_an_engine_that_answers_otherwise_is_noticed():
    """A changed rule or a broken state does not go unseen."""
    message = published("double_auction", 1).after(0)[0]

    with pytest.raises(StreamBroken, match="answers otherwise"):
        Mirror(create("double_auction")).receive(Message(1, message.call, "something else"))
