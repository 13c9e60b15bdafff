"""Tariffs, bills, and the rate at which a supplier breaks even."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from micromarket.domain.intervals import IntervalGrid, local_day
from micromarket.domain.money import to_micro
from micromarket.dso.tariffs import FlatRate, RateTable, Tariff, TimeOfUse, bill, break_even_rate
from micromarket.errors import InvalidValue, WrongShape

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
MONDAY = IntervalGrid.covering(local_day(date(2026, 7, 6), BERLIN), HOUR)
EVENING = TimeOfUse(0.15, 0.40, peak_starts=16 * 60, peak_ends=21 * 60, weekdays_only=True)
FIRST = np.array([0])


def peak_hours(rate, grid, zone=BERLIN):
    """Return the positions of intervals at the peak rate."""
    return np.flatnonzero(rate.rates(grid, zone) == rate.peak).tolist()


def test_peak_follows_the_wall_clock():
    """Five hours in the evening are dear."""
    assert [16, 17, 18, 19, 20] == peak_hours(EVENING, MONDAY)


@pytest.mark.parametrize(
    ("day", "first"), [(date(2026, 3, 30), 16), (date(2026, 3, 29), None), (date(2026, 7, 4), None)]
)
def test_weekends_have_no_peak(day, first):
    """Saturdays and Sundays are cheap all day."""
    hours = peak_hours(EVENING, IntervalGrid.covering(local_day(day, BERLIN), HOUR))

    assert first == (hours[0] if hours else None)


@pytest.mark.parametrize(("day", "first", "hours"), [(date(2026, 3, 29), 15, 23), (date(2026, 10, 25), 17, 25)])
def test_peak_on_days_of_daylight_saving(day, first, hours):
    """On a day of 23 or 25 hours the peak still begins at 16:00 by the clock."""
    grid = IntervalGrid.covering(local_day(day, BERLIN), HOUR)
    everyday = TimeOfUse(0.15, 0.40, 16 * 60, 21 * 60)

    assert (hours, list(range(first, first + 5))) == (len(grid), peak_hours(everyday, grid))


def test_peak_over_midnight():
    """A peak may begin in the evening and end in the morning."""
    assert [0, 1, 22, 23] == peak_hours(TimeOfUse(0.1, 0.2, 22 * 60, 2 * 60), MONDAY)


def test_peak_all_day():
    """A peak from midnight to midnight leaves no other hour."""
    assert list(range(24)) == peak_hours(TimeOfUse(0.1, 0.2, 0, 1440), MONDAY)


def test_peak_that_begins_within_an_interval():
    """Half an hour of peak in an hour is half of the difference."""
    rates = TimeOfUse(0.10, 0.30, 16 * 60 + 30, 18 * 60).rates(MONDAY, BERLIN)

    assert [0.1, 0.2, 0.3, 0.1] == rates[15:19].round(12).tolist()


@pytest.mark.parametrize(("start", "end"), [(60, 60), (-1, 60), (0, 1441), (1440, 10)])
def test_impossible_peak_is_refused(start, end):
    """Minutes of the day, and not the same one twice."""
    with pytest.raises(InvalidValue, match="peak"):
        TimeOfUse(0.1, 0.2, start, end)


def test_bill():
    """Imports cost, exports earn, and every day begun has its fixed charge, to the micro-unit."""
    grid = IntervalGrid(datetime(2026, 7, 6, tzinfo=UTC), HOUR, 25)
    table = RateTable.of((Tariff("flat", FlatRate(0.25), export_rate=0.08, fixed_per_day=0.30),), grid, UTC)
    net = np.zeros((1, 25))
    net[0, :2] = -2.0, 1.5
    paid = bill(table, FIRST, net, hours=1.0)

    assert [500_000, -120_000] == paid.energy_micro[0, :2].tolist()
    assert ([600_000], [980_000]) == (paid.fixed_micro.tolist(), paid.total_micro.tolist())
    assert (2.0, 1.5) == (paid.import_kwh.sum(), paid.export_kwh.sum())


def test_each_customer_has_a_tariff():
    """Two tariffs, three customers, one call."""
    table = RateTable.of((Tariff("flat", FlatRate(0.2)), Tariff("tou", EVENING)), MONDAY, BERLIN)
    paid = bill(table, np.array([0, 1, 0]), np.full((3, 24), -1.0), 1.0)

    assert [4_800_000, 19 * 150_000 + 5 * 400_000, 4_800_000] == paid.total_micro.tolist()


energies = arrays.arrays(float, (3, 4), elements=st.floats(0, 100)).filter(lambda energy: energy.sum() > 0.01)


@given(energies, st.integers(-(10**9), 10**9))
def test_break_even_is_the_lowest_rate_that_suffices(imported, needed):
    """At the rate found, bills cover the need; a micro-unit lower, they do not."""
    rate = break_even_rate(imported, needed)

    assert to_micro(imported * rate).sum() >= needed
    assert to_micro(imported * (round(rate * 1e6) - 1) / 1e6).sum() < needed


def test_break_even_brings_in_what_a_bill_says():
    """The supplier's cost of 10 is recovered from 40 kWh by 0.25 each."""
    assert 0.25 == break_even_rate(np.full((4, 10), 1.0), 10_000_000)


def test_break_even_needs_customers():
    """Where nobody draws energy, no rate recovers anything."""
    with pytest.raises(InvalidValue, match="nobody draws"):
        break_even_rate(np.zeros((2, 2)), 100)
    with pytest.raises(WrongShape):
        break_even_rate(np.array([-1.0]), 100)
