"""What a service tells is what devices expect, as old as it is; what happens is another matter."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from micromarket.assets.information_service import InformationService
from micromarket.assets.profile import Profile
from micromarket.assets.served import Bulletins, Served
from micromarket.domain.intervals import Interval, IntervalGrid

MIDNIGHT = datetime(2026, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
GRID = IntervalGrid(MIDNIGHT, HOUR, 48)
TOLD = np.arange(48.0)


def weather(refresh=3, valid=6, silent=()):
    """A service that tells the next 12 hours, every few hours."""
    service = InformationService("weather", "outdoor temperature", "degC", refresh * HOUR, valid * HOUR, -9.0)
    quiet = tuple(Interval(MIDNIGHT + first * HOUR, MIDNIGHT + last * HOUR) for first, last in silent)
    return Bulletins(service, GRID, TOLD, 12 * HOUR, quiet)


def test_what_is_told_is_expected():
    """From 5:00 on, as told at 3:00: an hour, two hours, three hours."""
    assert [5.0, 6.5, 9.0] == weather().expected(np.array([5, 6, 8, 11])).tolist()


def test_beyond_its_reach_the_same_hour_of_the_day_told_stands_in():
    """At 5:00 the bulletin of 3:00 reaches until 15:00; 27:00 is told by 3:00."""
    assert [14.0, -9.0, 3.0] == weather().expected(np.array([5, 14, 15, 16, 27, 28]))[[1, 2, 4]].tolist()


@pytest.mark.parametrize(("silent", "heard"), [((), 6), (((6, 7),), 3), (((1, 7),), None)])
def test_what_came_last_holds_until_it_is_too_old(silent, heard):
    """At 8:30 that of 6:00; if it failed, that of 3:00, 5.5 hours old; if both failed, none."""
    last = weather(silent=silent).heard(MIDNIGHT + 8.5 * HOUR).last

    assert (None if heard is None else MIDNIGHT + heard * HOUR) == (None if last is None else last.issued)


def test_a_bulletin_that_comes_with_the_step_is_not_known_before_it():
    """Plans are made before: the step from 6:00 is known from 3:00, or in a silence since then usually."""
    assert [6.0] == weather(silent=((6, 9),)).expected(np.array([6, 7])).tolist()
    assert [-9.0] == weather(valid=3, silent=((3, 6),)).expected(np.array([6, 7])).tolist()


def test_a_fleet_may_be_told_in_part():
    """The second house listens to the service, the first one knows."""
    served = Served(Profile(np.stack([TOLD + 100, TOLD + 200]), 24), {1: weather()})

    assert [[105.0], [5.0]] == served.expected(np.array([5, 6])).tolist()
    assert [105.0, 205.0] == served.actual(5).tolist()
