"""Series of markets."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micromarket.domain.intervals import Interval
from micromarket.errors import InvalidValue, NaiveTime
from micromarket.markets.series.market import MarketRules
from micromarket.markets.series.series import MarketSeries, SeriesPlan, SeriesState
from micromarket.markets.series.states import MarketState, Timing
from micromarket.storage.values import from_bytes, to_bytes

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FIRST = datetime(2019, 11, 10, 9, 45, tzinfo=UTC)

REAL_TIME = SeriesPlan(
    MarketRules("real-time", "double_auction", Timing(15 * MINUTE, 1, 0 * MINUTE, *3 * [5 * MINUTE]), 0.2),
    clearing_interval=15 * MINUTE,
)
DAY_AHEAD = SeriesPlan(
    MarketRules(
        "day-ahead",
        "double_auction",
        Timing(HOUR, 24, 0 * MINUTE, 30 * MINUTE, 15 * MINUTE, 15 * MINUTE),
        default_price=0.1,
        commitment=True,
    ),
    clearing_interval=DAY,
    refined_by=REAL_TIME,
)
ROLLING = SeriesPlan(replace(DAY_AHEAD.rules, series="rolling"), clearing_interval=HOUR)

FIVE_MINUTES = SeriesPlan(
    MarketRules("five-minute", "double_auction", Timing(5 * MINUTE, 1, delivery_lead=MINUTE), 0.2), 5 * MINUTE
)
WEEK_AHEAD = SeriesPlan(
    MarketRules("week-ahead", "double_auction", Timing(4 * HOUR, 42, HOUR, HOUR, HOUR, 12 * HOUR), 0.1),
    clearing_interval=7 * DAY,
    refined_by=replace(DAY_AHEAD, refined_by=replace(REAL_TIME, refined_by=FIVE_MINUTES)),
)
"""Shaping over a week; a committing day-ahead market; quarters that correct it; five minutes that refine those."""

plans = st.sampled_from(
    [REAL_TIME, DAY_AHEAD, ROLLING, replace(ROLLING, refined_by=REAL_TIME), WEEK_AHEAD.refined_by]
)


def joined(deliveries):
    """Return intervals joined where they touch."""
    whole = []
    for delivery in deliveries:
        if whole and whole[-1].end == delivery.start:
            whole[-1] = Interval(whole[-1].start, delivery.end)
        else:
            whole.append(delivery)
    return whole


def spawned(entered, series):
    """Return the markets of a series in the order of their spawning."""
    return [e.market for e in entered if e.state is MarketState.INACTIVE and e.market.rules.series == series]


def test_next_market_in_time():
    """The next market is there when its activation begins, before its prior one has stopped delivering."""
    series = MarketSeries(DAY_AHEAD, FIRST)
    series.advance(FIRST + DAY - 45 * MINUTE - timedelta(microseconds=1))
    before = [market.number for market, _ in series.active.values() if market.rules.series == "day-ahead"]
    entered = series.advance(FIRST + DAY - 45 * MINUTE)

    assert [0] == before
    assert [1] == [market.number for market in spawned(entered, "day-ahead")]


def test_every_setting_is_kept():
    """A market a season later has the rules of the first, and clears at the same time of day."""
    last = spawned(MarketSeries(DAY_AHEAD, FIRST).advance(FIRST + 90 * DAY), "day-ahead")[-1]

    assert (DAY_AHEAD.rules, FIRST.time()) == (last.rules, last.clearing.time())


def test_day_ahead_spawns_its_real_time_markets():
    """Each day-ahead market brings the 96 quarter hours that correct it; they wait until it is their time."""
    series = MarketSeries(DAY_AHEAD, FIRST)
    day, *_ = entered = series.advance(FIRST - 45 * MINUTE)
    quarters = spawned(entered, "real-time")

    assert (96, {day.market.name}) == (len(quarters), {market.refined for market in quarters})
    assert [day.market.delivery] == joined(market.delivery for market in quarters)
    assert {MarketState.INACTIVE} == {series.active[market.name][1] for market in quarters}


def test_real_time_clears_before_its_quarter():
    """A real-time market clears a delivery lead before it delivers, after the day-ahead market has cleared."""
    quarter = spawned(MarketSeries(DAY_AHEAD, FIRST).advance(FIRST), "real-time")[0]

    assert ("09:55", "10:00") == (f"{quarter.clearing:%H:%M}", f"{quarter.delivery.start:%H:%M}")
    assert quarter.starts[MarketState.NEGOTIATION] == FIRST


def test_prior_markets_form_a_chain():
    """Every market names the one before it, across the days of the series that spawned it."""
    quarters = spawned(MarketSeries(DAY_AHEAD, FIRST).advance(FIRST + 2 * DAY), "real-time")

    assert [None, *(market.name for market in quarters[:-1])] == [market.prior for market in quarters]


def test_rolling_windows_overlap():
    """Windows of 24 hours that clear each hour: each hour is cleared 24 times."""
    first, second = spawned(MarketSeries(ROLLING, FIRST).advance(FIRST + HOUR), "rolling")[:2]

    assert 23 == first.delivery.overlap(second.delivery).hours
    assert (1, 24) == (ROLLING.final_intervals, DAY_AHEAD.final_intervals)


def test_the_latest_window_is_refined():
    """Where windows overlap, each quarter refines the market that cleared its hour last."""
    entered = MarketSeries(replace(ROLLING, refined_by=REAL_TIME), FIRST).advance(FIRST + HOUR)
    hours, quarters = spawned(entered, "rolling")[:2], spawned(entered, "real-time")

    assert 4 * [hours[0].name] + 4 * [hours[1].name] == [market.refined for market in quarters[:8]]


def test_a_chain_of_four():
    """A week brings 7 days, these 672 quarters, these 2016 stretches of five minutes; each names what it refines."""
    entered = MarketSeries(WEEK_AHEAD, FIRST).advance(FIRST)
    names = [plan.rules.series for plan in WEEK_AHEAD.chain]
    markets = {name: spawned(entered, name) for name in names}

    assert [1, 7, 672, 2016] == [len(markets[name]) for name in names]
    for coarse, fine in pairwise(names):
        refined = {market.name: market for market in markets[coarse]}
        for market in markets[fine]:
            assert market.delivery == refined[market.refined].delivery.overlap(market.delivery)


@settings(max_examples=60)
@given(plans, st.integers(-60, 1440), st.integers(0, 1440))
def test_snapshot_and_rest_are_the_whole(plan, minutes, further):
    """A series that is stopped at any moment, written down, read and resumed enters what the unbroken one enters."""
    stopped, until = MarketSeries(plan, FIRST), FIRST + (minutes + further) * MINUTE
    before = stopped.advance(FIRST + minutes * MINUTE)
    resumed = MarketSeries.restored(plan, from_bytes(SeriesState, to_bytes(stopped.state)))
    unbroken = MarketSeries(plan, FIRST)

    assert stopped.active == resumed.active
    assert unbroken.advance(until) == before + resumed.advance(until)
    assert to_bytes(unbroken.state) == to_bytes(resumed.state)


def test_expired_markets_are_removed():
    """However long a series runs, it holds only the markets that live."""
    series = MarketSeries(DAY_AHEAD, FIRST)
    series.advance(FIRST + 20 * DAY)

    assert len(series.active) <= 2 * 97
    assert MarketState.EXPIRED not in {state for _, state in series.active.values()}


@settings(max_examples=40)
@given(plans, st.lists(st.integers(-60, 1440), max_size=12))
def test_any_calls_enter_the_same(plan, minutes):
    """Whenever a series is called, the same markets enter the same states in the same order."""
    called, at_once = MarketSeries(plan, FIRST), MarketSeries(plan, FIRST)
    pieces = [entry for minute in minutes for entry in called.advance(FIRST + minute * MINUTE)]
    pieces += called.advance(FIRST + DAY)

    assert at_once.advance(FIRST + DAY) == pieces
    assert at_once.active == called.active


@given(plans, st.integers(1, 4000))
def test_time_is_covered_without_gap_or_overlap(plan, minutes):
    """Every series spawned covers one stretch of time; what successive markets add does not overlap."""
    entered = MarketSeries(plan, FIRST).advance(FIRST + minutes * MINUTE)
    while plan is not None:
        markets = spawned(entered, plan.rules.series)
        added = [Interval.lasting(market.delivery.start, plan.clearing_interval) for market in markets]

        assert len(joined(added)) <= 1
        assert sorted(market.clearing for market in markets) == [market.clearing for market in markets]
        plan = plan.refined_by


@given(plans, st.integers(1, 4000))
def test_no_market_spawns_twice_and_states_follow(plan, minutes):
    """Each market enters its states once, in order, none before its time."""
    lives = {}
    for entry in MarketSeries(plan, FIRST).advance(FIRST + minutes * MINUTE):
        lives.setdefault(entry.market.name, []).append(entry)

    for life in lives.values():
        assert list(MarketState)[: len(life)] == [entry.state for entry in life]
        assert [life[0].market.starts[entry.state] for entry in life[1:]] == [entry.at for entry in life[1:]]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"clearing_interval": 2 * DAY}, "leave gaps"),
        ({"clearing_interval": 0 * DAY}, "leave gaps"),
        ({"clearing_interval": 90 * MINUTE}, "line up"),
        ({"refined_by": replace(REAL_TIME, rules=replace(REAL_TIME.rules, series="day-ahead"))}, "name of its own"),
        ({"refined_by": replace(REAL_TIME, rules=replace(REAL_TIME.rules, timing=Timing(7 * MINUTE)),
                                clearing_interval=7 * MINUTE)}, "does not divide"),
        ({"refined_by": replace(REAL_TIME, rules=replace(REAL_TIME.rules, timing=replace(
            REAL_TIME.rules.timing, market_lead=6 * MINUTE)))}, "before the other has cleared"),
        ({"refined_by": replace(REAL_TIME, rules=replace(REAL_TIME.rules, timing=replace(
            REAL_TIME.rules.timing, activation_lead=46 * MINUTE)))}, "before the other is spawned"),
    ],
)  # fmt: skip
def test_plans_that_cannot_work_are_refused(change, reason):
    """A plan that would lose time, or negotiate on what is not known yet, has a name for its fault."""
    with pytest.raises(InvalidValue, match=reason):
        replace(DAY_AHEAD, **change)


def test_negotiation_waits_for_the_prior_market():
    """A market does not negotiate before the one before it has cleared."""
    slow = replace(REAL_TIME.rules, timing=replace(REAL_TIME.rules.timing, negotiation_lead=11 * MINUTE))

    with pytest.raises(InvalidValue, match="prior market"):
        replace(REAL_TIME, rules=slow)


def test_series_runs_on_zoned_time():
    """A time without zone is refused, and nothing happens."""
    series = MarketSeries(REAL_TIME, FIRST)

    with pytest.raises(NaiveTime):
        series.advance(FIRST.replace(tzinfo=None))
    assert {} == series.active
