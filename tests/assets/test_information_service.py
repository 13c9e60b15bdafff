"""Information services: fresh, stale, repeated or silent, and always said which."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from micromarket.assets.information_service import InformationService, Source, Update
from micromarket.domain.intervals import EPOCH, IntervalGrid
from micromarket.errors import InvalidValue, NotFinite, WrongShape

NOON = datetime(2026, 7, 6, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def forecast(hours=48, issued=NOON):
    """Return an update that tells the number of each hour from its issue on."""
    return Update(issued, IntervalGrid(issued, HOUR, hours), np.arange(float(hours)))


def weather(update=None):
    """Return a service that updates every six hours and may be used for a day; usually it is 13 °C."""
    service = InformationService("noaa", "outdoor temperature", "degC", 6 * HOUR, 24 * HOUR, 13.0)
    return service if update is None else service.heard(update)


def asked(service, after, count=3):
    """Return what a service knows `after` hours past noon of the next `count` hours."""
    now = NOON + after * HOUR
    return service.information(IntervalGrid(now, HOUR, count), now)


@pytest.mark.parametrize(
    ("after", "source"), [(0, Source.FRESH), (6, Source.FRESH), (7, Source.STALE), (23, Source.STALE)]
)
def test_values_grow_stale_but_stay_in_use(after, source):
    """Until it is a day old the update is used; after six hours it is called stale."""
    found = asked(weather(forecast()), after)

    assert ([after, after + 1, after + 2], [source] * 3) == (found.values.tolist(), found.sources.tolist())


@pytest.mark.parametrize("service", [weather(), weather(forecast())])
def test_a_silent_service_is_replaced_by_what_is_usual(service):
    """Never heard, or not for a day."""
    found = asked(service, 24)

    assert ([13.0] * 3, [Source.USUAL] * 3) == (found.values.tolist(), found.sources.tolist())


def test_beyond_its_reach_the_same_hour_of_another_day_stands_in():
    """An update of 26 hours, asked for the hours 25 to 27 and 49: the last two are hours 3 and 1 again."""
    found = asked(weather(forecast(26)), 0, 50)

    assert [25.0, 2.0, 3.0, 25.0] == found.values[[25, 26, 27, 49]].tolist()
    assert [Source.FRESH, Source.REPEATED] == found.sources[[25, 26]].tolist()


def test_before_its_reach_too():
    """Asked for an hour before an update that starts later, the same hour of its first day stands in."""
    late = Update(NOON, IntervalGrid(NOON + 2 * HOUR, HOUR, 24), np.arange(24.0))

    assert [22.0, 23.0, 0.0] == asked(weather(late), 0).values.tolist()


def test_where_no_day_tells_it_is_what_is_usual():
    """An update of two hours says nothing of the third."""
    found = asked(weather(forecast(2)), 0)

    assert ([0.0, 1.0, 13.0], Source.USUAL) == (found.values.tolist(), found.sources[2])


def test_the_record_says_what_was_used():
    """By name, with the time of the last update and the count of each source."""
    found = asked(weather(forecast(26)), 7, 24)

    assert "noaa (outdoor temperature), last heard 2026-07-06T12:00:00Z: 19 stale, 5 repeated" == found.record
    assert "noaa (outdoor temperature), never heard: 3 usual" == asked(weather(), 0).record


def test_older_updates_change_nothing():
    """What arrives late or twice is dropped; the next update is due after the refresh period."""
    service = weather(forecast())

    assert service is service.heard(forecast(issued=NOON - HOUR)).heard(forecast())
    assert (EPOCH, NOON + 6 * HOUR) == (weather().next_update, service.next_update)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(InvalidValue, match="0 < refresh <= valid_for"):
        InformationService("noaa", "temperature", "degC", 6 * HOUR, HOUR, 13.0)
    with pytest.raises(WrongShape):
        Update(NOON, IntervalGrid(NOON, HOUR, 3), np.zeros(2))
    with pytest.raises(NotFinite):
        Update(NOON, IntervalGrid(NOON, HOUR, 1), np.array([np.nan]))
