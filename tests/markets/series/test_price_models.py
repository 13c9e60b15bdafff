"""Models of prices: the hours of the day, with and without weekends."""

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micromarket.domain.intervals import IntervalGrid, LocalTimes
from micromarket.errors import InvalidValue, WrongShape
from micromarket.markets.series.price_models import HourlyPrices, WeekdayPrices

HOUR = timedelta(hours=1)
FRIDAY = datetime(2026, 7, 10, tzinfo=UTC)


def hours_from(start, count, zone=UTC):
    """Return consecutive hours from a moment on."""
    return LocalTimes.of(IntervalGrid(start, HOUR, count).starts, zone)


def test_equations_of_the_template():
    """Mean and spread follow equations (2) and (3)."""
    model = HourlyPrices.flat(1, 0.10).updated(17, [0.24])

    assert math.isclose(0.11, model.mean[0, 17])
    assert math.isclose(math.sqrt((0.11 - 0.24) ** 2 / 14), model.spread[0, 17])


def test_memory_of_one_keeps_yesterday():
    """With k = 1 the model is the last price of each hour, without spread."""
    model = HourlyPrices.flat(2, 0.10, memory=1).updated(0, [0.3, -0.1])

    assert [[0.3, 0.1], [-0.1, 0.1]] == model.expected(hours_from(FRIDAY, 2)).tolist()
    assert not model.spread.any()


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=40), st.integers(1, 60))
def test_model_learns_each_node_alone(prices, memory):
    """Many nodes at once learn what each would have learned alone."""
    together, alone = HourlyPrices.flat(2, 0.1, memory), HourlyPrices.flat(1, 0.1, memory)
    for price in prices:
        together = together.updated(5, [price, -price])
        alone = alone.updated(5, [price])

    assert np.array_equal(alone.mean, together.mean[:1])
    assert np.array_equal(alone.spread, together.spread[:1])
    assert min([0.1, *prices]) - 1e-9 <= alone.mean[0, 5] <= max([0.1, *prices]) + 1e-9


def test_model_refuses_what_it_cannot_learn():
    """Hours of day are 0 to 23, memories at least 1, spreads not negative, shapes (m, 24)."""
    model = HourlyPrices.flat(1, 0.1)

    with pytest.raises(InvalidValue, match="hour"):
        model.updated(24, [0.1])
    with pytest.raises(InvalidValue, match="memory"):
        HourlyPrices.flat(1, 0.1, memory=0)
    with pytest.raises(InvalidValue, match="spread"):
        HourlyPrices(model.mean, model.spread - 1)
    with pytest.raises(WrongShape):
        HourlyPrices(model.mean[:, :23], model.spread[:, :23])


def test_a_successor_cannot_spoil_the_model_it_started_from():
    """Two markets that start from one model share nothing that can be written to."""
    first = HourlyPrices.flat(1, 0.1)
    first.updated(3, [0.9])

    assert 0.1 == first.mean[0, 3]
    with pytest.raises(ValueError, match="read-only"):
        first.mean[0, 3] = 0.9


def test_the_model_learns_the_hours_of_the_wall_clock():
    """Noon is noon in summer and in winter."""
    berlin = ZoneInfo("Europe/Berlin")
    summer = hours_from(datetime(2026, 7, 6, 12, tzinfo=berlin), 1, berlin)
    winter = hours_from(datetime(2026, 12, 7, 12, tzinfo=berlin), 1, berlin)

    assert [[0.2]] == HourlyPrices.flat(1, 0.1, memory=1).learned(summer, [[0.2]]).expected(winter).tolist()


def test_weekends_are_learned_apart():
    """Dear Fridays say nothing about Saturdays, and the other way round."""
    week = hours_from(FRIDAY, 48)
    model = WeekdayPrices.flat(1, 0.1, memory=1).learned(week, [[0.3] * 24 + [0.05] * 24])
    next_week = hours_from(FRIDAY + timedelta(days=7), 48)

    assert [[0.3] * 24 + [0.05] * 24] == model.expected(next_week).tolist()
    assert not model.deviation(next_week).any()
