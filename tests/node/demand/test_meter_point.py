"""Meter points: what a reading proves, and the month's peak it makes."""

from datetime import UTC, datetime, timedelta

import pytest

from micromarket.domain.intervals import Interval
from micromarket.errors import InvalidValue, NaiveTime, NotFinite
from micromarket.node.demand.demand_charge import DemandCharge, MonthlyPeak
from micromarket.node.demand.meter_point import Measurement, Metered, MeterPoint, Reading

START = datetime(2026, 7, 6, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def meter(measurement, *values, scale=1.0):
    """Return a meter after a reading every quarter of an hour from 12:15 on; None for one that was lost."""
    point = MeterPoint("campus", measurement, QUARTER, scale)
    for at, value in enumerate(values, 1):
        point = point if value is None else point.read(Reading(START + at * QUARTER, value))
    return point


def quarters(first, last):
    """Return the time between two quarters of an hour after noon."""
    return Interval(START + first * QUARTER, START + last * QUARTER)


@pytest.mark.parametrize(
    ("measurement", "values", "scale"),
    [
        (Measurement.AVERAGE_POWER, (80.0, 100.0), 1.0),
        (Measurement.ENERGY, (20.0, 25.0), 1.0),
        (Measurement.REGISTER, (5000.0, 5025.0), 1.0),
        (Measurement.AVERAGE_POWER, (-0.08, -0.1), -1000.0),
    ],
)
def test_all_meters_prove_the_same_demand(measurement, values, scale):
    """100 kW in the second quarter, shown as kW, as kWh, on a register, or in MW of feed-in."""
    assert Metered(quarters(1, 2), 100.0) == meter(measurement, *values, scale=scale).metered


def test_a_register_bridges_lost_readings():
    """Two lost readings: 75 kWh in three quarters are 100 kW on average, and no more is claimed."""
    assert Metered(quarters(1, 4), 100.0) == meter(Measurement.REGISTER, 5000.0, None, None, 5075.0).metered


@pytest.mark.parametrize("values", [(), (5000.0,), (5000.0, 3.0)])
def test_nothing_is_proved_without_two_rising_readings(values):
    """Neither an empty register, nor its first reading, nor one of an exchanged meter."""
    assert meter(Measurement.REGISTER, *values).metered is None


def test_late_and_double_readings_change_nothing():
    """The newest reading stands, whatever arrives after it."""
    point = meter(Measurement.AVERAGE_POWER, 80.0, 100.0)
    again = point.read(Reading(START + QUARTER, 999.0)).read(Reading(START + 2 * QUARTER, 999.0))

    assert point == again


def test_says_when_a_reading_is_due():
    """After that of 12:30 the next is due at 12:45."""
    assert START + 3 * QUARTER == meter(Measurement.ENERGY, 20.0, 25.0).next_reading


def test_the_meter_makes_the_months_peak():
    """120 kW raise a threshold of 100 kW, which is the meter's from then on; a meter that says nothing leaves it."""
    peak, charge = MonthlyPeak(2026, 7, 100.0), DemandCharge(4.5)
    raised = meter(Measurement.ENERGY, 30.0).raised(peak, charge, UTC)

    assert MonthlyPeak(2026, 7, 120.0, from_meter=True) == raised
    assert peak == meter(Measurement.ENERGY).raised(peak, charge, UTC)


def test_a_reading_across_midnight_counts_in_the_month_it_began():
    """The quarter that ends with July is July's: it does not raise August."""
    point = MeterPoint("campus", Measurement.ENERGY, QUARTER).read(Reading(datetime(2026, 8, 1, tzinfo=UTC), 50.0))

    assert 0.0 == point.raised(MonthlyPeak(2026, 8), DemandCharge(4.5), UTC).threshold_kw


def test_readings_and_meters_are_checked():
    with pytest.raises(NaiveTime):
        Reading(datetime(2026, 7, 6), 1.0)
    with pytest.raises(NotFinite):
        Reading(START, float("nan"))
    with pytest.raises(InvalidValue, match="a scale that is not 0"):
        MeterPoint("campus", Measurement.ENERGY, QUARTER, 0.0)


def test_units_follow_the_measurement():
    assert ["kW", "kWh", "kWh"] == [measurement.unit for measurement in Measurement]
