"""A home in winter: devices that are told and deliver, hour by hour, below the highest demand of the month."""

import runpy
from pathlib import Path

import pytest

from devices_at_home import cleared, delivered, lived, readings
from micromarket.node.living.facts import MeterRead, PeakRaised
from micromarket.simulation.scenario.node_reading import read_node

FOLDER = Path(__file__).parents[2] / "examples" / "home"


@pytest.fixture(scope="module")
def facts():
    return lived(read_node(FOLDER / "home.yaml"))


def test_the_battery_is_full_before_the_dear_hours_and_empty_after(facts):
    """In the third day, when prices are known; 6:00 in New York is 11:00 UTC."""
    starts = [fact.start for fact in delivered(facts)]
    stored = dict(zip(starts, readings(facts, "battery", "stored_kwh"), strict=True))
    before, after = (next(start for start in starts[48:] if start.hour == hour) for hour in (10, 23))

    assert (10.0, 0.0) == pytest.approx((stored[before], stored[after]), abs=1e-9)


def test_only_hours_that_pay_for_it_raise_the_peak(facts):
    """The first morning and the second evening: 0.30 for energy, 0.10 for demand."""
    raised = {fact.start: fact.peak_kw for fact in facts if isinstance(fact, PeakRaised)}
    prices = [cleared(facts)[start].price[0] for start in raised]

    assert [3.49, 3.67] == pytest.approx(list(raised.values()), abs=0.005)
    assert [0.40, 0.40] == pytest.approx(prices)


def test_the_peak_is_what_the_meter_told(facts):
    assert max(fact.power_kw for fact in facts if isinstance(fact, MeterRead)) == pytest.approx(3.67, abs=0.005)


def test_prices_are_those_of_energy_or_between_them_and_the_charge(facts):
    """0.12 by night and 0.30 by day, 0.10 more above the peak; never above both."""
    prices = [balance.price[0] for balance in cleared(facts).values()]

    assert (0.12, 0.40) == pytest.approx((min(prices), max(prices)))


def test_the_house_is_never_colder_than_its_people_accept(facts):
    """1.5 K below what is desired."""
    assert [0.0] * len(delivered(facts)) == pytest.approx(readings(facts, "heat-pump", "outside_k"), abs=1e-6)


def test_the_series_are_what_the_script_writes(tmp_path):
    """Byte for byte."""
    runpy.run_path(str(FOLDER / "derive.py"))["derive"](tmp_path)

    assert (FOLDER / "data" / "series.csv").read_text() == (tmp_path / "data" / "series.csv").read_text()
