"""How a home meets its position: as a market of its own."""

import numpy as np
import pytest
from streets import tiny_street

from micromarket.domain.curves import Curves
from micromarket.simulation.build import build
from micromarket.simulation.continuous.homes import aims, planning_edges
from micromarket.simulation.scenario.reading import read_scenario


@pytest.fixture
def street(tmp_path):
    """Two homes: a load and PV; a load and a generator of 2 kW from 0.20 to 0.22."""
    return build(read_scenario(tiny_street(tmp_path / "street")))


CURVES = Curves.concatenate(
    [Curves.inelastic([[-1.0], [-3.0]]), Curves.offer(0.0, 0.0, 2.0), Curves.offer(0.20, 0.0, 2.0)]
)
"""Loads of 1 and 3 kW, sunshine of 2 kW, a generator of 2 kW at 0.20."""


@pytest.mark.parametrize(
    ("short", "generates"), [(0.15, 0.0), (0.25, 2.0)], ids=["imbalance is cheap", "imbalance is dear"]
)
def test_a_generator_runs_if_the_supplier_is_dearer(street, short, generates):
    """The second home bought 1 kW and draws 3: its own 2 kW at 0.20, or the supplier's."""
    found = aims(street, CURVES, np.array([1.0, -1.0]), 0.02, short)

    assert pytest.approx([-1.0, -3.0, 2.0, generates]) == found


def test_plans_look_at_every_instrument_then_at_hours(street):
    """Five quarter-hours are open at 0:15; the rest of the day is planned in hours."""
    assert [1, 2, 3, 4, 5, 6, 8, 12] == planning_edges(street, 1, 5)[:8].tolist()
