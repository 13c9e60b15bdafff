"""Which instruments are traded and until when, and the event clock that says how late it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from heapq import heappop, heappush
from typing import Any

from micromarket.domain.ids import InstrumentId
from micromarket.domain.intervals import utc
from micromarket.errors import InvalidValue
from micromarket.markets.snapshots import moment_of, moment_text
from micromarket.markets.standing import later


class TradingCalendar:
    """Instruments in the order in which they were opened, and their gates; answers the rules of admission."""

    def __init__(self) -> None:
        self._gates: dict[InstrumentId, datetime | None] = {}
        self._closing: list[tuple[datetime, int, InstrumentId]] = []
        self.now: datetime | None = None
        """The event clock; None before it was first moved."""

    @property
    def instruments(self) -> tuple[InstrumentId, ...]:
        """All that were ever opened."""
        return tuple(self._gates)

    def trades(self, instrument_id: InstrumentId) -> bool:
        """Return whether the instrument is, or was, traded here."""
        return instrument_id in self._gates

    def gate(self, instrument_id: InstrumentId) -> datetime | None:
        """Return when the instrument's gate closes; None if it has none."""
        return self._gates[instrument_id]

    def open(self, instrument_id: InstrumentId, gate: datetime | None = None) -> None:
        """Trade one more instrument, until its gate closes if it has one.

        Raises
        ------
        InvalidValue
            If it was opened before.
        NaiveTime
            If the gate has no zone.
        """
        if instrument_id in self._gates:
            raise InvalidValue(f"{instrument_id} was opened before")
        closes = None if gate is None else utc(gate)
        if closes is not None:
            heappush(self._closing, (closes, len(self._gates), instrument_id))
        self._gates[instrument_id] = closes

    def advance(self, now: datetime) -> list[InstrumentId]:
        """Move the clock, never back; return the instruments whose gates closed since, by their time."""
        self.now = later(self.now, now)
        closed = list[InstrumentId]()
        while self._closing and self._closing[0][0] <= self.now:
            closed.append(heappop(self._closing)[2])
        return closed

    def rows(self) -> dict[str, Any]:
        """Return everything as JSON can hold it."""
        return {
            "now": moment_text(self.now),
            "gates": [[each, moment_text(gate)] for each, gate in self._gates.items()],
            "closing": sorted(index for _, index, _ in self._closing),
        }

    @classmethod
    def of_rows(cls, rows: Mapping[str, Any]) -> TradingCalendar:
        """Return the calendar that `rows` wrote."""
        made = cls()
        for instrument_id, gate in rows["gates"]:
            made.open(instrument_id, moment_of(gate))
        made.now = moment_of(rows["now"])
        made._closing = sorted(entry for entry in made._closing if entry[1] in set(rows["closing"]))
        return made
