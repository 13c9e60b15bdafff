"""What a node remembers of its chain of markets: what cleared, and what each series has learned of prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo

from numpy.typing import ArrayLike

from micromarket.domain.curves import Curves
from micromarket.domain.intervals import IntervalGrid, LocalTimes
from micromarket.markets.registry import opening_model
from micromarket.markets.series.corrections import ClearedMarket, Watts, clear_market, committed_w
from micromarket.markets.series.market import Market
from micromarket.markets.series.prediction import PriceSources
from micromarket.markets.series.price_models import PriceModel
from micromarket.markets.series.series import SeriesPlan


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """The markets of a plan as one node with `n` parties knows them; every method returns a new one.

    Parameters
    ----------
    parties : int
        Number of parties, `n`.
    cleared : mapping of str to ClearedMarket
        By name of the market, in the order of clearing.
    models : mapping of str to PriceModel
        By name of the series, with one row for each party.
    """

    parties: int
    cleared: Mapping[str, ClearedMarket]
    models: Mapping[str, PriceModel]

    @classmethod
    def opening(cls, plan: SeriesPlan, parties: int) -> Chain:
        """Return what is known before the first market: each series expects its default price."""
        return cls(parties, {}, {each.rules.series: opening_model(each.rules, parties) for each in plan.chain})

    def committed_w(self, intervals: IntervalGrid) -> Watts:
        """Return what each party is committed to in each interval [W], shape (n, T)."""
        return committed_w(self.cleared.values(), intervals, self.parties)

    def sources(self, market: Market) -> PriceSources:
        """Return where a market, and the assets that plan for it, look prices up."""
        known = {name: each.known_prices for name, each in self.cleared.items()}
        return PriceSources.of(market, known, self.models[market.rules.series])

    def clear(self, market: Market, curves: Curves, reference: ArrayLike | None = None) -> Chain:
        """Clear a market on the whole curves of all parties, as `clear_market` does."""
        return self.with_cleared(clear_market(market, curves, self.cleared.values(), reference))

    def with_cleared(self, cleared: ClearedMarket) -> Chain:
        """Return the chain with one more market cleared, here or elsewhere."""
        return replace(self, cleared={**self.cleared, cleared.market: cleared})

    def learned(self, market: Market, final: int, zone: tzinfo) -> Chain:
        """Return the chain after a market's series has learned its first `final` prices, which change no more.

        Notes
        -----
        Where windows roll, only what the next market will not clear again is final.
        Source: Transactive Network Template v4 (PNNL, 2024), section 3.5: on entering the delivery state.
        """
        cleared, series = self.cleared[market.name], market.rules.series
        when = LocalTimes.of(cleared.intervals.starts[:final], zone)
        return replace(
            self, models={**self.models, series: self.models[series].learned(when, cleared.prices[:, :final])}
        )

    def without(self, market: Market) -> Chain:
        """Return the chain without an expired market."""
        return replace(self, cleared={name: each for name, each in self.cleared.items() if name != market.name})
