"""A book that lives long: names come free again, instruments are dropped, small steps of the clock equal big ones."""

import gc
import json
import tracemalloc
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micromarket.domain.orders import Execution, Order, OrderTerms, Side, limit
from micromarket.domain.products import Product, Resource, StepGrid
from micromarket.errors import DuplicateOrder, UnknownInstrument
from micromarket.markets import registry
from micromarket.markets.book.calendar import Deliveries, Timetable
from micromarket.markets.book.curve_matching import CurveBook
from micromarket.markets.book.matching import OrderBook, Segment
from micromarket.markets.mechanism import OrderAccepted, OrderRefused

MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BUY, SELL = Side.BUY, Side.SELL
ENERGY = Product(Resource("energy", "street"), HOUR, StepGrid.of("0.001"), StepGrid.of("0.1"))
HOURS = Deliveries(ENERGY, MIDNIGHT, DAY, HOUR, 20 * HOUR, 2 * HOUR)


def order(name, instrument, side=BUY, price=10, quantity=5, **terms):
    return Order(name, f"party {name}", instrument, limit(side, price, quantity), OrderTerms(**terms))


def test_a_name_is_free_again_when_its_order_is_forgotten():
    """A day after the order was let go, by the event clock; until then the name is taken."""
    book = OrderBook(["noon"])
    book.expire(MIDNIGHT), book.submit(order("a", "noon")), book.cancel("a")
    other = order("a", "noon", SELL)

    book.expire(MIDNIGHT + DAY - timedelta(seconds=1))
    assert [DuplicateOrder] == [each.reason for each in book.submit(other)]
    book.expire(MIDNIGHT + DAY)
    assert OrderAccepted("a") == book.submit(other)[0]


@pytest.mark.parametrize("name", sorted(registry.names()))
def test_every_mechanism_forgets(name):
    """Names of orders that were cancelled, or cleared if it clears, are free a day later; that of one held is not."""
    market = registry.mechanism(name)(["noon"])
    market.expire(MIDNIGHT), market.submit(order("a", "noon")), market.cancel("a")
    market.submit(order("b", "noon")), market.clear()
    market.expire(MIDNIGHT + DAY)
    held = [DuplicateOrder] if market.depth("noon") else []

    assert [] == reasons(market.submit(order("a", "noon", SELL)))
    assert held == reasons(market.submit(order("b", "noon", quantity=6)))


def reasons(outcomes):
    return [each.reason for each in outcomes if isinstance(each, OrderRefused)]


def test_a_name_is_taken_while_its_order_is_held():
    """However long that is."""
    book = OrderBook(["noon"])
    book.expire(MIDNIGHT), book.submit(order("a", "noon")), book.expire(MIDNIGHT + 99 * DAY)

    assert [DuplicateOrder] == [each.reason for each in book.submit(order("a", "noon", SELL))]


def test_what_goes_before_the_clock_was_moved_counts_from_its_first_move():
    book = OrderBook(["noon"])
    book.submit(order("a", "noon")), book.cancel("a"), book.expire(MIDNIGHT)

    assert [DuplicateOrder] == [each.reason for each in book.submit(order("a", "noon", SELL))]
    book.expire(MIDNIGHT + DAY)
    assert OrderAccepted("a") == book.submit(order("a", "noon", SELL))[0]


def test_an_instrument_is_dropped_after_its_gate():
    """Then its name is unknown, and free; what it traded is forgotten."""
    book = OrderBook([], Segment(remembers=HOUR))
    book.open("one", MIDNIGHT), book.submit(order("a", "one")), book.submit(order("b", "one", SELL))
    book.expire(MIDNIGHT + HOUR)

    assert [UnknownInstrument] == [each.reason for each in book.submit(order("c", "one"))]
    book.open("one", MIDNIGHT + 3 * HOUR)
    assert 0 == book.position("party a", "one")


def live(book, days):
    """Let orders come to every hour that is open, some to be cancelled; stop every midnight."""
    for hour in range(24 * days):
        now = MIDNIGHT + hour * HOUR
        book.expire(now)
        for number, side in enumerate((BUY, SELL, BUY)):
            ends = now + (number + 1) * 99 * DAY
            book.submit(order(f"{hour}-{number}", HOURS.delivery(hour + 12)[0], side, 10 + number, good_till=ends))
        book.cancel(f"{hour}-2")
        if hour % 24 == 23:
            yield hour // 24


def kept(snapshot):
    """Return how many names, instruments and turns of the calendar a state holds, and the kernel's largest index."""
    state = json.loads(snapshot.partition(b"\n")[2])
    names, indices = len(state["seen"]["others"]), [index for _, index in state["indices"]]
    return names, len(state["gone"][1]), len(indices), len(state["calendar"]["turns"]), max(indices + state["free"])


def test_a_year_does_not_grow():
    """Every hour has its book, opened and closed by the calendar; from the third day on as much is kept every day."""
    book = OrderBook([], deliveries=[HOURS])
    days = [kept(book.snapshot()) for _ in live(book, 365)]

    assert {days[2]} == set(days[2:])
    assert max(days[2]) < 250


class Hourly:
    """A curve book of which its caller opens every hour a day ahead."""

    def __init__(self):
        self.book = CurveBook([])
        self.submit, self.cancel = self.book.submit, self.book.cancel

    def expire(self, now):
        """Move the clock and open the hour that begins a day later."""
        self.book.expire(now)
        name, times = HOURS.delivery((now - MIDNIGHT) // HOUR + 24)
        self.book.open(name, times.gate)


@pytest.mark.parametrize("create", [lambda: OrderBook([], deliveries=[HOURS]), Hourly], ids=["orders", "curves"])
def test_memory_does_not_grow(create):
    """What more days leave behind is nothing, though every order has a far end."""
    book, used = create(), []
    tracemalloc.start()
    for _ in live(book, 12):
        gc.collect()
        used.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()

    assert max(used[6:]) < 1.2 * max(used[3:6])


@given(hours=st.lists(st.integers(0, 40), min_size=1, max_size=6), parts=st.integers(2, 5))
def test_a_curve_book_too_may_be_moved_in_small_steps(hours, parts):
    """Where some orders end before their gates and some gates close before others' ends."""
    small, big = (CurveBook([], remembers=HOUR) for _ in range(2))
    for each in (small, big):
        for number, ahead in enumerate(hours):
            each.open(f"{number}", MIDNIGHT + (ahead + 1) * HOUR)
            each.submit(order(f"{number}", f"{number}", good_till=MIDNIGHT + (41 - ahead) * HOUR))
    told = [out for part in range(parts + 1) for out in small.expire(MIDNIGHT + 50 * HOUR * part / parts)]

    assert told == big.expire(MIDNIGHT + 50 * HOUR)
    assert small.snapshot() == big.snapshot()


moves = st.lists(st.integers(1, 400), min_size=1, max_size=8)
wishes = st.tuples(
    st.integers(0, 30), st.sampled_from(Side), st.integers(-3, 3), st.integers(1, 9), st.integers(0, 2000)
)


@given(moves=moves, wishes=st.lists(wishes, max_size=12), parts=st.integers(2, 9))
def test_many_small_steps_of_the_clock_equal_a_big_one(moves, wishes, parts):
    """Orders end, auctions open and close, deliveries come and go: outcomes and state are the same."""
    segment = Segment(remembers=2 * HOUR)
    small, big = (OrderBook([], segment, [HOURS]) for _ in range(2))
    for each in (small, big):
        each.schedule("long", Timetable(continuous=MIDNIGHT + 5 * HOUR, gate=MIDNIGHT + 9 * HOUR))
    now, told = MIDNIGHT - DAY, [[], []]
    for place, minutes in enumerate(moves):
        for one in [one for number, one in enumerate(wishes) if number % len(moves) == place]:
            made = wished(f"{place} {one}", now, one)
            assert small.submit(made) == big.submit(made)
        for part in range(1, parts + 1):
            told[0] += small.expire(now + timedelta(minutes=minutes) * part / parts)
        now += timedelta(minutes=minutes)
        told[1] += big.expire(now)

    assert told[0] == told[1]
    assert small.snapshot() == big.snapshot()


def wished(name, now, wish):
    """Return an order for one of the deliveries, or the long instrument, that ends some time."""
    delivery, side, price, quantity, minutes = wish
    target = HOURS.delivery(delivery)[0] if delivery % 3 else "long"
    execution = Execution.ALL_OR_NONE if minutes % 5 == 0 else Execution.STANDING
    ends = now + timedelta(minutes=minutes + 1)
    return order(name, target, side, price, quantity, execution=execution, good_till=ends)


def test_thousands_are_opened_and_closed_at_once():
    """One move of the clock brings a year of hours; only those that are still known are kept."""
    book = OrderBook([], deliveries=[HOURS])
    book.expire(MIDNIGHT + 365 * DAY)
    last, _ = HOURS.delivery(365 * 24 + 2)

    assert (True, False) == (book.trades(last), book.trades(HOURS.delivery(0)[0]))
    assert OrderAccepted("a") == book.submit(order("a", last))[0]


@pytest.mark.parametrize("hour", [0, 30, 77])
def test_a_restored_book_follows_the_same_calendar(hour):
    """With its deliveries given again."""
    first, second = (OrderBook([], deliveries=[HOURS]) for _ in range(2))
    first.expire(MIDNIGHT + hour * HOUR)
    first.submit(order("a", HOURS.delivery(hour + 12)[0]))
    second.restore(first.snapshot())

    assert first.expire(MIDNIGHT + 200 * HOUR) == second.expire(MIDNIGHT + 200 * HOUR)
    assert first.snapshot() == second.snapshot()
