"""Whatever ARCHITECTURE.md names is there."""

from __future__ import annotations

import re

from pages import ROOT, text_of

NAMED = re.compile(r"`([\w./-]+/[\w./-]*|[\w/-]+\.(?:py|toml))`")
PLACES = (ROOT, ROOT / "src" / "micromarket")


def test_every_named_path_exists():
    """Files and folders are named from the root of the repository or of the package."""
    named = NAMED.findall(text_of("ARCHITECTURE.md"))
    missing = [path for path in named if not any((place / path).exists() for place in PLACES)]

    assert [] == missing
    assert len(named) > 40


def test_every_floor_is_on_the_map():
    """Each folder of the package has its place in the map, and the map names no other."""
    floors = {path.name for path in (ROOT / "src" / "micromarket").iterdir() if (path / "__init__.py").exists()}
    on_map = set(re.findall(r"^(\w+)/ ", text_of("ARCHITECTURE.md"), flags=re.MULTILINE))

    assert floors == on_map
