from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from micromarket.domain.curves import Curves
from micromarket.node.living.facts import Source
from micromarket.node.living.signals import content_of
from micromarket.node.living.stand_ins import LastKnown, stand_in
from trees import load, offers

NOON = datetime(2026, 7, 6, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
STARTS = [NOON, NOON + HOUR]
NONE = np.zeros(2)
KNOWN = LastKnown(content_of(STARTS[:1], load(4.0), NONE[:1], NONE[:1]), NOON)


def stands(default=None, age=0.0):
    """What stands for a home that bid 4 kW, with a trust of two hours."""
    return stand_in([NOON], default, KNOWN, NOON + age * HOUR, 2 * HOUR)


@pytest.mark.parametrize(
    ("age", "source", "power"),
    [
        (0.0, Source.LAST_KNOWN, -4.0),
        (1.0, Source.LAST_KNOWN, -3.0),
        (2.0, Source.DEFAULT, -2.0),
        (9.0, Source.DEFAULT, -2.0),
    ],
)
def test_the_last_known_curve_fades_to_the_default(age, source, power):
    """After half of the trust, half of the 4 kW it bid and half of its default of 2 kW."""
    found = stands(load(2.0), age)

    assert (source, power) == (found.source, found.curve.powers_at(0.2)[0][0, 0])


def test_without_default_it_fades_to_nothing():
    assert [(Source.LAST_KNOWN, -2.0), (Source.NOTHING, 0.0)] == [
        (found.source, found.curve.lowest_kw[0, 0]) for found in (stands(age=1.0), stands(age=2.0))
    ]


def test_who_was_never_heard_is_stood_in_for_by_its_default():
    found = stand_in(STARTS, load(3.0), None, NOON, HOUR)

    assert (Source.DEFAULT, [[-3.0, -3.0]]) == (found.source, found.curve.lowest_kw.tolist())


def test_a_faded_curve_still_rises():
    """A mixture of curves is a curve: half an offer at 0.10 and half one at 0.30."""
    known = LastKnown(content_of([NOON], offers((0.1, 0.0), (0.1, 4.0)), NONE[:1], NONE[:1]), NOON)
    mixed = stand_in([NOON], offers((0.3, 0.0), (0.3, 8.0)), known, NOON + HOUR, 2 * HOUR).curve

    assert [0.0, 2.0, 6.0] == [float(mixed.powers_at(price)[1][0, 0]) for price in (0.05, 0.2, 0.4)]


def test_intervals_are_matched_by_start_then_by_place():
    """Of a window that rolled by an hour the common hour is taken over; the new hour repeats the one in its place."""
    window = LastKnown(content_of(STARTS, Curves.inelastic([[1.0, 2.0]]), NONE, NONE), NOON)

    assert [[2.0, 2.0]] == window.curve([NOON + HOUR, NOON + 2 * HOUR]).lowest_kw.tolist()


def test_no_trust_means_no_last_known():
    assert Source.DEFAULT is stand_in([NOON], load(2.0), KNOWN, NOON, 0 * HOUR).source
