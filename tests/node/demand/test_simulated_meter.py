"""A simulated meter counts what is delivered, and proves it when it is read."""

from datetime import UTC, datetime, timedelta

import pytest

from micromarket.domain.intervals import Interval
from micromarket.node.demand.meter_point import Measurement, MeterPoint
from micromarket.node.demand.simulated_meter import SimulatedMeter

NOON = datetime(2026, 7, 6, 12, tzinfo=UTC)
QUARTER, HOUR = timedelta(minutes=15), timedelta(hours=1)


def proven(measurement, powers, start=NOON, scale=1.0):
    """What a meter read every hour proves while powers are drawn in quarters of an hour."""
    meter, found = SimulatedMeter(MeterPoint("utility", measurement, HOUR, scale)), []
    for at, power in enumerate(powers):
        meter, said = meter.after(Interval.lasting(start + at * QUARTER, QUARTER), power)
        found += [] if said is None else [(said.interval.start, said.demand_kw)]
    return found


@pytest.mark.parametrize("measurement", [Measurement.AVERAGE_POWER, Measurement.ENERGY])
@pytest.mark.parametrize("scale", [1.0, -1000.0])
def test_a_meter_proves_the_average_of_each_hour(measurement, scale):
    """Quarters of 1, 2, 3 and 6 kW are an hour of 3 kW, however the meter shows them."""
    assert [(NOON, 3.0), (NOON + HOUR, 4.0)] == proven(measurement, [1, 2, 3, 6, 4, 4, 4, 4], scale=scale)


def test_a_register_proves_nothing_at_its_first_reading():
    """Its second tells what was drawn between the two."""
    assert [(NOON + HOUR, 4.0)] == proven(Measurement.REGISTER, [1, 2, 3, 6, 4, 4, 4, 4])


def test_an_interval_counted_in_part_proves_nothing():
    """A node that began at half past twelve reads its meter at one, and says nothing of that hour."""
    assert [(NOON + HOUR, 4.0)] == proven(Measurement.ENERGY, [9, 9, 4, 4, 4, 4], start=NOON + 2 * QUARTER)
