"""One market: a clearing and its intervals."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from micromarket.errors import NaiveTime
from micromarket.markets.series.market import Market, MarketRules
from micromarket.markets.series.states import MarketState, Timing

HOUR = timedelta(hours=1)
RULES = MarketRules("day-ahead", "double_auction", Timing(HOUR, 24, delivery_lead=HOUR / 4), default_price=0.15)
CLEARING = datetime(2026, 10, 24, 23, 45, tzinfo=ZoneInfo("Europe/Berlin"))


def test_name_says_series_and_delivery():
    """A market is named by its series and by when its delivery begins, in UTC."""
    assert "day-ahead/2026-10-24T22:00:00Z" == Market(RULES, 0, CLEARING).name


def test_delivers_after_its_lead():
    """Its intervals follow each other from a delivery lead after clearing."""
    market = Market(RULES, 0, CLEARING)

    assert (24, CLEARING + HOUR / 4) == (len(market.intervals), market.delivery.start)
    assert market.delivery.end == market.starts[MarketState.RECONCILE]


def test_a_day_of_hours_is_not_a_local_day():
    """24 hours from midnight end at 23:00 where clocks go back: intervals are laid out in UTC."""
    end = Market(RULES, 0, CLEARING).delivery.end.astimezone(ZoneInfo("Europe/Berlin"))

    assert "2026-10-25 23:00" == f"{end:%Y-%m-%d %H:%M}"


def test_naive_clearing_is_refused():
    """A clearing without a zone could be any hour."""
    with pytest.raises(NaiveTime):
        Market(RULES, 0, CLEARING.replace(tzinfo=None))
