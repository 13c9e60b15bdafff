"""Settlement of chains of markets: energy and money, to the unit."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micromarket.domain.intervals import IntervalGrid
from micromarket.dso.chain_settlement import settle_chain, settle_changes
from micromarket.errors import InvalidValue, NotFinite
from micromarket.markets.series.corrections import ClearedMarket, committed_w

NOON = datetime(2026, 7, 6, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FIVES = IntervalGrid(NOON, 5 * MINUTE, 12)


def grid(minutes, count, start=NOON):
    """Return intervals of some minutes."""
    return IntervalGrid(start, minutes * MINUTE, count)


def traded(name, minutes, price, *changes_w, commits=True):
    """Return a market that cleared the hour from noon at one price, the same change in each of its intervals."""
    intervals = grid(minutes, 60 // minutes)
    columns = np.repeat(np.array(changes_w)[:, None], len(intervals), axis=1)
    return ClearedMarket(name, intervals, np.full(columns.shape, price), columns, commits)


def constant(*powers_w):
    """Return the same delivery in every five minutes."""
    return np.repeat(np.array(powers_w)[:, None], len(FIVES), axis=1)


def test_each_commitment_at_its_own_price():
    """4 kWh sold the day before at 0.20, one bought back at 0.50: 0.80 less 0.50."""
    chain = [traded("day", 60, 0.20, 4000, -4000), traded("quarter", 15, 0.50, -1000, 1000)]
    settled = settle_chain(chain, constant(3000, -3000), FIVES)

    assert [300_000, -300_000] == settled.amount_micro.tolist()
    assert [3 * 3_600_000, -3 * 3_600_000] == settled.energy_j.tolist()
    assert not settled.deviations.energy_j.any()


def test_figure_10d_pays_for_what_it_cannot_deliver():
    """A generator that sold 3 kW and can make 1 buys 2 kW back: at the same price it keeps the money of one."""
    settled = settle_chain(
        [traded("day", 60, 0.20, 3000, -3000), traded("quarter", 15, 0.20, -2000, 2000)], constant(1000, -1000), FIVES
    )

    assert [200_000, -200_000] == settled.amount_micro.tolist()


def test_deviations_pay_the_last_price():
    """Who delivers 500 W less than committed pays for that at the last market's price; who took less gets it."""
    chain = [traded("day", 60, 0.20, 4000, -4000), traded("quarter", 15, 0.60, 0, 0)]
    settled = settle_chain(chain, constant(3500, -3500), FIVES)

    assert [800_000 - 300_000, -800_000 + 300_000] == settled.amount_micro.tolist()


def test_the_last_price_of_each_interval():
    """Two markets that clear half an hour each are each last for their half."""
    halves = [
        ClearedMarket(name, grid(30, 1, start), np.full((2, 1), price), np.zeros((2, 1), int), commits=True)
        for name, start, price in (("first", NOON, 0.2), ("second", NOON + 30 * MINUTE, 0.6))
    ]

    assert [300_000 + 900_000] * 2 == np.abs(settle_chain(halves, constant(3000, -3000), FIVES).amount_micro).tolist()


def test_without_commitments_all_is_deviation():
    """A chain in which every market refines settles what meters counted at the last price, as a spot market does."""
    chain = [traded("day", 60, 0.20, 4000, -4000, commits=False), traded("quarter", 15, 0.25, 9, -9, commits=False)]
    settled = settle_chain(chain, constant(6000, -6000), FIVES)

    assert {} == settled.commitments
    assert [1_500_000, -1_500_000] == settled.amount_micro.tolist()


def exact(price, power_w, minutes):
    """Return the amount of one entry, in whole micro-units, by fractions."""
    micro_per_kwh = round(Fraction(price) * 10**6)
    return round(Fraction(power_w, 1000) * Fraction(minutes, 60) * micro_per_kwh)


@st.composite
def histories(draw):
    """Return a chain over an hour, with prices and powers to tenths of nothing in particular, and a delivery."""
    parties, levels = draw(st.integers(2, 5)), draw(st.integers(1, 4))
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    lengths = sorted(chance.choice([60, 30, 15, 10, 5], levels), reverse=True)
    lengths = [minutes for i, minutes in enumerate(lengths) if all(a % minutes == 0 for a in lengths[:i])]

    def balanced(intervals):
        powers = chance.integers(-(10**5), 10**5, (parties, intervals))
        powers[-1] = -powers[:-1].sum(axis=0)
        return powers

    chain = [
        ClearedMarket(
            f"{level}",
            grid(int(minutes), 60 // int(minutes)),
            np.tile(chance.uniform(-0.5, 2.0, 60 // int(minutes)), (parties, 1)),
            balanced(60 // int(minutes)),
            bool(chance.random() < 0.7),
        )
        for level, minutes in enumerate(lengths)
    ]
    return chain, balanced(12)


@settings(max_examples=200)
@given(histories())
def test_energy_and_money_are_the_sum_of_commitments_at_their_prices(history):
    """Each party's account, to the joule and micro-unit, against fractions added up five minutes by five."""
    chain, delivered = history
    settled = settle_chain(chain, delivered, FIVES)
    for party, powers in enumerate(delivered):
        amount, missing = 0, {k: Fraction(int(power)) for k, power in enumerate(powers)}
        for market in (market for market in chain if market.commits):
            minutes = market.intervals.step // MINUTE
            for t, change in enumerate(market.changes_w[party]):
                amount += exact(market.prices[party, t], int(change), minutes)
                for k in range(t * minutes // 5, (t + 1) * minutes // 5):
                    missing[k] -= int(change)
        last = chain[-1]
        for k, power in missing.items():
            amount += exact(last.prices[party, k * 5 * MINUTE // last.intervals.step], power, 5)

        assert amount == settled.amount_micro[party]
        assert int(powers.sum()) * 300 == settled.energy_j[party]


@given(histories())
def test_money_sums_to_zero(history):
    """What everybody receives and what rounding leaves over is nothing; rounding is small."""
    chain, delivered = history
    settled = settle_chain(chain, delivered, FIVES)

    assert 0 == settled.amount_micro.sum() + settled.rounding_micro
    assert 0 == settled.energy_j.sum()
    assert abs(settled.rounding_micro) <= len(delivered) / 2 * 12 * (len(chain) + 1)


@given(histories())
def test_delivering_what_was_committed_leaves_no_deviation(history):
    """Who does as committed is settled by its commitments alone."""
    chain, delivered = history
    settled = settle_chain(chain, committed_w(chain, FIVES, len(delivered)), FIVES)

    assert not settled.deviations.amount_micro.any()
    assert not settled.deviations.energy_j.any()


def test_nodes_have_prices_of_their_own():
    """5 kW bought at 0.20, 4 sold at 0.30 behind a line that loses one: its owner is a party at either end."""
    changes = np.array([[5000], [-5000], [4000], [-4000]])
    prices = np.array([[0.2], [0.2], [0.3], [0.3]])
    settled = settle_changes(changes, prices, grid(60, 1))

    assert [1_000_000, -1_000_000, 1_200_000, -1_200_000] == settled.amount_micro[:, 0].tolist()


def test_halves_are_rounded_to_even():
    """Half a micro-unit goes to the even one, whichever sign."""
    powers = np.array([[500], [1500], [-500], [-1500]])
    settled = settle_changes(powers, np.full((4, 1), 1e-6), grid(60, 1))

    assert [0, 2, 0, -2] == settled.amount_micro[:, 0].tolist()


@pytest.mark.parametrize(
    ("chain", "delivered", "reason"),
    [
        ([traded("day", 60, 0.2, 4000, -4000)], constant(4000, -3000), "do not balance"),
        ([traded("day", 60, 0.2, 4000, -3000)], constant(0, 0), "do not balance"),
        ([], constant(0, 0), "no market cleared"),
        ([ClearedMarket("long", grid(60, 2), np.zeros((2, 2)), np.zeros((2, 2), int), commits=True)], constant(0, 0),
         "committed beyond"),
    ],
)  # fmt: skip
def test_what_cannot_be_settled_is_refused(chain, delivered, reason):
    """Powers that do not balance, times that nobody cleared, and commitments not yet due have no account."""
    with pytest.raises(InvalidValue, match=reason):
        settle_chain(chain, delivered, FIVES)


def test_amounts_beyond_whole_numbers_are_refused():
    """Nothing overflows in silence, and no second is cut."""
    with pytest.raises(NotFinite, match="too large"):
        settle_changes(np.array([[10**15], [-(10**15)]]), np.full((2, 1), 9.0), grid(60, 1))
    with pytest.raises(InvalidValue, match="whole seconds"):
        settle_changes(np.zeros((2, 1), int), np.zeros((2, 1)), IntervalGrid(NOON, MINUTE / 7, 1))
