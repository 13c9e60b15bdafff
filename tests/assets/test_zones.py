"""Zones that move together are one store."""

import numpy as np
import pytest

from micromarket.assets.zones import Zones
from micromarket.errors import InvalidValue

BASE = np.array([22.0, 21.0])


def zones():
    """Return three zones of one building and one of another, all different."""
    numbers = ([0.5, 0.8, 1.0, 2.0], [4.0, 10.0, 6.0, 20.0], [0.0, 1.0, -0.5, 0.0], [1.0, 0.5, 1.5, 1.0])
    return Zones(np.array([0, 0, 0, 1]), *map(np.array, numbers))


def test_zones_use_their_comfort_by_their_swing():
    """At 24 °C, 2 K above its base, the first building's zones stand 2, 1 and 3 K above their own."""
    assert [24.0, 24.0, 24.5, 21.0] == zones().temperatures(np.array([24.0, 21.0]), BASE).tolist()


def test_one_zone_is_pnnls_linear_form():
    """Its heat over a step, found from the exact temperatures at both ends, takes its temperature there: by Euler."""
    one, step, pieces = zones(), np.array([2.0]), 20_000
    c1, c2 = (c[:, 0] for c in one.coefficients(step))
    start, end, outdoor, gain = np.full(4, 26.0), np.array([24.0, 25.0, 25.5, 23.0]), 33.0, 1.5
    heat = c1 * end + c2 * start + one.conductance_kw_per_k * outdoor + gain
    now = start
    for _ in range(pieces):
        flow = one.conductance_kw_per_k * (outdoor - now) + gain - heat
        now = now + flow / one.capacity_kwh_per_k * step / pieces

    assert end == pytest.approx(now, abs=1e-3)


def test_a_building_takes_the_heat_of_its_zones():
    """From 25 to 23 °C in an hour and a half: the sum over zones, each between its own temperatures."""
    one, hours = zones(), np.array([1.5])
    start, end, outdoor = np.array([25.0, 25.0]), np.array([23.0, 24.0]), 31.0
    c1, c2 = (c[:, 0] for c in one.coefficients(hours))
    each = c1 * one.temperatures(end, BASE) + c2 * one.temperatures(start, BASE) + one.conductance_kw_per_k * outdoor
    whole = one.balance(hours, BASE)
    heat = whole.start[:, 0] * start - whole.end[:, 0] * end + whole.outside[:, 0] * outdoor - whole.inside[:, 0]

    assert [each[:3].sum(), each[3]] == pytest.approx(heat)


def test_zones_must_leak_and_hold_and_move():
    with pytest.raises(InvalidValue, match="swing must be above 0"):
        Zones(np.array([0]), np.ones(1), np.ones(1), np.zeros(1), np.zeros(1))
