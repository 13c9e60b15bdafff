"""Customers and their preferences."""

import numpy as np
import pytest

from micromarket.assets.customer import Customer
from micromarket.errors import InvalidValue


@pytest.mark.parametrize("comfort", [-0.1, 1.1, np.nan])
def test_preference_lies_between_cost_and_comfort(comfort):
    """There is nothing beyond both."""
    with pytest.raises(InvalidValue, match="home-1 must lie between 0 and 1"):
        Customer("home-1", "feeder-1", "flat", comfort)
