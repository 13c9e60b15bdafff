"""Transactive signals: what two neighbors tell each other, interval by interval, as numbered records.

Record 0 is the scheduled point: the power the sender expects to exchange, and its price. Where the sender can move,
records 1 and 2 are the lower and the upper end of its curve and records 3, 4, ... the vertices between, so that the
records of an interval are {0}, {0, 1, 2}, {0, 1, 2, 3} and so on, never {0, 1}. Power is positive toward the receiver
and reckoned at the sending end of the line, as `Neighbor` has it.

Source: Transactive Network Template v4 (PNNL, 2024), section 2.2.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from math import inf
from typing import Self

import numpy as np

from micromarket.domain.curves import Curves, Floats
from micromarket.domain.intervals import utc
from micromarket.errors import BadSignal
from micromarket.kernels.polylines import Polyline, polyline
from micromarket.node.networks.tree import MOST_LOSS
from micromarket.node.vertices import curve_of, vertices_of

LARGEST = 1e15
"""No price or power is beyond this; sums and products of what is not stay finite."""


@dataclass(frozen=True, slots=True)
class TransactiveRecord:
    """One point of a signal.

    Parameters
    ----------
    number : int
        0 the scheduled point, 1 the lower end, 2 the upper end, from 3 on the vertices between.
    price : float
        [currency/kWh]; that of an inelastic sender's only record says what it expects.
    power_kw : float
        Average power toward the receiver [kW].
    """

    number: int
    price: float
    power_kw: float


@dataclass(frozen=True, slots=True)
class IntervalRecords:
    """All records of one interval.

    Parameters
    ----------
    start : datetime
        Start of the interval; kept in UTC.
    records : tuple of TransactiveRecord
        In the order of their numbers.

    Raises
    ------
    BadSignal
        If numbers are not {0} or {0, 1, 2, ...}, a price or power is no number up to `LARGEST`, or vertices fall.
    NaiveTime
        If `start` carries no zone.
    """

    start: datetime
    records: tuple[TransactiveRecord, ...]

    def __post_init__(self) -> None:
        """Check numbers, sizes and order."""
        object.__setattr__(self, "start", utc(self.start))
        numbers = [record.number for record in self.records]
        if numbers != list(range(len(numbers))) or len(numbers) in {0, 2}:
            raise BadSignal(f"records of an interval are numbered 0, or 0, 1, 2 and on; found {numbers}")
        for record in self.records:
            if not (abs(record.price) <= LARGEST and abs(record.power_kw) <= LARGEST):
                raise BadSignal(f"record {record.number} has price {record.price} and power {record.power_kw}")
        for one, next_one in pairwise(self.vertices):
            if next_one[0] < one[0] or next_one[1] < one[1]:
                raise BadSignal(f"price and power must not fall along the vertices; found {one}, then {next_one}")

    @property
    def scheduled(self) -> TransactiveRecord:
        """The scheduled point."""
        return self.records[0]

    @property
    def vertices(self) -> Polyline:
        """Price and power along the curve; of an inelastic sender the scheduled point."""
        if len(self.records) == 1:
            return [(self.scheduled.price, self.scheduled.power_kw)]
        _, lower, upper, *between = self.records
        return [(record.price, record.power_kw) for record in (lower, *between, upper)]


Content = tuple[IntervalRecords, ...]
"""What a signal says: the records of each of its intervals."""


@dataclass(frozen=True, slots=True)
class StatedLine:
    """A line as the node at one of its ends states it to the whole network.

    Parameters
    ----------
    neighbor : str
        Name of the node at the other end.
    import_limit_kw, export_limit_kw : float, optional
        Most power from and to the neighbor, at the sending end [kW]; None is unlimited.
    full_load_loss : float, default 0
        Fraction of the power that is lost at the limit of either direction.

    Raises
    ------
    BadSignal
        If a limit is negative or no number, the loss is outside [0, 0.5), or a line with losses has no limit.
    """

    neighbor: str
    import_limit_kw: float | None = None
    export_limit_kw: float | None = None
    full_load_loss: float = 0.0

    def __post_init__(self) -> None:
        """Check limits and loss."""
        limits = (self.import_limit_kw, self.export_limit_kw)
        if not all(limit is None or 0 <= limit <= LARGEST for limit in limits):
            raise BadSignal(f"limits of the line to {self.neighbor!r} must be from 0 to {LARGEST}; found {limits}")
        if not 0 <= self.full_load_loss < MOST_LOSS:
            raise BadSignal(
                f"the line to {self.neighbor!r} loses from 0 to below {MOST_LOSS}; found {self.full_load_loss}"
            )
        if self.full_load_loss and None in limits:
            raise BadSignal(
                f"the line to {self.neighbor!r} has a loss of {self.full_load_loss}, so it needs both limits"
            )


@dataclass(frozen=True, slots=True)
class Statement:
    """What a node shows the whole network of itself, under its own name.

    Parameters
    ----------
    node : str
        Name of the node.
    version : int
        Counts what it stated in this market, from 1; the highest holds.
    lines : tuple of StatedLine
        Its lines to those of its neighbors that state something as well.
    content : tuple of IntervalRecords
        Its net curve, all that is in the node: power positive into the network.

    Raises
    ------
    BadSignal
        If the version is below 1, nothing is stated, or a line leads to the node itself or where another leads.
    """

    node: str
    version: int
    lines: tuple[StatedLine, ...]
    content: Content

    def __post_init__(self) -> None:
        """Check version and lines."""
        if self.version < 1 or not self.content:
            raise BadSignal(f"{self.node!r} states something from version 1 on; found version {self.version}")
        names = [self.node, *(line.neighbor for line in self.lines)]
        if len(set(names)) < len(names):
            raise BadSignal(f"lines of {self.node!r} lead to different neighbors; found {names[1:]}")

    def line_to(self, neighbor: str) -> StatedLine | None:
        """Return the line to a neighbor, or None if there is none."""
        return next((line for line in self.lines if line.neighbor == neighbor), None)


@dataclass(frozen=True, slots=True)
class TransactiveSignal:
    """A message from one node to a neighbor about one market.

    Parameters
    ----------
    market : str
        Name of the market.
    sender, receiver : str
        Names of the nodes.
    number : int
        Counts what the sender has to say to this receiver in this market, from 1; the highest is the newest and
        holds. 0 says nothing but what was heard.
    sent_at : datetime
        When, by the sender's clock; kept in UTC.
    content : tuple of IntervalRecords
        What it says; empty if and only if `number` is 0.
    heard : int, default 0
        Highest number the sender has from the receiver in this market.
    answer : bool, default False
        Whether the sender does not know that the receiver heard it, and asks for an answer.
    shared : tuple of Statement, default ()
        What the sender knows of the whole network, where nodes share their curves.

    Raises
    ------
    BadSignal
        If a number is negative, there is content without number or the other way round, or statements without either.
    NaiveTime
        If `sent_at` carries no zone.
    """

    market: str
    sender: str
    receiver: str
    number: int
    sent_at: datetime
    content: Content = ()
    heard: int = 0
    answer: bool = False
    shared: tuple[Statement, ...] = ()

    def __post_init__(self) -> None:
        """Check the numbers."""
        object.__setattr__(self, "sent_at", utc(self.sent_at))
        if self.number < 0 or self.heard < 0:
            raise BadSignal(f"numbers count from 0; found number {self.number} and heard {self.heard}")
        if (self.number > 0) != bool(self.content):
            raise BadSignal(f"number {self.number} goes with {'no' if self.number == 0 else 'some'} content")
        if self.shared and not self.content:
            raise BadSignal("statements go with some content")

    @classmethod
    def nothing(cls, market: str, sender: str, receiver: str, sent_at: datetime) -> Self:
        """Return the signal of a sender that has nothing to say yet."""
        return cls(market, sender, receiver, 0, sent_at)


def content_of(starts: Iterable[datetime], curves: Curves, price: Floats, power_kw: Floats) -> Content:
    """Return a curve as records.

    Parameters
    ----------
    starts : iterable of datetime, length T
        Start of each interval.
    curves : Curves
        One curve (1, T, V); power positive toward the receiver.
    price, power_kw : array of float, shape (T,)
        The scheduled point of each interval [currency/kWh, kW]; the only record where the curve is inelastic and has
        this power.

    Notes
    -----
    Nothing is lost but vertices that say nothing: repeats, and those in the middle of a step or of a flat stretch.
    """
    points = zip(price.tolist(), power_kw.tolist(), strict=True)
    return tuple(
        IntervalRecords(start, _records(polyline(vertices), point))
        for start, vertices, point in zip(starts, vertices_of(curves), points, strict=True)
    )


def _records(vertices: Polyline, scheduled: tuple[float, float]) -> tuple[TransactiveRecord, ...]:
    lower, *between, upper = vertices if len(vertices) > 1 else 2 * vertices
    if lower == upper and lower[1] == scheduled[1]:
        return (TransactiveRecord(0, *scheduled),)
    points = [scheduled, lower, upper, *between]
    return tuple(TransactiveRecord(number, *point) for number, point in enumerate(points))


def curves_of(content: Content) -> Curves:
    """Return the curve (1, T, V) that records describe."""
    return curve_of([interval.vertices for interval in content])


def scheduled_of(content: Content) -> tuple[Floats, Floats]:
    """Return price [currency/kWh] and power [kW] of the scheduled points, both of shape (T,)."""
    points = [(interval.scheduled.price, interval.scheduled.power_kw) for interval in content]
    price, power = np.array(points, dtype=float).reshape(-1, 2).T
    return price, power


def change(first: Content, second: Content) -> float:
    """Return how much two signals of one sender differ: 0 if not at all, 1 if by as much as they are large.

    Notes
    -----
    The largest difference of any record's price or power, relative to the largest price or power that either signal
    has in that interval; infinite if they differ in intervals or numbers of records. The largest power changing its
    sign, or coming from zero, differs by at least 1: nothing is divided by an average that may vanish.
    """
    if [interval.start for interval in first] != [interval.start for interval in second]:
        return inf
    return max((_change(one.records, two.records) for one, two in zip(first, second, strict=True)), default=0.0)


def _change(first: Sequence[TransactiveRecord], second: Sequence[TransactiveRecord]) -> float:
    if len(first) != len(second):
        return inf
    prices = ([record.price for record in first], [record.price for record in second])
    powers = ([record.power_kw for record in first], [record.power_kw for record in second])
    return max(_relative(*prices), _relative(*powers))


def _relative(first: Sequence[float], second: Sequence[float]) -> float:
    scale = max(map(abs, [*first, *second]))
    return max(abs(a - b) for a, b in zip(first, second, strict=True)) / scale if scale else 0.0
