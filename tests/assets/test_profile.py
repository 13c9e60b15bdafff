"""Forecasts: how far off they are, and how that changes as the time comes nearer."""

import numpy as np
import pytest

from micromarket.assets.profile import FORECAST_ERROR, Profile

STEPS, PER_DAY = 960, 96


@pytest.fixture(scope="module")
def revised():
    """Four hundred constant series of 10 kW, foreseen the better the nearer."""
    return Profile.revised(np.full((400, STEPS), 10.0), PER_DAY, np.random.default_rng(1))


def errors(profile, now, lead):
    """Return by which share the forecast made before step `now` misses the step `lead` steps later."""
    return profile.expected(np.arange(now, now + lead + 2))[:, lead] / profile.actual(now + lead) - 1


@pytest.mark.parametrize("lead", [0, 4, 24, 90])
def test_a_revised_forecast_is_better_the_nearer_it_is(revised, lead):
    """Its error has the deviation of an autoregressive process seen `lead + 1` steps ahead."""
    keep = np.exp(-0.25 / 3)
    expected = FORECAST_ERROR * np.sqrt(1 - keep ** (2 * (lead + 1)))

    assert pytest.approx(expected, rel=0.1) == np.std(errors(revised, 500, lead))


def test_revisions_cannot_be_foreseen(revised):
    """How a forecast was revised last says nothing about how it will be revised next."""
    foreseen = [revised.expected(np.arange(now, 531))[:, -1] for now in (500, 505, 510)]
    first, second = np.diff(foreseen, axis=0)

    assert pytest.approx(0.0, abs=0.1) == np.corrcoef(first, second)[0, 1]


def test_a_revised_forecast_is_the_seeds():
    """The same seed foresees the same; another does not."""
    made = [Profile.revised(np.ones((2, 96)), 96, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    one, same, other = (each.expected(np.arange(10, 35)).tolist() for each in made)

    assert (one == same, one == other) == (True, False)


def test_a_revised_forecast_sees_beyond_the_end(revised):
    """Plans look beyond the run: there the last day repeats."""
    assert (400, 96) == revised.expected(np.arange(STEPS - 4, STEPS + 93)).shape


def test_a_mean_is_the_mean_of_its_steps(revised):
    """What is foreseen of an hour is the mean of its quarter-hours."""
    quarters = revised.expected(np.arange(100, 105)).mean(axis=1)

    assert np.allclose(quarters, revised.expected(np.array([100, 104]))[:, 0])
