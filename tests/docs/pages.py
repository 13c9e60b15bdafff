"""The pages a reader meets, and what stands in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = tuple(
    page.relative_to(ROOT).as_posix()
    for page in sorted([ROOT / "README.md", ROOT / "ARCHITECTURE.md", *(ROOT / "docs").rglob("*.md")])
)
FENCE = re.compile(r"^(?P<indent> *)(?P<ticks>```+|~~~+) *(?P<language>[\w-]*).*?$")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page: its language, its text, and the line its text starts at."""

    language: str
    text: str
    line: int


def text_of(page: str) -> str:
    """Return the text of a page."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(text: str) -> Iterator[Block]:
    """Yield the fenced blocks of a page, in order."""
    lines = enumerate(text.splitlines(), start=1)
    for _, line in lines:
        opening = FENCE.match(line)
        if opening is None:
            continue
        held, first = [], 0
        for number, inside in lines:
            first = first or number
            if inside.strip() == opening["ticks"]:
                break
            held.append(inside.removeprefix(opening["indent"]))
        yield Block(opening["language"], "\n".join(held) + "\n", first)


def prose(text: str) -> str:
    """Return a page without its fenced blocks and inline code, line for line."""
    kept, closing = [], ""
    for line in text.splitlines():
        fence = FENCE.match(line)
        if closing:
            closing = "" if line.strip() == closing else closing
            kept.append("")
        elif fence:
            closing = fence["ticks"]
            kept.append("")
        else:
            kept.append(re.sub(r"`[^`]*`", "", line))
    return "\n".join(kept)
