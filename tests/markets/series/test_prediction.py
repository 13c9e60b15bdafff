"""Price prediction: the two ladders, of markets and of assets."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micromarket.domain.intervals import IntervalGrid, LocalTimes
from micromarket.errors import InvalidValue, WrongShape
from micromarket.markets.series.prediction import KnownPrices, PriceSources, Rung, asset_times, foresee
from micromarket.markets.series.price_models import HourlyPrices

HOUR_US = 3_600_000_000
QUARTER, HOUR = timedelta(minutes=15), timedelta(hours=1)


def at(hours):
    """Return times in UTC, given in hours since 1970."""
    return LocalTimes.of((np.asarray(hours) * HOUR_US).astype(np.int64), UTC)


def known(first_hour, prices):
    """Return hourly prices of one node from an hour on."""
    starts = (first_hour + np.arange(len(prices))) * HOUR_US
    return KnownPrices(starts, starts + HOUR_US, np.array([prices], dtype=float))


def test_five_rungs():
    """Each hour is looked up where the template says: actual, prior, refined, modeled, default."""
    sources = PriceSources(known(0, [1]), known(0, [2, 2]), known(0, [3, 3, 3]), HourlyPrices.flat(1, 4.0), 5.0)
    foreseen = foresee(sources, 1, at(np.arange(4)))

    assert [[1, 2, 3, 4]] == foreseen.prices.tolist()
    assert [Rung.ACTUAL, Rung.PRIOR, Rung.REFINED, Rung.MODEL] == foreseen.rungs.tolist()


def test_last_resort():
    """Without anything known, every node expects the default price."""
    foreseen = foresee(PriceSources(default=0.15), 3, at(np.arange(2)))

    assert [[0.15] * 2] * 3 == foreseen.prices.tolist()
    assert {Rung.DEFAULT} == set(foreseen.rungs.tolist())


def test_known_hour_serves_its_quarters():
    """A known interval serves every time it contains, its start but not its end."""
    foreseen = foresee(PriceSources(actual=known(0, [0.3])), 1, at(np.arange(-1, 5) / 4))

    assert [[0, 0.3, 0.3, 0.3, 0.3, 0]] == foreseen.prices.tolist()


def test_market_without_prices_yet():
    """A market that has cleared nothing knows nothing."""
    nothing = KnownPrices(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((1, 0)))

    assert [Rung.DEFAULT] == foresee(PriceSources(actual=nothing), 1, at([0])).rungs.tolist()


tables = st.none() | st.builds(known, st.integers(-3, 5), st.lists(st.floats(-1, 1), min_size=1, max_size=5))


@given(tables, tables, tables, st.booleans(), st.lists(st.integers(-20, 60), min_size=1, max_size=20))
def test_ladder_agrees_with_a_loop(actual, prior, refined, modeled, quarters):
    """All times at once find what a search through the sources, one time after another, finds."""
    model = HourlyPrices(np.arange(24.0)[None], np.zeros((1, 24))) if modeled else None
    when = at(np.array(quarters) / 4)

    def look_up(start, hour):
        for rung, table in enumerate((actual, prior, refined)):
            if table is not None:
                for begin, end, price in zip(table.starts, table.ends, table.prices[0], strict=True):
                    if begin <= start < end:
                        return rung, price
        return (Rung.MODEL, float(hour)) if modeled else (Rung.DEFAULT, 9.0)

    foreseen = foresee(PriceSources(actual, prior, refined, model, 9.0), 1, when)

    assert [look_up(*pair) for pair in zip(when.starts, when.hours, strict=True)] == [
        (rung, price) for rung, price in zip(foreseen.rungs, foreseen.prices[0], strict=True)
    ]


def test_an_asset_looks_beyond_its_market():
    """A market of one quarter foresees that quarter; its assets see the rest of the day by the hour."""
    quarter = IntervalGrid(datetime(2026, 7, 6, 10, 15, tzinfo=UTC), QUARTER, 1)
    borders = asset_times(quarter, timedelta(hours=24))
    steps = np.diff(borders) / HOUR_US

    assert [0.25, 0.5, *[1.0] * 23, 0.25] == steps.tolist()
    assert quarter.starts[0] == borders[0]


def test_an_asset_always_sees_its_market():
    """A horizon shorter than what the market clears cuts nothing off."""
    day = IntervalGrid(datetime(2026, 7, 6, tzinfo=UTC), HOUR, 24)

    assert 25 == len(asset_times(day, timedelta(hours=3)))


def test_rungs_along_an_assets_horizon():
    """Its market's price, then the day-ahead prices while they last, then what such hours usually cost."""
    quarter = IntervalGrid(datetime(1970, 1, 1, 1, 45, tzinfo=UTC), QUARTER, 1)
    when = LocalTimes.of(asset_times(quarter, timedelta(hours=3))[:-1], UTC)
    own = KnownPrices(when.starts[:1], when.starts[1:2], np.array([[0.2]]))
    sources = PriceSources(actual=own, refined=known(0, [0.1, 0.1, 0.3]), model=HourlyPrices.flat(1, 0.4))
    foreseen = foresee(sources, 1, when)

    assert [0.2, 0.3, 0.4, 0.4] == foreseen.prices[0].tolist()
    assert [Rung.ACTUAL, Rung.REFINED, Rung.MODEL, Rung.MODEL] == foreseen.rungs.tolist()


@pytest.mark.parametrize(
    ("starts", "ends", "prices"),
    [([0, 1], [2, 3], [[1, 1]]), ([1, 0], [2, 1], [[1, 1]]), ([0], [0], [[1]])],
)
def test_known_prices_are_in_order(starts, ends, prices):
    """Known intervals neither overlap nor go back in time."""
    with pytest.raises(InvalidValue, match="in order"):
        KnownPrices(np.array(starts), np.array(ends), np.array(prices))


def test_known_prices_fit_their_intervals():
    """One price for each node and interval."""
    with pytest.raises(WrongShape):
        KnownPrices(np.array([0]), np.array([1]), np.zeros((2, 3)))
