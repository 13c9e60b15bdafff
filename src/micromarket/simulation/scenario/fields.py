"""What the fields of a scenario file hold: numbers with units, series, clock times; with what the docs say."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from micromarket.domain.units import Dimension

NAME = r"^[A-Za-z0-9][A-Za-z0-9_.:/-]*$"


class Text(StrEnum):
    """Text that stands for something other than itself."""

    CLOCK = "clock"
    HOURS = "hours"
    WEEKDAYS = "weekdays"
    DURATION = "duration"
    TIME = "time"
    NAME = "name"
    SLUG = "slug"
    CURRENCY = "currency"
    ZONE = "zone"


class SeriesRef(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A column of a CSV or Parquet file in the scenario's folder; the end of its name is its unit."""

    file: Annotated[str, Meta(description="File, relative to the scenario's folder.", examples=["data/loads.csv"])]
    column: Annotated[str, Meta(description="Column in it.", examples=["home_01_kw"])]


def about(
    description: str,
    *,
    least: float | None = None,
    above: float | None = None,
    most: float | None = None,
    below: float | None = None,
) -> Meta:
    """Return what is known of a field: its meaning, and the range of its value in base units."""
    given = {"least": least, "above": above, "most": most, "below": below}
    limits = {name: limit for name, limit in given.items() if limit is not None}
    return Meta(description=description, extra=limits, extra_json_schema={"x-limits": limits} if limits else None)


def series_of(dimension: Dimension) -> Meta:
    """Return what is known of a series where no constant is allowed."""
    return Meta(extra={"dimension": dimension})


def _quantity(dimension: Dimension) -> Meta:
    schema: dict[str, Any] = {
        "type": "string",
        "x-dimension": dimension.name.lower(),
        "examples": [dimension.example()],
    }
    return Meta(extra={"dimension": dimension}, extra_json_schema=schema)


def _text(kind: Text, example: str, pattern: str | None = None) -> Meta:
    schema: dict[str, Any] = {"type": "string", "x-text": kind.value, "examples": [example]}
    return Meta(extra={"text": kind, "example": example}, extra_json_schema=schema, pattern=pattern)


Power = Annotated[float, _quantity(Dimension.POWER)]
Energy = Annotated[float, _quantity(Dimension.ENERGY)]
Fraction = Annotated[float, _quantity(Dimension.FRACTION)]
FractionPerDay = Annotated[float, _quantity(Dimension.FRACTION_PER_DAY)]
Price = Annotated[float, _quantity(Dimension.PRICE)]
PriceSlope = Annotated[float, _quantity(Dimension.PRICE_SLOPE)]
Money = Annotated[float, _quantity(Dimension.MONEY)]
DemandRate = Annotated[float, _quantity(Dimension.DEMAND_RATE)]
MoneyPerHour = Annotated[float, _quantity(Dimension.MONEY_PER_HOUR)]
MoneyPerDay = Annotated[float, _quantity(Dimension.MONEY_PER_DAY)]
Temperature = Annotated[float, _quantity(Dimension.TEMPERATURE)]
TemperatureDifference = Annotated[float, _quantity(Dimension.TEMPERATURE_DIFFERENCE)]
Conductance = Annotated[float, _quantity(Dimension.CONDUCTANCE)]
TemperatureSlope = Annotated[float, _quantity(Dimension.TEMPERATURE_SLOPE)]
HeatCapacity = Annotated[float, _quantity(Dimension.HEAT_CAPACITY)]
Volume = Annotated[float, _quantity(Dimension.VOLUME)]
Flow = Annotated[float, _quantity(Dimension.FLOW)]
Area = Annotated[float, _quantity(Dimension.AREA)]
Irradiance = Annotated[float, _quantity(Dimension.IRRADIANCE)]
Yield = Annotated[float, _quantity(Dimension.YIELD)]

Identifier = Annotated[str, _text(Text.NAME, "home-01", NAME)]
Slug = Annotated[str, _text(Text.SLUG, "oak-street", r"^[a-z0-9][a-z0-9-]*$")]
Currency = Annotated[str, _text(Text.CURRENCY, "USD", r"^[A-Z]{3}$")]
Zone = Annotated[str, _text(Text.ZONE, "America/New_York")]
Moment = Annotated[datetime, _text(Text.TIME, "2026-07-06T00:00:00-04:00")]
Duration = Annotated[timedelta, _text(Text.DURATION, "PT15M")]
Clock = Annotated[int, _text(Text.CLOCK, "18:30")]
Hours = Annotated[tuple[int, int], _text(Text.HOURS, "16:00-21:00")]
"""Start and end [minutes after local midnight]; an end before the start is the next day's."""
Weekdays = Annotated[tuple[int, ...], _text(Text.WEEKDAYS, "mon-fri")]
"""Days of the week, Monday 0 to Sunday 6."""
DailyTemperatures = dict[Annotated[str, _text(Text.CLOCK, "06:00")], Temperature]
"""Local time of day to the temperature that holds from then on."""

Forecast = Annotated[
    Literal["perfect", "yesterday"],
    Meta(description="What is known of the future: all of it, or that it repeats the last full day."),
]
PowerForecast = Annotated[
    Literal["perfect", "yesterday", "noisy", "revised"],
    Meta(
        description="What is known of the future: all of it, that it repeats the last full day, all but a seeded "
        "chance error of 15 % that lasts for hours (`noisy`), or the better the nearer it is (`revised`)."
    ),
]
