"""What every model of prices keeps; a model takes part as soon as it is registered."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micromarket.domain.intervals import IntervalGrid, LocalTimes
from micromarket.errors import UnknownPriceModel
from micromarket.markets import registry
from micromarket.storage.values import from_bytes, to_bytes

START = datetime(2026, 10, 23, tzinfo=UTC)
NODES, DEFAULT, MEMORY = 3, 0.15, 4

every_model = pytest.mark.parametrize("name", registry.names(registry.PRICE_MODELS))
prices = st.lists(st.floats(-1, 2), min_size=1, max_size=24 * 4)


def hours(count, from_hour=0):
    """Return hours of a weekend on which clocks go back."""
    grid = IntervalGrid(START, timedelta(hours=1), from_hour + count + 1)
    return LocalTimes.of(grid.starts[from_hour:-1], ZoneInfo("Europe/Berlin"))


def taught(name, seen):
    """Return a model that has seen hourly prices at every node."""
    model = registry.price_model(name)(NODES, DEFAULT, MEMORY)
    return model.learned(hours(len(seen)), np.tile(np.array(seen), (NODES, 1)))


@every_model
def test_a_new_model_expects_the_default(name):
    """Before the first price every node expects the default, at every time."""
    model = registry.price_model(name)(NODES, DEFAULT, MEMORY)

    assert np.full((NODES, 72), DEFAULT).tolist() == model.expected(hours(72)).tolist()
    assert (NODES, 72) == model.deviation(hours(72)).shape


@every_model
@settings(max_examples=30)
@given(seen=prices)
def test_expectations_are_finite_and_within_what_was_seen(name, seen):
    """No model expects a price beyond all it has seen; deviations are not negative."""
    model, week = taught(name, seen), hours(168)
    lowest, highest = min([DEFAULT, *seen]), max([DEFAULT, *seen])

    assert (model.expected(week) >= lowest - 1e-9).all()
    assert (model.expected(week) <= highest + 1e-9).all()
    assert (model.deviation(week) >= 0).all()


@every_model
@settings(max_examples=30)
@given(seen=prices, cut=st.integers(0, 96))
def test_learning_in_parts_is_learning_at_once(name, seen, cut):
    """It matters in which order prices came, not how many were told at a time."""
    cut = min(cut, len(seen))
    first, rest = taught(name, seen[:cut]), np.tile(np.array(seen[cut:]), (NODES, 1))
    in_parts = first.learned(hours(len(seen) - cut, cut), rest)

    assert to_bytes(taught(name, seen)) == to_bytes(in_parts)


@every_model
def test_learning_leaves_the_model_alone(name):
    """A market that learns does not change the model its successor started from."""
    model = taught(name, [0.2, 0.3])
    before = to_bytes(model)
    model.learned(hours(48), np.ones((NODES, 48)))

    assert before == to_bytes(model)


@every_model
def test_a_constant_price_is_learned(name):
    """After a long time at one price nothing else is expected, within what the memory still holds."""
    model = taught(name, [0.4] * 24 * 7 * 26)

    assert np.allclose(0.4, model.expected(hours(168)), atol=1e-2)


@every_model
def test_a_model_survives_a_restart(name):
    """Written down and read again, it expects the same."""
    model = taught(name, [0.1, 0.2, 0.7])
    back = from_bytes(type(model), to_bytes(model))

    assert model.expected(hours(168)).tolist() == back.expected(hours(168)).tolist()


def test_an_unknown_model_is_refused():
    """A misspelt model is refused with the names that would do."""
    with pytest.raises(UnknownPriceModel, match=r"'hurly'; there are: hourly, weekday_weekend"):
        registry.price_model("hurly")
