"""From a scenario to the neighborhood that runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from micromarket.assets.customer import Customer
from micromarket.domain.curves import UNLIMITED_KW
from micromarket.domain.ids import PartyId
from micromarket.domain.products import Product, Resource, StepGrid
from micromarket.dso.load_serving_entity import Ramp, Supplier
from micromarket.dso.tariffs import FlatRate, RateTable, Tariff, TimeOfUse
from micromarket.markets.series.market import MarketRules
from micromarket.markets.series.series import SeriesPlan
from micromarket.markets.series.states import Timing
from micromarket.node.networks.tree import NodeTree
from micromarket.simulation.fleets import BUILDERS, by_fleet
from micromarket.simulation.neighborhood import (
    SPOT,
    Calendar,
    Fleet,
    Indices,
    MarketSettings,
    Neighborhood,
    Trading,
)
from micromarket.simulation.scenario import file as described
from micromarket.simulation.scenario.reading import Scenario
from micromarket.simulation.scenario.timeline import continued

BREAK_EVEN = "break_even"


@dataclass(frozen=True, slots=True)
class Line:
    """A node and the line above it, by names."""

    node: str
    parent: str | None
    import_limit: float | None
    export_limit: float | None
    full_load_loss: float


def build(scenario: Scenario) -> Neighborhood:
    """Return the neighborhood that a scenario describes."""
    tree = node_tree(scenario)
    tariffs = [tariff.id for tariff in scenario.file.tariffs]
    owners = customers(scenario)
    index = {name: k for k, name in enumerate(tree.ids)}
    calendar = Calendar(scenario.grid, scenario.zone)
    return Neighborhood(
        calendar=calendar,
        tree=tree,
        fleets=fleets(scenario, np.array([index[owner.node] for owner in owners])),
        supplier=supplier(scenario, calendar),
        market=market_settings(scenario),
        customers=owners,
        rates=RateTable.of(tuple(map(tariff_of, scenario.file.tariffs)), scenario.grid, scenario.zone),
        tariff_of=np.array([tariffs.index(owner.tariff) for owner in owners]),
        breaks_even=np.array([tariff.import_rate == BREAK_EVEN for tariff in scenario.file.tariffs]),
    )


def customers(scenario: Scenario) -> tuple[Customer, ...]:
    """Return the customers; one with a line of its own is a node of its own."""
    assets: dict[int, list[str]] = {}
    for owned in scenario.assets:
        assets.setdefault(owned.customer, []).append(owned.id)
    return tuple(
        Customer(
            customer_id=PartyId(given.id),
            node=given.id if given.connection else str(given.node),
            tariff=str(given.tariff),
            comfort=given.comfort,
            assets=tuple(assets.get(k, ())),
        )
        for k, given in enumerate(scenario.file.customers)
    )


def node_tree(scenario: Scenario) -> NodeTree:
    """Return the nodes of the file and the homes with a line of their own, parents first."""
    file = scenario.file
    feeders = [Line(n.id, n.parent, n.import_limit, n.export_limit, n.full_load_loss) for n in file.nodes]
    homes = [
        Line(c.id, c.node, c.connection.import_limit, c.connection.export_limit, c.connection.full_load_loss)
        for c in file.customers
        if c.connection
    ]
    lines = _parents_first([*feeders, *homes])
    index = {line.node: k for k, line in enumerate(lines)}
    return NodeTree.of(
        [line.node for line in lines],
        [-1 if line.parent is None else index[line.parent] for line in lines],
        [np.inf if line.import_limit is None else line.import_limit for line in lines],
        [np.inf if line.export_limit is None else line.export_limit for line in lines],
        [line.full_load_loss for line in lines],
    )


def fleets(scenario: Scenario, customer_node: Indices) -> tuple[Fleet, ...]:
    """Return a fleet for each kind that anybody owns; one for each way in which its future is foreseen and valued."""
    made = []
    for kind, owned in by_fleet(scenario.timeline, scenario.file.seed, scenario.assets):
        customer = np.array([one.customer for one in owned.assets])
        made.append(Fleet(kind, BUILDERS[kind](owned), customer_node[customer], customer))
    return tuple(made)


def supplier(scenario: Scenario, calendar: Calendar) -> Supplier:
    """Return the supplier, its prices continued a day beyond the run as on its last day."""
    given = scenario.file.supplier
    feed_in_capacity = UNLIMITED_KW if given.feed_in_capacity is None else given.feed_in_capacity
    day = calendar.steps_per_day
    price, feed_in = (continued(scenario.series(p), day, 2 * day) for p in (given.price, given.feed_in_price))
    return Supplier(given.id, price, feed_in, _ramp(given), Ramp.flat(feed_in_capacity))


def market_settings(scenario: Scenario) -> MarketSettings:
    """Return how the market is run."""
    rules = scenario.file.market
    return MarketSettings(
        default_price=float(rules.default_price or 0.0),
        price_cap=rules.price_cap,
        horizon_steps=rules.horizon // scenario.grid.step,
        plan=series_plan(scenario),
        rounds={SPOT: 1, **{each.name: each.rounds for each in rules.series}},
        learning=frozenset({SPOT, *(each.name for each in rules.series if each.price_model)}),
        returns_network_income=rules.network_income == "returned",
        makes_whole=rules.make_whole == "paid",
        trading=trading(scenario) if rules.mechanism == "order_book" else None,
    )


def series_plan(scenario: Scenario) -> SeriesPlan:
    """Return the series of markets, the longest first; where any commits, the spot market does so too."""
    market, default = scenario.file.market, float(scenario.file.market.default_price or 0.0)
    binds = any(each.commits for each in market.series)
    spot = Timing(scenario.grid.step)
    rules = MarketRules(SPOT, market.mechanism, spot, default, binds, market.price_model)
    plan = SeriesPlan(rules, spot.delivery_duration)
    for each in reversed(market.series):
        timing = Timing(each.interval, each.intervals)
        model = each.price_model or market.price_model
        rules = MarketRules(each.name, market.mechanism, timing, default, each.commits, model)
        plan = SeriesPlan(rules, timing.delivery_duration, refined_by=plan)
    return plan


def trading(scenario: Scenario) -> Trading:
    """Return how customers trade continuously: energy at the root, for one base step."""
    rules, step = scenario.file.market.order_book or described.OrderBook(), scenario.grid.step
    root = next(node.id for node in scenario.file.nodes if node.parent is None)
    grids = (StepGrid.of(repr(rules.price_step)), StepGrid.of(repr(rules.power_step)))
    return Trading(
        ahead_steps=rules.ahead // step,
        gate=rules.gate,
        product=Product(Resource("energy", root), step, *grids),
        lot_kw=rules.lot,
        imbalance_fee=rules.imbalance_fee,
    )


def tariff_of(given: described.Tariff) -> Tariff:
    """Return a tariff; one that breaks even costs nothing until its rate is found."""
    rate = given.import_rate
    if isinstance(rate, described.TimeOfUse):
        imports: FlatRate | TimeOfUse = TimeOfUse(rate.off_peak, rate.peak, *rate.peak_hours, rate.weekdays_only)
    else:
        imports = FlatRate(0.0 if rate == BREAK_EVEN else float(rate))
    return Tariff(given.id, imports, given.export_rate, given.fixed)


def _ramp(given: described.Supplier) -> Ramp:
    capacity = UNLIMITED_KW if given.capacity is None else given.capacity
    if given.tiers:
        tops = [capacity if tier.up_to is None else min(tier.up_to, capacity) for tier in given.tiers]
        return Ramp.tiered(tops, [tier.add for tier in given.tiers])
    return Ramp.sloped(given.slope, capacity) if given.slope else Ramp.flat(capacity)


def _parents_first(lines: list[Line]) -> list[Line]:
    """Return `lines` ordered so that every parent stands before its children, the file's order kept otherwise."""
    children: dict[str | None, list[Line]] = {}
    for line in lines:
        children.setdefault(line.parent, []).append(line)
    ordered = list(children.get(None, []))
    for line in ordered:
        ordered.extend(children.get(line.node, []))
    return ordered
