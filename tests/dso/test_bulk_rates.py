"""Rates of a bulk supplier through the calendar."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from micromarket.domain.intervals import IntervalGrid, LocalTimes
from micromarket.dso.bulk_rates import BulkRates, is_heavy, is_holiday
from micromarket.errors import WrongShape

PACIFIC = ZoneInfo("America/Los_Angeles")
RATES = BulkRates(np.arange(1, 13) / 100, np.arange(1, 13) / 200, np.arange(1.0, 13.0))


def hours_of(year, month, day, count=24):
    """Return the hours of a local day."""
    midnight = datetime(year, month, day, tzinfo=PACIFIC).astimezone(UTC)
    return LocalTimes.of(IntervalGrid(midnight, timedelta(hours=1), count).starts, PACIFIC)


def holidays_of(year):
    """Return the holidays of a year as dates."""
    first = date(year, 1, 1).toordinal() - date(1970, 1, 1).toordinal()
    days = np.arange(first, first + 365)
    return [str(day) for day in days[is_holiday(days)].astype("datetime64[D]")]


def test_heavy_hours_are_six_to_twenty_two_on_working_days():
    """Sixteen hours on a Friday and a Saturday, none on a Sunday; by the local clock."""
    heavy = [np.flatnonzero(is_heavy(hours_of(2017, 8, day))) for day in (4, 5, 6)]

    assert [list(range(6, 22)), list(range(6, 22)), []] == [hours.tolist() for hours in heavy]


def test_clock_changes_move_no_border():
    """On the day that clocks go forward it is still 6 to 22 by the wall; asked is the Monday after."""
    heavy = is_heavy(hours_of(2017, 3, 12, 47))

    assert (16, 6) == (heavy.sum(), hours_of(2017, 3, 12, 47).hours[heavy][0])


@pytest.mark.parametrize(
    ("year", "expected"),
    [
        (2017, ["2017-01-02", "2017-05-29", "2017-07-04", "2017-09-04", "2017-11-23", "2017-12-25"]),
        (2021, ["2021-01-01", "2021-05-31", "2021-07-05", "2021-09-06", "2021-11-25", "2021-12-25"]),
    ],
)
def test_holidays_are_light(year, expected):
    """Six a year; one on a Sunday is kept on Monday, one on a Saturday is not moved."""
    assert expected == holidays_of(year)


def test_rates_follow_the_month():
    """August: 0.08 in the day, 0.04 at night; demand is charged in the day only."""
    friday = hours_of(2017, 8, 4)
    night_and_noon = [[values[3], values[12]] for values in (RATES.energy(friday), RATES.demand_rate(friday))]

    assert [[0.04, 0.08], [0.0, 8.0]] == night_and_noon


def test_rates_of_eleven_months_are_refused():
    with pytest.raises(WrongShape, match="12 months"):
        BulkRates(np.zeros(12), np.zeros(11), np.zeros(12))
