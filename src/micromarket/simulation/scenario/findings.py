"""What a check found, before its place in the file is looked up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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


def duplicates(key: str, ids: Sequence[str]) -> Iterator[Finding]:
    """Find every id of a list that stands in it before."""
    first: dict[str, int] = {}
    for at, name in enumerate(ids):
        if (there := first.setdefault(name, at)) < at:
            found = f'"{name}" again (first in {key}[{there}])'
            yield Finding((key, at, "id"), "each id once", "rename one of them", found=found)


def iso(duration: timedelta) -> str:
    """Return a duration as scenario files write it, such as ``PT15M``."""
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    return f"PT{minutes}M" if not seconds else f"PT{60 * minutes + seconds}S"
