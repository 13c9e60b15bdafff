"""Which instruments are traded, when and how, and the event clock that says how late it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from heapq import heappop, heappush
from itertools import pairwise
from typing import Any, NamedTuple

from micromarket.domain.ids import InstrumentId
from micromarket.domain.intervals import utc
from micromarket.domain.products import Product
from micromarket.errors import InvalidValue
from micromarket.markets.by_instrument import ByInstrument
from micromarket.markets.snapshots import moment_of, moment_text
from micromarket.markets.standing import later


class Phase(Enum):
    """What the calendar says of an instrument."""

    PENDING = "pending"
    """It is known and takes no order yet."""
    COLLECTING = "collecting"
    """Orders are collected, to cross at one price when the phase ends."""
    CONTINUOUS = "continuous"
    """An order that arrives is matched at once."""
    CLOSED = "closed"
    """The gate has closed."""
    DROPPED = "dropped"
    """Nothing is known of it any more; its name is free."""


@dataclass(frozen=True, slots=True)
class Timetable:
    """When an instrument is traded, by the event clock; what is None does not happen. Kept in UTC.

    Parameters
    ----------
    opens : datetime, optional
        Earlier orders are refused.
    continuous : datetime, optional
        Until then orders are collected, and cross at one price when it comes: the opening auction.
    closing : datetime, optional
        From then until the gate orders are collected again: the closing auction.
    gate : datetime, optional
        What was collected crosses at one price; then all that is left goes, and no order is taken any more.

    Raises
    ------
    InvalidValue
        If one is not later than those before it, or there is a closing auction without an end.
    NaiveTime
        If a time has no zone.
    """

    opens: datetime | None = None
    continuous: datetime | None = None
    closing: datetime | None = None
    gate: datetime | None = None

    def __post_init__(self) -> None:
        """Convert to UTC and check the order."""
        for name in self.__slots__:
            if (moment := getattr(self, name)) is not None:
                object.__setattr__(self, name, utc(moment))
        told = [moment for moment in self.moments if moment is not None]
        if any(after <= before for before, after in pairwise(told)):
            raise InvalidValue(f"a timetable goes from its opening to its gate; found {told}")
        if self.closing is not None and self.gate is None:
            raise InvalidValue("a closing auction ends with the gate; found no gate")

    @property
    def moments(self) -> tuple[datetime | None, ...]:
        """All times, in the order in which they come."""
        return self.opens, self.continuous, self.closing, self.gate

    @property
    def first(self) -> Phase:
        """The phase before any of the times has come."""
        return Phase.PENDING if self.opens is not None else self.opening

    @property
    def opening(self) -> Phase:
        """The phase in which the first orders are taken."""
        return Phase.CONTINUOUS if self.continuous is None else Phase.COLLECTING

    def turns(self) -> Iterator[tuple[datetime, Phase]]:
        """Go through the times and the phase that begins with each."""
        phases = self.opening, Phase.CONTINUOUS, Phase.COLLECTING, Phase.CLOSED
        return ((at, phase) for at, phase in zip(self.moments, phases, strict=True) if at is not None)


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Every delivery of a product, back to back without end, each traded at the same distance before it starts.

    Parameters
    ----------
    product : Product
        What is delivered, and how long one delivery lasts.
    start : datetime
        When the first delivery starts.
    opens, gate : timedelta
        How long before its start each opens and closes.
    continuous, closing : timedelta, optional
        How long before its start the opening auction ends and the closing auction begins; without them there is none.
    """

    product: Product
    start: datetime
    opens: timedelta
    gate: timedelta
    continuous: timedelta | None = None
    closing: timedelta | None = None

    def opening_of(self, number: int) -> datetime:
        """Return when a delivery, counted from 0, opens."""
        return utc(self.start) + number * self.product.duration - self.opens

    def delivery(self, number: int) -> tuple[InstrumentId, Timetable]:
        """Return the name and the timetable of a delivery, counted from 0."""
        start = utc(self.start) + number * self.product.duration
        ahead = self.opens, self.continuous, self.closing, self.gate
        times = Timetable(*(None if each is None else start - each for each in ahead))
        return self.product.starting(start).instrument_id, times


class Turn(NamedTuple):
    """An instrument enters a phase."""

    instrument_id: InstrumentId
    phase: Phase


class TradingCalendar:
    """Instruments in the order in which they were opened, and their times; answers the rules of admission.

    Parameters
    ----------
    kept : timedelta, optional
        How long after its gate an instrument is still known; None is for ever.
    deliveries : sequence of Deliveries
        Products of which every delivery is opened when its time comes.
    """

    def __init__(self, kept: timedelta | None = None, deliveries: Sequence[Deliveries] = ()) -> None:
        self._kept, self._deliveries = kept, deliveries
        self._next = [0] * len(deliveries)
        self._times = ByInstrument[Timetable]()
        self._phases = ByInstrument[Phase]()
        self._turns: list[tuple[datetime, int, int, InstrumentId, Phase]] = []
        self._opened = 0
        self.now: datetime | None = None
        """The event clock; None before it was first moved."""

    @property
    def instruments(self) -> tuple[InstrumentId, ...]:
        """All that are known."""
        return tuple(self._times)

    def trades(self, instrument_id: InstrumentId) -> bool:
        """Return whether the instrument is, or was, traded here."""
        return instrument_id in self._times

    def opens(self, instrument_id: InstrumentId) -> datetime | None:
        """Return when the instrument opens; None if it was open from the first."""
        return self._times[instrument_id].opens

    def gate(self, instrument_id: InstrumentId) -> datetime | None:
        """Return when the instrument's gate closes; None if it has none."""
        return self._times[instrument_id].gate

    def phase(self, instrument_id: InstrumentId) -> Phase:
        """Return the phase that the clock has brought."""
        return self._phases[instrument_id]

    def open(self, instrument_id: InstrumentId, gate: datetime | None = None) -> None:
        """Trade one more instrument, until its gate closes if it has one.

        Raises
        ------
        InvalidValue
            If it was opened before.
        NaiveTime
            If the gate has no zone.
        """
        self.add(instrument_id, Timetable(gate=gate))

    def add(self, instrument_id: InstrumentId, times: Timetable) -> None:
        """Trade one more instrument by a timetable; what is due already comes with the next move of the clock.

        Raises
        ------
        InvalidValue
            If it was opened before.
        """
        if instrument_id in self._times:
            raise InvalidValue(f"{instrument_id} was opened before")
        self._times[instrument_id], self._phases[instrument_id] = times, times.first
        for rank, (moment, phase) in enumerate(self._all_turns(times)):
            heappush(self._turns, (moment, self._opened, rank, instrument_id, phase))
        self._opened += 1

    def _all_turns(self, times: Timetable) -> Iterator[tuple[datetime, Phase]]:
        yield from times.turns()
        if times.gate is not None and self._kept is not None:
            yield times.gate + self._kept, Phase.DROPPED

    def next_turn(self) -> datetime | None:
        """Return when the next turn comes; None if there is none."""
        moments = [self._turns[0][0]] if self._turns else []
        return min((*moments, *(moment for moment, _ in self._coming())), default=None)

    def _coming(self) -> list[tuple[datetime, int]]:
        """Return when each product's next delivery opens."""
        numbered = enumerate(zip(self._deliveries, self._next, strict=True))
        return [(each.opening_of(number), place) for place, (each, number) in numbered]

    def _open_deliveries(self, until: datetime) -> None:
        while (coming := min(self._coming(), default=None)) is not None and coming[0] <= until:
            place = coming[1]
            self.add(*self._deliveries[place].delivery(self._next[place]))
            self._next[place] += 1

    def advance(self, now: datetime) -> datetime:
        """Move the clock, never back, and return it."""
        self.now = later(self.now, now)
        return self.now

    def stops(self, now: datetime, next_end: Callable[[], datetime | None]) -> Iterator[datetime]:
        """Move the clock to `now`, never back, and stop wherever an instrument turns or an order may be over.

        Parameters
        ----------
        now : datetime
            Where it stops last; there it does so even if nothing is due.
        next_end : callable
            Returns when the next of the orders is over; None if none has an end.
        """
        moment, until = None, later(self.now, now)
        while moment != until:
            due = (next_end(), self.next_turn(), until)
            moment = self.advance(min(each for each in due if each is not None))
            yield moment

    def turns(self) -> Iterator[Turn]:
        """Let instruments enter the phases that the clock has brought, one by one, by their time."""
        while (due := self.next_turn()) is not None and self.now is not None and due <= self.now:
            self._open_deliveries(due)
            *_, instrument_id, phase = heappop(self._turns)
            self._phases[instrument_id] = phase
            if phase is Phase.DROPPED:
                del self._times[instrument_id], self._phases[instrument_id]
            yield Turn(instrument_id, phase)

    def rows(self) -> dict[str, Any]:
        """Return everything as JSON can hold it."""
        turns = sorted((moment, number, rank, each) for moment, number, rank, each, _ in self._turns)
        return {
            "now": moment_text(self.now),
            "opened": self._opened,
            "next": self._next,
            "times": [
                [each, self._phases[each].value, *map(moment_text, times.moments)]
                for each, times in self._times.items()
            ],
            "turns": [[number, rank, each] for _, number, rank, each in turns],
        }

    def take(self, rows: Mapping[str, Any]) -> None:
        """Take over what `rows` wrote."""
        self.now, self._opened, self._next = moment_of(rows["now"]), rows["opened"], list(rows["next"])
        self._times = ByInstrument({each: Timetable(*map(moment_of, moments)) for each, _, *moments in rows["times"]})
        self._phases = ByInstrument({each: Phase(phase) for each, phase, *_ in rows["times"]})
        every = {each: list(self._all_turns(times)) for each, times in self._times.items()}
        self._turns = [
            (every[each][rank][0], number, rank, each, every[each][rank][1]) for number, rank, each in rows["turns"]
        ]
