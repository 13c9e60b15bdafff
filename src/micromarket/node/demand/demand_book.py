"""What a node has drawn from neighbors that charge for demand: by its meters, or where there are none as settled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo

from micromarket.domain.intervals import Interval, utc
from micromarket.markets.series.market import Market
from micromarket.node.balancing import Balance
from micromarket.node.demand.demand_charge import DemandCharge, MonthlyPeak
from micromarket.node.demand.meter_point import MeterPoint
from micromarket.node.demand.simulated_meter import SimulatedMeter
from micromarket.node.living.facts import Fact, MeterRead, PeakRaised
from micromarket.node.neighbor import Neighbor
from micromarket.node.node import TransactiveNode

ROUNDING_KW = 1e-9
"""A rise of a peak that is not worth a fact."""


@dataclass(frozen=True, slots=True)
class DemandState:
    """What a node knows of its demand.

    Parameters
    ----------
    peaks : mapping of str to MonthlyPeak
        Highest demand this month from each neighbor that charges for it.
    meters : mapping of str to SimulatedMeter
        What its meters have counted, by neighbor.
    """

    peaks: Mapping[str, MonthlyPeak] = field(default_factory=dict)
    meters: Mapping[str, SimulatedMeter] = field(default_factory=dict)


class DemandBook:
    """Meters and monthly peaks through time.

    Parameters
    ----------
    node : TransactiveNode
        Whose neighbors may charge for demand.
    zone : tzinfo
        Local zone, by which months begin.
    meters : mapping of str to MeterPoint
        Meters toward neighbors that are read as devices deliver.
    state : DemandState
        What was known when the node stopped.
    """

    def __init__(
        self, node: TransactiveNode, zone: tzinfo, meters: Mapping[str, MeterPoint], state: DemandState
    ) -> None:
        self._node, self._zone, self._peaks = node, zone, dict(state.peaks)
        self._meters = {name: state.meters.get(name, SimulatedMeter(one)) for name, one in meters.items()}

    @property
    def state(self) -> DemandState:
        """All that is known."""
        return DemandState(dict(self._peaks), dict(self._meters))

    def thresholds_kw(self, moment: datetime) -> dict[str, float]:
        """Return the demand up to which each neighbor's charge adds nothing at a moment [kW]."""
        charging = ((one, one.charge) for one in self._node.neighbors if one.charge is not None)
        return {one.id: self._peak(one, moment, charge).threshold_kw for one, charge in charging}

    def counted(self, interval: Interval, exchanged_kw: Mapping[str, float]) -> list[Fact]:
        """Let the meters count the average power from each neighbor in an interval, and return what they say."""
        facts = list[Fact]()
        for name, meter in self._meters.items():
            self._meters[name], found = meter.after(interval, exchanged_kw.get(name, 0.0))
            if found is not None:
                start, power = found.interval.start, found.demand_kw
                facts += [
                    MeterRead(interval.end, name, start, power),
                    *self.metered(name, start, power, interval.end),
                ]
        return facts

    def metered(self, neighbor_id: str, moment: datetime, power_kw: float, now: datetime) -> list[Fact]:
        """Take the average power that a meter tells of the interval from a moment on, and return what it raised.

        Raises
        ------
        UnknownParty
            If there is no such neighbor.
        """
        return self._raised(self._node.neighbor(neighbor_id), utc(moment), power_kw, now, from_meter=True)

    def settled(self, market: Market, balance: Balance, now: datetime) -> list[Fact]:
        """Take what was settled for what was drawn, where no meter tells, and return what it raised."""
        return [
            fact
            for one in self._node.neighbors
            if not (one.id in self._meters or (one.id in self._peaks and self._peaks[one.id].from_meter))
            for moment, power_kw in zip(
                market.intervals.moments, one.agreed_kw(balance.neighbor_kw[one.id]).tolist(), strict=True
            )
            for fact in self._raised(one, moment, power_kw, now, from_meter=False)
        ]

    def _peak(self, neighbor: Neighbor, moment: datetime, charge: DemandCharge) -> MonthlyPeak:
        start = replace(MonthlyPeak.unknown(moment, self._zone), threshold_kw=neighbor.threshold_kw)
        return self._peaks.get(neighbor.id, start).at(moment, charge, self._zone)

    def _raised(
        self, neighbor: Neighbor, moment: datetime, power_kw: float, now: datetime, *, from_meter: bool
    ) -> list[Fact]:
        if neighbor.charge is None:
            return []
        before = self._peak(neighbor, moment, neighbor.charge)
        after = before.raised(moment, power_kw, neighbor.charge, self._zone)
        after = self._peaks[neighbor.id] = replace(after, from_meter=after.from_meter or from_meter)
        if after.threshold_kw <= before.threshold_kw + ROUNDING_KW:
            return []
        return [PeakRaised(now, neighbor.id, moment, after.year, after.month, after.threshold_kw, after.from_meter)]
