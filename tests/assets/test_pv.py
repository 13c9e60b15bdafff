"""Photovoltaic plants."""

import numpy as np
import pytest

from micromarket.assets.asset import Outlook
from micromarket.assets.profile import Profile
from micromarket.assets.pv import Photovoltaic

SUN = Profile(np.array([[0.0, 4.0, 0.0, 3.0]] * 2), steps_per_day=2)
PLANTS = Photovoltaic(("fixed", "curtailable"), SUN, np.array([False, True]))


def outlook(*prices):
    """Return a horizon of one step each, all tendered, from step 1 on."""
    return Outlook(np.arange(1, 2 + len(prices)), 12.0, np.array([prices] * 2), len(prices))


def test_refuses_to_feed_in_at_negative_prices():
    """A curtailable plant offers its power from price 0; the other one feeds in whatever the price."""
    curves = PLANTS.curves(outlook(0.1))

    assert [[[4.0, 4.0]], [[0.0, 4.0]]] == curves.powers.tolist()
    assert not curves.prices.any()


def test_plans_by_the_expected_price():
    """Where it expects a negative price, a curtailable plant plans nothing."""
    assert [[4.0, 0.0, 3.0], [0.0, 0.0, 3.0]] == PLANTS.schedule(outlook(-0.1, -0.1, 0.1)).tolist()


@pytest.mark.parametrize(("aim", "metered"), [(4.0, [4.0, 4.0]), (1.5, [4.0, 1.5]), (0.0, [4.0, 0.0])])
def test_gives_less_only_where_it_can(aim, metered):
    """Asked for less, only the curtailable plant follows."""
    assert metered == PLANTS.deliver(1, np.full(2, aim))[1].tolist()


def test_a_brighter_day_than_expected_is_fed_in():
    """What the sun gives beyond the forecast is not thrown away, unless less was asked for than tendered."""
    cloudy_yesterday = Profile(np.array([[0.0, 1.0, 0.0, 3.0]]), steps_per_day=2, forecast="yesterday")
    plant = Photovoltaic(("roof",), cloudy_yesterday, np.array([True]))

    assert [3.0] == plant.deliver(3, np.array([1.0]))[1].tolist()
    assert [0.5] == plant.deliver(3, np.array([0.5]))[1].tolist()


def test_night_after_many_sunny_days():
    """However long the sun has shone, at night there is nothing to offer, and not less than nothing."""
    days = np.tile(np.random.default_rng(1).uniform(0.1, 7.3, 24) * (np.arange(24) > 6), 365)[None]
    plant = Photovoltaic(("roof",), Profile(days, steps_per_day=24), np.array([True]))
    year = plant.curves(Outlook(np.arange(8761), 1.0, np.zeros((1, 8760)), 8760))

    assert year.powers.min() == 0


def test_a_darker_day_gives_less():
    """No aim makes the sun shine, not even one below what was expected."""
    bright_yesterday = Profile(np.array([[0.0, 4.0, 0.0, 1.0]]), steps_per_day=2, forecast="yesterday")
    plant = Photovoltaic(("roof",), bright_yesterday, np.array([True]))

    assert [[1.0], [1.0]] == [plant.deliver(3, np.array([aim]))[1].tolist() for aim in (2.0, 4.0)]


def test_bids_come_nearer_to_the_sun_as_it_comes_nearer():
    """With a revised forecast, what 500 plants bid for one noon misses it by less the nearer it is."""
    sun = np.tile(np.maximum(0.0, np.sin((np.arange(24) - 6) * np.pi / 12)), (500, 3))
    plants = Photovoltaic(
        tuple(map(str, range(500))), Profile.revised(sun, 24, np.random.default_rng(1)), np.ones(500, dtype=bool)
    )

    def missed(lead):
        ahead = Outlook(np.arange(60 - lead, 62), 1.0, np.full((500, lead + 1), 0.2), lead + 1)
        return np.std(plants.curves(ahead).powers[:, -1, 1] - plants.production.actual(60))

    law = [0.15 * np.sqrt(1 - np.exp(-2 * (lead + 1) / 3)) for lead in (0, 1, 2, 6, 24)]
    assert law == pytest.approx([missed(lead) for lead in (0, 1, 2, 6, 24)], rel=0.1)
