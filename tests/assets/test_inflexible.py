"""Inflexible loads."""

import numpy as np

from micromarket.assets.asset import Outlook
from micromarket.assets.inflexible import InflexibleLoad
from micromarket.assets.profile import Profile

DAYS = np.array([[1.0, 2.0, 3.0, 5.0]])
"""Two days of two steps."""


def load(forecast):
    """Return one load of two steps a day."""
    return InflexibleLoad(("home-1/load",), Profile(DAYS, 2, forecast))


def outlook(first, last):
    """Return a horizon of single steps."""
    return Outlook(np.arange(first, last + 1), 12.0, np.zeros((1, last - first)), last - first)


def test_bids_what_it_expects_and_draws_what_happens():
    """The market hears of yesterday's 1 kW; the meter counts today's 3."""
    curves = load("yesterday").curves(outlook(2, 4))
    _, metered = load("yesterday").deliver(2, curves.powers[:, 0, 0])

    assert [[[-1.0], [-2.0]]] == curves.powers.tolist()
    assert [-3.0] == metered.tolist()


def test_perfect_forecast():
    """One that knows the future bids exactly what it draws."""
    assert [[-3.0, -5.0]] == load("perfect").schedule(outlook(2, 4)).tolist()


def test_without_market():
    """A load draws the same with and without a market."""
    assert [-5.0] == load("perfect").default_power(3, np.zeros(1)).tolist()
