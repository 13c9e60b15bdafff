"""Corrections: curves translated by what is committed; only the change is traded.

The pictures of figure 10 of the Transactive Network Template (v4, section 3.8) are lost. Its four cases are derived
here from the text: curves and prices are ours, what must follow from them is the paper's.
"""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micromarket.assets.asset import Outlook
from micromarket.assets.battery import Battery, BatteryRatings
from micromarket.domain.curves import Curves
from micromarket.domain.intervals import IntervalGrid
from micromarket.errors import InvalidValue, WrongShape
from micromarket.markets.auctions.auction import clear
from micromarket.markets.series.corrections import (
    ClearedMarket,
    clear_market,
    committed_w,
    correct,
    held,
    in_watts,
    translated,
)
from micromarket.markets.series.market import Market, MarketRules
from micromarket.markets.series.states import Timing
from random_curves import columns

NOON = datetime(2026, 7, 6, 12, tzinfo=UTC)
HOUR, QUARTER, FIVE = timedelta(hours=1), timedelta(minutes=15), timedelta(minutes=5)

GENERATOR = Curves.from_vertices([[(0.1, 0.0), (0.3, 6.0)]])
DEMAND = Curves.from_vertices([[(0.1, -6.0), (0.3, 0.0)]])
BATTERY = Curves.from_vertices([[(0.05, -3.0), (0.1, 0.0), (0.15, 0.0), (0.18, 3.0)]])
WEAKENED = Curves.from_vertices([[(0.05, 0.5), (0.15, 1.0)]])


def power(curve, price):
    """Return the power of one curve at a price."""
    return round(float(curve.powers_at(price)[0][0, 0]), 9)


def market(series, start, duration, *, commits=True, count=1):
    """Return a market of a series that delivers from a start."""
    return Market(MarketRules(series, "double_auction", Timing(duration, count), 0.2, commits), 0, start)


def test_figure_10a_a_generators_offer_is_translated_downward():
    """Committed to 3 kW at 0.20, it sells more above that price and buys back below; at it, nothing changes."""
    change = translated(GENERATOR, 3.0)

    assert [3.0, 0.0, -1.5, -3.0] == [power(change, price) for price in (0.30, 0.20, 0.15, 0.0)]


def test_figure_10b_a_demand_bid_is_translated_upward():
    """Committed to take 3 kW at 0.20, it takes more below that price and gives back above; at it, nothing changes."""
    change = translated(DEMAND, -3.0)

    assert [-3.0, 0.0, 1.5, 3.0] == [power(change, price) for price in (0.0, 0.20, 0.25, 0.9)]


def test_figure_10c_a_committed_battery_has_no_discharge_left():
    """Committed to discharge all it can, no price makes it discharge more; low ones make it less, and then charge."""
    change = translated(BATTERY, power(BATTERY, 0.20))
    total = [3.0 + power(change, price) for price in (9.0, 0.20, 0.165, 0.12, 0.01)]

    assert [0.0, 0.0] == [power(change, price) for price in (9.0, 0.20)]
    assert [3.0, 3.0, 1.5, 0.0, -3.0] == total


def test_figure_10d_a_weakened_generator_buys_back():
    """With less to offer than it committed, it must buy the difference back even at the price it sold at."""
    change = translated(WEAKENED, power(GENERATOR, 0.20))

    assert -2.0 == power(change, 0.20)
    assert all(power(change, price) < 0 for price in (0.0, 0.20, 9.0))
    assert 0.5 == power(change, 9.0) - power(change, 0.0)


@pytest.mark.parametrize("curve", [GENERATOR, DEMAND, BATTERY])
def test_figure_10_at_the_old_price_nothing_changes(curve):
    """Whose curve has not changed trades nothing in a correction that clears at the first market's price."""
    assert 0.0 == power(translated(curve, power(curve, 0.20)), 0.20)


def test_a_battery_that_replans_buys_back_what_it_sold():
    """A day ahead it sells its 4 kWh at 0.30; then the hour after looks dearer, so it keeps them."""
    store = Battery(("battery",), BatteryRatings(4.0, 4.0, 4.0, end_value=0.0), 1.0, np.array([4.0]))
    ahead, replanned = (
        store.curves(Outlook(np.arange(3), 1.0, np.array([[0.3, after]]), tendered=1)) for after in (0.1, 0.6)
    )
    grid = Curves.offer([[0.3]], -9.0, 9.0)
    sold = clear(Curves.concatenate([ahead, grid])).powers_kw
    second = correct(Curves.concatenate([replanned, grid]), sold)

    assert (-sold).tolist() == second.clearing.powers_kw.tolist()
    assert (0.3, [[0.0], [0.0]]) == (second.clearing.price[0], second.powers_kw.tolist())
    assert sold[0, 0] > 3.0


def test_a_correction_clears_the_change():
    """A generator falls ill: the other takes over, at a new price, and only what changed is traded."""
    house = Curves.inelastic([[-4.0]])
    first = clear(Curves.concatenate([GENERATOR, GENERATOR, house])).powers_kw
    second = correct(Curves.concatenate([WEAKENED, GENERATOR, house]), first)

    assert [[2.0], [2.0], [-4.0]] == np.round(first, 9).tolist()
    assert [[-1.0], [1.0], [0.0]] == np.round(second.clearing.powers_kw, 9).tolist()
    assert [[1.0], [3.0], [-4.0]] == np.round(second.powers_kw, 9).tolist()


def test_a_correction_balances_the_whole():
    """If commitments alone do not balance, as when a party has left, the change makes up for it."""
    correction = correct(Curves.concatenate([GENERATOR, Curves.inelastic([[-3.0]])]), np.array([[4.0], [-3.0]]))

    assert [[3.0], [-3.0]] == np.round(correction.powers_kw, 9).tolist()


def test_commitments_are_not_rationed():
    """Who sold what it cannot make stays committed if nobody can help; who was sold to keeps what it bought."""
    committed = np.array([[4.0], [-4.0]])
    correction = correct(Curves.concatenate([WEAKENED, Curves.inelastic([[-4.0]])]), committed)

    assert not correction.clearing.is_balanced.any()
    assert committed.tolist() == correction.powers_kw.tolist()


@given(st.sampled_from(["grid", "steps", "smooth"]), st.integers(0, 10**6), st.integers(0, 10**6))
def test_translation_moves_money_not_power(kind, seed, before):
    """Where the region balances, a correction ends at the price and powers of a market that trades all anew."""
    prices, powers = columns(kind, seed)
    curves = Curves.from_columns(prices, powers)
    old_prices, old_powers = columns(kind, before)
    committed = clear(Curves.from_columns(old_prices, old_powers)).powers_kw
    whole, correction = clear(curves), correct(curves, committed)
    both = whole.is_balanced & correction.clearing.is_balanced

    assert (whole.low <= correction.clearing.price + 1e-9)[both].all()
    assert (whole.high >= correction.clearing.price - 1e-9)[both].all()
    assert np.allclose(whole.powers_kw[:, both], correction.powers_kw[:, both], atol=1e-6)
    assert np.allclose(0, correction.powers_kw.sum(axis=0), atol=1e-9)


def test_an_hour_is_held_in_its_quarters():
    """4 kW in an hour are 4 kW in each of its quarters: 4 kWh either way."""
    hours, quarters = IntervalGrid(NOON, HOUR, 2), IntervalGrid(NOON + HOUR / 2, QUARTER, 8)

    assert [[4, 4, 7, 7, 7, 7, 0, 0]] == held(np.array([[4, 7]]), hours, quarters).tolist()


def test_intervals_must_divide():
    """An hour cannot be held in the quarters of another grid, nor the quarters in an hour."""
    hours, quarters = IntervalGrid(NOON, HOUR, 2), IntervalGrid(NOON - QUARTER, QUARTER, 8)

    with pytest.raises(InvalidValue, match="do not divide"):
        held(np.zeros((1, 8)), quarters, hours)
    with pytest.raises(InvalidValue, match="do not divide"):
        held(np.zeros((1, 2)), hours, IntervalGrid(NOON - FIVE, QUARTER, 2))


def test_a_chain_of_three():
    """Hour, quarter and five minutes: each trades the change from all before it; what only informs binds nobody."""
    demand = [Curves.inelastic([[-kw]]) for kw in (3.0, 4.0, 6.0, 5.0)]
    steps = [
        ("hour", HOUR, True),
        ("quarter", QUARTER, False),
        ("quarter again", QUARTER, True),
        ("five", FIVE, True),
    ]
    cleared = []
    for (series, duration, commits), house in zip(steps, demand, strict=True):
        curves = Curves.concatenate([GENERATOR, house])
        cleared.append(clear_market(market(series, NOON, duration, commits=commits), curves, cleared))

    assert [3000, 1000, 3000, -1000] == [each.changes_w[0, 0] for each in cleared]
    assert [[5000], [-5000]] == committed_w(cleared, IntervalGrid(NOON, FIVE, 1), 2).tolist()
    assert [[6000], [-6000]] == committed_w(cleared, IntervalGrid(NOON + FIVE, FIVE, 1), 2).tolist()
    assert [[3000], [-3000]] == committed_w(cleared, IntervalGrid(NOON + QUARTER, FIVE, 1), 2).tolist()


def test_rolling_windows_correct_each_other():
    """If overlapping windows commit, the next one trades the change only, and all of the hour it adds."""
    supply = Curves.offer([[0.2, 0.2]], 0.0, 9.0)
    takes = {kw: Curves.concatenate([supply, Curves.inelastic([[-kw, -kw]])]) for kw in (2.0, 3.0)}
    first = clear_market(market("rolling", NOON, HOUR, count=2), takes[2.0], [])
    second = clear_market(market("rolling", NOON + HOUR, HOUR, count=2), takes[3.0], [first])

    assert [1000, 3000] == second.changes_w[0].tolist()


@settings(max_examples=50)
@given(st.integers(0, 10**6))
def test_commitments_are_whole_and_balance(seed):
    """Whatever cleared, commitments are whole watts, sum to zero, and lie within a watt of what the auction found."""
    prices, powers = columns("smooth", seed, intervals=4)
    curves = Curves.from_columns(prices, powers)
    cleared = clear_market(market("day", NOON, HOUR, count=4), curves, [])

    assert not cleared.changes_w.sum(axis=0).any()
    assert np.abs(cleared.changes_w / 1000 - clear(curves).powers_kw).max() < 1e-3


def test_powers_that_do_not_balance_are_no_commitments():
    """Watts cannot be made to sum to zero where kilowatts do not."""
    with pytest.raises(WrongShape):
        in_watts(np.array([[1.0], [-0.5]]))


def test_a_market_remembers_its_prices():
    """What cleared serves the ladder of later markets: start, end and price of each interval."""
    grid = IntervalGrid(NOON, HOUR, 2)
    known = ClearedMarket("day", grid, np.array([[0.1, 0.2]]), np.zeros((1, 2), np.int64), commits=True).known_prices

    assert [grid.starts.tolist(), [[0.1, 0.2]]] == [known.starts.tolist(), known.prices.tolist()]
    assert known.ends[0] == known.starts[1]
