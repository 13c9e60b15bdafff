"""The numbered conventions of docs/explanation/conventions.md, one test each."""

import inspect
import re
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from micromarket import errors
from micromarket.assets.asset import Outlook
from micromarket.assets.inflexible import InflexibleLoad
from micromarket.assets.profile import Profile
from micromarket.assets.pv import Photovoltaic
from micromarket.domain.curves import Curves
from micromarket.domain.intervals import Interval, IntervalGrid, local_day
from micromarket.domain.money import apportion, to_micro
from micromarket.domain.orders import Side
from micromarket.domain.products import StepGrid
from micromarket.dso.load_serving_entity import Supplier
from micromarket.dso.settlement import Accounts, Metered, settle
from micromarket.errors import MicromarketError, NaiveTime, NotFinite, NotMonotone, OffGrid
from micromarket.markets.series.market import MarketRules
from micromarket.markets.series.series import MarketSeries, SeriesPlan
from micromarket.markets.series.states import Timing

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "conventions.md"
NOON = datetime(2026, 7, 6, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
BERLIN = ZoneInfo("Europe/Berlin")
ONE = Profile(np.ones((1, 24)), steps_per_day=24)
NEXT_HOUR = Outlook(np.array([0, 1]), 1.0, np.array([[0.1]]), 1)
HOURLY = SeriesPlan(MarketRules("hourly", "double_auction", Timing(HOUR), 0.1), HOUR)


def settled(prices, powers, sent=(0,), received=(0,), hours=1.0):
    """Return what is posted where participants are one to each node, then all at the last."""
    nodes = len(prices)
    members = np.minimum(np.arange(len(powers)), nodes - 1)
    column = [np.array(values, dtype=float)[:, None] for values in (prices, powers, sent, received)]
    accounts = Accounts(members, np.arange(len(powers)), np.arange(nodes) - 1)
    return settle(column[0], Metered(*column[1:], hours), accounts)


def test_convention_1_sign():
    """Load is negative, generation and import are positive, and a region balances at zero."""
    load = InflexibleLoad(("load",), ONE).schedule(NEXT_HOUR)
    sun = Photovoltaic(("pv",), ONE, np.array([False])).schedule(NEXT_HOUR)
    supply = Supplier("utility", np.ones(1), np.zeros(1)).curves(np.array([0, 1])).powers[0, 0]

    assert (-1.0, 1.0, 0.0) == (load[0, 0], sun[0, 0], (load + sun)[0, 0])
    assert supply[0] < 0 < supply[-1]


def test_convention_2_side():
    """Quantities are unsigned; the side becomes the sign in one place."""
    assert (-5, 5) == (Side.BUY.signed(5), Side.SELL.signed(5))


def test_convention_3_quantity():
    """4 kW for a quarter of an hour is 1 kWh, and costs its price; a negative price pays the buyer."""
    postings = settled([0.2], [4, -4], hours=0.25)

    assert ([1.0, -1.0], [200_000, -200_000]) == (
        postings.energy_kwh[:2, 0].tolist(),
        postings.amount_micro[:2, 0].tolist(),
    )
    assert [-200_000, 200_000] == settled([-0.2], [4, -4], hours=0.25).amount_micro[:2, 0].tolist()


def test_convention_4_whole_steps():
    """Off the grid is refused; money is rounded half to even; leftovers have an account."""
    with pytest.raises(OffGrid):
        StepGrid.of("0.01").to_steps(0.015)

    assert [0, 2] == to_micro([0.5e-6, 1.5e-6]).tolist()
    assert 0 == settled([5e-6], [1, -0.5, -0.5]).amount_micro.sum()


def test_convention_5_time():
    """Half-open, zoned, in UTC, with days of 23 and 25 hours."""
    hour = Interval.lasting(NOON.astimezone(BERLIN), HOUR)
    with pytest.raises(NaiveTime):
        Interval.lasting(datetime(2026, 7, 6), HOUR)

    assert (UTC, True, False) == (hour.start.tzinfo, hour.contains(hour.start), hour.contains(hour.end))
    assert (23, 25) == (local_day(date(2026, 3, 29), BERLIN).hours, local_day(date(2026, 10, 25), BERLIN).hours)
    assert 25 == len(IntervalGrid.covering(local_day(date(2026, 10, 25), BERLIN), HOUR))


def test_convention_6_curves():
    """Rising, finite; a step is two vertices at one price; inelastic is one vertex."""
    step = Curves(np.array([[[0.1, 0.1]]]), np.array([[[-1.0, 1.0]]]))
    with pytest.raises(NotMonotone):
        Curves(step.prices, -step.powers)
    with pytest.raises(NotFinite):
        Curves(step.prices, step.powers * np.inf)

    assert (2, 1) == (step.vertices, Curves.inelastic([[3.0]]).vertices)


def test_convention_7_ties():
    """Of equal claims to an odd unit the first has it; of events at one time, the first announced comes first."""
    entered = MarketSeries(HOURLY, NOON).advance(NOON + HOUR)

    assert [1, 0, -1] == apportion(np.array([0.5, 0.5, -1.0]), 0).tolist()
    assert sorted(entered, key=lambda entry: (entry.at, entry.market.number)) == entered


def test_convention_8_losses():
    """An importer whose price is higher by the loss pays just what its line's owner spends."""
    loss = 0.2
    postings = settled([0.2, 0.2 / (1 - loss)], [5, -4], sent=[0, 5], received=[0, 4])
    supplier, importer, owner, _ = postings.totals_micro(4)[:, 0].tolist()

    assert (1_000_000, -1_000_000, 0) == (supplier, importer, owner)


def test_convention_9_absence():
    """No overlap, no prior market, no NaN."""
    hour = Interval.lasting(NOON, HOUR)
    with pytest.raises(NotFinite):
        to_micro(np.nan)

    assert hour.overlap(Interval.lasting(hour.end, HOUR)) is None
    assert HOURLY.market(0, NOON).prior is None


def test_convention_10_refusals():
    """Every error is named in the tree at the top of its module; a refused call leaves a series as it was."""
    named = [name for name, error in vars(errors).items() if inspect.isclass(error) and issubclass(error, Exception)]
    series = MarketSeries(HOURLY, NOON)
    with pytest.raises(MicromarketError):
        series.advance(NOON.replace(tzinfo=None))

    assert [] == [name for name in named if name not in (errors.__doc__ or "")]
    assert MarketSeries(HOURLY, NOON).advance(NOON) == series.advance(NOON)


def test_convention_11_determinism():
    """The same inputs give the same bytes. (That whole runs do is shown where runs are tested.)"""
    first, second = (settled([0.1, 0.3], [1, 2, -3], [0, 1], [0, 1]) for _ in range(2))

    assert first.amount_micro.tobytes() == second.amount_micro.tobytes()
    assert first.energy_kwh.tobytes() == second.energy_kwh.tobytes()


def test_every_convention_has_its_test():
    """The page and this file have the same numbers."""
    on_page = [int(number) for number in re.findall(r"^## (\d+)\. ", PAGE.read_text(encoding="utf-8"), re.MULTILINE)]
    here = [re.match(r"test_convention_(\d+)_", name) for name in vars(sys.modules[__name__])]

    assert sorted(int(match[1]) for match in here if match) == on_page == list(range(1, 12))
