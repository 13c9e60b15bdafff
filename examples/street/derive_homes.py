"""Derive the thirty homes of the example street: data/loads.csv, data/draws.csv, data/prices.csv and scenario.yaml.

Run ``python examples/street/derive_homes.py`` after ``derive_weather.py``; what it writes is committed. Everything
here is made up, by stated rules and one seed: who lives where and when they are at home decides when they cook, wash,
watch and shower; the size and age of a house decide its heat parameters; the price of supply follows the clock, the
sun and the heat of the day. Only the weather is real (see derive_weather.py).
"""

from __future__ import annotations

import csv
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from micromarket.simulation.importers.scenario_folder import ScenarioFolder, SeriesFile, quantity, reference

SEED = 20260706
HOMES = 30
ZONE = "America/New_York"
START, STEP, DAYS = datetime.fromisoformat("2026-07-06T00:00:00-04:00"), timedelta(minutes=15), 7
STEPS = int(timedelta(days=DAYS) / STEP)
PER_DAY = STEPS // DAYS
HOUR = np.arange(STEPS) % PER_DAY / 4
DAY = np.arange(STEPS) // PER_DAY
WEEKEND = DAY >= 5
FEED_IN = 0.02

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Habit:
    """When a household sleeps and is out."""

    people: int
    works_out: bool
    leaves: float
    returns: float
    wakes: float
    sleeps: float

    @property
    def awake(self) -> NDArray[np.bool_]:
        """Return in which quarter hours nobody sleeps."""
        return (self.wakes <= HOUR) & (self.sleeps > HOUR)

    @property
    def home(self) -> NDArray[np.bool_]:
        """Return in which quarter hours somebody is home."""
        out = (self.leaves <= HOUR) & (self.returns > HOUR)
        return ~(out & ~WEEKEND) if self.works_out else np.ones(STEPS, dtype=bool)


@dataclass(frozen=True, slots=True)
class Appliance:
    """Something that is switched on now and then: power, quarter hours, chance per day, hours to start in."""

    power_kw: tuple[float, float]
    quarters: tuple[int, int]
    chance: float
    between: tuple[float, float]
    somebody_home: bool = True


APPLIANCES = (
    Appliance((1.0, 1.6), (1, 2), 0.8, (6.5, 8.5)),
    Appliance((1.4, 2.6), (2, 4), 0.85, (17.25, 19.5)),
    Appliance((0.9, 1.2), (4, 5), 0.6, (19.5, 22.0)),
    Appliance((0.4, 0.7), (3, 4), 0.35, (8.0, 19.0)),
    Appliance((2.4, 3.0), (3, 4), 0.3, (9.0, 20.5)),
    Appliance((0.8, 1.5), (1, 1), 0.5, (11.5, 13.5)),
)
OLD, MIDDLE, NEW = 1.9, 1.4, 0.95
"""Heat lost or gained through walls, windows and leaks, by age of the house [W/K for each m2 of floor]."""


def derive(folder: Path) -> None:
    chance = default_rng(SEED)
    homes = [home(number, chance) for number in range(1, HOMES + 1)]
    loads = {f"{home['id']}_kw": home["load"] for home in homes}
    draws = {f"{home['id']}_l_per_h": home["draw"] for home in homes if home["draw"] is not None}
    series = {
        "data/loads.csv": _series(loads, 3),
        "data/draws.csv": _series(draws, 0),
        "data/prices.csv": _series({"wholesale_usd_per_kwh": price(folder, chance)}, 4),
    }
    ScenarioFolder(scenario([home["customer"] for home in homes]), series, HEAD).write(folder, replace=True)


def home(number: int, chance: Generator) -> dict[str, Any]:
    """Return one home: its customer in the scenario, its load and its draw of hot water."""
    name = f"home_{number:02d}"
    habit = _habit(chance)
    area = round(_between(chance, 95, 230) / 5) * 5
    heater = number % 2 == 0 or number % 15 == 1
    assets: list[dict[str, Any]] = [
        {"kind": "load", "power": reference("data/loads.csv", f"{name}_kw"), "forecast": "yesterday"},
        _house(number, area, habit, chance),
    ]
    if number % 5 not in {0, 3}:
        assets.append(_pv(number, chance))
    if number % 10 in {1, 4, 7}:
        assets.append(_battery(number))
    if number % 8 in {2, 5, 7}:
        assets.append(_ev(habit, chance))
    if heater:
        assets.append(_water_heater(name, habit))
    customer = {
        "id": name.replace("_", "-"),
        "node": "feeder-1",
        "connection": {"import_limit": "15 kW", "export_limit": "12 kW", "full_load_loss": "1 %"},
        "tariff": "flat",
        "comfort": round(_between(chance, 0.2, 0.9), 1),
        "assets": assets,
    }
    load = _load(habit, area, chance)
    draw = _draw(habit, chance)
    return {"id": name, "customer": customer, "load": load, "draw": draw if heater else None}


def price(folder: Path, chance: Generator) -> Floats:
    """Return a synthetic price of supply: cheap at solar noon, dear in the evening of hot days."""
    with (folder / "data" / "weather.csv").open() as file:
        heat = np.array([float(row["temperature_c"]) for row in csv.DictReader(file)])
    hottest = np.repeat(heat.reshape(DAYS, PER_DAY).max(axis=1), PER_DAY)
    evening = np.exp(-(((HOUR - 19.0) / 2.0) ** 2)) * (0.05 + 0.012 * np.maximum(hottest - 26, 0))
    morning = np.exp(-(((HOUR - 7.5) / 1.5) ** 2)) * 0.02
    noon = np.exp(-(((HOUR - 13.0) / 2.2) ** 2)) * 0.035
    noise = np.repeat(chance.random(STEPS // 4) * 0.006, 4)
    return np.maximum(0.058 + evening + morning - noon + noise, FEED_IN + 0.002)


def scenario(customers: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "schema": 1,
        "name": "street",
        "description": "Thirty homes on one feeder in a hot week of a typical year in Greensboro, North Carolina.",
        "seed": 7,
        "currency": "USD",
        "time": {
            "start": START.isoformat(),
            "end": (START + timedelta(days=DAYS)).isoformat(),
            "step": "PT15M",
            "timezone": ZONE,
        },
        "market": {
            "mechanism": "double_auction",
            "default_price": "0.06 USD/kWh",
            "horizon": "PT24H",
            "price_cap": "2 USD/kWh",
            "series": [{"name": "day-ahead", "intervals": 24, "rounds": 5}],
        },
        "supplier": {
            "id": "utility",
            "price": reference("data/prices.csv", "wholesale_usd_per_kwh"),
            "feed_in_price": quantity(FEED_IN, "USD/kWh"),
            "slope": "0.0004 USD/kWh/kW",
        },
        "tariffs": [
            {"id": "flat", "import": "break_even", "export": quantity(FEED_IN, "USD/kWh"), "fixed": "0.30 USD/day"}
        ],
        "nodes": [
            {"id": "substation"},
            {
                "id": "feeder-1",
                "parent": "substation",
                "import_limit": "75 kW",
                "export_limit": "75 kW",
                "full_load_loss": "2 %",
            },
        ],
        "data_sources": SOURCES,
        "customers": customers,
    }


def _habit(chance: Generator) -> Habit:
    return Habit(
        people=1 + int(chance.random() * 4.5),
        works_out=bool(chance.random() < 0.65),
        leaves=_clock(_between(chance, 7.25, 9.0)),
        returns=_clock(_between(chance, 16.25, 18.5)),
        wakes=_clock(_between(chance, 5.75, 7.25)),
        sleeps=_clock(_between(chance, 21.75, 23.75)),
    )


def _load(habit: Habit, area: float, chance: Generator) -> Floats:
    busy = habit.home & habit.awake
    dark = (HOUR < 6.5) | (HOUR >= 20.25)
    load = np.full(STEPS, _between(chance, 0.06, 0.16)) + 0.09 * (chance.random(STEPS) < 0.45)
    load += busy * (0.05 * habit.people + 0.12 * chance.random(STEPS)) + busy * dark * 0.0012 * area
    for appliance in APPLIANCES:
        load += _runs(appliance, busy, chance)
    return load


def _runs(appliance: Appliance, busy: NDArray[np.bool_], chance: Generator) -> Floats:
    power, lasts = _between(chance, *appliance.power_kw), appliance.quarters
    load = np.zeros(STEPS)
    for day in range(DAYS):
        runs, at, extra = chance.random(3)
        start = day * PER_DAY + int((appliance.between[0] + at * (appliance.between[1] - appliance.between[0])) * 4)
        if runs < appliance.chance and (busy[start] or not appliance.somebody_home):
            load[start : start + lasts[0] + int(extra * (lasts[1] - lasts[0] + 1))] += power
    return load


def _draw(habit: Habit, chance: Generator) -> Floats:
    """Return hot water drawn [l/h]: a shower for everybody, mostly in the morning, and some at the sink."""
    draw = np.zeros(STEPS)
    for day in range(DAYS):
        for _ in range(habit.people):
            morning, at, litres = chance.random(3)
            hour = habit.wakes + 1.25 * at if morning < 0.7 else 19.5 + 2.0 * at
            draw[day * PER_DAY + int(hour * 4)] += 4 * (25 + 25 * litres)
        for hour in (7.5, 12.5, 19.0):
            at, litres = chance.random(2)
            draw[day * PER_DAY + int((hour + at) * 4)] += 4 * (2 + 3 * habit.people * litres)
    return draw


def _house(number: int, area: float, habit: Habit, chance: Generator) -> dict[str, Any]:
    per_m2 = (OLD, MIDDLE, NEW)[number % 3]
    cop = (3.0, 3.3, 3.7)[number % 3]
    wanted = round(_between(chance, 22.5, 24.5) * 2) / 2
    schedule = {"00:00": f"{wanted:g} °C"}
    if habit.works_out:
        schedule |= {_text(habit.leaves): f"{wanted + 2.5:g} °C", _text(habit.returns - 0.5): f"{wanted:g} °C"}
    return {
        "kind": "house",
        "mode": "cooling",
        "power": quantity(np.ceil(area / 45 * 3.5 / cop * 2) / 2, "kW"),
        "cop": cop,
        "conductance": quantity(per_m2 * area / 1000, "kW/K"),
        "capacity": quantity(0.012 * area, "kWh/K"),
        "mass_conductance": quantity(0.012 * area, "kW/K"),
        "mass_capacity": quantity(0.035 * area, "kWh/K"),
        "outdoor": reference("data/weather.csv", "temperature_c"),
        "solar_area": quantity(round(0.035 * area, 1), "m2"),
        "irradiance": reference("data/weather.csv", "windows_w_per_m2"),
        "internal_gain": quantity(round(0.15 + 0.1 * habit.people, 2), "kW"),
        "desired": schedule if len(schedule) > 1 else schedule["00:00"],
        "tolerance": "2 K",
        "initial": f"{wanted:g} °C",
    }


def _pv(number: int, chance: Generator) -> dict[str, Any]:
    roof = ("south_30", "west_30", "south_30", "east_30")[number % 4]
    return {
        "kind": "pv",
        "peak": quantity(round(_between(chance, 4, 9) * 2) / 2, "kW"),
        "yield": reference("data/weather.csv", f"{roof}_kw_per_kw"),
        "forecast": "perfect",
    }


def _battery(number: int) -> dict[str, Any]:
    energy, power = ((13.5, 5.0), (10.0, 4.6))[number % 2]
    return {
        "kind": "battery",
        "energy": quantity(energy, "kWh"),
        "charge": quantity(power, "kW"),
        "discharge": quantity(power, "kW"),
        "round_trip_efficiency": "90 %",
        "self_discharge": "0.1 %/day",
        "initial": "30 %",
        "wear": "0.01 USD/kWh",
    }


def _ev(habit: Habit, chance: Generator) -> dict[str, Any]:
    leaves, returns = (habit.leaves, habit.returns) if habit.works_out else (10.0, 16.0)
    return {
        "kind": "ev",
        "energy": quantity(round(_between(chance, 50, 80)), "kWh"),
        "charge": "7.2 kW",
        "efficiency": "92 %",
        "plugged": f"{_text(returns)}-{_text(leaves)}",
        "weekdays": "mon-fri" if habit.works_out else "mon-sun",
        "trip": quantity(round(_between(chance, 6, 16)), "kWh"),
        "ready": "85 %",
    }


def _water_heater(name: str, habit: Habit) -> dict[str, Any]:
    return {
        "kind": "water_heater",
        "volume": "190 l" if habit.people < 3 else "300 l",
        "power": "4.5 kW",
        "draw": reference("data/draws.csv", f"{name}_l_per_h"),
        "desired": "55 °C",
        "tolerance": "6 K",
        "inlet": "18 °C",
        "ambient": "24 °C",
        "conductance": "0.0025 kW/K",
    }


def _series(columns: dict[str, Floats], decimals: int) -> SeriesFile:
    return SeriesFile(START, STEP, ZONE, columns, decimals)


def _between(chance: Generator, low: float, high: float) -> float:
    return low + (high - low) * float(chance.random())


def _clock(hour: float) -> float:
    return round(hour * 4) / 4


def _text(hour: float) -> str:
    return f"{int(hour):02d}:{int(hour % 1 * 60):02d}"


HEAD = (
    "A street of thirty homes for one hot week at 15 minutes. Written by derive_homes.py; see README.md.",
    "Change it freely: micromarket validate examples/street says what is wrong, and where.",
)
SOURCES = [
    {
        "name": "TMY3 723170 Greensboro Piedmont Triad International Airport (NREL), as carried by pvlib",
        "licence": "public data of the U.S. Department of Energy / NREL; pvlib: BSD-3-Clause",
        "what": "Temperature, sunshine and wind of a typical year; 6 to 12 July, laid on 2026",
        "url": "https://www.nrel.gov/docs/fy08osti/43156.pdf",
    },
    {
        "name": "Synthetic households",
        "licence": "Apache-2.0 (part of micromarket)",
        "what": "Loads, hot water, cars, houses and equipment, made by derive_homes.py from one seed",
    },
    {
        "name": "Synthetic price of supply",
        "licence": "Apache-2.0 (part of micromarket)",
        "what": "A price with a dip at solar noon and a peak in the evening that rises with the heat of the day",
    },
]


if __name__ == "__main__":
    derive(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
