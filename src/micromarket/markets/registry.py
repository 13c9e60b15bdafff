"""Mechanisms and price models by name, so that a scenario file can choose one and anyone can add one.

A package adds a mechanism through an entry point of the group ``micromarket.mechanisms``, and a model of prices
through one of the group ``micromarket.price_models``::

    [project.entry-points."micromarket.mechanisms"]
    double_auction = "micromarket.markets.auctions.auction:UniformPriceAuction"

    [project.entry-points."micromarket.price_models"]
    hourly = "micromarket.markets.series.price_models:HourlyPrices.flat"
"""

from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from typing import Any

from micromarket.domain.ids import InstrumentId
from micromarket.domain.intervals import HOUR
from micromarket.errors import InvalidValue, UnknownMechanism, UnknownPriceModel
from micromarket.markets.mechanism import Mechanism
from micromarket.markets.series.market import MarketRules
from micromarket.markets.series.price_models import MEMORY_DAYS, PriceModel

GROUP = "micromarket.mechanisms"
PRICE_MODELS = "micromarket.price_models"

MechanismFactory = Callable[[Sequence[InstrumentId]], Mechanism]
PriceModelFactory = Callable[[int, float, int], PriceModel]
"""Makes a model from a number of nodes, a default price [currency/kWh] and a memory [prices of each hour]."""


def names(group: str = GROUP) -> tuple[str, ...]:
    """Return the names registered in a group, sorted."""
    return tuple(sorted({point.name for point in entry_points(group=group)}))


def mechanism(name: str) -> MechanismFactory:
    """Return what creates the mechanism registered as `name` for a sequence of instruments.

    Raises
    ------
    UnknownMechanism
        If nothing is registered under `name`; the message lists what is.
    """
    factory: MechanismFactory = registered(GROUP, name, UnknownMechanism)
    return factory


def price_model(name: str) -> PriceModelFactory:
    """Return what creates the price model registered as `name`.

    Raises
    ------
    UnknownPriceModel
        If nothing is registered under `name`; the message lists what is.
    """
    factory: PriceModelFactory = registered(PRICE_MODELS, name, UnknownPriceModel)
    return factory


def opening_model(rules: MarketRules, nodes: int) -> PriceModel:
    """Return the price model of a new series; it remembers two weeks, whatever the duration of its intervals."""
    memory = MEMORY_DAYS * max(1, HOUR // rules.timing.interval_duration)
    return price_model(rules.price_model)(nodes, rules.default_price, memory)


def registered(group: str, name: str, error: type[InvalidValue]) -> Any:
    """Return what is registered as `name` in a group of entry points.

    Raises
    ------
    InvalidValue
        Of the class `error`, if nothing is; the message lists what is.
    """
    for point in entry_points(group=group, name=name):
        return point.load()
    raise error(f"{group} has no {name!r}; there are: {', '.join(names(group)) or 'none'}")
