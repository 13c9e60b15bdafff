"""The calendar: what is traded, until when, and a clock that never goes back."""

from datetime import UTC, datetime, timedelta

import pytest

from micromarket.errors import InvalidValue, NaiveTime
from micromarket.markets.book.calendar import Phase, TradingCalendar

NOON = datetime(2026, 7, 6, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def calendar():
    calendar = TradingCalendar()
    for name, gate in (("always", None), ("late", NOON + HOUR), ("soon", NOON), ("also soon", NOON)):
        calendar.open(name, gate)
    return calendar


def test_gates_close_once_by_time_then_as_they_were_opened(calendar):
    assert [[], ["soon", "also soon"], ["late"], []] == [
        closed(calendar, NOON + hours * HOUR) for hours in (-1, 0, 1, 2)
    ]
    assert Phase.CLOSED is calendar.phase("late")


def closed(calendar, now):
    """Return which instruments entered a phase when the clock moved."""
    calendar.advance(now)
    return [turn.instrument_id for turn in calendar.turns()]


def test_the_clock_stops_wherever_something_is_due(calendar):
    """At the gates and, once, at the end of an order; last where it was sent."""
    ends, stops = [NOON + HOUR / 2], []
    for moment in calendar.stops(NOON + 3 * HOUR, lambda: min(ends, default=None)):
        stops.append((moment - NOON) / HOUR)
        ends[:], _ = [end for end in ends if end > moment], list(calendar.turns())

    assert [0, 0.5, 1, 3] == stops


def test_the_clock_never_goes_back(calendar):
    calendar.advance(NOON)
    calendar.advance(NOON - HOUR)

    assert NOON == calendar.now


def test_what_closed_is_still_known(calendar):
    """Its name is taken, its gate told."""
    calendar.advance(NOON)

    assert (True, NOON, None) == (calendar.trades("soon"), calendar.gate("soon"), calendar.gate("always"))
    with pytest.raises(InvalidValue, match="before"):
        calendar.open("soon")


def test_a_gate_has_a_zone(calendar):
    with pytest.raises(NaiveTime):
        calendar.open("night", datetime(2026, 7, 7))


def test_rows_bring_it_back(calendar):
    """With what has closed and what has not."""
    closed(calendar, NOON)
    again = TradingCalendar()
    again.take(calendar.rows())

    assert calendar.rows() == again.rows()
    assert ["late"] == closed(again, NOON + HOUR)
