"""Public market data: the book as the stream tells it equals the book as it stands."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from micromarket.domain.ids import InstrumentId, OrderId, PartyId
from micromarket.domain.orders import Execution, Order, OrderTerms, Side, Vertex, limit
from micromarket.errors import InvalidValue
from micromarket.markets import registry
from micromarket.markets.admission import TradingState
from micromarket.markets.book.curve_matching import CurveBook, Priority
from micromarket.markets.market_data import BookFeed, Candle, LevelChanged, Trade, candles, ticker

NOON = InstrumentId("noon")
START = datetime(2026, 7, 6, 12, tzinfo=UTC)


def order(name, side, price, quantity):
    """Return a limit order of a party of its own."""
    return Order(OrderId(name), PartyId(f"owner of {name}"), NOON, limit(side, price, quantity))


@pytest.fixture
def book():
    """An empty order book."""
    return registry.mechanism("order_book")([NOON])


def test_an_order_that_rests_makes_a_level(book):
    """One message: so much stands at that price now."""
    resting = order("a", Side.SELL, 100, 5)

    told = BookFeed().submitted(resting, START, book.submit(resting))

    assert [LevelChanged(1, NOON, Side.SELL, 100, 5)] == told


def test_a_match_is_a_trade_and_a_smaller_level(book):
    """The tape names price, quantity and who came; the level shrinks."""
    feed, resting, coming = BookFeed(), order("a", Side.SELL, 100, 5), order("b", Side.BUY, 101, 2)
    feed.submitted(resting, START, book.submit(resting))

    told = feed.submitted(coming, START, book.submit(coming))

    assert [Trade(2, START, NOON, Side.BUY, 100, 2), LevelChanged(3, NOON, Side.SELL, 100, 3)] == told


@pytest.mark.parametrize("seed", range(20))
def test_the_stream_tells_the_whole_book(book, seed):
    """After hundreds of calls, auctions too, the levels equal the depth of the book, and no number is missing."""
    chance, feed, told = random.Random(seed), BookFeed(), []
    for number in range(400):
        at = START + timedelta(seconds=number)
        name = OrderId(f"o{chance.randrange(max(number, 1))}")
        vertices = limit(chance.choice(list(Side)), chance.randrange(95, 106), chance.randrange(1, 9))
        draw = chance.random()
        if draw < 0.6:
            coming = Order(OrderId(f"o{number}"), PartyId(f"p{number}"), NOON, vertices)
            told += feed.submitted(coming, at, book.submit(coming))
        elif draw < 0.64:
            state = TradingState.COLLECTING if draw < 0.62 else TradingState.ACTIVE
            told += feed.followed(at, book.set_state(state))
        elif draw < 0.8:
            told += feed.amended(name, vertices, at, book.amend(name, vertices))
        else:
            told += feed.followed(at, book.cancel(name))

    assert {(level.side, level.price): level.quantity for level in book.depth(NOON)} == feed.levels(NOON)
    assert list(range(1, feed.number + 1)) == [message.number for message in told]


@pytest.mark.parametrize("priority", Priority)
@pytest.mark.parametrize("seed", range(10))
def test_the_stream_tells_a_book_of_curves(seed, priority):
    """Slopes, steps and whole segments, matched in part, amended and cancelled: the levels are those of the depth."""
    chance, feed, book, told = random.Random(seed), BookFeed(), CurveBook([NOON], priority), []
    for number in range(200):
        at, name = START + timedelta(seconds=number), f"o{chance.randrange(max(number, 1))}"
        prices, powers = sorted(chance.choices(range(-8, 9), k=3)), sorted(chance.choices(range(9), k=2))
        side = chance.choice((1, -1))
        corners = zip(prices, [0, powers[0], powers[1] + 1], strict=True)
        wish = [Vertex(side * price, side * power, chance.random() < 0.8) for price, power in corners][::side]
        coming = Order(f"o{number}", f"p{number}", NOON, wish)
        if chance.random() < 0.7:
            told += feed.submitted(coming, at, book.submit(coming))
        elif chance.random() < 0.5:
            told += feed.amended(name, wish, at, book.amend(name, wish))
        else:
            told += feed.followed(at, book.cancel(name))

        assert {(level.side, level.price): level.quantity for level in book.depth(NOON)} == feed.levels(NOON)
    assert list(range(1, feed.number + 1)) == [message.number for message in told]


def test_a_slope_is_traded_step_by_step():
    """Two of its steps go, at the price of the second; the first level is gone, the second smaller."""
    feed, book = BookFeed(), CurveBook([NOON])
    slope = Order("wind", "p", NOON, (Vertex(10, 0), Vertex(12, 6)))
    feed.submitted(slope, START, book.submit(slope))
    coming = order("b", Side.BUY, 11, 2)
    told = feed.submitted(coming, START, book.submit(coming))

    assert [Trade(3, START, NOON, Side.BUY, 11, 2), LevelChanged(4, NOON, Side.SELL, 11, 1)] == told
    assert {NOON: told[0]} == ticker(each for each in told if isinstance(each, Trade))


def test_an_order_of_a_block_that_waits_alone_is_traded_too(book):
    """It meets one that goes only whole; neither was in any level."""
    feed, leg = BookFeed(), order("leg", Side.SELL, 10, 5)
    whole = replace(order("whole", Side.BUY, 10, 5), terms=OrderTerms(Execution.ALL_OR_NONE))
    feed.submitted_block([leg], START, book.submit_block([leg]))

    assert [Trade(1, START, NOON, Side.BUY, 10, 5)] == feed.submitted(whole, START, book.submit(whole))


def trade(minute, price, quantity):
    """Return a trade some minutes after the start."""
    return Trade(0, START + timedelta(minutes=minute), NOON, Side.BUY, price, quantity)


def test_candles_summarize_half_open_stretches():
    """A trade at the quarter belongs to the quarter that begins; a quarter without trades has no candle."""
    trades = [trade(0, 10, 1), trade(14, 8, 2), trade(15, 9, 3), trade(50, 7, 1)]

    made = candles(trades, timedelta(minutes=15))

    assert [
        Candle(START, 10, 10, 8, 8, 3, 2),
        Candle(START + timedelta(minutes=15), 9, 9, 9, 9, 3, 1),
        Candle(START + timedelta(minutes=45), 7, 7, 7, 7, 1, 1),
    ] == made


def test_the_ticker_shows_the_last_trade():
    """One line for each instrument."""
    last = trade(5, 11, 1)

    assert {NOON: last} == ticker([trade(0, 10, 1), last])


def test_a_candle_lasts_some_time():
    """Nothing fits into no time."""
    with pytest.raises(InvalidValue, match="lasts some time"):
        candles([], timedelta(0))
