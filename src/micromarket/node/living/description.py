"""What a node says of itself, when it starts and while it learns, so that its record explains itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, tzinfo
from math import isinf

from micromarket.domain.intervals import IntervalGrid, LocalTimes
from micromarket.markets.series.price_models import HOURS_OF_DAY, SATURDAY, PriceModel
from micromarket.markets.series.states import MarketState
from micromarket.node.living.facts import Fact, NodeStarted, PricesForeseen, StateEntered
from micromarket.node.living.inventory import ListedNeighbor, ListedSeries
from micromarket.node.living.running import NodeSetup, RunningNode
from micromarket.node.neighbor import Neighbor


def started(setup: NodeSetup, now: datetime) -> NodeStarted:
    """Return the first fact of a node's record."""
    neighbors = tuple(map(_neighbor, setup.node.neighbors))
    return NodeStarted(now, str(setup.zone), neighbors, tuple(_series(setup)), setup.inventory)


def foreseen(node: RunningNode, facts: Iterable[Fact]) -> Iterator[PricesForeseen]:
    """Yield what a node expects to pay, for every market whose delivery has just begun and taught it something."""
    for fact in facts:
        if isinstance(fact, StateEntered) and fact.state is MarketState.DELIVERY:
            series, start = fact.market.rules.series, fact.market.delivery.start
            if (model := node.state.prices.models.get(series)) is not None:
                yield _foreseen(fact.at, series, model, _next_day(start, node.setup.zone))


def _next_day(start: datetime, zone: tzinfo) -> LocalTimes:
    return LocalTimes.of(IntervalGrid(start, timedelta(hours=1), HOURS_OF_DAY).starts, zone)


def _foreseen(at: datetime, series: str, model: PriceModel, when: LocalTimes) -> PricesForeseen:
    weekend, hours = (when.weekdays >= SATURDAY).tolist(), when.hours.tolist()
    mean, deviation = (values[0].tolist() for values in (model.expected(when), model.deviation(when)))
    return PricesForeseen(at, series, tuple(weekend), tuple(hours), tuple(mean), tuple(deviation))


def _neighbor(one: Neighbor) -> ListedNeighbor:
    into, out_of = (None if isinf(limit) else limit for limit in (one.import_limit_kw, one.export_limit_kw))
    rate = None if one.charge is None else one.charge.rate
    return ListedNeighbor(
        one.id, one.direction, one.transactive, into, out_of, one.full_load_loss, rate, one.threshold_kw
    )


def _series(setup: NodeSetup) -> Iterator[ListedSeries]:
    for one in setup.series:
        refines = None
        for plan in one.plan.chain:
            yield ListedSeries(plan.rules, plan.clearing_interval, refines)
            refines = plan.rules.series
