"""A market: exactly one clearing, and the intervals it clears."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from micromarket.domain.intervals import Interval, IntervalGrid, utc
from micromarket.errors import InvalidValue
from micromarket.markets.series.states import MarketState, Timing


@dataclass(frozen=True, slots=True)
class MarketRules:
    """What all markets of one series have in common.

    Parameters
    ----------
    series : str
        Name of the series.
    mechanism : str
        Registered name of the mechanism that clears.
    timing : Timing
        How long each state lasts, and what is delivered.
    default_price : float
        Expected where nothing better is known [currency/kWh].
    commitment : bool
        Whether what is cleared binds, so that later markets correct it (trade the change only), or may be refined
        (traded anew).
    price_model : str
        Registered name of the model that foresees its prices.
    precision : float, default 1e-7
        Part of the exchanged money that neighbors may disagree about when their negotiation ends, where it goes in
        rounds.

    Raises
    ------
    InvalidValue
        If the precision is not more than 0.
    """

    series: str
    mechanism: str
    timing: Timing
    default_price: float
    commitment: bool = False
    price_model: str = "hourly"
    precision: float = 1e-7

    def __post_init__(self) -> None:
        """Check the precision."""
        if not self.precision > 0:
            raise InvalidValue(f"the precision of series {self.series} must be more than 0; found {self.precision}")


@dataclass(frozen=True, slots=True)
class Market:
    """One clearing of a series.

    Parameters
    ----------
    rules : MarketRules
        Shared with its whole series.
    number : int
        Position in its series, from 0.
    clearing : datetime
        When it clears; kept in UTC.
    prior : str or None
        Name of the market before it in its series.
    refined : str or None
        Name of the market whose outcome it refines or corrects.
    """

    rules: MarketRules
    number: int
    clearing: datetime
    prior: str | None = None
    refined: str | None = None

    def __post_init__(self) -> None:
        """Convert to UTC."""
        object.__setattr__(self, "clearing", utc(self.clearing))

    @property
    def name(self) -> str:
        """Readable and unique: the series and the start of delivery."""
        return market_name(self.rules, self.clearing)

    @property
    def intervals(self) -> IntervalGrid:
        """The intervals it clears."""
        timing = self.rules.timing
        return IntervalGrid(self.clearing + timing.delivery_lead, timing.interval_duration, timing.intervals_to_clear)

    @property
    def delivery(self) -> Interval:
        """From its first interval's start to its last one's end."""
        return self.intervals.whole

    @property
    def starts(self) -> Mapping[MarketState, datetime]:
        """When each state after INACTIVE begins."""
        return self.rules.timing.starts(self.clearing)

    def ends(self, state: MarketState) -> datetime:
        """Return when it leaves a state, whether or not everybody has acted by then; EXPIRED has no end."""
        return self.starts[MarketState(state + 1)]


def market_name(rules: MarketRules, clearing: datetime) -> str:
    """Return the name of the market of a series that clears at `clearing`."""
    return f"{rules.series}/{utc(clearing) + rules.timing.delivery_lead:%Y-%m-%dT%H:%M:%SZ}"
