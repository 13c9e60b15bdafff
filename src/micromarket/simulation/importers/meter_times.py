"""Times as meters write them: with or without offset, in local clocks that jump twice a year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from micromarket.domain.intervals import EPOCH, MICROSECOND
from micromarket.errors import Problem, ScenarioError

FORMATS = ("%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S")
"""What is tried beside ISO 8601; a form in which day and month could be swapped is not guessed."""


@dataclass(frozen=True, slots=True)
class Clock:
    """How times are written.

    Parameters
    ----------
    zone : str or None
        Zone (IANA name) of times without offset; None if they all carry one.
    form : str or None
        Form of the times as ``strptime`` has it, such as ``%m/%d/%Y %H:%M``; None for ISO 8601 and
        ``31.12.2026 23:45``.
    """

    zone: str | None = None
    form: str | None = None

    def read(self, texts: Sequence[tuple[int, str]], file: str, column: str) -> list[int]:
        """Return times of one meter's rows [microseconds since 1970 UTC].

        Parameters
        ----------
        texts : sequence of (int, str)
            Line and text of each time, in the order of the file.
        file, column : str
            Where they stand, for messages.

        Raises
        ------
        ScenarioError
            If a time cannot be read, carries no offset while no zone is given, or does not exist in the zone.

        Notes
        -----
        An hour that the clocks repeat is taken as the first one as long as times rise, and as the second one when
        they would not.
        """
        found: list[int] = []
        for line, text in texts:
            time = self._parsed(text, file, line, column)
            if time.tzinfo is None:
                time = self._local(time, found[-1] if found else None, (file, line, column, text))
            found.append((time - EPOCH) // MICROSECOND)
        return found

    def _parsed(self, text: str, file: str, line: int, column: str) -> datetime:
        for form in (self.form,) if self.form else (None, *FORMATS):
            try:
                return datetime.strptime(text, form) if form else datetime.fromisoformat(text)
            except ValueError:
                continue
        allowed = f"a time like {datetime(2026, 12, 31, 23, 45).strftime(self.form)}" if self.form else _ALLOWED
        mend = "say how times are written, such as --time-format '%m/%d/%Y %H:%M'"
        raise ScenarioError(Problem(file, line, 0, column, f'"{text}"', allowed, mend))

    def _local(self, time: datetime, before: int | None, place: tuple[str, int, str, str]) -> datetime:
        file, line, column, text = place
        if self.zone is None:
            mend = "say in which zone the clock runs, such as --timezone Europe/Berlin"
            raise ScenarioError(Problem(file, line, 0, column, f'"{text}"', "a time with its offset from UTC", mend))
        zone = ZoneInfo(self.zone)
        first = time.replace(tzinfo=zone, fold=0).astimezone(UTC)
        second = time.replace(tzinfo=zone, fold=1).astimezone(UTC)
        if first.astimezone(zone).replace(tzinfo=None) != time:
            allowed = f"a time that exists in {self.zone}: the clocks skip this one"
            mend = "say the right --timezone; UTC, or Etc/GMT-1 for a clock that stays on winter time"
            raise ScenarioError(Problem(file, line, 0, column, f'"{text}"', allowed, mend))
        return second if before is not None and (first - EPOCH) // MICROSECOND <= before else first


_ALLOWED = "a time such as 2026-12-31T23:45+01:00, 2026-12-31 23:45 or 31.12.2026 23:45"
