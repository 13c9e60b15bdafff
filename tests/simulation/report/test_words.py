"""Numbers in words."""

import pytest

from micromarket.simulation.report.section import rounded
from micromarket.simulation.report.words import change, moved, number, percent, quantity


def plain(text):
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.123456, "0.123"), (54.674, "54.7"), (1234567.8, "1,234,568"), (-0.00004, "−0.00004"), (None, "–")],
)
def test_number(value, text):
    """Three digits are enough; whole digits are never dropped; absence is a dash."""
    assert text == number(value)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(0.5, "", "50 %"), (12.345, "USD", "12.35 USD"), (-1.2, "EUR", "−1.20 EUR"), (float("nan"), "kW", "–")],
)
def test_quantity(value, unit, text):
    """Money has two decimals, a ratio is in percent."""
    assert text == plain(quantity(value, unit))


def test_moved():
    """A change is told with both values and their ratio."""
    assert plain(moved(70.0, 35.0, "kW")) == "fell from 70 to 35 kW (50 % less)"
    assert plain(moved(70.0, 70.0001, "kW")) == "stayed at 70.0 kW"


def test_change_from_nothing():
    """There is no ratio to nothing, nor across it."""
    assert (change(0.0, 1.0), change(None, 1.0), change(-2.0, -1.0), change(2.0, -1.0)) == (None,) * 4


def test_large_change():
    """Beyond tripling, times are plainer than percent."""
    assert percent(3.2) == "4.2 times as much"


def test_rounded():
    """Drawn values keep four to five digits of the largest; what is absent stays absent."""
    assert rounded([1234.56, -0.0001, float("nan"), -0.123]) == [1234.6, 0, None, -0.1]


def test_tiny():
    """What is almost nothing is told by its power of ten."""
    assert plain(number(-3.61e-12)) == "−3.6 × 10⁻¹²"
