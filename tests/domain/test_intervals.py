"""Intervals of time, and grids of them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micromarket.domain.intervals import EPOCH, MICROSECOND, Interval, IntervalGrid, local_day, utc
from micromarket.errors import InvalidValue, NaiveTime

NOON = datetime(2026, 7, 6, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
BERLIN, NEW_YORK, LORD_HOWE = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")

moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))
zones = st.sampled_from([UTC, BERLIN, NEW_YORK, LORD_HOWE, ZoneInfo("Asia/Kathmandu"), ZoneInfo("Africa/Casablanca")])
steps = st.sampled_from([timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60, 1440)])


def test_half_open():
    """An interval holds its start and not its end, so that neighbors share no moment."""
    hour = Interval.lasting(NOON, HOUR)

    assert (True, False) == (hour.contains(NOON), hour.contains(NOON + HOUR))


def test_stored_in_utc():
    """Whatever zone a time was written in, it is kept in UTC."""
    assert Interval.lasting(NOON, HOUR) == Interval.lasting(NOON.astimezone(NEW_YORK), HOUR)
    assert UTC is Interval.lasting(NOON.astimezone(BERLIN), HOUR).start.tzinfo


@pytest.mark.parametrize(
    "make", [utc, lambda naive: Interval(naive, NOON), lambda naive: IntervalGrid(naive, HOUR, 1)]
)
def test_naive_time_is_refused(make):
    """A time without a zone could mean anything."""
    with pytest.raises(NaiveTime, match="2026-07-06T00:00:00"):
        make(datetime(2026, 7, 6))


def test_empty_interval_is_refused():
    """An interval that ends when it starts has no energy."""
    with pytest.raises(InvalidValue, match="ends after it starts"):
        Interval(NOON, NOON)


def test_overlap():
    """Two intervals share what lies in both; touching ones share nothing."""
    hour = Interval.lasting(NOON, HOUR)

    assert Interval.lasting(NOON + HOUR / 2, HOUR / 2) == hour.overlap(Interval.lasting(NOON + HOUR / 2, HOUR))
    assert hour.overlap(Interval.lasting(NOON + HOUR, HOUR)) is None


def test_split():
    """Parts follow each other and cover the whole."""
    quarters = Interval.lasting(NOON, HOUR).split(HOUR / 4)

    assert [NOON + minutes * timedelta(minutes=15) for minutes in range(4)] == [part.start for part in quarters]
    assert NOON + HOUR == quarters[-1].end


@pytest.mark.parametrize("duration", [timedelta(0), timedelta(minutes=7), -HOUR])
def test_uneven_split_is_refused(duration):
    """Nothing is left over."""
    with pytest.raises(InvalidValue, match="does not divide"):
        Interval.lasting(NOON, HOUR).split(duration)
    with pytest.raises(InvalidValue, match="does not divide"):
        IntervalGrid.covering(Interval.lasting(NOON, HOUR), duration)


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 7, 6), 24)],
)
def test_days_of_23_and_25_hours(day, hours):
    """A local day is as long as the clocks make it."""
    assert hours == local_day(day, BERLIN).hours


def test_half_hour_daylight_saving():
    """Lord Howe Island moves its clocks by half an hour."""
    assert (23.5, 24.5) == (
        local_day(date(2026, 10, 4), LORD_HOWE).hours,
        local_day(date(2026, 4, 5), LORD_HOWE).hours,
    )


def test_grid_repeats_an_hour_in_autumn():
    """When clocks go back, one local hour comes twice and no interval is lost."""
    day = IntervalGrid.covering(local_day(date(2026, 10, 25), BERLIN), HOUR)

    assert [0, 1, 2, 2, *range(3, 24)] == day.local_hours(BERLIN).tolist()


def test_grid_skips_an_hour_in_spring():
    """When clocks go forward, one local hour never comes."""
    day = IntervalGrid.covering(local_day(date(2026, 3, 29), BERLIN), HOUR)

    assert [0, 1, *range(3, 24)] == day.local_hours(BERLIN).tolist()


@given(moments, steps, st.integers(1, 400), zones)
def test_grid_agrees_with_the_calendar(start, step, count, zone):
    """Arrays say of every interval what the standard library's calendar says."""
    grid = IntervalGrid(start, step, count)
    local = [interval.start.astimezone(zone) for interval in grid]

    assert [(moment - EPOCH) // MICROSECOND for moment in local] == grid.starts.tolist()
    assert [moment.hour for moment in local] == grid.local_hours(zone).tolist()
    assert [moment.hour * 60 + moment.minute for moment in local] == grid.local_minutes(zone).tolist()
    assert [moment.weekday() for moment in local] == grid.local_weekdays(zone).tolist()
    assert [(moment.date() - local[0].date()).days for moment in local] == grid.local_days(zone).tolist()


@given(moments, steps, st.integers(1, 50))
def test_grid_covers_time_without_gap(start, step, count):
    """Every interval begins where the one before it ends."""
    grid = IntervalGrid(start, step, count)

    assert all(before.end == after.start for before, after in zip(list(grid)[:-1], list(grid)[1:], strict=True))
    assert grid.whole == Interval(grid[0].start, grid[-1].end)
    assert grid == IntervalGrid.covering(grid.whole, step)


def test_index_of_a_moment():
    """A moment belongs to the interval that contains it; outside the grid to none."""
    grid = IntervalGrid(NOON, HOUR / 4, 4)

    assert 3 == grid.index(NOON + HOUR - MICROSECOND)
    with pytest.raises(InvalidValue, match="lies outside"):
        grid.index(NOON + HOUR)
    with pytest.raises(IndexError):
        grid[4]


def test_empty_grid_is_refused():
    """A grid has at least one interval."""
    with pytest.raises(InvalidValue, match="positive step and count"):
        IntervalGrid(NOON, HOUR, 0)


def test_hours():
    """Quarter hours are a quarter of an hour."""
    assert (0.25, np.int64) == (IntervalGrid(NOON, HOUR / 4, 4).hours, IntervalGrid(NOON, HOUR, 2).starts.dtype)
