"""A node that is stopped at any moment, written down and restarted goes on as if nothing had happened."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micromarket.domain.curves import Curves
from micromarket.domain.intervals import LocalTimes
from micromarket.errors import InvalidValue
from micromarket.markets.series.behavior import Behavior, act
from micromarket.markets.series.chain import Chain
from micromarket.markets.series.market import MarketRules
from micromarket.markets.series.prediction import foresee
from micromarket.markets.series.series import MarketSeries, SeriesPlan
from micromarket.markets.series.states import MarketState, Timing
from micromarket.storage.chains import chain_from_bytes, chain_to_bytes

MINUTE = timedelta(minutes=1)
FIRST = datetime(2026, 7, 10, 21, 30, tzinfo=UTC)


def plan(series, minutes, intervals, refined_by=None, *, commits=True, model="hourly"):
    """Return a series that clears as often as its intervals end, half an interval ahead."""
    timing = Timing(minutes * MINUTE, intervals, MINUTE, MINUTE, MINUTE, minutes * MINUTE / 2)
    rules = MarketRules(series, "double_auction", timing, 0.2, commits, model)
    return SeriesPlan(rules, minutes * MINUTE, refined_by)


FIVES = plan("five", 5, 1, commits=False)
QUARTERS = plan("quarter", 15, 1, FIVES, model="weekday_weekend")
CHAIN = plan("rolling", 60, 6, QUARTERS)
"""Six hours that roll on every hour, quarters that correct them, five minutes that only inform."""

FINAL = {each.rules.series: each.final_intervals for each in CHAIN.chain}


def clear(chain, entered):
    """Clear a market: a generator follows the foreseen price, and the load is as random as the market's name."""
    market = entered.market
    when = LocalTimes.of(market.intervals.starts, UTC)
    foreseen = foresee(chain.sources(market), chain.parties, when).prices[:1]
    load = np.random.default_rng(crc32(market.name.encode())).uniform(-5, -1, foreseen.shape)
    supply = Curves.offer(foreseen * 0.9, 0.0, 3.0), Curves.offer(foreseen + 0.01, 0.0, 9.0)
    return chain.clear(market, Curves.concatenate([*supply, Curves.inelastic(load)]))


def learn(chain, entered):
    """Let the series learn the prices that change no more."""
    return chain.learned(entered.market, FINAL[entered.market.rules.series], UTC)


def forget(chain, entered):
    """Forget a market that has expired."""
    return chain.without(entered.market)


ACTS = Behavior({MarketState.DELIVERY_LEAD: clear, MarketState.DELIVERY: learn, MarketState.EXPIRED: forget})
BEHAVIORS = dict.fromkeys(FINAL, ACTS)


@settings(max_examples=30)
@given(st.integers(-40, 200), st.integers(0, 100))
def test_restart_and_rest_are_the_whole(minutes, further):
    """Markets, states, commitments and models: byte for byte those of a node that never stopped."""
    stop, end = FIRST + minutes * MINUTE, FIRST + (minutes + further) * MINUTE
    unbroken, stopped = MarketSeries(CHAIN, FIRST), MarketSeries(CHAIN, FIRST)
    half = act(stopped, BEHAVIORS, Chain.opening(CHAIN, 3), stop)
    resumed, chain = chain_from_bytes(CHAIN, chain_to_bytes(stopped, half))
    whole = act(unbroken, BEHAVIORS, Chain.opening(CHAIN, 3), end)

    assert chain_to_bytes(unbroken, whole) == chain_to_bytes(resumed, act(resumed, BEHAVIORS, chain, end))


def test_a_chain_holds_only_what_lives():
    """After hours, a chain remembers the markets that have not expired, and commitments that balance."""
    series = MarketSeries(CHAIN, FIRST)
    chain = act(series, BEHAVIORS, Chain.opening(CHAIN, 3), FIRST + timedelta(hours=12))
    names = [name for name, (_, state) in series.active.items() if state >= MarketState.DELIVERY_LEAD]
    newest = next(market for market, state in series.active.values() if state is MarketState.DELIVERY_LEAD)

    assert sorted(names) == sorted(chain.cleared)
    assert not chain.committed_w(newest.intervals).sum(axis=0).any()


def test_a_series_learns_what_is_final():
    """Of six hours that roll on, a series learns the one that nobody clears again; each series learns for itself."""
    series = MarketSeries(CHAIN, FIRST)
    cleared = act(series, BEHAVIORS, Chain.opening(CHAIN, 3), FIRST)
    delivering = act(series, BEHAVIORS, cleared, FIRST + 30 * MINUTE)
    learned = [np.flatnonzero(chain.models["rolling"].mean[0] != 0.2).tolist() for chain in (cleared, delivering)]

    assert [[], [22]] == learned
    assert (14, 168) == tuple(delivering.models[name].memory for name in ("rolling", "five"))


def test_a_state_of_another_plan_is_refused():
    """What three series wrote does not start two, and hourly models do not start weekly ones."""
    content = chain_to_bytes(MarketSeries(CHAIN, FIRST), Chain.opening(CHAIN, 3))
    other = replace(QUARTERS, rules=replace(QUARTERS.rules, price_model="hourly"))

    with pytest.raises(InvalidValue, match="expected a state of series"):
        chain_from_bytes(QUARTERS, content)
    with pytest.raises(InvalidValue, match="expected a HourlyPrices"):
        chain_from_bytes(replace(CHAIN, refined_by=other), content)
