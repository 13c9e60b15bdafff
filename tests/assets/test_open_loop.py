"""Loads from calendar and temperature."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from micromarket.assets.asset import Outlook
from micromarket.assets.inflexible import InflexibleLoad
from micromarket.assets.open_loop import OpenLoopLoad, OpenLoopSeries
from micromarket.assets.profile import Profile
from micromarket.domain.intervals import IntervalGrid, LocalTimes
from micromarket.errors import WrongShape

PACIFIC = ZoneInfo("America/Los_Angeles")


def at(year, month, day, hour):
    """Return one local hour in the Tri-Cities."""
    moment = datetime(year, month, day, hour, tzinfo=PACIFIC).astimezone(UTC)
    return LocalTimes.of(IntervalGrid(moment, timedelta(hours=1), 1).starts, PACIFIC)


def numbered(scale=1.0):
    """Return a load that tells which row it used: regime k in hour h draws 1000 h + 100 k, and 1 kW for each °F."""
    rows = 1000.0 * np.arange(24)[:, None] + 100.0 * np.arange(1, 7)
    return OpenLoopLoad(np.arange(7) / 10, rows, np.ones((24, 6)), scale)


@pytest.mark.parametrize(
    ("month", "celsius", "regime"),
    [(1, 0.0, 6), (12, 20.0, 6), (4, 20.0, 1), (4, 10.0, 2), (7, 10.0, 3), (10, 20.0, 4), (10, 10.0, 5)],
)
def test_season_and_temperature_choose_the_regime(month, celsius, regime):
    """Spring and autumn have a second line for 56.6 °F and below; winter and summer have one each."""
    drawn = numbered().drawn_kw(at(2017, month, 16, 5), [celsius])

    assert [regime] == ((drawn - 5000 - celsius * 9 / 5 - 32) // 100).tolist()


def test_each_weekday_has_its_intercept():
    """Monday 31 July 2017 to the Sunday after."""
    drawn = [numbered().drawn_kw(at(2017, 7, 31, 0), [0.0])[0]]
    drawn += [numbered().drawn_kw(at(2017, 8, day, 0), [0.0])[0] for day in range(1, 7)]

    assert np.arange(7) / 10 == pytest.approx(np.array(drawn) - 332.0)


def test_scale_multiplies_and_nothing_is_fed_in():
    """Twice the load; where the lines would go below nothing, nothing is drawn."""
    hot, cold = numbered(2.0).drawn_kw(at(2017, 7, 31, 3), [0.0]), numbered().drawn_kw(at(2017, 7, 31, 0), [-300.0])

    assert ([2 * 3332.0], [0.0]) == (hot.tolist(), cold.tolist())


def test_tables_of_other_shapes_are_refused():
    with pytest.raises(WrongShape, match=r"\(24, 6\)"):
        OpenLoopLoad(np.zeros(7), np.zeros((6, 24)), np.zeros((24, 6)))


def week(outdoor):
    """Return a numbered load over the first two days of August 2017, and the local times of a week."""
    start = datetime(2017, 8, 1, tzinfo=PACIFIC).astimezone(UTC)
    when = LocalTimes.of(IntervalGrid(start, timedelta(hours=1), 168).starts, PACIFIC)
    return OpenLoopSeries((numbered(),), when, outdoor), when


def test_expects_what_the_expected_temperature_leads_to():
    """A Tuesday at 10 °C is foreseen at 20 °C: 18 kW too much in each hour, and in the mean of two."""
    series, when = week(Profile(np.full((1, 48), 10.0), 24, "given", np.full((1, 48), 20.0)))
    drawn = numbered().drawn_kw(when[:4], np.full(4, 20.0))

    assert drawn - 18 == pytest.approx(np.concatenate([series.actual(step) for step in range(4)]))
    assert [[drawn[0], drawn[1], (drawn[2] + drawn[3]) / 2]] == pytest.approx(series.expected(np.array([0, 1, 2, 4])))


def test_the_calendar_goes_on_beyond_the_run():
    """After two days of weather the last day's repeats, but Thursday has its own intercept."""
    series, when = week(Profile(np.tile(np.arange(24.0), (1, 2)), 24))
    beyond = numbered().drawn_kw(when[48:72], np.arange(24.0))

    assert [beyond] == pytest.approx(series.expected(np.arange(48, 73)))


def test_yesterdays_weather_is_not_yesterdays_load():
    """Expecting yesterday's temperature still knows which day of the week it is."""
    series, _ = week(Profile(np.full((1, 48), 15.0), 24, "yesterday"))
    fleet = InflexibleLoad(("city",), series)
    plan = fleet.schedule(Outlook(np.array([24, 25]), 1.0, np.zeros((1, 1)), 1))

    assert [series.actual(24)] == pytest.approx(-plan)
    assert series.actual(24) - series.actual(0) == pytest.approx(0.1)
