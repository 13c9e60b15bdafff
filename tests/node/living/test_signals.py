from datetime import UTC, datetime, timedelta
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micromarket.domain.curves import Curves
from micromarket.errors import BadSignal, NaiveTime
from micromarket.node.living.signals import (
    IntervalRecords,
    TransactiveRecord,
    TransactiveSignal,
    change,
    content_of,
    curves_of,
    scheduled_of,
)
from random_curves import KINDS, columns

NOON = datetime(2026, 7, 6, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def said(*points):
    """Content of one interval with these records."""
    records = (TransactiveRecord(number, price, power) for number, (price, power) in enumerate(points))
    return (IntervalRecords(NOON, tuple(records)),)


def content(vertices, price=0.2, power=1.0):
    return content_of([NOON], Curves.from_vertices([vertices]), np.array([price]), np.array([power]))


def test_records_are_numbered_as_the_template_says():
    """Record 0 is the scheduled point, 1 and 2 are the ends, 3 and on lie between."""
    (interval,) = content([(0.1, -2.0), (0.2, 0.0), (0.3, 5.0)])

    assert [(0, 0.2, 1.0), (1, 0.1, -2.0), (2, 0.3, 5.0), (3, 0.2, 0.0)] == [
        (record.number, record.price, record.power_kw) for record in interval.records
    ]


def test_who_cannot_move_sends_one_record():
    """A load of 3 kW has no end: only a scheduled point, at the price it expects."""
    (interval,) = content([(0.0, -3.0)], power=-3.0)

    assert (TransactiveRecord(0, 0.2, -3.0),) == interval.records


def test_an_award_may_lie_beside_what_cannot_move():
    """All that is left for the receiver is 3 kW, of which it is awarded two: the end of a curve, twice."""
    (interval,) = content([(0.0, 3.0)], power=2.0)

    assert [2.0, 3.0, 3.0] == [record.power_kw for record in interval.records]


@given(st.sampled_from(KINDS), st.integers(0, 10_000))
def test_a_curve_survives_its_records(kind, seed):
    """At every price the curve read from the records gives the powers of the one that was sent."""
    curve = Curves.from_columns(*columns(kind, seed, participants=2, intervals=3))[1]
    starts = [NOON + hour * HOUR for hour in range(3)]
    back = curves_of(content_of(starts, curve, np.zeros(3), np.zeros(3)))

    for price in np.unique(np.concatenate([curve.prices.ravel(), [-9.0, 9.0]])):
        assert np.array_equal(curve.powers_at(price), back.powers_at(price))


def test_the_scheduled_point_travels_beside_the_curve():
    assert ([0.2], [1.0]) == tuple(values.tolist() for values in scheduled_of(content([(0.1, -2.0), (0.3, 5.0)])))


def test_nothing_changed():
    assert 0.0 == change(said((0.1, 0.0)), said((0.1, 0.0)))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (said((0.10, 4.0)), said((0.10, 5.0)), 0.2),
        (said((0.10, 4.0)), said((0.05, 4.0)), 0.5),
        (said((0.10, 0.0)), said((0.10, 5.0)), 1.0),
        (said((0.10, -5.0)), said((0.10, 5.0)), 2.0),
        (said((0.10, 1.0)), said((0.10, 1.0), (0.1, 0.0), (0.1, 2.0)), inf),
        (said((0.10, 1.0)), (), inf),
    ],
)
def test_a_change_is_relative_to_the_larger(before, after, expected):
    """Also where the average is zero, at which a quotient by the average sees nothing."""
    assert pytest.approx(expected) == change(before, after) == change(after, before)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([], "numbered 0, or 0, 1, 2"),
        ([(0.1, 0.0), (0.1, 1.0)], r"found \[0, 1\]"),
        ([(nan, 0.0)], "record 0 has price nan"),
        ([(0.1, -1e16)], "and power -1e"),
        ([(0.1, 0.0), (0.2, 0.0), (0.1, 1.0)], "must not fall"),
        ([(0.1, 0.0), (0.1, 0.0), (0.2, 1.0), (0.15, 2.0)], "must not fall"),
    ],
)
def test_wrong_records_are_refused_by_name(points, message):
    with pytest.raises(BadSignal, match=message):
        said(*points)


def test_numbers_and_content_go_together():
    with pytest.raises(BadSignal, match="number 1 goes with some content"):
        TransactiveSignal("spot", "home", "feeder", 1, NOON)
    with pytest.raises(BadSignal, match="number 0 goes with no content"):
        TransactiveSignal("spot", "home", "feeder", 0, NOON, said((0.1, 1.0)))
    with pytest.raises(BadSignal, match="count from 0"):
        TransactiveSignal("spot", "home", "feeder", 0, NOON, heard=-1)


def test_a_time_needs_its_zone():
    with pytest.raises(NaiveTime):
        TransactiveSignal.nothing("spot", "home", "feeder", NOON.replace(tzinfo=None))
