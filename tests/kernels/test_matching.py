"""The order book, compiled and plain, against a page of plain Python that looks at every order each time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micromarket.errors import InvalidValue
from micromarket.kernels.matching import EVENT, PRIORITIES, RESTING, TRADE, Book, Kind, PlainBook, digest

BOOKS = pytest.mark.parametrize("book_type", [Book, PlainBook], ids=["in_use", "plain"])
BY_PRIORITY = pytest.mark.parametrize("priority", PRIORITIES)
BUY, SELL = 0, 1


class Oracle:
    """Every order in one list by arrival, looked through anew at each event."""

    def __init__(self, priority="time"):
        self.priority, self.standing, self.trades = priority, [], []

    def take(self, kind, side, instrument, price, quantity, order_id):  # noqa: PLR0917
        """Take one event."""
        mine = [order for order in self.standing if order["id"] == order_id]
        if kind in (Kind.CANCEL, Kind.REPLACE):
            if not mine:
                return
            instrument, side = mine[0]["instrument"], mine[0]["side"]
            if kind == Kind.REPLACE and mine[0]["price"] == price and quantity <= mine[0]["left"]:
                mine[0]["left"] = quantity
                return
            self.standing.remove(mine[0])
            if kind == Kind.CANCEL:
                return
        elif mine:
            return
        others = [o for o in self.standing if o["instrument"] == instrument and o["side"] != side]
        others = [o for o in others if (o["price"] <= price if side == BUY else o["price"] >= price)]
        if kind == Kind.AON and sum(order["left"] for order in others) < quantity:
            return
        for best in sorted({order["price"] for order in others}, reverse=side == SELL):
            quantity -= self.match([o for o in others if o["price"] == best], quantity, order_id)
        if quantity and kind in (Kind.NEW, Kind.REPLACE):
            entry = {"id": order_id, "instrument": instrument, "side": side, "price": price, "left": quantity}
            self.standing.append(entry)

    def match(self, level, wanted, taker):
        """Trade with orders at one price; return how much."""
        whole, taken = sum(order["left"] for order in level), 0
        if self.priority == "volume":
            level = sorted(level, key=lambda order: -order["left"])
        if self.priority == "pro_rata" and wanted < whole:
            parts = [wanted * order["left"] // whole for order in level]
            parts = [part + (place < wanted - sum(parts)) for place, part in enumerate(parts)]
        else:
            parts = [order["left"] for order in level]
        for order, part in zip(level, parts, strict=True):
            quantity = min(part, wanted - taken)
            if quantity:
                self.trades.append((taker, order["id"], order["price"], quantity))
                order["left"] -= quantity
                taken += quantity
        self.standing = [order for order in self.standing if order["left"]]
        return taken

    def resting(self):
        """Return the standing orders as the file of a resting book has them."""
        rows = [(o["instrument"], o["side"], o["price"], o["left"], o["id"]) for o in self.standing]
        return np.array(sorted(rows, key=lambda r: (r[0], r[1], r[2] if r[1] else -r[2])), dtype=RESTING)


def random_events(count, seed, prices=6, instruments=2, sparse=False):
    """Return events of every kind, half of them crossing, some of unknown, finished and standing orders."""
    chance = np.random.default_rng(seed)
    events = np.zeros(count, dtype=EVENT)
    events["kind"] = chance.choice(5, count, p=[0.55, 0.2, 0.05, 0.05, 0.15])
    events["side"], events["instrument"] = chance.integers(0, 2, count), chance.integers(0, instruments, count)
    events["price"], events["quantity"] = chance.integers(-prices, prices, count), chance.integers(1, 12, count)
    ids = np.arange(1, count + 1)
    named = np.maximum(1, ids - chance.integers(0, 40, count))
    events["order_id"] = np.where(np.isin(events["kind"], (1, 4)) | (chance.random(count) < 0.03), named, ids)
    if sparse:
        events["order_id"] = events["order_id"] * 6364136223846793005 % (2**62) + 1
    return events


def told(priority, events):
    """Return the oracle after some events."""
    oracle = Oracle(priority)
    for kind, side, _, instrument, price, quantity, order_id in events.tolist():
        oracle.take(kind, side, instrument, price, quantity, order_id)
    return oracle


def outcome(book, events):
    """Return digests of the trades and of the resting book."""
    return digest(book.replay(events)), digest(book.orders())


@BOOKS
@BY_PRIORITY
@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
def test_every_kind_of_event_ends_as_the_oracle_says(book_type, priority, sparse):
    """Ten thousand random events: the same trades in the same order, the same book."""
    events = random_events(10_000, seed=5, sparse=sparse)
    oracle = told(priority, events)

    expected = digest(np.array(oracle.trades, dtype=TRADE)), digest(oracle.resting())

    assert expected == outcome(book_type(priority), events)


@BY_PRIORITY
@given(seed=st.integers(0, 2**32), prices=st.integers(1, 40), instruments=st.integers(1, 5))
@settings(max_examples=25, deadline=None)
def test_any_events_end_as_the_oracle_says(priority, seed, prices, instruments):
    """Shallow and deep books, one instrument or more."""
    events = random_events(150, seed, prices, instruments)
    oracle = told(priority, events)
    expected = digest(np.array(oracle.trades, dtype=TRADE)), digest(oracle.resting())

    assert [expected] * 2 == [outcome(kind(priority), events) for kind in (Book, PlainBook)]


@BY_PRIORITY
@pytest.mark.parametrize(
    ("prices", "instruments"), [(60, 7), (2**30, 7), (60, 5000)], ids=["dense", "sparse", "many instruments"]
)
def test_the_plain_twin_equals_the_compiled_book(priority, prices, instruments):
    """Fifty thousand events: prices close together or far apart, few instruments or thousands."""
    events = random_events(50_000, 6, prices, instruments)

    assert outcome(PlainBook(priority), events) == outcome(Book(priority), events)


@BY_PRIORITY
def test_a_ladder_of_any_size_among_thousands_is_as_the_plain_twin_says(priority):
    """Half of the events on one instrument of a hundred prices and more, the rest on thousands of small ones."""
    events = random_events(50_000, 6, prices=60, instruments=5000)
    events["instrument"][::2] = 17

    assert outcome(PlainBook(priority), events) == outcome(Book(priority), events)


@BY_PRIORITY
def test_a_ladder_keeps_its_order_as_it_grows_and_shrinks(priority):
    """One level after another, from none to thirty and back, in no order of price."""
    places = [7 * place % 30 for place in range(30)]
    book = Book(priority)
    prices = []
    for place in places:
        book.add(0, BUY, 100 + place, 1, place + 1)
        prices.append([price for price, _, _ in book.depth(0, BUY)])
    for place in places:
        book.cancel(place + 1)
        prices.append([price for price, _, _ in book.depth(0, BUY)])

    standing = [places[:count] for count in range(1, 31)] + [places[count:] for count in range(1, 31)]
    assert [sorted((100 + place for place in those), reverse=True) for those in standing] == prices


@BOOKS
@BY_PRIORITY
def test_calls_equal_the_batch(book_type, priority):
    """Both doors lead to the same trades and the same book."""
    events, book, trades = random_events(3000, seed=7), book_type(priority), []
    for kind, side, _, instrument, price, quantity, order_id in events.tolist():
        if kind == Kind.CANCEL:
            book.cancel(order_id)
        elif kind == Kind.REPLACE:
            trades += [(order_id, *trade) for trade in book.replace(order_id, price, quantity)]
        else:
            trades += [(order_id, *trade) for trade in book.add(instrument, side, price, quantity, order_id, kind)]

    assert outcome(book_type(priority), events) == (digest(np.array(trades, dtype=TRADE)), digest(book.orders()))


@BOOKS
@BY_PRIORITY
def test_a_snapshot_at_any_event_and_the_rest_make_the_whole(book_type, priority):
    """Also when the snapshot is opened by the other kind of book."""
    events, whole = random_events(2000, seed=8), book_type(priority)
    trades = whole.replay(events)
    ends = []
    for cut in range(0, 2001, 125):
        first = book_type(priority)
        before = first.replay(events[:cut])
        for other in (Book, PlainBook):
            second = other.restore(first.snapshot())
            after = second.replay(events[cut:])
            ends.append((digest(np.concatenate([before, after])), second.snapshot() == whole.snapshot()))

    assert {(digest(trades), True)} == set(ends)


@BOOKS
@BY_PRIORITY
def test_no_book_is_left_crossed_and_nothing_is_lost(book_type, priority):
    """What was added is what traded twice, was canceled, or stands."""
    events = random_events(5000, seed=9, instruments=1)
    events["kind"][events["kind"] != Kind.CANCEL] = Kind.NEW
    events["order_id"][events["kind"] == Kind.NEW] = 1 + np.flatnonzero(events["kind"] == Kind.NEW)
    book, canceled, traded = book_type(priority), 0, 0
    for event in events:
        if event["kind"] == Kind.CANCEL:
            canceled += book.remaining(int(event["order_id"]))
        traded += book.replay(event.reshape(1))["quantity"].sum()
    stands = book.orders()["quantity"].sum()

    assert events["quantity"][events["kind"] == Kind.NEW].sum() == 2 * traded + canceled + stands
    assert book.depth(0, BUY)[0][0] < book.depth(0, SELL)[0][0]


# What Parity's matching does, case by case.


@BOOKS
@pytest.mark.parametrize("side", [BUY, SELL])
def test_parity_an_order_that_meets_none_is_added(book_type, side):
    """It stands with its price and quantity."""
    book = book_type()

    assert ([], (3, side, 1000, 100)) == (book.add(3, side, 1000, 100, 1), book.order(1))


@BOOKS
@pytest.mark.parametrize("side", [BUY, SELL])
def test_parity_a_full_fill_leaves_neither(book_type, side):
    """Aggressive and standing order are both gone."""
    book = book_type()
    book.add(0, 1 - side, 1000, 100, 1)

    assert ([(1, 1000, 100)], 0) == (book.add(0, side, 1000, 100, 2), len(book))


@BOOKS
@pytest.mark.parametrize("side", [BUY, SELL])
def test_parity_a_partial_fill_keeps_the_standing_orders_place(book_type, side):
    """The older one goes on trading first."""
    book = book_type()
    book.add(0, 1 - side, 1000, 100, 1)
    book.add(0, 1 - side, 1000, 100, 2)
    first = book.add(0, side, 1000, 60, 3)

    assert ([(1, 1000, 60)], [(1, 1000, 40), (2, 1000, 10)]) == (first, book.add(0, side, 1000, 50, 4))


@BOOKS
def test_parity_what_is_left_of_an_aggressive_order_is_added(book_type):
    """At its own price, on its own side."""
    book = book_type()
    book.add(0, SELL, 1000, 100, 1)
    book.add(0, BUY, 1001, 150, 2)

    assert [(1001, 50, 1)] == book.depth(0, BUY)


@BOOKS
def test_parity_a_multi_level_fill_takes_the_best_price_first_at_the_standing_prices(book_type):
    """Nobody pays more than what stands."""
    book = book_type()
    book.add(0, SELL, 1001, 100, 1)
    book.add(0, SELL, 1000, 100, 2)

    assert [(2, 1000, 100), (1, 1001, 50)] == book.add(0, BUY, 1005, 150, 3)


@BOOKS
def test_parity_a_reduced_order_keeps_its_place(book_type):
    """Only the quantity changes."""
    book = book_type()
    book.add(0, SELL, 1000, 100, 1)
    book.add(0, SELL, 1000, 100, 2)
    removed = book.reduce(1, 30)

    assert (70, [(1, 1000, 30), (2, 1000, 20)]) == (removed, book.add(0, BUY, 1000, 50, 3))


@BOOKS
def test_parity_reducing_to_nothing_cancels_and_to_more_does_nothing(book_type):
    """A new size of 0 is a full cancel; one not below what is left is no change."""
    book = book_type()
    book.add(0, SELL, 1000, 100, 1)

    assert (0, 0, 100, 0) == (book.reduce(1, 100), book.reduce(1, 300), book.reduce(1, 0), len(book))


@BOOKS
def test_parity_canceling_an_unknown_or_finished_order_does_nothing(book_type):
    """Neither an error nor a change."""
    book = book_type()
    book.add(0, SELL, 1000, 100, 1)
    book.add(0, BUY, 1000, 100, 2)

    assert (0, 0, 0, [], 0) == (book.cancel(1), book.cancel(7), book.reduce(2, 1), book.replace(1, 5, 5), len(book))


@BOOKS
def test_parity_an_identifier_that_stands_is_ignored(book_type):
    """The first order stays as it was."""
    book = book_type()
    book.add(0, SELL, 1000, 100, 1)

    assert ([], (0, SELL, 1000, 100)) == (book.add(0, BUY, 2000, 50, 1), book.order(1))


# The other kinds and priorities.


@BOOKS
def test_immediate_orders_never_stand(book_type):
    """What an IOC cannot take is dropped; an AON that cannot take all takes nothing."""
    book = book_type()
    book.add(0, SELL, 1000, 100, 1)
    none = book.add(0, BUY, 1000, 101, 2, Kind.AON)
    all_of_it = book.add(0, BUY, 1000, 40, 3, Kind.AON)

    assert ([], [(1, 1000, 40)], [(1, 1000, 60)]) == (none, all_of_it, book.add(0, BUY, 1000, 90, 4, Kind.IOC))
    assert 0 == len(book)


@BOOKS
def test_volume_priority_follows_what_is_left(book_type):
    """The largest trades first until another is larger; of equals the oldest."""
    book = book_type("volume")
    for order_id, quantity in ((1, 5), (2, 9), (3, 5)):
        book.add(0, SELL, 10, quantity, order_id)
    first = book.add(0, BUY, 10, 5, 4)

    assert ([(2, 10, 5)], [(1, 10, 5), (3, 10, 5), (2, 10, 2)]) == (first, book.add(0, BUY, 10, 12, 5))


@BOOKS
def test_pro_rata_rounds_down_and_gives_the_rest_to_the_oldest(book_type):
    """Seven lots over 5, 9 and 5: shares 1, 3 and 1; two lots over go to the first two."""
    book = book_type("pro_rata")
    for order_id, quantity in ((1, 5), (2, 9), (3, 5)):
        book.add(0, SELL, 10, quantity, order_id)

    assert [(1, 10, 2), (2, 10, 4), (3, 10, 1)] == book.add(0, BUY, 10, 7, 4)


@BOOKS
def test_prices_reach_to_both_ends(book_type):
    """Every 32-bit price has its place, on both sides."""
    low, high = -(2**31), 2**31 - 1
    book = book_type()
    for order_id, side, price in ((1, BUY, low), (2, SELL, high), (3, BUY, -1), (4, SELL, 0)):
        book.add(0, side, price, 1, order_id)

    assert ([(-1, 1, 1), (low, 1, 1)], [(0, 1, 1), (high, 1, 1)]) == (book.depth(0, BUY), book.depth(0, SELL))


@BOOKS
def test_a_peek_says_what_would_trade(book_type):
    """The next standing order, and all that a price reaches."""
    book = book_type("volume")
    for order_id, price, quantity in ((1, 10, 5), (2, 10, 9), (3, 11, 5)):
        book.add(0, SELL, price, quantity, order_id)

    assert ((2, 10, 9), 14, 19, 0) == (
        book.front(0, SELL),
        book.available(0, BUY, 10),
        book.available(0, BUY, 99),
        book.available(0, SELL, 0),
    )


@BOOKS
@pytest.mark.parametrize(
    "wrong",
    [
        (0, 2, 1, 1, 1, 0),
        (0, 0, 1, 0, 1, 0),
        (0, 0, 1, -1, 1, 0),
        (0, 0, 2**31, 1, 1, 0),
        (0, 0, 1, 2**31, 1, 0),
        (0, 0, 1, 1, 0, 0),
        (0, 0, 1, 1, 1, 1),
        (-1, 0, 1, 1, 1, 0),
        (2**24, 0, 1, 1, 1, 0),
    ],
    ids=["side", "zero", "negative", "price", "quantity", "id", "kind", "instrument", "instruments"],
)
def test_a_number_out_of_range_is_refused_by_name(book_type, wrong):
    """And nothing changes."""
    book = book_type()
    with pytest.raises(InvalidValue):
        book.add(*wrong)

    assert book_type().snapshot() == book.snapshot()


@BOOKS
@pytest.mark.parametrize(("field", "value"), [("kind", 5), ("side", 2), ("quantity", 0), ("order_id", 0)])
def test_a_batch_with_one_wrong_event_is_refused_whole(book_type, field, value):
    """The message says which event it is."""
    events, book = random_events(50, seed=1), book_type()
    events["kind"][49] = Kind.NEW
    events[field][49] = value
    with pytest.raises(InvalidValue, match="event 49"):
        book.replay(events)

    assert 0 == len(book)


@BOOKS
def test_bytes_that_are_no_snapshot_are_refused(book_type):
    """Cut, altered, out of order or crossed."""
    book = book_type()
    for order_id, price in ((1, 10), (2, 9)):
        book.add(0, BUY, price, 5, order_id)
    good = book.snapshot()
    head, first, second = good[:16], good[16:40], good[40:]
    crossed = head + first + second[:4] + b"\1" + second[5:]
    for bad in (b"", good[:-1], b"x" + good[1:], head + second + first, head + first + first, crossed):
        with pytest.raises(InvalidValue):
            book_type.restore(bad)


@BOOKS
def test_many_orders_canceled_far_from_the_best_price_are_forgotten(book_type):
    """Ten thousand at one price come and go; the one that stays still trades."""
    book = book_type()
    book.add(0, SELL, 10, 1, 1)
    for order_id in range(2, 12_000):
        book.add(0, SELL, 11, 1, order_id)
        book.cancel(order_id)

    assert ([(10, 1, 1)], [(1, 10, 1)]) == (book.depth(0, SELL), book.add(0, BUY, 12, 1, 20_000))
