"""From a SimBench grid and its measured year to a scenario folder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from micromarket.domain.curves import Floats
from micromarket.errors import Problem, ScenarioError
from micromarket.simulation.importers import simbench_text
from micromarket.simulation.importers.charging import car_series, charging_sessions
from micromarket.simulation.importers.prices import synthetic_price
from micromarket.simulation.importers.radial import RadialTree, radial_tree, require_reached
from micromarket.simulation.importers.scenario_folder import ScenarioFolder, SeriesFile, quantity, reference
from micromarket.simulation.importers.simbench_source import FIRST, STEP, ZONE, Measured, MeasuredGrid

CURRENCY, PRICE_COLUMN = "EUR", "supply_eur_per_kwh"
FEED_IN = 0.03
RISE = 0.05
"""Rise of the price of supply from no power to the rating of the transformer [EUR/kWh]."""
POWER_FACTOR = 0.95
HOURS = STEP / timedelta(hours=1)
LEAVES = time(7)
CAR_KWH = 60.0
HOME_CHARGER, HEAT_PUMPS = "HLS_", ("Air_", "Soil_")
COP, TANK_C, INLET_C, BAND_K, BUFFER_HOURS = 3.0, 55.0, 5.0, 2.5, 0.8
WATER = 1.163e-3
"""Heat that warms a litre of water by one degree [kWh/(l K)]."""
SUNNY = date(2016, 5, 23)
"""Monday of the week in which the SimBench plants of 2016 give most."""


@dataclass(frozen=True, slots=True)
class Period:
    """Which days of the measured year to take.

    Parameters
    ----------
    first : datetime.date
        First local day.
    days : int
        How many.

    Raises
    ------
    ScenarioError
        If they are not days of 2016.
    """

    first: date = SUNNY
    days: int = 7

    def __post_init__(self) -> None:
        """Check."""
        place = "micromarket import simbench"
        if self.days < 1:
            raise ScenarioError(Problem(place, 0, 0, "--days", str(self.days), "1 or more"))
        if self.first.year != 2016 or self.first + timedelta(days=self.days) > date(2017, 1, 1):
            found = f"{self.days} days from {self.first}"
            raise ScenarioError(Problem(place, 0, 0, "--from", found, "days of 2016, the measured year"))

    @property
    def start(self) -> datetime:
        """Local midnight at which it begins."""
        return datetime.combine(self.first, time(), ZoneInfo(ZONE))

    @property
    def end(self) -> datetime:
        """Local midnight at which it ends."""
        return datetime.combine(self.first + timedelta(days=self.days), time(), ZoneInfo(ZONE))

    @property
    def rows(self) -> slice:
        """The rows of a measured year that it covers."""
        return slice((self.start.astimezone(UTC) - FIRST) // STEP, (self.end.astimezone(UTC) - FIRST) // STEP)


@dataclass(frozen=True, slots=True)
class PriceFile:
    """A price of one's own at the root, instead of the synthetic one.

    Parameters
    ----------
    path : pathlib.Path
        A series file, CSV or Parquet.
    column : str
        Its column, which ends in ``_eur_per_kwh``.
    """

    path: Path
    column: str

    @property
    def source(self) -> dict[str, str]:
        """What the report says about it."""
        what = f"Price of supply, column {self.column}"
        return {"name": self.path.name, "licence": "not stated: the user's own file", "what": what}


def simbench_folder(
    grid: MeasuredGrid, period: Period, price: PriceFile | None = None, suffix: str = ".csv"
) -> ScenarioFolder:
    """Return the scenario folder of a grid for some days of its measured year.

    Parameters
    ----------
    grid : MeasuredGrid
        The grid, from `load_grid`.
    period : Period
        Which days.
    price : PriceFile, optional
        The price at the root; by default the synthetic one.
    suffix : {'.csv', '.parquet'}
        Form of the series files.

    Raises
    ------
    InvalidValue
        If something draws or feeds in where no line leads.

    Notes
    -----
    What becomes what stands in `simbench_text`, which writes the folder's README.
    """
    tree = radial_tree(grid.root, grid.branches)
    require_reached(tree, _used(grid), grid.buses)
    columns = _Columns(period, f"data/measured{suffix}", f"data/heat{suffix}", f"data/cars{suffix}", {}, {}, {})
    customers = [_customer(grid, bus, columns) for bus in tree.order if bus in _used(grid)]
    series = columns.files() | ({} if price else _synthetic_price(period, suffix))
    copies = {f"data/{price.path.name}": price.path} if price else {}
    at = reference(*(next(iter(copies)), price.column) if price else (f"data/prices{suffix}", PRICE_COLUMN))
    scenario = _scenario(grid, period, at) | {
        "nodes": _nodes(grid, tree),
        "data_sources": [simbench_text.SOURCE, price.source if price else simbench_text.SYNTHETIC_PRICE],
        "customers": customers,
    }
    readme = simbench_text.readme(grid, tree, scenario)
    return ScenarioFolder(scenario, series, simbench_text.head(grid.code), readme, copies)


def _synthetic_price(period: Period, suffix: str) -> dict[str, SeriesFile]:
    prices = {PRICE_COLUMN: synthetic_price(_local_times(period))}
    return {f"data/prices{suffix}": _series(period, prices, 4)}


@dataclass(frozen=True, slots=True)
class _Columns:
    """Series gathered while customers are described."""

    period: Period
    measured: str
    heat: str
    cars: str
    power: dict[str, Floats]
    draw: dict[str, Floats]
    car: dict[str, Floats]

    def add_power(self, column: str, values: Floats) -> dict[str, str]:
        self.power[column] = values[self.period.rows]
        return reference(self.measured, column)

    def files(self) -> dict[str, SeriesFile]:
        content = {self.measured: self.power, self.heat: self.draw, self.cars: self.car}
        return {name: _series(self.period, columns, 4) for name, columns in content.items() if columns}


def _scenario(grid: MeasuredGrid, period: Period, price: dict[str, str]) -> dict[str, Any]:
    return {
        "schema": 1,
        "name": re.sub(r"[^a-z0-9]+", "-", grid.code.lower()),
        "description": f"SimBench grid {grid.code}, {period.days} days from {period.first} of its measured year.",
        "seed": 1,
        "currency": CURRENCY,
        "time": {
            "start": period.start.isoformat(),
            "end": period.end.isoformat(),
            "step": "PT15M",
            "timezone": ZONE,
        },
        "market": {
            "mechanism": "double_auction",
            "horizon": "PT24H",
            "price_cap": f"2 {CURRENCY}/kWh",
            "series": [{"name": "day-ahead", "intervals": 24, "rounds": 5}],
        },
        "supplier": {
            "id": "supplier",
            "price": price,
            "feed_in_price": quantity(FEED_IN, f"{CURRENCY}/kWh"),
            "slope": quantity(round(_slope(grid), 6), f"{CURRENCY}/kWh/kW"),
        },
        "tariffs": [{"id": "flat", "import": "break_even", "export": quantity(FEED_IN, f"{CURRENCY}/kWh")}],
    }


def _slope(grid: MeasuredGrid) -> float:
    """Return the rise of the price with power: `RISE` up to what the lines at the root may carry."""
    return RISE / (POWER_FACTOR * sum(branch.rated_kva for branch in grid.branches if grid.root in branch.ends))


def _nodes(grid: MeasuredGrid, tree: RadialTree) -> list[dict[str, str]]:
    nodes = [{"id": _node(grid, tree.order[0])}]
    for bus in tree.order[1:]:
        parent, branch = tree.upstream[bus]
        limit = branch.rated_kva * POWER_FACTOR
        nodes.append(
            {
                "id": _node(grid, bus),
                "parent": _node(grid, parent),
                "import_limit": quantity(round(limit, 1), "kW"),
                "export_limit": quantity(round(limit, 1), "kW"),
                "full_load_loss": quantity(round(100 * branch.rated_loss_kw / limit, 4), "%"),
            }
        )
    return nodes


def _customer(grid: MeasuredGrid, bus: int, columns: _Columns) -> dict[str, Any]:
    name = _node(grid, bus).replace("bus", "customer")
    column = name.replace("-", "_")
    cars = [load for load in grid.loads if load.bus == bus and load.profile.startswith(HOME_CHARGER)]
    pumps = [load for load in grid.loads if load.bus == bus and load.profile.startswith(HEAT_PUMPS)]
    rest = [load for load in grid.loads if load.bus == bus and load not in cars and load not in pumps]
    assets: list[dict[str, Any]] = []
    if rest:
        total = np.sum([load.power_kw for load in rest], axis=0)
        power = columns.add_power(f"{column}_load_kw", total)
        assets.append({"kind": "load", "power": power, "forecast": "noisy"})
    for at, plant in enumerate((plant for plant in grid.plants if plant.bus == bus), 1):
        assets.append({"kind": "pv", "power": columns.add_power(f"{column}_pv_{at}_kw", plant.power_kw)})
    assets += [_battery(grid, at) for at, store in enumerate(grid.stores) if store.bus == bus]
    assets += [_car(car, f"{column}_car_{at}", columns) for at, car in enumerate(cars, 1)]
    assets += [_heat_pump(pump, f"{column}_heat_{at}", columns) for at, pump in enumerate(pumps, 1)]
    return {"id": name, "node": _node(grid, bus), "tariff": "flat", "comfort": 0.5, "assets": assets}


def _battery(grid: MeasuredGrid, at: int) -> dict[str, str]:
    store = grid.stores[at]
    return {
        "kind": "battery",
        "energy": quantity(store.energy_kwh, "kWh"),
        "charge": quantity(store.power_kw, "kW"),
        "discharge": quantity(store.power_kw, "kW"),
        "round_trip_efficiency": quantity(100 * store.efficiency**2, "%"),
        "self_discharge": quantity(100 * store.self_discharge, "%/day"),
        "initial": "50 %",
    }


def _car(charger: Measured, column: str, columns: _Columns) -> dict[str, Any]:
    sessions = charging_sessions(charger.power_kw, _departures())
    rows = columns.period.rows
    car = car_series(sessions, charger.power_kw, rows.start, rows.stop - rows.start)
    needed = max((session.energy * HOURS for session in sessions), default=0.0)
    energy = max(CAR_KWH, float(np.ceil(needed / 10) * 10))
    columns.car[f"{column}_plugged_percent"] = 100 * car.plugged
    columns.car[f"{column}_trip_kwh"] = car.used * HOURS
    return {
        "kind": "ev",
        "energy": quantity(energy, "kWh"),
        "charge": quantity(float(charger.power_kw.max()), "kW"),
        "efficiency": "100 %",
        "plugged": reference(columns.cars, f"{column}_plugged_percent"),
        "trip": reference(columns.cars, f"{column}_trip_kwh"),
        "ready": "100 %",
        "initial": quantity(100 * (1 - car.missing * HOURS / energy), "%"),
    }


def _heat_pump(pump: Measured, column: str, columns: _Columns) -> dict[str, Any]:
    """Return a heat pump as a tank whose draw takes the heat that the measured electricity made."""
    rated = float(pump.power_kw.max())
    litres_per_kw = COP / (WATER * (TANK_C - INLET_C))
    columns.draw[f"{column}_l_per_h"] = pump.power_kw[columns.period.rows] * litres_per_kw
    volume = BUFFER_HOURS * rated * COP / (WATER * 2 * BAND_K)
    return {
        "kind": "water_heater",
        "volume": quantity(round(volume), "l"),
        "power": quantity(rated, "kW"),
        "cop": COP,
        "draw": reference(columns.heat, f"{column}_l_per_h"),
        "desired": quantity(TANK_C, "°C"),
        "tolerance": quantity(BAND_K, "K"),
        "inlet": quantity(INLET_C, "°C"),
        "conductance": "0 kW/K",
    }


def _used(grid: MeasuredGrid) -> list[int]:
    """Return every bus at which something is connected."""
    measured = [item.bus for item in (*grid.loads, *grid.plants)]
    return measured + [store.bus for store in grid.stores]


def _node(grid: MeasuredGrid, bus: int) -> str:
    if bus == grid.root:
        return "medium-voltage"
    return re.sub(r"[^a-z0-9]+", "-", grid.buses[bus].split(" ", 1)[-1].lower())


def _departures() -> Sequence[int]:
    zone = ZoneInfo(ZONE)
    days = (date(2016, 1, 1) + timedelta(days=day) for day in range(366))
    return [(datetime.combine(day, LEAVES, zone).astimezone(UTC) - FIRST) // STEP for day in days]


def _series(period: Period, columns: dict[str, Floats], decimals: int) -> SeriesFile:
    return SeriesFile(period.start, STEP, ZONE, columns, decimals)


def _local_times(period: Period) -> list[datetime]:
    rows, zone = period.rows, ZoneInfo(ZONE)
    return [(FIRST + row * STEP).astimezone(zone) for row in range(rows.start, rows.stop)]
