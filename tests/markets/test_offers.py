"""Posted prices, quotes and bilateral tenders: who may take what, exact quantities, named refusals."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micromarket.domain.orders import Side
from micromarket.errors import (
    DuplicateOrder,
    InvalidValue,
    NaiveTime,
    NotAddressed,
    NotEnough,
    NotSupported,
    NotTheOwner,
    NotTradeable,
    OffGrid,
    OrderExpired,
    SelfTrade,
    TooLarge,
    UnknownInstrument,
    UnknownOffer,
    ZeroQuantity,
)
from micromarket.markets.bilateral import BilateralMarket
from micromarket.markets.mechanism import OrderAccepted, OrderRefused, OrderRemoved
from micromarket.markets.offers import Agreed, Offer
from micromarket.markets.posted_price import PostedPrices
from micromarket.markets.quotes import QuoteMarket, QuoteRequest

MORNING = datetime(2026, 7, 6, 6, tzinfo=UTC)


def at(minutes):
    return MORNING + timedelta(minutes=minutes)


def offer(offer_id="a", owner="roof", *, side=Side.SELL, price=20, quantity=50, instrument="noon", **terms):
    return Offer(offer_id, owner, instrument, side, price, quantity, **terms)


def only(*parties):
    return frozenset(parties)


def reasons(outcomes):
    return [outcome.reason for outcome in outcomes if isinstance(outcome, OrderRefused)]


@pytest.fixture
def posted():
    market = PostedPrices(["noon", "one"])
    market.expire(MORNING)
    return market


@pytest.fixture
def quotes():
    market = QuoteMarket(["noon", "one"])
    market.expire(MORNING)
    return market


@pytest.fixture
def bilateral():
    market = BilateralMarket(["noon", "one"])
    market.expire(MORNING)
    return market


def test_a_post_is_taken_until_it_is_gone(posted):
    """Two takers share a post; the second takes what is left, and the post goes."""
    posted.post(offer())

    assert [Agreed("a", "noon", "roof", "car", 20, 10)] == posted.take("a", "car", 10)
    assert [40] == [post.quantity for post in posted.posts("noon", Side.SELL)]
    assert [Agreed("a", "noon", "roof", "tank", 20, 40), OrderRemoved("a", "taken")] == posted.take("a", "tank")


def test_a_buyer_may_post_too(posted):
    """Who takes from a buyer's post sells."""
    posted.post(offer(owner="car", side=Side.BUY))

    assert [Agreed("a", "noon", "roof", "car", 20, 3)] == posted.take("a", "roof", 3)


def test_posts_best_price_first(posted):
    """A taker sees the cheapest seller first and the best paying buyer first, the older of two equal ones before."""
    for name, side, price in [("a", 1, 20), ("b", 1, 10), ("c", 1, 10), ("d", -1, 5), ("e", -1, 8)]:
        posted.post(offer(name, side=Side(side), price=price))

    assert [list("bca"), list("ed")] == [
        [post.offer_id for post in posted.posts("noon", side)] for side in (Side.SELL, Side.BUY)
    ]


def test_accepting_moves_exactly_the_accepted_quantity(quotes):
    """Ten of fifty pass between the owner of the quote and the acceptor; forty stay quoted."""
    quotes.quote(offer())

    assert [Agreed("a", "noon", "roof", "car", 20, 10)] == quotes.accept("a", "car", 10)
    assert [40] == [quote.quantity for quote in quotes.open_to("car")]


def test_a_request_with_private_answers(quotes):
    """Only those asked see the request, only who asked sees the answers."""
    quotes.request(QuoteRequest("r", "car", "noon", Side.BUY, 50, asked=only("roof", "mill")))
    quotes.quote(offer("a", "roof", request_id="r")), quotes.quote(offer("b", "mill", price=19, request_id="r"))

    assert [1, 0] == [len(quotes.requests_open_to(party)) for party in ("mill", "tank")]
    assert [["a", "b"], ["a"], []] == [
        [quote.offer_id for quote in quotes.open_to(party)] for party in ("car", "roof", "tank")
    ]
    assert [UnknownOffer] == reasons(quotes.accept("b", "tank", 1))
    assert Agreed("b", "noon", "mill", "car", 19, 50) in quotes.accept("b", "car")


def test_a_request_with_public_answers(quotes):
    """Everybody sees the answers, and anybody may take them."""
    quotes.request(QuoteRequest("r", "car", "noon", Side.BUY, 50, private_answers=False))
    quotes.quote(offer(request_id="r"))

    assert [Agreed("a", "noon", "roof", "tank", 20, 5)] == quotes.accept("a", "tank", 5)


def test_requests_end_and_answers_live_on(quotes):
    """A request that is over takes no answers; what was quoted before stays open by its own time."""
    quotes.request(QuoteRequest("r", "car", "noon", Side.BUY, 50, good_till=at(10)))
    quotes.request(QuoteRequest("s", "car", "noon", Side.BUY, 50))
    quotes.quote(offer(request_id="r", good_till=at(20)))

    assert [OrderRemoved("r", "expired")] == quotes.expire(at(10))
    assert [OrderRemoved("s", "withdrawn")] == quotes.withdraw_request("s", "car")
    assert [UnknownOffer] * 2 == reasons(
        quotes.quote(offer("b", request_id="r")) + quotes.quote(offer("b", request_id="s"))
    )
    assert [OrderRemoved("a", "expired")] == quotes.expire(at(20))


def test_a_tender_between_two(bilateral):
    """The named party accepts all of it; nobody else sees it."""
    bilateral.tender(offer(audience=only("car")))

    assert [1, 1, 0] == [len(bilateral.open_to(party)) for party in ("roof", "car", "tank")]
    assert [Agreed("a", "noon", "roof", "car", 20, 50), OrderRemoved("a", "taken")] == bilateral.accept("a", "car")
    assert [UnknownOffer] == reasons(bilateral.accept("a", "car"))


def test_reject_withdraw_expire(bilateral):
    """A tender ends once: rejected by its party, taken back by its owner, or over; then it cannot be accepted."""
    for name, till in [("a", None), ("b", None), ("c", at(30)), ("d", at(20)), ("e", None)]:
        bilateral.tender(offer(name, audience=only("car"), good_till=till))

    assert [OrderRemoved("a", "rejected")] == bilateral.reject("a", "car")
    assert [OrderRemoved("b", "withdrawn")] == bilateral.withdraw("b", "roof")
    assert [OrderRemoved("d", "expired"), OrderRemoved("c", "expired")] == bilateral.expire(at(30))
    assert [OrderRemoved("e", "withdrawn")] == bilateral.withdraw_all("roof")
    assert [] == bilateral.withdraw("a", "roof") + bilateral.expire(at(0))
    assert [UnknownOffer] * 5 == [reasons(bilateral.accept(name, "car"))[0] for name in "abcde"]


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"quantity": 9}, DuplicateOrder),
        ({"offer_id": "b", "instrument": "midnight"}, UnknownInstrument),
        ({"offer_id": "b", "good_till": MORNING}, OrderExpired),
        ({"offer_id": "b", "audience": only("car")}, NotSupported),
        ({"offer_id": "b", "tradeable": False}, NotSupported),
        ({"offer_id": "b", "request_id": "r"}, NotSupported),
    ],
)
def test_refused_posts_change_nothing(posted, terms, reason):
    """A refused post has a named reason and leaves no trace; its name stays free."""
    posted.post(offer())
    before = posted.snapshot()

    assert [reason] == reasons(posted.post(offer(**terms)))
    assert before == posted.snapshot()


@pytest.mark.parametrize(
    ("taking", "reason"),
    [
        (("z", "car", 1), UnknownOffer),
        (("a", "roof", 1), SelfTrade),
        (("a", "car", 51), NotEnough),
        (("informs", "car", 1), NotTradeable),
        (("private", "car", 1), UnknownOffer),
    ],
)
def test_refused_takings_change_nothing(quotes, taking, reason):
    """Nothing is cut to what is left, and a private quote is no more there than one that never was."""
    quotes.quote(offer()), quotes.quote(offer("informs", tradeable=False))
    quotes.quote(offer("private", audience=only("tank")))
    before = quotes.snapshot()

    assert [reason] == reasons(quotes.accept(*taking))
    assert before == quotes.snapshot()


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"owner": "tank"}, UnknownOffer),
        ({"request_id": "z"}, UnknownOffer),
        ({"owner": "car"}, NotSupported),
        ({"side": Side.BUY}, NotSupported),
        ({"instrument": "one"}, NotSupported),
        ({"quantity": 51}, TooLarge),
        ({"tradeable": False}, NotTradeable),
    ],
)
def test_refused_answers_change_nothing(quotes, terms, reason):
    """A quote that does not answer what was asked is refused."""
    quotes.request(QuoteRequest("r", "car", "noon", Side.BUY, 50, asked=only("roof"), tradeable_only=True))
    before = quotes.snapshot()

    assert [reason] == reasons(quotes.quote(offer(**{"request_id": "r"} | terms)))
    assert before == quotes.snapshot()


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (QuoteRequest("r", "car", "noon", Side.BUY, 51), DuplicateOrder),
        (QuoteRequest("s", "car", "midnight", Side.BUY, 50), UnknownInstrument),
        (QuoteRequest("s", "car", "noon", Side.BUY, 50, good_till=MORNING), OrderExpired),
    ],
)
def test_refused_requests_change_nothing(quotes, request_, reason):
    """Another request of the same name, for what is not traded, or that is over."""
    quotes.request(QuoteRequest("r", "car", "noon", Side.BUY, 50))
    before = quotes.snapshot()

    assert [reason] == reasons(quotes.request(request_))
    assert before == quotes.snapshot()


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"audience": None}, NotSupported),
        ({"audience": only("car", "tank")}, NotSupported),
        ({"audience": only("car"), "tradeable": False}, NotSupported),
        ({"audience": only("roof")}, SelfTrade),
    ],
)
def test_a_tender_needs_one_other_party(bilateral, terms, reason):
    """To everybody, to two, only for information, or to oneself is no bilateral tender."""
    assert [reason] == reasons(bilateral.tender(offer(**terms)))


def test_only_who_may(quotes):
    """Only the owner withdraws, only who was addressed alone rejects, and strangers learn nothing."""
    quotes.quote(offer()), quotes.quote(offer("b", audience=only("car")))
    quotes.request(QuoteRequest("r", "car", "noon", Side.BUY, 50))
    quotes.request(QuoteRequest("s", "car", "noon", Side.BUY, 50, asked=only("roof")))

    assert [NotTheOwner] * 2 == reasons(quotes.withdraw("a", "car") + quotes.withdraw_request("r", "roof"))
    assert [NotAddressed] * 2 == reasons(quotes.reject("a", "car") + quotes.reject("b", "roof"))
    assert [UnknownOffer] == reasons(quotes.reject("b", "tank"))
    assert [] == quotes.withdraw("b", "tank") + quotes.withdraw_request("s", "tank") + quotes.withdraw_request(
        "z", "t"
    )


def test_the_same_again(quotes):
    """The same request and the same quote again get the same answer and change nothing, also when they are gone."""
    request = QuoteRequest("r", "car", "noon", Side.BUY, 50)
    quotes.request(request), quotes.quote(offer(request_id="r"))
    quotes.accept("a", "car"), quotes.withdraw_request("r", "car")
    before = quotes.snapshot()

    assert [OrderAccepted("r"), OrderAccepted("a")] == quotes.request(request) + quotes.quote(offer(request_id="r"))
    assert before == quotes.snapshot()


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"quantity": 0}, ZeroQuantity),
        ({"quantity": -1}, ZeroQuantity),
        ({"quantity": 1.5}, OffGrid),
        ({"price": float("nan")}, OffGrid),
        ({"price": True}, OffGrid),
        ({"good_till": datetime(2026, 7, 6)}, NaiveTime),
    ],
)
def test_what_is_no_offer(terms, reason):
    """An offer that cannot be is refused where it is made."""
    with pytest.raises(reason):
        offer(**terms)


@pytest.mark.parametrize(("quantity", "reason"), [(0, ZeroQuantity), (-1, ZeroQuantity), (0.5, OffGrid)])
def test_what_is_no_quantity(posted, quantity, reason):
    """Nothing, less than nothing, or part of a step can be neither taken nor asked for."""
    posted.post(offer())
    with pytest.raises(reason):
        posted.take("a", "car", quantity)
    with pytest.raises(reason):
        QuoteRequest("r", "car", "noon", Side.BUY, quantity)


PARTIES = st.sampled_from(["p", "q", "r"])
NAMES = st.integers(0, 9).map(str)
TILL = st.none() | st.integers(1, 40).map(at)


@st.composite
def calls(draw):
    """Return calls to a market of quotes, some of them wrong."""
    quote = st.builds(
        Offer,
        offer_id=NAMES,
        owner=PARTIES,
        instrument_id=st.sampled_from(["noon", "one"]),
        side=st.sampled_from(Side),
        price=st.integers(-5, 5),
        quantity=st.integers(1, 20),
        audience=st.none() | st.frozensets(PARTIES, max_size=2),
        good_till=TILL,
        tradeable=st.booleans() | st.just(True),
        request_id=st.none() | NAMES,
    )
    request = st.builds(
        QuoteRequest,
        request_id=NAMES,
        party_id=PARTIES,
        instrument_id=st.sampled_from(["noon", "one"]),
        side=st.sampled_from(Side),
        quantity=st.integers(1, 20),
        asked=st.none() | st.frozensets(PARTIES, max_size=2),
        private_answers=st.booleans(),
        tradeable_only=st.booleans(),
        good_till=TILL,
    )
    call = st.one_of(
        st.tuples(st.just("quote"), quote),
        st.tuples(st.just("request"), request),
        st.tuples(st.just("accept"), NAMES, PARTIES, st.none() | st.integers(1, 8)),
        st.tuples(st.sampled_from(["reject", "withdraw", "withdraw_request"]), NAMES, PARTIES),
        st.tuples(st.just("expire"), st.integers(0, 40).map(at)),
        st.tuples(st.just("withdraw_all"), PARTIES),
    )
    return draw(st.lists(call, max_size=30))


def play(market, played):
    return [outcome for name, *arguments in played for outcome in getattr(market, name)(*arguments)]


@given(played=calls())
def test_no_step_is_lost(played):
    """What was quoted equals what was agreed, what is still open, and what was let go before it was taken."""
    market = QuoteMarket(["noon", "one"])
    said, agreed, left = {}, Counter(), {}
    for call in played:
        for outcome in play(market, [call]):
            if isinstance(outcome, OrderAccepted) and call[0] == "quote":
                said.setdefault(outcome.order_id, call[1])
            elif isinstance(outcome, Agreed):
                agreed[outcome.offer_id] += outcome.quantity
                quote = said[outcome.offer_id]
                owner = outcome.seller if quote.side is Side.SELL else outcome.buyer
                assert (quote.owner, quote.price) == (owner, outcome.price)
                assert outcome.seller != outcome.buyer
            elif isinstance(outcome, OrderRemoved) and outcome.reason == "taken":
                assert said[outcome.order_id].quantity == agreed[outcome.order_id]
        left = {quote.offer_id: quote for party in "pqr" for quote in market.open_to(party)}
        for name, quote in left.items():
            assert said[name].quantity == agreed[name] + quote.quantity
    assert all(agreed[name] <= quote.quantity for name, quote in said.items())


@given(played=calls(), cut=st.integers(0, 30))
def test_snapshot_and_tail_make_the_whole(played, cut):
    """A market restored from a snapshot at any call goes on as if nothing had happened."""
    whole, first, second = (QuoteMarket(["noon", "one"]) for _ in range(3))
    outcomes = play(whole, played)
    before = play(first, played[:cut])
    second.restore(first.snapshot())

    assert second.snapshot() == first.snapshot()
    assert outcomes == before + play(second, played[cut:])
    assert whole.snapshot() == second.snapshot()


@pytest.mark.parametrize("kind", [PostedPrices, QuoteMarket, BilateralMarket])
def test_a_foreign_snapshot_is_refused(kind):
    """A snapshot of another market, of another version, or none at all, is refused and changes nothing."""
    market = kind(["noon"])
    own = market.snapshot()
    for changed in ({"mechanism": "none"}, {"version": -1}, None):
        foreign = b"\x00" if changed is None else json.dumps(json.loads(own) | changed).encode()
        with pytest.raises(InvalidValue):
            market.restore(foreign)

    assert own == market.snapshot()


def test_posts_and_tenders_come_back_from_a_snapshot(posted, bilateral):
    """Also the other two go on from a snapshot, with what is left of each."""
    posted.post(offer()), posted.take("a", "car", 10), bilateral.tender(offer(audience=only("car")))
    for market, kind in ((posted, PostedPrices), (bilateral, BilateralMarket)):
        twin = kind(["noon", "one"])
        twin.restore(market.snapshot())

        assert market.snapshot() == twin.snapshot()
    assert [OrderRemoved("a", "withdrawn")] == posted.withdraw_all("roof")
    assert [] == posted.withdraw("a", "roof")
