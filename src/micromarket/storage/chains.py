"""A node's markets as bytes: where its series stand, what cleared, and what price models have learned."""

from __future__ import annotations

from dataclasses import dataclass

from micromarket.errors import InvalidValue
from micromarket.markets.registry import opening_model
from micromarket.markets.series.chain import Chain
from micromarket.markets.series.corrections import ClearedMarket
from micromarket.markets.series.market import MarketRules
from micromarket.markets.series.price_models import PriceModel
from micromarket.markets.series.series import MarketSeries, SeriesPlan, SeriesState
from micromarket.storage.values import from_bytes, to_bytes


@dataclass(frozen=True, slots=True, eq=False)
class _Stored:
    series: SeriesState
    parties: int
    cleared: tuple[ClearedMarket, ...]
    models: dict[str, bytes]


def chain_to_bytes(series: MarketSeries, chain: Chain) -> bytes:
    """Return all that a node needs to go on after a restart, at any moment."""
    models = {name: to_bytes(model) for name, model in chain.models.items()}
    return to_bytes(_Stored(series.state, chain.parties, tuple(chain.cleared.values()), models))


def chain_from_bytes(plan: SeriesPlan, content: bytes) -> tuple[MarketSeries, Chain]:
    """Return series and chain as `chain_to_bytes` wrote them down, under the same plan.

    Raises
    ------
    InvalidValue
        If the bytes are no such state, or of another plan: other series, or other models of prices.
    """
    stored = from_bytes(_Stored, content)
    rules = {each.rules.series: each.rules for each in plan.chain}
    if rules.keys() != stored.models.keys():
        raise InvalidValue(f"expected a state of series {list(rules)}; found {list(stored.models)}")
    models = {name: model_from_bytes(rules[name], model) for name, model in stored.models.items()}
    cleared = {each.market: each for each in stored.cleared}
    return MarketSeries.restored(plan, stored.series), Chain(stored.parties, cleared, models)


def model_from_bytes(rules: MarketRules, content: bytes) -> PriceModel:
    """Return the price model of a series, of the class its rules name, as `to_bytes` wrote it down.

    Raises
    ------
    InvalidValue
        If the bytes are of another model.
    """
    return from_bytes(type(opening_model(rules, 1)), content)
