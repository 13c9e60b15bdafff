"""Price prediction: the hourly model and the ladder."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micromarket.errors import InvalidValue, WrongShape
from micromarket.markets.prediction import HourlyPrices, KnownPrices, PriceSources, Rung, foresee

HOUR_US = 3_600_000_000


def known(first_hour, prices):
    """Return hourly prices of one node from an hour on."""
    starts = (first_hour + np.arange(len(prices))) * HOUR_US
    return KnownPrices(starts, starts + HOUR_US, np.array([prices], dtype=float))


def test_equations_of_the_template():
    """Mean and spread follow equations (2) and (3)."""
    model = HourlyPrices.flat(1, 0.10).updated(17, [0.24])

    assert math.isclose(0.11, model.mean[0, 17])
    assert math.isclose(math.sqrt((0.11 - 0.24) ** 2 / 14), model.spread[0, 17])


def test_memory_of_one_keeps_yesterday():
    """With k = 1 the model is the last price of each hour, without spread."""
    model = HourlyPrices.flat(2, 0.10).updated(3, [0.3, -0.1], memory=1)

    assert [[0.3, 0.1], [-0.1, 0.1]] == model.expected(np.array([3, 4])).tolist()
    assert not model.spread.any()


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=40), st.integers(1, 60))
def test_model_learns_each_node_alone(prices, memory):
    """Many nodes at once learn what each would have learned alone."""
    together, alone = HourlyPrices.flat(2, 0.1), HourlyPrices.flat(1, 0.1)
    for price in prices:
        together = together.updated(5, [price, -price], memory)
        alone = alone.updated(5, [price], memory)

    assert np.array_equal(alone.mean, together.mean[:1])
    assert np.array_equal(alone.spread, together.spread[:1])
    assert min([0.1, *prices]) - 1e-9 <= alone.mean[0, 5] <= max([0.1, *prices]) + 1e-9


def test_model_refuses_what_it_cannot_learn():
    """Hours of day are 0 to 23, memories at least 1, spreads not negative, shapes (m, 24)."""
    model = HourlyPrices.flat(1, 0.1)

    with pytest.raises(InvalidValue, match="hour"):
        model.updated(24, [0.1])
    with pytest.raises(InvalidValue, match="memory"):
        model.updated(0, [0.1], memory=0)
    with pytest.raises(InvalidValue, match="spread"):
        HourlyPrices(model.mean, model.spread - 1)
    with pytest.raises(WrongShape):
        HourlyPrices(model.mean[:, :23], model.spread[:, :23])


def test_five_rungs():
    """Each hour is looked up where the template says: actual, prior, refined, modeled, default."""
    sources = PriceSources(known(0, [1]), known(0, [2, 2]), known(0, [3, 3, 3]), HourlyPrices.flat(1, 4.0), 5.0)
    hours = np.arange(4)
    foreseen = foresee(sources, 1, hours * HOUR_US, hours)

    assert [[1, 2, 3, 4]] == foreseen.prices.tolist()
    assert [Rung.ACTUAL, Rung.PRIOR, Rung.REFINED, Rung.MODEL] == foreseen.rungs.tolist()


def test_last_resort():
    """Without anything known, every node expects the default price."""
    foreseen = foresee(PriceSources(default=0.15), 3, np.arange(2) * HOUR_US, np.arange(2))

    assert [[0.15] * 2] * 3 == foreseen.prices.tolist()
    assert {Rung.DEFAULT} == set(foreseen.rungs.tolist())


def test_known_hour_serves_its_quarters():
    """A known interval serves every time it contains, its start but not its end."""
    quarters = np.arange(-1, 5) * HOUR_US // 4
    foreseen = foresee(PriceSources(actual=known(0, [0.3])), 1, quarters, np.zeros(6, dtype=np.int64))

    assert [[0, 0.3, 0.3, 0.3, 0.3, 0]] == foreseen.prices.tolist()


def test_market_without_prices_yet():
    """A market that has cleared nothing knows nothing."""
    nothing = KnownPrices(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((1, 0)))

    assert [Rung.DEFAULT] == foresee(PriceSources(actual=nothing), 1, np.array([0]), np.array([0])).rungs.tolist()


tables = st.none() | st.builds(known, st.integers(-3, 5), st.lists(st.floats(-1, 1), min_size=1, max_size=5))


@given(tables, tables, tables, st.booleans(), st.lists(st.integers(-20, 60), min_size=1, max_size=20))
def test_ladder_agrees_with_a_loop(actual, prior, refined, modeled, quarters):
    """All times at once find what a search through the sources, one time after another, finds."""
    model = HourlyPrices(np.arange(24.0)[None], np.zeros((1, 24))) if modeled else None
    starts = np.array(quarters) * HOUR_US // 4
    hours = starts // HOUR_US % 24

    def look_up(start, hour):
        for rung, table in enumerate((actual, prior, refined)):
            if table is not None:
                for begin, end, price in zip(table.starts, table.ends, table.prices[0], strict=True):
                    if begin <= start < end:
                        return rung, price
        return (Rung.MODEL, float(hour)) if modeled else (Rung.DEFAULT, 9.0)

    foreseen = foresee(PriceSources(actual, prior, refined, model, 9.0), 1, starts, hours)

    assert [look_up(*pair) for pair in zip(starts, hours, strict=True)] == [
        (rung, price) for rung, price in zip(foreseen.rungs, foreseen.prices[0], strict=True)
    ]


@pytest.mark.parametrize(
    ("starts", "ends", "prices"),
    [([0, 1], [2, 3], [[1, 1]]), ([1, 0], [2, 1], [[1, 1]]), ([0], [0], [[1]])],
)
def test_known_prices_are_in_order(starts, ends, prices):
    """Known intervals neither overlap nor go back in time."""
    with pytest.raises(InvalidValue, match="in order"):
        KnownPrices(np.array(starts), np.array(ends), np.array(prices))


def test_known_prices_fit_their_intervals():
    """One price for each node and interval."""
    with pytest.raises(WrongShape):
        KnownPrices(np.array([0]), np.array([1]), np.zeros((2, 3)))
