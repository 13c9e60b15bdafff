"""New scenario folders: a template filled in, and made-up series that follow a seed."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from string import Template

import numpy as np
from numpy.random import Generator, default_rng

from micromarket.domain.curves import Floats
from micromarket.errors import Problem, ScenarioError

START = datetime(2026, 7, 6, 4, tzinfo=UTC)
"""Local midnight in New York, where templates play."""

SEED = 1


@dataclass(frozen=True, slots=True)
class StartingPoint:
    """What a template is filled with.

    Parameters
    ----------
    homes : int
        How many customers.
    days : int
        How many days its series cover.
    nodes : tuple of str
        Nodes that take customers in turn; empty if there is only the root.
    lines : bool
        Whether each customer has a line of its own.
    """

    homes: int
    days: int
    nodes: tuple[str, ...] = ()
    lines: bool = False


TEMPLATES = {
    "street": StartingPoint(10, 7, ("street",)),
    "feeder": StartingPoint(30, 7, ("feeder-1", "feeder-2", "feeder-3"), lines=True),
    "minimal": StartingPoint(2, 2),
}
"""Templates by name."""


def start_scenario(folder: Path, template: str = "street") -> Path:
    """Write a new scenario into `folder` and return its file.

    Raises
    ------
    ScenarioError
        If there is no such template, the folder is not empty, or its name has no letter or digit.
    """
    if template not in TEMPLATES:
        raise ScenarioError(Problem("", 0, 0, "template", f'"{template}"', f"one of {', '.join(TEMPLATES)}"))
    name = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-")
    if not name:
        raise ScenarioError(Problem(str(folder), 0, 0, "", "no letter or digit", "a name such as oak-street"))
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        mend = "choose another name, or empty it first"
        raise ScenarioError(Problem(str(folder), 0, 0, "", "something there already", "a new or empty folder", mend))
    point = TEMPLATES[template]
    text = (
        files("micromarket.simulation.scenario").joinpath("templates", f"{template}.yaml").read_text(encoding="utf-8")
    )
    (folder / "data").mkdir(parents=True, exist_ok=True)
    for file, columns in made_up(point, default_rng(SEED)).items():
        _write(folder / "data" / file, columns, point.days)
    scenario = folder / "scenario.yaml"
    filled = Template(text).substitute(name=name, customers=customers(point).rstrip())
    scenario.write_text(filled, encoding="utf-8", newline="\n")
    return scenario


def customers(point: StartingPoint) -> str:
    """Return the customers of a template as YAML, some with each kind of asset."""
    return "".join(_customer(at, point) for at in range(point.homes))


def _customer(at: int, point: StartingPoint) -> str:
    name = f"home-{at + 1:02}"
    head = [f"  - id: {name}"]
    if point.nodes:
        head.append(f"    node: {point.nodes[at % len(point.nodes)]}")
    if point.lines:
        head.append("    connection: {import_limit: 14 kW, export_limit: 10 kW, full_load_loss: 1 %}")
    head += [f"    comfort: {(at * 3 % 10) / 10}", "    assets:"]
    return "\n".join([*head, *(f"      - {asset}" for asset in _assets(at, point.homes > 2))]) + "\n"


def _assets(at: int, large: bool) -> list[str]:
    column = f"home_{at + 1:02}"
    weather = "{file: data/weather.csv, column: "
    found = [f"{{kind: load, power: {{file: data/loads.csv, column: {column}_kw}}}}"]
    if at % 2 == 0:
        found.append(f"{{kind: pv, peak: {3 + at % 5} kW, yield: {weather}sunshine_kw_per_kw}}}}")
    if at % 3 == 1:
        found.append("{kind: battery, energy: 10 kWh, charge: 5 kW, discharge: 5 kW, wear: 0.01 USD/kWh}")
    if large and at % 3 != 2:
        desired = '{"00:00": 25 °C, "06:00": 23 °C, "09:00": 25 °C, "16:00": 23 °C}'
        cooling = f"{{kind: house, mode: cooling, power: 3.5 kW, desired: {desired}, tolerance: 2 K,"
        found.append(f"{cooling}\n         outdoor: {weather}outdoor_c}}}}")
    if large and at % 5 == 2:
        found.append('{kind: ev, energy: 60 kWh, charge: 7.4 kW, plugged: "18:00-07:30", trip: 12 kWh}')
    if large and at % 5 == 4:
        draw = f"draw: {{file: data/water.csv, column: {column}_l_per_h}}"
        found.append(f"{{kind: water_heater, volume: 200 l, power: 3 kW, {draw}}}")
    return found


def made_up(point: StartingPoint, chance: Generator) -> Mapping[str, dict[str, Floats]]:
    """Return plausible series by file and column; hourly weather and prices, the rest in quarters of an hour."""
    quarters = np.arange(96 * point.days) / 4 % 24
    hours: Floats = np.arange(24 * point.days, dtype=np.float64) % 24
    homes = [f"home_{at + 1:02}" for at in range(point.homes)]
    cloud = np.repeat(chance.uniform(0.45, 1.0, point.days), 24)
    warm = np.repeat(chance.uniform(-2.0, 3.0, point.days), 24)
    sunshine = 0.85 * cloud * np.maximum(0, np.sin((hours - 5.5) / 14.5 * np.pi)) * ((hours > 5) & (hours < 20))
    outdoor = 25 + warm + 6 * np.sin((hours - 9.5) / 12 * np.pi)
    price = 0.09 + 0.03 * np.sin((hours - 11) / 12 * np.pi) + _bump(hours, 19, 2) * 0.16
    found = {
        "prices.csv": {"wholesale_usd_per_kwh": price.round(4)},
        "weather.csv": {"outdoor_c": outdoor.round(2), "sunshine_kw_per_kw": sunshine.round(4)},
        "loads.csv": {f"{home}_kw": _load(quarters, chance) for home in homes},
        "water.csv": {f"{home}_l_per_h": _draw(quarters, chance) for home in homes[4::5]},
    }
    return {file: columns for file, columns in found.items() if columns}


def _load(hours: Floats, chance: Generator) -> Floats:
    size, shift = chance.uniform(0.6, 1.6), chance.normal(0, 0.7)
    daily = 0.25 + 0.5 * _bump(hours, 7.5 + shift, 1.2) + 1.1 * _bump(hours, 19.5 + shift, 2.0)
    return np.asarray((size * daily * chance.gamma(6, 1 / 6, hours.size)).round(3))


def _draw(hours: Floats, chance: Generator) -> Floats:
    likely = 0.02 + 0.25 * _bump(hours, 7, 1) + 0.2 * _bump(hours, 20, 1.5)
    return np.asarray(((chance.random(hours.size) < likely) * chance.uniform(20, 120, hours.size)).round(1))


def _bump(hours: Floats, center: float, width: float) -> Floats:
    distance = (hours - center + 12) % 24 - 12
    return np.asarray(np.exp(-((distance / width) ** 2)))


def _write(path: Path, columns: dict[str, Floats], days: int) -> None:
    rows = len(next(iter(columns.values())))
    step = timedelta(days=days) / rows
    zone = timedelta(hours=-4)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["timestamp", *columns])
        for row, values in enumerate(zip(*columns.values(), strict=True)):
            local = (START + row * step + zone).strftime("%Y-%m-%dT%H:%M:%S-04:00")
            writer.writerow([local, *(f"{value:g}" for value in values)])
