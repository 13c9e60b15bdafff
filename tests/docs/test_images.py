"""Drawings show what the code does."""

from __future__ import annotations

import runpy

import pytest
from pages import ROOT


def test_the_drawings_of_markets_in_time():
    """The committed diagrams are what the plans enter today."""
    images = ROOT / "docs" / "images"
    drawings = runpy.run_path(str(images / "draw_market_states.py"))["DRAWINGS"]

    for name, draw in drawings.items():
        assert draw() == (images / name).read_text(encoding="utf-8"), name


def test_the_drawing_of_curves():
    """The committed drawing is what its script draws."""
    script = runpy.run_path(str(ROOT / "docs" / "images" / "draw_curves.py"))

    assert script["draw"]() == (ROOT / "docs" / "images" / "curves.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["consensus", "coordination"])
def test_the_drawings_of_coordination(name):
    """The committed prices and messages are those of today's rounds."""
    script = runpy.run_path(str(ROOT / "docs" / "images" / f"draw_{name}.py"))

    assert script["draw"]() == (ROOT / "docs" / "images" / f"{name}.svg").read_text(encoding="utf-8")


def test_the_drawing_of_corrections():
    """The committed curves are those that are translated today."""
    script = runpy.run_path(str(ROOT / "docs" / "images" / "draw_figure_10.py"))

    assert script["draw"]() == (ROOT / "docs" / "images" / "figure-10.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["prices.svg", "ring.svg", "home.svg"])
def test_the_drawings_of_prices(name):
    """The committed prices are those of today's examples."""
    images = ROOT / "docs" / "images"
    draw = runpy.run_path(str(images / "draw_prices.py"))["DRAWINGS"][name]

    assert draw() == (images / name).read_text(encoding="utf-8")


def test_the_drawings_of_tutorials():
    """The committed pictures show what the pages compute."""
    images = ROOT / "docs" / "images"
    drawings = runpy.run_path(str(images / "draw_tutorials.py"))["DRAWINGS"]

    for name, draw in drawings.items():
        assert draw() == (images / name).read_text(encoding="utf-8"), name
