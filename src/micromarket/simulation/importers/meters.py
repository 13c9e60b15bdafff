"""From one's own meter data to clean series and a scenario to build on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from micromarket.domain.curves import Floats
from micromarket.domain.intervals import EPOCH, MICROSECOND
from micromarket.errors import Problem, ScenarioError
from micromarket.simulation.importers.meter_files import POWERS, UNITS, Readings
from micromarket.simulation.importers.scenario_folder import ScenarioFolder, SeriesFile, reference

Fill = Literal["none", "zero", "linear", "day"]
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class MeterRules:
    """What to do with readings.

    Parameters
    ----------
    fill : {'none', 'zero', 'linear', 'day'}
        What stands in for missing readings: nothing (they are refused), zero, a straight line between the neighbors,
        or the same time of the nearest day that has one.
    label_end : bool
        Whether a time marks the end of its interval.
    net : bool
        Whether negative readings are feed-in; otherwise they are refused.
    currency : str
        Currency of the scenario.
    zone : str
        Zone in which times are written, and of the scenario's days.
    """

    fill: Fill = "none"
    label_end: bool = False
    net: bool = False
    currency: str = "EUR"
    zone: str = "UTC"


@dataclass(frozen=True, slots=True, eq=False)
class Meters:
    """Clean series of all meters over the time they have in common.

    Parameters
    ----------
    start : datetime
        Start of the first step.
    step : timedelta
        Duration of a step.
    powers_kw : dict of str to array of float, shape (S,)
        Average power by meter [kW]; positive drawn, negative fed in.
    filled : dict of str to int
        How many steps of each were filled.
    """

    start: datetime
    step: timedelta
    powers_kw: dict[str, Floats]
    filled: dict[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class _Regular:
    """One meter on equal steps: first and step [microseconds], values [kW] with NaN where missing, a line of each."""

    first: int
    step: int
    values: Floats
    lines: NDArray[np.int64]


def clean_meters(readings: Mapping[str, Readings], rules: MeterRules) -> Meters:
    """Return series over the time that all meters have in common, on equal steps, without gaps.

    Parameters
    ----------
    readings : mapping of str to Readings
        What the meters say, by name.
    rules : MeterRules
        What to do with gaps and signs.

    Raises
    ------
    ScenarioError
        If times do not rise or lie off the steps, steps differ between meters, readings are missing and may not be
        filled, are negative and may not be, or the meters have no time in common.
    """
    regular = {name: _regular(meter, rules) for name, meter in readings.items()}
    first = max(meter.first for meter in regular.values())
    last = min(meter.first + meter.step * len(meter.values) for meter in regular.values())
    step = next(iter(regular.values())).step
    for name, meter in regular.items():
        if meter.step != step or (meter.first - first) % step:
            found = f"{name}: every {meter.step / 6e7:g} minutes from {_moment(meter.first)}"
            allowed = f"the same steps in all files: every {step / 6e7:g} minutes"
            raise ScenarioError(Problem(readings[name].file, 0, 0, readings[name].column, found, allowed))
    if last <= first:
        allowed = "meters that have some time in common"
        found = f"one that begins {_moment(first)} and one that ends {_moment(last)}"
        raise ScenarioError(Problem("micromarket import meters", 0, 0, "", found, allowed))
    powers, filled = {}, {}
    for name, meter in regular.items():
        at = slice((first - meter.first) // step, (last - meter.first) // step)
        _check(readings[name], meter, at, rules)
        powers[name] = _filled(meter.values[at], rules.fill, DAY // (step * MICROSECOND))
        filled[name] = int(np.isnan(meter.values[at]).sum())
    return Meters(EPOCH + first * MICROSECOND, step * MICROSECOND, powers, filled)


def meters_folder(meters: Meters, rules: MeterRules, name: str) -> ScenarioFolder:
    """Return a scenario folder in which every meter is a customer with its load.

    Parameters
    ----------
    meters : Meters
        Clean series.
    rules : MeterRules
        Currency and zone.
    name : str
        Name of the scenario.
    """
    slugs = _slugs(list(meters.powers_kw))
    columns: dict[str, Floats] = {}
    customers = []
    for meter, power in meters.powers_kw.items():
        slug = slugs[meter]
        columns[f"{slug}_kw"] = np.maximum(power, 0)
        assets: list[dict[str, Any]] = [{"kind": "load", "power": reference("data/meters.csv", f"{slug}_kw")}]
        if (power < 0).any():
            columns[f"{slug}_feed_in_kw"] = np.maximum(-power, 0)
            series = reference("data/meters.csv", f"{slug}_feed_in_kw")
            assets.append({"kind": "pv", "power": series, "curtailable": False})
        customers.append({"id": slug.replace("_", "-"), "tariff": "flat", "assets": assets})
    series_file = SeriesFile(meters.start, meters.step, rules.zone, columns, decimals=4)
    scenario = _scenario(name, rules, series_file) | {"customers": customers}
    return ScenarioFolder(scenario, {"data/meters.csv": series_file}, HEAD)


HEAD = (
    "Written by micromarket import meters. Every meter is a customer; what was measured is the load.",
    "Before you trust what it says, put in: the supplier's price and feed-in price, the tariff your customers pay,",
    "the limits of your lines (nodes), and who owns what can be flexible: battery, ev, house, water_heater, pv.",
    "micromarket init shows examples of each; docs/reference/scenario.md lists every field.",
)


def _scenario(name: str, rules: MeterRules, series: SeriesFile) -> dict[str, Any]:
    times = series.times()
    end = datetime.fromisoformat(times[-1]) + series.step
    currency = rules.currency
    return {
        "schema": 1,
        "name": re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "meters",
        "description": f"{len(series.columns)} measured series.",
        "seed": 1,
        "currency": currency,
        "time": {
            "start": times[0],
            "end": end.isoformat(),
            "step": f"PT{series.step // timedelta(minutes=1)}M",
            "timezone": rules.zone,
        },
        "market": {"mechanism": "double_auction", "horizon": "PT24H"},
        "supplier": {
            "id": "supplier",
            "price": f"0.25 {currency}/kWh",
            "feed_in_price": f"0.08 {currency}/kWh",
        },
        "tariffs": [{"id": "flat", "import": "break_even", "export": f"0.08 {currency}/kWh"}],
        "nodes": [{"id": "street"}],
        "data_sources": [{"name": "Own meters", "licence": "not stated", "what": "Measured loads"}],
    }


def _regular(meter: Readings, rules: MeterRules) -> _Regular:
    """Lay readings on equal steps; the step is the most common distance."""
    times = np.array(meter.times)
    distances = np.diff(times)
    if (distances <= 0).any():
        at = int(np.argmax(distances <= 0)) + 1
        found = f"{_moment(times[at])} after {_moment(times[at - 1])}"
        mend = "sort the rows; remove repeated ones; say --meter-column if several meters share the columns"
        raise _problem(meter, at, found, "rising times", mend)
    values, counts = np.unique(distances, return_counts=True)
    step = int(values[np.argmax(counts)])
    off = (times - times[0]) % step != 0
    if off.any():
        at = int(np.argmax(off))
        found = f"{_moment(times[at])}"
        raise _problem(meter, at, found, f"a row every {step / 6e7:g} minutes", "round the times, or resample")
    places = (times - times[0]) // step
    power = np.full(int(places[-1]) + 1, np.nan)
    factor = UNITS[meter.unit] if meter.unit in POWERS else UNITS[meter.unit] / (step * MICROSECOND / HOUR)
    power[places] = np.array(meter.values) * factor
    lines = np.asarray(meter.lines)[np.searchsorted(places, np.arange(len(power)))]
    return _Regular(int(times[0]) - (step if rules.label_end else 0), step, power, lines)


def _check(readings: Readings, meter: _Regular, at: slice, rules: MeterRules) -> None:
    values, lines = meter.values[at], meter.lines[at]
    missing, negative = np.isnan(values), values < 0
    if missing.any() and rules.fill == "none":
        step = int(np.argmax(missing))
        found = (
            f"{missing.sum()} missing readings, the first at {_moment(meter.first + meter.step * (at.start + step))}"
        )
        mend = "add them, or say --fill day, linear or zero"
        raise ScenarioError(
            Problem(readings.file, int(lines[step]), 0, readings.column, found, "a reading in every step", mend)
        )
    if missing.all():
        raise ScenarioError(Problem(readings.file, 0, 0, readings.column, "no reading at all", "at least one"))
    if negative.any() and not rules.net:
        step = int(np.argmax(negative))
        mend = "say --net if it counts feed-in as negative"
        raise ScenarioError(
            Problem(readings.file, int(lines[step]), 0, readings.column, f"{values[step]:g} kW", "0 or more", mend)
        )


def _filled(values: Floats, fill: Fill, per_day: int) -> Floats:
    missing = np.isnan(values)
    if not missing.any():
        return values
    steps = np.arange(len(values))
    if fill == "zero":
        return np.where(missing, 0.0, values)
    if fill == "day":
        values = _from_other_days(values, per_day)
        missing = np.isnan(values)
    return np.interp(steps, steps[~missing], values[~missing])


def _from_other_days(values: Floats, per_day: int) -> Floats:
    """Take the same time of the nearest other day that has a reading; the earlier one if two are as near."""
    filled, days = values.copy(), len(values) // per_day + 1
    for step in np.flatnonzero(np.isnan(values)):
        shifts = (sign * day * per_day for day in range(1, days + 1) for sign in (-1, 1))
        others = (values[step + shift] for shift in shifts if 0 <= step + shift < len(values))
        filled[step] = next((other for other in others if not np.isnan(other)), np.nan)
    return filled


def _slugs(names: list[str]) -> dict[str, str]:
    slugs = {name: re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "meter" for name in names}
    for one, other in pairwise(sorted(names, key=lambda name: slugs[name])):
        if slugs[one] == slugs[other]:
            found = f'"{one}" and "{other}"'
            allowed = "names that differ in letters or digits"
            raise ScenarioError(Problem("micromarket import meters", 0, 0, "", found, allowed, "rename one"))
    return slugs


def _problem(meter: Readings, at: int, found: str, allowed: str, mend: str) -> ScenarioError:
    return ScenarioError(Problem(meter.file, meter.lines[at], 0, meter.column, found, allowed, mend))


def _moment(time: int) -> str:
    return (EPOCH + int(time) * MICROSECOND).isoformat().replace("+00:00", "Z")
