"""The synthetic price of supply."""

from datetime import datetime, timedelta

from micromarket.simulation.importers.prices import LEAST, synthetic_price


def test_cheap_at_noon_and_dear_in_the_evening():
    """On a Monday in June, 13:00 costs less than 4:00, and 19:30 most."""
    times = [datetime(2016, 6, 20) + timedelta(minutes=15 * step) for step in range(96)]

    price = synthetic_price(times)

    assert [19.5, 13.0] == [price.argmax() / 4, price.argmin() / 4]
    assert price[13 * 4] < price[4 * 4]


def test_never_below_its_floor():
    """A whole year stays above the price for exports."""
    times = [datetime(2016, 1, 1) + timedelta(hours=hour) for hour in range(8784)]

    assert synthetic_price(times).min() >= LEAST
