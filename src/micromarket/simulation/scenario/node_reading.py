"""Reading a node file: what it says becomes a node, or every problem is named with its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import numpy as np

from micromarket.assets.information_service import InformationService
from micromarket.domain.curves import Curves
from micromarket.domain.intervals import HOUR, IntervalGrid
from micromarket.dso.bulk_rates import BulkRates
from micromarket.errors import InvalidValue, Problem, ScenarioError
from micromarket.markets.series.market import MarketRules
from micromarket.markets.series.series import SeriesPlan
from micromarket.markets.series.states import Timing
from micromarket.node.demand.demand_charge import DemandCharge
from micromarket.node.demand.meter_point import Measurement, MeterPoint
from micromarket.node.living.devices import Devices
from micromarket.node.living.dialog import SignalRules
from micromarket.node.living.inventory import Inventory, ListedAsset
from micromarket.node.living.running import NodeSetup, StartingSeries
from micromarket.node.neighbor import Direction, Neighbor
from micromarket.node.node import TransactiveNode
from micromarket.simulation.scenario import document as text_of
from micromarket.simulation.scenario.decoding import SeriesUse, decode
from micromarket.simulation.scenario.document import Document
from micromarket.simulation.scenario.local_assets import kind_of
from micromarket.simulation.scenario.node_assets import BulkSupply, NodeAssets, PowerSeries, PriceList, read_powers
from micromarket.simulation.scenario.node_checks import check_node
from micromarket.simulation.scenario.node_devices import (
    base_steps,
    check_steps,
    devices_at,
    devices_of,
    markets_within,
)
from micromarket.simulation.scenario.node_file import (
    ONLY_ANSWERS,
    Corner,
    CurveAsset,
    Demand,
    Meter,
    MonthlyRates,
    NodeFile,
    NodeNeighbor,
    NodeSeries,
    SeriesAsset,
)
from micromarket.simulation.scenario.reading import file_text
from micromarket.simulation.scenario.series import SeriesLoader
from micromarket.simulation.scenario.services import bulletins_of, check_services, services_of, with_services
from micromarket.simulation.scenario.timeline import Timeline

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NodeToRun:
    """A node file that was read and found right.

    Parameters
    ----------
    file : NodeFile
        What the file says.
    setup : NodeSetup
        The node it describes.
    """

    file: NodeFile
    setup: NodeSetup


def read_node(path: Path | str) -> NodeToRun:
    """Return the node that a file describes.

    Raises
    ------
    ScenarioError
        If anything is wrong with the file; holds every problem found.
    """
    file = Path(path)
    document = text_of.compose(file_text(file), str(file))
    if document.has("supplier", "customers"):
        raise ScenarioError(document.problem((), "a scenario file", "a node file", "micromarket run runs it"))
    content, uses = decode(document, NodeFile)
    problems = check_node(content, document, file.parent)
    problems += [finding.problem(document) for finding in check_services(content, uses)]
    if problems:
        raise ScenarioError(*sorted(problems))
    builder = _Builder(document, file.parent, [])
    setup = builder.setup(content, uses)
    if builder.problems or setup is None:
        raise ScenarioError(*sorted(builder.problems))
    return NodeToRun(content, setup)


@dataclass(frozen=True, slots=True)
class _Builder:
    """Makes what a file describes; a value that breaks a rule becomes a problem at its place."""

    document: Document
    folder: Path
    problems: list[Problem]

    def setup(self, content: NodeFile, uses: list[SeriesUse]) -> NodeSetup | None:
        neighbors = [self._neighbor(at, one) for at, one in enumerate(content.neighbors)]
        plan = self._plan(content.series, ("series",))
        node = self._made(("neighbors",), lambda: TransactiveNode(content.node, tuple(_found(neighbors))))
        meters = self._meters(content)
        if self.problems or plan is None or node is None:
            return None
        services = services_of(content, uses)
        timeline = self._timeline(plan, content, uses, services)
        if timeline is None:
            return None
        assets, devices = self._assets(plan, content, timeline), devices_at(content, timeline)
        if self.problems:
            return None
        signals = content.signals
        return NodeSetup(
            node,
            (StartingSeries(plan, content.first_clearing),),
            assets,
            SignalRules(signals.threshold, signals.repeat_after, signals.patience, signals.trust),
            ZoneInfo(content.timezone),
            Inventory(tuple(_listed(content, devices)), services, tuple(meters.values())),
            devices,
            meters,
        )

    def _timeline(
        self,
        plan: SeriesPlan,
        content: NodeFile,
        uses: list[SeriesUse],
        services: tuple[InformationService, ...],
    ) -> Timeline | None:
        self.problems.extend(one.problem(self.document) for one in check_steps(plan, content))
        if self.problems:
            return None
        grid = base_steps(plan, content)
        zone = ZoneInfo(content.timezone)
        loader = SeriesLoader(self.document, self.folder, grid, content.currency, zone)
        table, problems = loader.load(list(with_services(uses)))
        self.problems.extend(problems)
        if problems:
            return None
        return Timeline(grid, zone, table, bulletins_of(content, services, grid, table))

    def _assets(self, plan: SeriesPlan, content: NodeFile, timeline: Timeline) -> NodeAssets:
        asked = {each.rules.series: markets_within(each, timeline.grid.whole) for each in plan.chain}
        assets = [
            self._asset(("assets", at), one, asked)
            for at, one in enumerate(content.assets)
            if isinstance(one, ONLY_ANSWERS)
        ]
        suppliers = {
            one.id: self._supply(("neighbors", at, "rates"), one.rates, content.timezone)
            for at, one in enumerate(content.neighbors)
            if one.rates is not None
        }
        found = {name: supply for name, supply in suppliers.items() if supply is not None}
        priced = {
            one.id: PriceList(one.id, timeline.grid, timeline.series(one.price))
            for one in content.neighbors
            if one.price is not None
        }
        return NodeAssets(tuple(_found(assets)), {**found, **priced})

    def _asset(
        self, path: text_of.Path, one: CurveAsset | SeriesAsset, asked: Mapping[str, IntervalGrid]
    ) -> Curves | PowerSeries | None:
        if isinstance(one, SeriesAsset):
            return self._series(path, one, asked)
        return self._vertices((*path, "vertices"), one.vertices)

    def _series(self, path: text_of.Path, one: SeriesAsset, asked: Mapping[str, IntervalGrid]) -> PowerSeries | None:
        columns = {known.series: known.column for known in one.power}

        def made() -> PowerSeries:
            powers = read_powers(self.folder, one.id, one.file, columns)
            for series, intervals in asked.items():
                powers.average_kw(series, intervals)
            return powers

        return self._made(path, made)

    def _supply(self, path: text_of.Path, one: MonthlyRates, zone: str) -> BulkSupply | None:
        def made() -> BulkSupply:
            rates = BulkRates(*(np.array(each) for each in (one.heavy, one.light, one.beyond)))
            return BulkSupply(rates, one.agreed, ZoneInfo(zone))

        return self._made(path, made)

    def _neighbor(self, at: int, one: NodeNeighbor) -> Neighbor | None:
        path = ("neighbors", at)
        default = self._vertices((*path, "default"), one.default) if one.default else None
        into, out_of = (np.inf if limit is None else limit for limit in (one.import_limit, one.export_limit))
        direction, loss = Direction(one.direction), one.full_load_loss
        charge = None if one.charge is None else self._charge((*path, "charge"), one.charge)
        threshold = 0.0 if one.charge is None else one.charge.threshold
        limits = (into, out_of, loss, default, one.transactive, charge, threshold)
        return self._made(path, lambda: Neighbor(one.id, direction, *limits))

    def _charge(self, path: text_of.Path, one: Demand) -> DemandCharge | None:
        return self._made(path, lambda: DemandCharge(one.rate, one.hours_of_use / HOUR, one.carry_over))

    def _meters(self, content: NodeFile) -> dict[str, MeterPoint]:
        meters = {
            one.id: self._meter(("neighbors", at, "meter"), one.id, one.meter)
            for at, one in enumerate(content.neighbors)
            if one.meter is not None
        }
        return {name: meter for name, meter in meters.items() if meter is not None}

    def _meter(self, path: text_of.Path, name: str, one: Meter) -> MeterPoint | None:
        measured = Measurement(one.measures)
        return self._made(path, lambda: MeterPoint(name, measured, one.interval, one.scale, one.description))

    def _plan(self, series: NodeSeries, path: text_of.Path) -> SeriesPlan | None:
        finer = None if series.refined_by is None else self._plan(series.refined_by, (*path, "refined_by"))
        every = series.every or series.interval * series.intervals
        return self._made(path, lambda: SeriesPlan(_rules(series), every, finer))

    def _vertices(self, path: text_of.Path, corners: tuple[Corner, ...]) -> Curves | None:
        return self._made(path, lambda: Curves.from_vertices([[(one.price, one.power) for one in corners]]))

    def _made(self, path: text_of.Path, make: Callable[[], T]) -> T | None:
        try:
            return make()
        except InvalidValue as error:
            self.problems.append(self.document.problem(path, str(error), ""))
            return None


def _rules(series: NodeSeries) -> MarketRules:
    timing = Timing(
        series.interval,
        series.intervals,
        series.activation_lead,
        series.negotiation_lead,
        series.market_lead,
        series.delivery_lead,
        series.reconciliation,
    )
    return MarketRules(
        series.name,
        series.coordination,
        timing,
        series.default_price,
        series.commits,
        series.price_model,
        series.precision,
    )


def _listed(content: NodeFile, devices: Devices | None) -> Iterator[ListedAsset]:
    """Yield the assets in the order of their curves: those without a state, then the devices."""
    for one in content.assets:
        if isinstance(one, ONLY_ANSWERS):
            powers = [corner.power for corner in one.vertices] if isinstance(one, CurveAsset) else []
            yield ListedAsset(one.id, kind_of(one), min(powers, default=None), max(powers, default=None))
    kinds = {owned.id: kind_of(owned.asset) for owned in devices_of(content)}
    for name in () if devices is None else devices.ids:
        yield ListedAsset(name, kinds[name])


def _found(made: list[T | None]) -> list[T]:
    return [one for one in made if one is not None]
