"""Quantities written with their unit ("5 kW", "0.25 USD/kWh", "PT15M"), and their value in base units."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache

from micromarket.errors import NaiveTime, WrongUnit

_NUMBER = re.compile(r"\s*([+-]?(?:\d{1,20}\.?\d{0,20}|\.\d{1,20})(?:[eE][+-]?\d{1,2})?)\s*(.*?)\s*")
_DURATION = re.compile(r"P(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})S)?)?")
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|(24):(00)")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CURRENCY = re.compile(r"\b[A-Z]{3}\b")
_SPELLINGS = {"°C": "degC", "℃": "degC", "C": "degC", "°F": "degF", "F": "degF", "L": "l", "²": "2", "³": "3"}
_SPELLING = re.compile(r"°C|℃|°F|\b[CFL]\b|²|³")
_KELVIN_AT_ZERO = Decimal("273.15")
_FAHRENHEIT = Decimal(5) / Decimal(9)


@dataclass(frozen=True, slots=True)
class _Units:
    """The units one kind of quantity may be written in; the first is the base unit."""

    noun: str
    example: str
    factors: Mapping[str, Decimal]
    offsets: Mapping[str, Decimal] = field(default_factory=dict)
    per_interval: tuple[str, ...] = ()


def _decimals(**factors: str | int | Decimal) -> dict[str, Decimal]:
    return {unit: Decimal(factor) for unit, factor in factors.items()}


class Dimension(Enum):
    """A kind of quantity: its noun, an example, and the units it may be written in (¤ stands for the currency)."""

    POWER = _Units("a power", "5 kW", _decimals(kW=1, W="0.001", MW=1000), per_interval=("kWh", "Wh", "MWh"))
    ENERGY = _Units("an energy", "10 kWh", _decimals(kWh=1, Wh="0.001", MWh=1000))
    FRACTION = _Units("a share", "92 %", {"%": Decimal("0.01")})
    FRACTION_PER_DAY = _Units("a share per day", "0.1 %/day", {"%/day": Decimal("0.01"), "%/h": Decimal("0.24")})
    PRICE = _Units("a price of energy", "0.25 ¤/kWh", {"¤/kWh": Decimal(1), "¤/MWh": Decimal("0.001")})
    PRICE_SLOPE = _Units(
        "a price that rises with power",
        "0.01 ¤/kWh/kW",
        {"¤/kWh/kW": Decimal(1), "¤/MWh/MW": Decimal("0.000001"), "¤/kWh/MW": Decimal("0.001")},
    )
    MONEY = _Units("money", "5 ¤", {"¤": Decimal(1)})
    DEMAND_RATE = _Units("a charge for demand", "10 ¤/kW", {"¤/kW": Decimal(1), "¤/MW": Decimal("0.001")})
    MONEY_PER_DAY = _Units(
        "money per day",
        "0.30 ¤/day",
        {"¤/day": Decimal(1), "¤/month": Decimal(12) / Decimal(365), "¤/year": Decimal(1) / Decimal(365)},
    )
    MONEY_PER_HOUR = _Units("money per hour", "0.10 ¤/h", {"¤/h": Decimal(1), "¤/day": Decimal(1) / Decimal(24)})
    TEMPERATURE = _Units(
        "a temperature",
        "23 °C",
        _decimals(degC=1, K=1, degF=_FAHRENHEIT),
        {"K": -_KELVIN_AT_ZERO, "degF": -32 * _FAHRENHEIT},
    )
    TEMPERATURE_DIFFERENCE = _Units("a difference of temperature", "1.5 K", _decimals(K=1, degC=1, degF=_FAHRENHEIT))
    CONDUCTANCE = _Units("a heat conductance", "0.25 kW/K", {"kW/K": Decimal(1), "W/K": Decimal("0.001")})
    TEMPERATURE_SLOPE = _Units(
        "a power that rises with temperature",
        "20 kW/K",
        {"kW/K": Decimal(1), "W/K": Decimal("0.001"), "kW/degF": 1 / _FAHRENHEIT},
    )
    HEAT_CAPACITY = _Units(
        "a heat capacity",
        "4 kWh/K",
        {"kWh/K": Decimal(1), "Wh/K": Decimal("0.001"), "MJ/K": Decimal(1) / Decimal("3.6")},
    )
    VOLUME = _Units("a volume", "200 l", _decimals(l=1, m3=1000))
    FLOW = _Units(
        "a flow", "12 l/h", {"l/h": Decimal(1), "l/min": Decimal(60), "m3/h": Decimal(1000)}, per_interval=("l",)
    )
    AREA = _Units("an area", "12 m2", _decimals(m2=1))
    IRRADIANCE = _Units("an irradiance", "800 W/m2", {"kW/m2": Decimal(1), "W/m2": Decimal("0.001")})
    YIELD = _Units(
        "a yield per rated power",
        "0.8 kW/kW",
        {"kW/kW": Decimal(1), "W/W": Decimal(1), "W/kW": Decimal("0.001"), "%": Decimal("0.01")},
        per_interval=("kWh/kW",),
    )

    @property
    def noun(self) -> str:
        """What the quantity is called, with its article."""
        return self.value.noun

    def units(self, currency: str = "¤") -> tuple[str, ...]:
        """Return the units such a quantity may be written in; the first is the base unit."""
        return tuple(unit.replace("¤", currency) for unit in self.value.factors)

    def suffixes(self, currency: str = "USD") -> tuple[str, ...]:
        """Return the ends that the name of a column of such quantities may have."""
        return tuple(_suffixes(self, currency))

    def base(self, currency: str = "¤") -> str:
        """Return the unit in which such a quantity is computed."""
        return self.units(currency)[0]

    def label(self, currency: str = "¤") -> str:
        """Return the base unit as people write it."""
        return self.base(currency).replace("degC", "°C")

    def example(self, currency: str = "USD") -> str:
        """Return such a quantity, well written."""
        return self.value.example.replace("¤", currency)


@lru_cache(maxsize=8192)
def parse_quantity(text: str, dimension: Dimension, currency: str = "USD") -> float:
    """Return the value of `text` in the base unit of `dimension`.

    Parameters
    ----------
    text : str
        A number, then a unit: ``"5 kW"``.
    dimension : Dimension
        What kind of quantity is needed.
    currency : str, default 'USD'
        Currency (ISO 4217) in which prices are to be written.

    Raises
    ------
    WrongUnit
        If there is no number, no unit, or a unit of something else; it says what was found and what is allowed.

    Notes
    -----
    Decimal arithmetic, rounded once: ``"92 %"`` is the float nearest to 0.92.

    Examples
    --------
    >>> parse_quantity("3500 W", Dimension.POWER), parse_quantity("45 EUR/MWh", Dimension.PRICE, "EUR")
    (3.5, 0.045)
    """
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise _wrong(text, dimension, currency, "write a number, a space and the unit")
    unit = _normal(match[2]).replace(currency, "¤")
    factor = dimension.value.factors.get(unit)
    if factor is None:
        raise _wrong(text, dimension, currency, _unit_mend(match[2], dimension, currency))
    return float(Decimal(match[1]) * factor + dimension.value.offsets.get(unit, Decimal(0)))


def _normal(unit: str) -> str:
    return _SPELLING.sub(lambda found: _SPELLINGS[found[0]], unit.replace(" ", ""))


def _wrong(text: str, dimension: Dimension, currency: str, mend: str) -> WrongUnit:
    return WrongUnit(f'"{text}"', f'{dimension.noun} such as "{dimension.example(currency)}"', mend)


def _unit_mend(unit: str, dimension: Dimension, currency: str) -> str:
    if unit[:1] in {",", "_", "'"}:
        return "write the number with a point, ungrouped: 1234.5"
    other = _CURRENCY.search(unit)
    if other and "¤" in dimension.base() and other[0] != currency:
        return f"the currency of this scenario is {currency}"
    return f"write the unit {_alternatives(dimension.units(currency))}"


def _alternatives(words: tuple[str, ...]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


@dataclass(frozen=True, slots=True)
class ColumnUnit:
    """How the numbers of a column become base units.

    Parameters
    ----------
    factor, offset : float
        ``value × factor + offset`` is in the base unit.
    per_interval : bool
        The number is a sum over the interval (kWh, liters): it is to be divided by the interval's hours.
    """

    factor: float
    offset: float
    per_interval: bool


def column_unit(name: str, dimension: Dimension, currency: str = "USD") -> ColumnUnit:
    """Return how to convert the column called `name`, whose last words are its unit (``home_01_kw``).

    Raises
    ------
    WrongUnit
        If the name ends in no unit, or in a unit of something else.
    """
    found = _suffix(name, currency)
    known = _suffixes(dimension, currency)
    if found is None or found not in known:
        endings = tuple(f'"_{suffix}"' for suffix in known)
        mend = f"end the column's name in its unit: {_alternatives(endings)}"
        raise WrongUnit(f'the column "{name}"', f"a column that holds {dimension.noun}", mend)
    return known[found]


@lru_cache(maxsize=8)
def _all_suffixes(currency: str) -> frozenset[str]:
    return frozenset(suffix for dimension in Dimension for suffix in _suffixes(dimension, currency))


def _suffix(name: str, currency: str) -> str | None:
    known = (suffix for suffix in _all_suffixes(currency) if f"_{name.lower()}".endswith(f"_{suffix}"))
    return max(known, key=len, default=None)


@lru_cache(maxsize=256)
def _suffixes(dimension: Dimension, currency: str) -> dict[str, ColumnUnit]:
    units = dimension.value
    means = {
        _as_suffix(unit, currency): ColumnUnit(
            float(factor), float(units.offsets.get(unit, 0)), dimension is Dimension.ENERGY
        )
        for unit, factor in units.factors.items()
    }
    factors = {"kWh": 1.0, "Wh": 0.001, "MWh": 1000.0}
    sums = {_as_suffix(unit, currency): ColumnUnit(factors.get(unit, 1.0), 0.0, True) for unit in units.per_interval}
    return means | sums


def _as_suffix(unit: str, currency: str) -> str:
    words = unit.replace("¤", currency).replace("/", "_per_").replace("%", "percent")
    return words.replace("degC", "c").replace("degF", "f").lower()


def parse_duration(text: str) -> timedelta:
    """Return the duration that `text` says in ISO 8601: ``"PT15M"``, ``"P1DT12H"``.

    Raises
    ------
    WrongUnit
        If it is not one. Months and years have no fixed length and are refused.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None or not any(match.groups()):
        raise WrongUnit(f'"{text}"', 'an ISO 8601 duration such as "PT15M"', "write PT and hours, minutes or seconds")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def parse_time(text: str) -> datetime:
    """Return the moment that `text` says in ISO 8601, with its offset.

    Raises
    ------
    WrongUnit
        If it is not a time.
    NaiveTime
        If it has no offset from UTC.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
        if len(text.strip()) <= len("2026-07-06"):
            raise ValueError
    except ValueError:
        allowed = 'a time such as "2026-07-06T00:00:00-04:00"'
        raise WrongUnit(f'"{text}"', allowed, "write date, T, time and offset (ISO 8601)") from None
    if not 1900 <= moment.year < 2200:
        raise WrongUnit(f'"{text}"', "a year from 1900 to 2199", "mend the year")
    if moment.utcoffset() is None:
        raise NaiveTime(f'"{text}" has no offset from UTC')
    return moment


def parse_clock(text: str) -> int:
    """Return the minutes after midnight that ``"HH:MM"`` says, 0 to 1440.

    Raises
    ------
    WrongUnit
        If it is not a time of day.
    """
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        raise WrongUnit(f'"{text}"', 'a time of day such as "18:30"', "write two digits, a colon and two digits")
    hours, minutes = match.group(1, 2) if match[1] else match.group(3, 4)
    return int(hours) * 60 + int(minutes)


def parse_hours(text: str) -> tuple[int, int]:
    """Return start and end [minutes after midnight] of ``"16:00-21:00"``; an end before the start is the next day's.

    Raises
    ------
    WrongUnit
        If it is not a stretch of the day, or an empty one.
    """
    start, dash, end = text.partition("-")
    if not dash or start.strip() == end.strip():
        raise WrongUnit(f'"{text}"', 'hours of the day such as "16:00-21:00"', "write start, a dash and end")
    return parse_clock(start), parse_clock(end)


def parse_weekdays(text: str) -> tuple[int, ...]:
    """Return the weekdays (0 is Monday) in ``"mon-fri"`` or ``"sat,sun"``, in order.

    Raises
    ------
    WrongUnit
        If a word is not the first three letters of a weekday.
    """
    days: set[int] = set()
    for part in text.lower().split(","):
        ends = [day.strip() for day in part.split("-")]
        if len(ends) > 2 or any(day not in _DAYS for day in ends):
            raise WrongUnit(f'"{text}"', 'weekdays such as "mon-fri" or "sat,sun"', f"use {', '.join(_DAYS)}")
        first, last = _DAYS.index(ends[0]), _DAYS.index(ends[-1])
        days.update((first + k) % 7 for k in range((last - first) % 7 + 1))
    return tuple(sorted(days))
