"""From facts to rows: a pure reading of a record, fact by fact."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import NamedTuple

from micromarket.assets.information_service import InformationService
from micromarket.errors import StoreError
from micromarket.markets.auctions.auction import Outcome
from micromarket.markets.series.market import Market, MarketRules
from micromarket.node.demand.meter_point import Measurement, MeterPoint
from micromarket.node.living.facts import (
    Cleared,
    Delivered,
    Fact,
    Fate,
    MessageRefused,
    MeterRead,
    NeighborSilent,
    NoAgreement,
    NodeStarted,
    PeakRaised,
    PricesForeseen,
    SetPointsGiven,
    SignalReceived,
    SignalSent,
    StateEntered,
)
from micromarket.node.living.inventory import ListedNeighbor, ListedSeries
from micromarket.storage.lines import Recorded
from micromarket.storage.values import to_bytes

Value = str | int | float | bool | datetime | None


Values = Mapping[str, Value]


class Row(NamedTuple):
    """What one row of a table says; columns that are not named keep what they have."""

    table: str
    values: Values


class Numbered(NamedTuple):
    """A fact and its place in the record of its node, from 1."""

    node: str
    number: int
    fact: Fact

    @property
    def digest(self) -> str:
        """What tells this fact from others."""
        return blake2b(to_bytes(self.fact), digest_size=16).hexdigest()


class Projection:
    """Reads one record from its beginning, and says which rows follow from each of its facts."""

    def __init__(self) -> None:
        self._read: dict[str, int] = {}
        self._assets: dict[str, tuple[str, ...]] = {}
        self._meters: dict[str, set[str]] = {}

    def numbered(self, recorded: Recorded) -> Numbered:
        """Return the next fact with its place.

        Raises
        ------
        StoreError
            If the facts of a node do not begin with its start: then nobody knows what it is.
        """
        node, fact = recorded
        number = self._read[node] = self._read.get(node, 0) + 1
        if isinstance(fact, NodeStarted):
            self._assets[node] = tuple(asset.name for asset in fact.inventory.assets)
            self._meters[node] = {meter.name for meter in fact.inventory.meters}
        elif number == 1:
            raise StoreError(f"the record of node {node!r} does not begin with NodeStarted; found {_kind(fact)}")
        return Numbered(node, number, fact)

    def rows(self, numbered: Numbered) -> Iterator[Row]:
        """Yield the rows that follow from a fact; later ones add to, or replace, those of the same key."""
        node, _, fact = numbered
        if isinstance(fact, NodeStarted):
            yield Row("node", {"node": node, "timezone": fact.timezone, "started_at": fact.at})
        yield Row("fact", _indexed(numbered))
        match fact:
            case NodeStarted():
                yield from _node_rows(node, fact)
            case StateEntered():
                yield from _market_rows(node, fact.market, {"state": fact.state.name.lower()})
            case SignalSent() | SignalReceived():
                yield from _signal_rows(numbered, fact)
            case MeterRead():
                yield from _meter_rows(node, fact, listed=fact.neighbor in self._meters[node])
            case PeakRaised():
                yield Row("demand_peak", _peak(node, fact))
            case SetPointsGiven():
                for asset, power in fact.power_kw:
                    yield Row("delivery", {**_step(node, asset, fact.start), "set_point_kw": power})
            case Delivered():
                yield from _delivery_rows(node, fact)
            case PricesForeseen():
                yield from _model_rows(numbered, fact)
            case Cleared():
                yield from _market_rows(node, fact.market, {"settled_at": fact.at})
                yield from self._cleared_rows(numbered, fact)

    def _cleared_rows(self, numbered: Numbered, fact: Cleared) -> Iterator[Row]:
        node, outcomes, settled = (
            numbered.node,
            fact.balance.outcome.tolist(),
            list(self._settled(numbered.node, fact)),
        )
        for at, start in enumerate(fact.market.intervals.moments):
            interval: Values = {"node": node, "market": fact.market.name, "start_time": start}
            yield Row("time_interval", {**interval, "outcome": Outcome(outcomes[at]).name.lower()})
            for what, values in settled:
                yield Row("interval_value", {**interval, **what, "value": values[at], "fact": numbered.number})

    def _settled(self, node: str, fact: Cleared) -> Iterator[tuple[Values, list[float]]]:
        """Yield everything that was settled: what it is, and its value in each interval."""
        basis, balance = dict(fact.sources), fact.balance
        yield _measured("node", node, "marginal_price"), balance.price.tolist()
        for kind, by_asset in (("average_power", balance.local_kw), ("production_cost", fact.production_cost)):
            for at, values in enumerate(by_asset.tolist()):
                yield _measured("local_asset", self._asset(node, at), kind), values
        for name, neighbor in balance.neighbor_kw.items():
            yield _measured("neighbor", name, "average_power", basis[name].value), neighbor.tolist()

    def _asset(self, node: str, at: int) -> str:
        names = self._assets[node]
        return names[at] if at < len(names) else f"asset {at + 1}"


def _kind(fact: Fact) -> str:
    return type(fact).__name__


def _indexed(numbered: Numbered) -> Values:
    """Return the row of a fact; zero bytes, which strangers may send and PostgreSQL does not store, are replaced."""
    node, number, fact = numbered
    market, neighbor, detail = (text and text.replace("\0", "\N{SYMBOL FOR NULL}") for text in _about(fact))
    return {
        "node": node,
        "fact": number,
        "at": fact.at,
        "kind": _kind(fact),
        "market": market,
        "neighbor": neighbor,
        "detail": detail,
        "digest": numbered.digest,
    }


def _about(fact: Fact) -> tuple[str | None, str | None, str | None]:
    """Return market, neighbor and detail of a fact."""
    market, neighbor, detail = None, None, None
    match fact:
        case StateEntered():
            market, detail = fact.market.name, fact.state.name.lower()
        case SignalSent():
            market, neighbor, detail = fact.signal.market, fact.signal.receiver, fact.reason.value
        case SignalReceived():
            market, neighbor, detail = fact.signal.market, fact.signal.sender, fact.fate.value
        case NeighborSilent():
            market, neighbor, detail = fact.market, fact.neighbor, fact.stand_in.value
        case NoAgreement():
            market, neighbor = fact.market, fact.neighbor
        case Cleared():
            market = fact.market.name
        case MeterRead() | PeakRaised():
            neighbor = fact.neighbor
        case MessageRefused():
            detail = fact.reason
    return market, neighbor, detail


def _node_rows(node: str, fact: NodeStarted) -> Iterator[Row]:
    for service in fact.inventory.services:
        yield Row("information_service", {"node": node, "service": service.name, **_service(service)})
    for number, asset in enumerate(fact.inventory.assets, start=1):
        limits: Values = {"minimum_kw": asset.minimum_kw, "maximum_kw": asset.maximum_kw}
        yield Row("local_asset", {"node": node, "asset": asset.name, "number": number, "kind": asset.kind, **limits})
    for neighbor in fact.neighbors:
        yield Row("neighbor", {"node": node, "neighbor": neighbor.name, **_neighbor(neighbor)})
    for meter in fact.inventory.meters:
        yield Row("meter_point", {"node": node, "neighbor": meter.name, **_meter(meter)})
    for series in fact.series:
        yield Row("market_series", {**_series(node, series.rules), **_succession(series)})


def _service(service: InformationService) -> Values:
    return {
        "provides": service.provides,
        "unit": service.unit,
        "refresh_s": _seconds(service.refresh),
        "valid_for_s": _seconds(service.valid_for),
        "usual": service.usual,
        "address": service.address,
        "license": service.license,
    }


def _meter(meter: MeterPoint) -> Values:
    return {
        "measurement_type": meter.measurement.value,
        "interval_s": _seconds(meter.interval),
        "scale": meter.scale,
        "description": meter.description,
    }


def _neighbor(neighbor: ListedNeighbor) -> Values:
    return {
        "direction": neighbor.direction.value,
        "transactive": neighbor.transactive,
        "import_limit_kw": neighbor.import_limit_kw,
        "export_limit_kw": neighbor.export_limit_kw,
        "full_load_loss": neighbor.full_load_loss,
        "demand_rate": neighbor.demand_rate,
        "demand_threshold_kw": neighbor.demand_threshold_kw,
    }


def _series(node: str, rules: MarketRules) -> Values:
    timing = rules.timing
    return {
        "node": node,
        "series": rules.series,
        "coordination": rules.mechanism,
        "price_model": rules.price_model,
        "commitment": rules.commitment,
        "default_price": rules.default_price,
        "precision": rules.precision,
        "interval_duration_s": _seconds(timing.interval_duration),
        "intervals_to_clear": timing.intervals_to_clear,
        "activation_lead_s": _seconds(timing.activation_lead),
        "negotiation_lead_s": _seconds(timing.negotiation_lead),
        "market_lead_s": _seconds(timing.market_lead),
        "delivery_lead_s": _seconds(timing.delivery_lead),
        "reconciliation_s": _seconds(timing.reconciliation),
    }


def _succession(series: ListedSeries) -> Values:
    return {"clearing_interval_s": _seconds(series.clearing_interval), "refines": series.refines}


def _market_rows(node: str, market: Market, what: Values) -> Iterator[Row]:
    yield Row("market_series", _series(node, market.rules))
    values: Values = {
        "node": node,
        "market": market.name,
        "series": market.rules.series,
        "number": market.number,
        "clearing_time": market.clearing,
        "delivery_start": market.delivery.start,
        "delivery_end": market.delivery.end,
        "prior_market": market.prior,
        "refined_market": market.refined,
    }
    yield Row("market_object", {**values, **what})
    lasting = {"duration_s": _seconds(market.rules.timing.interval_duration)}
    for start in market.intervals.moments:
        yield Row("time_interval", {"node": node, "market": market.name, "start_time": start, **lasting})


def _signal_rows(numbered: Numbered, fact: SignalSent | SignalReceived) -> Iterator[Row]:
    signal = fact.signal
    if isinstance(fact, SignalSent):
        way, neighbor, status = "sent", signal.receiver, fact.reason.value
    elif fact.fate is Fate.STRANGE:
        return
    else:
        way, neighbor, status = "received", signal.sender, fact.fate.value
    of_message: Values = {
        "node": numbered.node,
        "fact": numbered.number,
        "market": signal.market,
        "neighbor": neighbor,
        "direction": way,
        "status": status,
        "signal": signal.number,
        "created_at": signal.sent_at,
    }
    for interval in signal.content:
        for record in interval.records:
            which: Values = {"start_time": interval.start, "record": record.number}
            point: Values = {"marginal_price": record.price, "power_kw": record.power_kw}
            yield Row("transactive_record", {**of_message, **which, **point})


def _peak(node: str, fact: PeakRaised) -> Values:
    which: Values = {"node": node, "neighbor": fact.neighbor, "year": fact.year, "month": fact.month}
    return {**which, "peak_kw": fact.peak_kw, "start_time": fact.start, "from_meter": fact.from_meter}


def _meter_rows(node: str, fact: MeterRead, *, listed: bool) -> Iterator[Row]:
    meter = {"node": node, "neighbor": fact.neighbor}
    last: Values = {"last_update": fact.at, "last_measurement": fact.power_kw}
    kind: Values = {} if listed else {"measurement_type": Measurement.AVERAGE_POWER.value}
    yield Row("meter_point", {**meter, **kind, **last})
    reading: Values = {"start_time": fact.start, "value": fact.power_kw}
    yield Row("meter_reading", {**meter, **reading})


def _step(node: str, asset: str, start: datetime) -> Values:
    return {"node": node, "asset": asset, "start_time": start}


def _delivery_rows(node: str, fact: Delivered) -> Iterator[Row]:
    for asset, power in fact.power_kw:
        yield Row("delivery", {**_step(node, asset, fact.start), "power_kw": power})
    for asset, reading, value in fact.readings:
        yield Row("asset_reading", {**_step(node, asset, fact.start), "reading": reading, "value": value})


def _model_rows(numbered: Numbered, fact: PricesForeseen) -> Iterator[Row]:
    hours, prices = zip(fact.weekend, fact.hours, strict=True), zip(fact.mean, fact.deviation, strict=True)
    place: Values = {"node": numbered.node, "series": fact.series, "fact": numbered.number}
    for (weekend, hour), (mean, deviation) in zip(hours, prices, strict=True):
        expected: Values = {"mean": mean, "deviation": deviation}
        yield Row("series_price_model", {**place, "weekend": weekend, "hour": hour, **expected})


def _measured(source_type: str, source: str, kind: str, basis: str | None = None) -> Values:
    return {"source_type": source_type, "source": source, "measurement_type": kind, "basis": basis}


def _seconds(duration: timedelta) -> float:
    return duration.total_seconds()
