"""The page's own files: its frame, style and script."""

from __future__ import annotations

from importlib.resources import files


def resource(name: str) -> str:
    """Return the text of one of the page's files."""
    return files("micromarket.simulation.report").joinpath(name).read_text(encoding="utf-8")
