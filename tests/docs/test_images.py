"""Drawings show what the code does."""

from __future__ import annotations

import runpy

from pages import ROOT


def test_the_drawing_of_curves():
    """The committed drawing is what its script draws."""
    script = runpy.run_path(str(ROOT / "docs" / "images" / "draw_curves.py"))

    assert script["draw"]() == (ROOT / "docs" / "images" / "curves.svg").read_text(encoding="utf-8")
