"""Customers and their preferences."""

import numpy as np
import pytest

from micromarket.assets.customer import Customer, allowed_deviation, wanted_level
from micromarket.errors import InvalidValue


def test_comfort_narrows_what_is_allowed():
    """Who never trades comfort gives no leeway; who saves money gives all of it."""
    assert [2.0, 1.0, 0.0] == allowed_deviation(np.array([0.0, 0.5, 1.0]), np.full(3, 2.0)).tolist()


def test_comfort_fills_the_store():
    """Who never trades comfort wants a full car; who saves money is content with enough."""
    assert [30.0, 45.0, 60.0] == wanted_level(np.array([0.0, 0.5, 1.0]), np.full(3, 30.0), np.full(3, 60.0)).tolist()


@pytest.mark.parametrize("comfort", [-0.1, 1.1, np.nan])
def test_preference_lies_between_cost_and_comfort(comfort):
    """There is nothing beyond both."""
    with pytest.raises(InvalidValue, match="home-1 must lie between 0 and 1"):
        Customer("home-1", "feeder-1", "flat", comfort)
