"""Step grids; resources, products and instruments."""

import math
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micromarket.domain.products import Product, Resource, StepGrid
from micromarket.errors import InvalidValue, NotFinite, OffGrid

MILLI = StepGrid.of("0.001")
QUARTERS = Product(Resource("energy", "feeder-1"), timedelta(minutes=15), MILLI, MILLI)


def test_off_grid_names_the_nearest_values():
    """A value between two steps is refused, and the refusal says what would do."""
    with pytest.raises(OffGrid, match=r"0\.0015 is not .* allowed nearby: 0\.001 or 0\.002"):
        MILLI.to_steps(0.0015)


def test_off_grid_below_zero():
    """Negative prices lie on the same grid."""
    assert -20 == MILLI.to_steps(-0.02)
    with pytest.raises(OffGrid, match=r"allowed nearby: -0\.021 or -0\.02$"):
        MILLI.to_steps(-0.0205)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_only(value):
    """Neither NaN nor infinity is a number of steps."""
    with pytest.raises(NotFinite):
        MILLI.to_steps(value)


@pytest.mark.parametrize("step", ["0", "-0.1"])
def test_step_must_lead_somewhere(step):
    """A grid has a positive step."""
    with pytest.raises(InvalidValue, match="positive"):
        StepGrid.of(step)


@given(st.integers(-(10**9), 10**9), st.sampled_from(["0.001", "0.25", "5", "1/3", "0.00001"]))
def test_round_trip(steps, step):
    """Every value of a grid comes back as the same number of steps, or is refused where no float can show it."""
    grid = StepGrid.of(step)
    value = grid.to_value(steps)

    if Fraction(repr(value)) == steps * grid.step:
        assert steps == grid.to_steps(value)
    else:
        with pytest.raises(OffGrid):
            grid.to_steps(value)


def test_instrument_names_itself():
    """An instrument's name follows from what it is, whatever zone its start was written in."""
    start = datetime(2026, 7, 6, 12, tzinfo=UTC)
    elsewhere = start.astimezone(timezone(timedelta(hours=-4)))

    assert "energy@feeder-1/15min/2026-07-06T12:00:00Z" == QUARTERS.starting(elsewhere).instrument_id
    assert start + timedelta(minutes=15) == QUARTERS.starting(start).delivery.end
