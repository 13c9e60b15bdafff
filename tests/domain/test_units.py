"""Quantities, columns, durations and hours of the day, as people write them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micromarket.domain.units import (
    ColumnUnit,
    Dimension,
    column_unit,
    parse_clock,
    parse_duration,
    parse_hours,
    parse_quantity,
    parse_time,
    parse_weekdays,
)
from micromarket.errors import NaiveTime, WrongUnit


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("5 kW", Dimension.POWER, 5.0),
        ("3500W", Dimension.POWER, 3.5),
        ("1e-3 MW", Dimension.POWER, 1.0),
        ("-.5 kW", Dimension.POWER, -0.5),
        ("0.2 MWh", Dimension.ENERGY, 200.0),
        ("92 %", Dimension.FRACTION, 0.92),
        ("0.1 %/day", Dimension.FRACTION_PER_DAY, 0.001),
        ("45 USD/MWh", Dimension.PRICE, 0.045),
        ("10 USD/MWh/MW", Dimension.PRICE_SLOPE, 1e-5),
        ("365 USD/year", Dimension.MONEY_PER_DAY, 1.0),
        ("23 °C", Dimension.TEMPERATURE, 23.0),
        ("23 degC", Dimension.TEMPERATURE, 23.0),
        ("296.15 K", Dimension.TEMPERATURE, 23.0),
        ("212 °F", Dimension.TEMPERATURE, 100.0),
        ("9 degF", Dimension.TEMPERATURE_DIFFERENCE, 5.0),
        ("250 W/K", Dimension.CONDUCTANCE, 0.25),
        ("3.6 MJ/K", Dimension.HEAT_CAPACITY, 1.0),
        ("0.2 m³", Dimension.VOLUME, 200.0),
        ("2 L/min", Dimension.FLOW, 120.0),
        ("800 W/m²", Dimension.IRRADIANCE, 0.8),
    ],
)
def test_reads_units(text, dimension, value):
    """A quantity in any of its units comes back in the base unit."""
    assert value == pytest.approx(parse_quantity(text, dimension), rel=1e-15, abs=1e-15)


@pytest.mark.parametrize("dimension", Dimension)
def test_reads_its_own_examples(dimension):
    """The example shown in messages is itself well written."""
    assert parse_quantity(dimension.example("EUR"), dimension, "EUR") > 0


@given(st.integers(-(10**6), 10**6), st.integers(0, 6))
def test_rounds_once(digits, places):
    """A percentage is the float nearest to the written decimal, as Python reads it with the point moved."""
    text = f"{digits}e-{places}"

    assert float(f"{digits}e-{places + 2}") == parse_quantity(f"{text} %", Dimension.FRACTION)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("10 kWh", 'found "10 kWh", expected a power such as "5 kW"; write the unit kW, W or MW'),
        ("10", 'found "10", expected a power such as "5 kW"; write the unit kW, W or MW'),
        ("ten kW", 'found "ten kW", expected a power such as "5 kW"; write a number, a space and the unit'),
        (
            "1,5 kW",
            'found "1,5 kW", expected a power such as "5 kW"; write the number with a point, ungrouped: 1234.5',
        ),
    ],
)
def test_names_a_wrong_unit(text, message):
    """A refusal says what was found, what is expected, and how to mend it."""
    with pytest.raises(WrongUnit) as refused:
        parse_quantity(text, Dimension.POWER)

    assert message == str(refused.value)


def test_refuses_another_currency():
    """Prices are written in the scenario's currency."""
    with pytest.raises(WrongUnit) as refused:
        parse_quantity("0.2 EUR/kWh", Dimension.PRICE, "USD")

    assert str(refused.value).endswith("; the currency of this scenario is USD")


@pytest.mark.parametrize(
    ("name", "dimension", "unit"),
    [
        ("home_01_kw", Dimension.POWER, ColumnUnit(1.0, 0.0, False)),
        ("kw", Dimension.POWER, ColumnUnit(1.0, 0.0, False)),
        ("meter_wh", Dimension.POWER, ColumnUnit(0.001, 0.0, True)),
        ("south_kw_per_kw", Dimension.YIELD, ColumnUnit(1.0, 0.0, False)),
        ("spot_usd_per_mwh", Dimension.PRICE, ColumnUnit(0.001, 0.0, False)),
        ("outdoor_c", Dimension.TEMPERATURE, ColumnUnit(1.0, 0.0, False)),
        ("draw_l", Dimension.FLOW, ColumnUnit(1.0, 0.0, True)),
        ("sun_w_per_m2", Dimension.IRRADIANCE, ColumnUnit(0.001, 0.0, False)),
    ],
)
def test_reads_the_unit_of_a_column(name, dimension, unit):
    """The end of a column's name says its unit, and whether it is a sum over the interval."""
    assert unit == column_unit(name, dimension)


@pytest.mark.parametrize("name", ["home_01", "south_kw_per_kw", "outdoor_c", ""])
def test_refuses_a_column_of_something_else(name):
    """The longest unit at the end counts: a yield in kW per kW is no power."""
    with pytest.raises(WrongUnit):
        column_unit(name, Dimension.POWER)


def test_reads_durations():
    """ISO 8601 durations of fixed length are read."""
    found = [parse_duration(text) for text in ("PT15M", "P1DT12H", "P2W", "PT90S")]

    assert [timedelta(minutes=15), timedelta(hours=36), timedelta(days=14), timedelta(seconds=90)] == found


@pytest.mark.parametrize("text", ["P1M", "15 min", "PT", "P", "", "-PT1H", "PT1.5H"])
def test_refuses_other_durations(text):
    """Months, signs and fractions are refused."""
    with pytest.raises(WrongUnit):
        parse_duration(text)


def test_refuses_naive_times():
    """A time needs its offset."""
    with pytest.raises(NaiveTime):
        parse_time("2026-07-06T00:00:00")


def test_reads_clock_and_weekdays():
    """Hours may go over midnight, weekdays over the end of the week."""
    found = (parse_clock("24:00"), parse_hours("18:00-07:30"), parse_weekdays("fri-mon"), parse_weekdays("sun, tue"))

    assert (1440, (1080, 450), (0, 4, 5, 6), (1, 6)) == found


@pytest.mark.parametrize(
    ("parser", "text"),
    [
        (parse_clock, "24:30"),
        (parse_clock, "7:30"),
        (parse_hours, "07:00"),
        (parse_hours, "07:00-07:00"),
        (parse_weekdays, "monday"),
        (parse_weekdays, ""),
        (parse_time, "tomorrow"),
    ],
)
def test_refuses_other_clocks(parser, text):
    """What is not a time of day, a stretch of it, a weekday or a time is refused."""
    with pytest.raises(WrongUnit):
        parser(text)
