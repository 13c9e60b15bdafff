"""Prices a node has seen, and what it expects from them: the ladder of the template for one node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import tzinfo

from micromarket.domain.curves import Floats
from micromarket.domain.intervals import MICROSECOND, LocalTimes, Times
from micromarket.markets.registry import opening_model
from micromarket.markets.series.market import Market
from micromarket.markets.series.prediction import KnownPrices, PriceSources, foresee
from micromarket.markets.series.price_models import PriceModel


@dataclass(frozen=True, slots=True, eq=False)
class PriceBook:
    """Cleared prices of markets that still matter, and what each series usually costs by the hour.

    Parameters
    ----------
    cleared : mapping of str to KnownPrices
        Prices by market.
    models : mapping of str to PriceModel
        Model of each series.
    """

    cleared: Mapping[str, KnownPrices] = field(default_factory=dict)
    models: Mapping[str, PriceModel] = field(default_factory=dict)

    def expected(self, market: Market, zone: tzinfo) -> Floats:
        """Return the price to expect in each interval of a market [currency/kWh], shape (T,).

        Notes
        -----
        Source: Transactive Network Template v4 (PNNL, 2024), section 3.5: the market itself, the one before it in its
        series, the one it refines or corrects, the model of its series, the default.
        """
        return self.expected_at(market, zone, market.intervals.starts)

    def expected_at(self, market: Market, zone: tzinfo, starts: Times) -> Floats:
        """Return what assets that plan for a market expect at some times, shape (S,) [currency/kWh].

        Parameters
        ----------
        market : Market
            The market.
        zone : tzinfo
            Local zone.
        starts : array of int, shape (S,)
            Times, within the market or after it [microseconds since 1970 UTC].

        Notes
        -----
        Source: Transactive Network Template v4 (PNNL, 2024), section 3.7.
        """
        sources = PriceSources.of(market, self.cleared, self.models.get(market.rules.series))
        prices: Floats = foresee(sources, 1, LocalTimes.of(starts, zone)).prices[0]
        return prices

    def noted(self, market: Market, price: Floats) -> PriceBook:
        """Return the book after a market has settled on a price, for good or not, shape (T,) [currency/kWh]."""
        starts = market.intervals.starts
        ends = starts + market.intervals.step // MICROSECOND
        return replace(self, cleared={**self.cleared, market.name: KnownPrices(starts, ends, price[None])})

    def learned(self, market: Market, price: Floats, final: int, zone: tzinfo) -> PriceBook:
        """Return the book whose model of the series has learned a market's first `final` prices: those for good."""
        model = self.models.get(market.rules.series) or opening_model(market.rules, 1)
        model = model.learned(LocalTimes.of(market.intervals.starts[:final], zone), price[None, :final])
        return replace(self, models={**self.models, market.rules.series: model})

    def without(self, market: str) -> PriceBook:
        """Return the book without a market that nobody asks for any more."""
        return replace(self, cleared={name: one for name, one in self.cleared.items() if name != market})
