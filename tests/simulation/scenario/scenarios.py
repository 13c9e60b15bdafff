"""The good scenario, and small changes of it."""

from __future__ import annotations

import shutil
from pathlib import Path

GOOD = Path(__file__).parent / "good"
BROKEN = Path(__file__).parent / "broken"


def copy_of_good(folder: Path) -> Path:
    """Copy the good scenario into `folder` and return its file."""
    shutil.copytree(GOOD, folder, dirs_exist_ok=True)
    return folder / "scenario.yaml"


def changed(folder: Path, *pairs: tuple[str, str], file: str = "scenario.yaml") -> Path:
    """Replace texts in a file of the good scenario copied into `folder`; return the scenario's file."""
    scenario = folder / "scenario.yaml"
    if not scenario.exists():
        copy_of_good(folder)
    path = folder / file
    text = path.read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    return scenario
