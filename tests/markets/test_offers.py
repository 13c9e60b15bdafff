"""Offers: posted prices, quotes and bilateral tenders. Who may take what, exact quantities, named refusals."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micromarket.domain.orders import Deal, Execution, Order, OrderTerms, Side, limit, market
from micromarket.errors import (
    MixedSides,
    NotAddressed,
    NotEnough,
    NotSupported,
    NotTradeable,
    SelfTrade,
    TooLarge,
    UnknownOffer,
)
from micromarket.markets.admission import LargestQuantity
from micromarket.markets.book.matching import OrderBook
from micromarket.markets.mechanism import Matched, OrderAccepted, OrderRefused, OrderRemoved, Reduced, Rested
from micromarket.markets.offers import OfferMarket, to_everybody, to_one_other

MORNING = datetime(2026, 7, 6, 6, tzinfo=UTC)
BUY, SELL = Side.BUY, Side.SELL


@pytest.fixture
def offers():
    return OfferMarket(["noon", "one"])


def at(minutes):
    return MORNING + timedelta(minutes=minutes)


def order(name, party, vertices, *, good_till=None, instrument="noon", **deal):
    """Return an order; what is said of its deal makes one."""
    terms = OrderTerms(good_till=good_till, deal=Deal(**deal) if deal else None)
    return Order(name, party, instrument, vertices, terms)


def post(name="a", party="roof", price=20, quantity=50, **terms):
    """Return an offer to sell."""
    return order(name, party, limit(SELL, price, quantity), **terms)


def take(offer, party, quantity, name="t", **terms):
    """Return an order that buys from an offer at any price."""
    return order(name, party, market(BUY, quantity), takes=offer, **terms)


def ask(name="r", party="car", quantity=50, **terms):
    """Return a request for quotes to buy from."""
    return order(name, party, market(BUY, quantity), informs=True, **terms)


def only(*parties):
    return frozenset(parties)


def reasons(outcomes):
    return [outcome.reason for outcome in outcomes if isinstance(outcome, OrderRefused)]


def seen(offers, party):
    return [each.order_id for each in offers.open_to(party)]


def test_a_post_is_taken_until_it_is_gone(offers):
    """Two takers share a post; the second takes what is left, and the post goes."""
    assert [OrderAccepted("a"), Rested("a", 50)] == offers.submit(post())

    assert [OrderAccepted("s"), Matched("a", "s", 20, 10), OrderRemoved("s", "matched")] == offers.submit(
        take("a", "car", 10, "s")
    )
    assert [40] == [each.quantity for each in offers.depth("noon")]
    assert [Matched("a", "t", 20, 40), OrderRemoved("a", "matched")] == offers.submit(take("a", "tank", 40))[1:3]
    assert () == offers.depth("noon")


def test_a_buyer_may_post_too(offers):
    """Who takes from a buyer's post sells, at the price that the post says or not at all."""
    offers.submit(order("a", "car", limit(BUY, 20, 50)))

    assert [NotSupported] == reasons(offers.submit(order("t", "roof", limit(SELL, 21, 3), takes="a")))
    assert Matched("a", "t", 20, 3) in offers.submit(order("t", "roof", limit(SELL, 19, 3), takes="a"))


def test_a_request_with_private_answers(offers):
    """Only those asked see the request, only who asked sees the answers; neither is in the public depth."""
    offers.submit(ask(to=only("roof", "mill")))
    offers.submit(post("a", "roof", answers="r")), offers.submit(post("b", "mill", 19, answers="r"))

    assert [["r", "a", "b"], ["r", "a"], []] == [seen(offers, party) for party in ("car", "roof", "tank")]
    assert ((), [UnknownOffer]) == (offers.depth("noon"), reasons(offers.submit(take("b", "tank", 1))))
    assert Matched("b", "t", 19, 10) in offers.submit(take("b", "car", 10))
    assert [OrderRemoved("a", "rejected")] == offers.reject("a", "car")


def test_a_request_with_public_answers(offers):
    """Everybody sees the answers, and anybody may take them."""
    offers.submit(ask(answered_privately=False)), offers.submit(post(answers="r"))

    assert Matched("a", "t", 20, 5) in offers.submit(take("a", "tank", 5))


def test_requests_end_and_answers_live_on(offers):
    """A request that is over or withdrawn takes no answers; what was quoted stays open by its own time."""
    offers.submit(ask(good_till=at(10))), offers.submit(ask("s"))
    offers.submit(post(answers="r", good_till=at(20)))

    assert [OrderRemoved("r", "expired")] == offers.expire(at(10))
    assert [OrderRemoved("s", "cancelled")] == offers.cancel("s")
    assert [UnknownOffer] * 2 == [reasons(offers.submit(post("b", answers=name)))[0] for name in "rs"]
    assert [OrderRemoved("a", "expired")] == offers.expire(at(20))


def test_a_tender_between_two(offers):
    """The named party accepts; nobody else sees it, and who tries gets the answer for what never was."""
    offers.submit(post(to=only("car")))

    assert [["a"], ["a"], []] == [seen(offers, party) for party in ("roof", "car", "tank")]
    assert [UnknownOffer] * 2 == [reasons(offers.submit(take(name, "tank", 50)))[0] for name in ("a", "never")]
    assert Matched("a", "t", 20, 50) in offers.submit(take("a", "car", 50))


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (take("z", "car", 1), UnknownOffer),
        (take("a", "roof", 1), SelfTrade),
        (take("a", "car", 51), NotEnough),
        (take("informs", "car", 1), NotTradeable),
        (take("a", "car", 1, instrument="one"), NotSupported),
        (order("t", "car", limit(SELL, 20, 1), takes="a"), NotSupported),
        (order("t", "car", limit(BUY, 19, 1), takes="a"), NotSupported),
        (post("t", "mill", answers="z"), UnknownOffer),
        (post("t", "mill", answers="a"), UnknownOffer),
        (post("t", "tank", answers="r"), UnknownOffer),
        (post("t", "car", answers="r"), NotSupported),
        (order("t", "mill", limit(BUY, 20, 5), answers="r"), NotSupported),
        (post("t", "mill", quantity=51, answers="r"), TooLarge),
        (post("t", "mill", answers="r", informs=True), NotTradeable),
        (post("t", to=only("roof")), SelfTrade),
        (order("t", "mill", market(SELL, 5)), NotSupported),
        (Order("t", "p", "noon", limit(SELL, 1, 5), OrderTerms(Execution.IMMEDIATE)), NotSupported),
        (order("t", "p", [*limit(BUY, 1, 5), *limit(SELL, 2, 5)]), MixedSides),
    ],
)
def test_refusals_change_nothing(offers, wrong, reason):
    """Nothing is cut to what is left, nothing that does not fit is bent, and the name stays free."""
    offers.submit(post()), offers.submit(post("informs", informs=True))
    offers.submit(ask(to=only("mill"), wants_tradeable=True))
    before = offers.snapshot()

    assert [reason] == reasons(offers.submit(wrong))
    assert before == offers.snapshot()


def test_only_who_was_addressed_alone_rejects(offers):
    """An offer to everybody is nobody's to reject, nor its owner's; strangers learn nothing."""
    offers.submit(post()), offers.submit(post("b", to=only("car")))

    assert [NotAddressed] * 2 == reasons(offers.reject("a", "car") + offers.reject("b", "roof"))
    assert [UnknownOffer] == reasons(offers.reject("b", "tank"))


@pytest.mark.parametrize(
    ("rule", "fits", "wrong"),
    [
        (to_everybody, post(), [post(to=only("car")), post(informs=True), ask()]),
        (to_one_other, post(to=only("car")), [post(), post(to=only("car", "tank")), ask(to=only("roof"))]),
    ],
)
def test_a_segment_of_one_kind(rule, fits, wrong):
    """With a rule more, a market takes posted prices alone, or bilateral tenders alone, and those who take them."""
    offers = OfferMarket(["noon"], [rule])

    assert [[NotSupported]] * 3 == [reasons(offers.submit(each)) for each in wrong]
    assert [] == reasons(offers.submit(fits) + offers.submit(take("a", "car", 5)))


def test_deals_are_refused_where_orders_are_matched_by_price():
    """An order book does not overlook what it cannot honor."""
    assert [NotSupported] == reasons(OrderBook(["noon"]).submit(post(to=only("car"))))


PARTIES = st.sampled_from("pqr")
NAMES = st.none() | st.integers(0, 12).map(lambda number: f"o{number}")
deals = st.builds(
    Deal,
    st.none() | st.frozensets(PARTIES, min_size=1, max_size=2),
    NAMES,
    NAMES,
    st.sampled_from([False, False, True]),
    st.booleans(),
    st.booleans(),
)


@st.composite
def flows(draw):
    """Return orders with deals of any kind, many of them wrong."""
    flow = []
    for number in range(draw(st.integers(0, 30))):
        side, quantity = draw(st.sampled_from(Side)), draw(st.integers(1, 9))
        vertices = draw(st.sampled_from([market(side, quantity), limit(side, draw(st.integers(-3, 3)), quantity)]))
        deal = draw(st.none() | deals)
        till = draw(st.none() | st.integers(1, 40).map(at))
        flow.append(Order(f"o{number}", draw(PARTIES), "noon", vertices, OrderTerms(good_till=till, deal=deal)))
    return flow


def play(offers, flow):
    return [
        outcome for number, each in enumerate(flow) for outcome in offers.submit(each) + offers.expire(at(number))
    ]


@given(flow=flows())
def test_exactly_the_accepted_quantity_moves(flow):
    """Each match is between two parties, of whom one named the other's open offer; nothing is given twice."""
    offers, orders, matched = OfferMarket(["noon"]), {each.order_id: each for each in flow}, Counter()
    for each in play(offers, flow):
        if isinstance(each, Matched):
            offer, taker = orders[each.standing_id], orders[each.aggressive_id]
            matched[offer.order_id] += each.quantity
            assert (offer.order_id, taker.quantity) == (taker.terms.deal.takes, each.quantity)
            assert (True, offer.vertices[0].price) == (offer.party_id != taker.party_id, each.price)
    left = {each.order_id: each.quantity for party in "pqr" for each in offers.open_to(party)}
    for name, quantity in matched.items():
        assert quantity + left.get(name, 0) <= orders[name].quantity
        assert name not in left or quantity + left[name] == orders[name].quantity


@given(flow=flows(), cut=st.integers(0, 30))
def test_snapshot_and_tail_make_the_whole(flow, cut):
    """With every kind of deal, a restored market goes on as if nothing had happened."""
    whole, first, second = (OfferMarket(["noon"]) for _ in range(3))

    def played(offers, orders):
        return [outcome for each in orders for outcome in offers.submit(each)]

    outcomes, before = played(whole, flow), played(first, flow[:cut])
    second.restore(first.snapshot())

    assert first.snapshot() == second.snapshot()
    assert outcomes == before + played(second, flow[cut:])
    assert whole.snapshot() == second.snapshot()


def test_an_amended_answer_is_judged_like_a_new_one(offers):
    """No more than was asked for, on the other side of it, while it is asked; less is free, also afterwards."""
    offers.submit(ask("r", "car", 50)), offers.submit(post("a", "roof", 20, 40, answers="r"))
    told = [
        offers.amend("a", vertices) for vertices in (limit(SELL, 19, 60), limit(BUY, 19, 40), limit(SELL, 19, 50))
    ]
    offers.cancel("r")

    assert [[TooLarge], [NotSupported], []] == [reasons(each) for each in told]
    assert [OrderRemoved("a", "replaced"), OrderAccepted("a"), Rested("a", 50)] == told[-1]
    assert [UnknownOffer] == reasons(offers.amend("a", limit(SELL, 18, 50)))
    assert [Reduced("a", 20, 30)] == offers.amend("a", limit(SELL, 19, 30))
    assert ["a"] == seen(offers, "car")
    assert [] == seen(offers, "tank")


def test_an_amended_offer_is_judged_by_added_rules_too():
    """A limit of quantity holds for what an offer becomes."""
    offers = OfferMarket(["noon"], (LargestQuantity(60),))
    offers.submit(post())

    assert [TooLarge] == reasons(offers.amend("a", limit(SELL, 20, 70)))
    assert [50] == [each.quantity for each in offers.depth("noon")]
