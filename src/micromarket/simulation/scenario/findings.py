"""What a check found, before its place in the file is looked up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from micromarket.errors import Problem
from micromarket.simulation.scenario.document import Document, Path


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong with one field.

    Parameters
    ----------
    path : Path
        The field.
    allowed, mend : str
        What is expected there, and how to mend it.
    found : str, optional
        What stands there; by default what the file says.
    """

    path: Path
    allowed: str
    mend: str
    found: str | None = None

    def problem(self, document: Document) -> Problem:
        """Return it with its place in `document`."""
        found = self.found if self.found is not None else document.found(self.path)
        return document.problem(self.path, found, self.allowed, self.mend)


def iso(duration: timedelta) -> str:
    """Return a duration as scenario files write it, such as ``PT15M``."""
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    return f"PT{minutes}M" if not seconds else f"PT{60 * minutes + seconds}S"
