"""What a node does as markets live."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micromarket.errors import NaiveTime
from micromarket.markets.series.behavior import Behavior, act
from micromarket.markets.series.market import MarketRules
from micromarket.markets.series.series import MarketSeries, SeriesPlan
from micromarket.markets.series.states import MarketState, Timing

MINUTE = timedelta(minutes=1)
FIRST = datetime(2026, 7, 6, 9, 55, tzinfo=UTC)
QUARTERS = SeriesPlan(
    MarketRules("quarters", "double_auction", Timing(15 * MINUTE, 1, *5 * [2 * MINUTE]), 0.2), 15 * MINUTE
)
SLOW = Timing(15 * MINUTE, 1, MINUTE, 2 * MINUTE, 2 * MINUTE, MINUTE, reconciliation=3 * MINUTE)


def noting(known, entered):
    """Note the minute and state of an entering."""
    return (*known, (f"{entered.at:%H:%M}", entered.state.name))


def watching(known, market, now):
    """Note that a market is waited for, and until when."""
    return (*known, f"{now:%H:%M} until {market.ends(MarketState.NEGOTIATION):%H:%M}")


EVERY_ENTERING = {"quarters": Behavior(on_entering=dict.fromkeys(MarketState, noting))}


def test_every_state_has_a_hook():
    """From spawning to expiry, each of the eight states is entered once, at its time."""
    known = act(MarketSeries(QUARTERS, FIRST), EVERY_ENTERING, (), FIRST + 10 * MINUTE)

    assert list(MarketState)[:6] == [MarketState[name] for _, name in known][:6]
    assert ("09:49", "INACTIVE") == known[0]


def test_actions_while_in_a_state():
    """As often as the node looks, a market that negotiates may act; it knows when its time is over."""
    behavior = {"quarters": Behavior(while_in={MarketState.NEGOTIATION: watching})}
    series, known = MarketSeries(QUARTERS, FIRST), ()
    for minute in (-5, -4, -3, -2):
        known = act(series, behavior, known, FIRST + minute * MINUTE)

    assert ("09:51 until 09:53", "09:52 until 09:53") == known


@pytest.mark.parametrize("state", list(MarketState)[1:-1])
def test_every_state_that_lasts_can_be_acted_in(state):
    """A node that looks in the middle of each state of a market finds it there, once."""
    behavior = {"quarters": Behavior(while_in={state: lambda known, market, now: (*known, (market.number, now))})}
    series, known = MarketSeries(replace(QUARTERS, rules=replace(QUARTERS.rules, timing=SLOW)), FIRST), ()
    for seconds in range(-330, 1500, 60):
        known = act(series, behavior, known, FIRST + timedelta(seconds=seconds))
    first = [now for number, now in known if number == 0]
    begins, ends = (series.plan.market(0, FIRST).starts[each] for each in (state, MarketState(state + 1)))

    assert (begins, ends) == (first[0] - MINUTE / 2, first[-1] + MINUTE / 2)


def test_a_silent_market_still_lives():
    """Without any behavior, markets pass through their states: none waits for anybody."""
    series = MarketSeries(QUARTERS, FIRST)

    assert () == act(series, {}, (), FIRST + timedelta(days=1))
    assert {MarketState.INACTIVE, MarketState.EXPIRED}.isdisjoint(state for _, state in series.active.values())


@given(st.lists(st.integers(-60, 300), max_size=10))
def test_a_late_look_loses_no_entering(minutes):
    """However rarely or often a node looks, the same actions follow in the same order."""
    often, known = MarketSeries(QUARTERS, FIRST), ()
    for minute in (*minutes, 300):
        known = act(often, EVERY_ENTERING, known, FIRST + minute * MINUTE)

    assert act(MarketSeries(QUARTERS, FIRST), EVERY_ENTERING, (), FIRST + 300 * MINUTE) == known


def test_series_of_one_node_behave_apart():
    """A finer series acts by its own behavior, or not at all."""
    hours = replace(QUARTERS.rules, series="hours", timing=Timing(60 * MINUTE, 1, delivery_lead=20 * MINUTE))
    series = MarketSeries(SeriesPlan(hours, 60 * MINUTE, refined_by=QUARTERS), FIRST)
    known = act(series, EVERY_ENTERING, (), FIRST + 30 * MINUTE)

    assert 4 == [state for _, state in known].count("INACTIVE")
    assert {"hours", "quarters"} == {market.rules.series for market, _ in series.active.values()}


def test_time_has_a_zone():
    """A time without zone is refused, and nothing happens."""
    with pytest.raises(NaiveTime):
        act(MarketSeries(QUARTERS, FIRST), EVERY_ENTERING, (), FIRST.replace(tzinfo=None))
