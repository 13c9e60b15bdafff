"""`micromarket import`: a SimBench grid, or one's own meter data, becomes a scenario folder."""

from __future__ import annotations

import json
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import available_timezones

import typer

from micromarket.cli.validate import contents, description
from micromarket.errors import Problem, ScenarioError
from micromarket.simulation.importers.meter_files import MeterFormat, Readings, read_meters
from micromarket.simulation.importers.meter_times import Clock
from micromarket.simulation.importers.meters import MeterRules, clean_meters, meters_folder
from micromarket.simulation.importers.scenario_folder import SUFFIXES
from micromarket.simulation.importers.simbench import CURRENCY, SUNNY, Period, PriceFile, simbench_folder
from micromarket.simulation.importers.simbench_source import load_grid
from micromarket.simulation.scenario.reading import read_scenario
from micromarket.simulation.scenario.series_files import header

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Turn a SimBench grid or your own meter data into a scenario."
)
MANY_DAYS = 31


class SeriesForm(StrEnum):
    """Form of series files."""

    CSV = "csv"
    PARQUET = "parquet"


class Unit(StrEnum):
    """What a meter counts in."""

    KWH = "kWh"
    WH = "Wh"
    MWH = "MWh"
    KW = "kW"
    W = "W"
    MW = "MW"


class Decimal(StrEnum):
    """Decimal sign."""

    POINT = "."
    COMMA = ","


class Filling(StrEnum):
    """What stands in for missing readings."""

    NONE = "none"
    ZERO = "zero"
    LINEAR = "linear"
    DAY = "day"


@app.command()
def simbench(
    code: Annotated[str, typer.Argument(help="Code of a low-voltage grid, such as 1-LV-rural1--2-no_sw.")],
    out: Annotated[Path | None, typer.Option(help="Folder to make; by default named after the code.")] = None,
    start: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day, in the measured year 2016.")
    ] = datetime(SUNNY.year, SUNNY.month, SUNNY.day),
    days: Annotated[int, typer.Option(help="How many days; 366 from 2016-01-01 is the whole year.")] = 7,
    price_file: Annotated[
        Path | None, typer.Option(help="Series file with the price of supply, a column ending in _eur_per_kwh.")
    ] = None,
    form: Annotated[
        SeriesForm | None,
        typer.Option("--format", help="Form of the series; by default csv, parquet if over a month."),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Write over a scenario that is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Turn a SimBench grid and its measured year into a scenario folder (extra `grids`; data: ODbL 1.0).

    Example: micromarket import simbench 1-LV-rural1--2-no_sw --out rural
    """
    period = Period(start.date(), days)
    price = _price(price_file) if price_file else None
    form = form or (SeriesForm.PARQUET if days > MANY_DAYS else SeriesForm.CSV)
    folder = out or Path(code)
    typer.echo(f"reading {code} and its measured year ...", err=True)
    simbench_folder(load_grid(code), period, price, f".{form.value}").write(folder, replace)
    _tell(folder, as_json)


@app.command()
def meters(
    files: Annotated[list[Path], typer.Argument(help="CSV files of meters.")],
    out: Annotated[Path, typer.Option(help="Folder to make.")] = Path("meters"),
    timezone: Annotated[str | None, typer.Option(help="Zone of times without offset, such as Europe/Berlin.")] = None,
    unit: Annotated[
        Unit | None, typer.Option(help="Unit of the values; by default the end of a column's name.")
    ] = None,
    fill: Annotated[Filling, typer.Option(help="What stands in for missing readings.")] = Filling.NONE,
    net: Annotated[bool, typer.Option("--net", help="Negative readings are feed-in.")] = False,
    label_end: Annotated[bool, typer.Option("--label-end", help="A time marks the end of its interval.")] = False,
    time_column: Annotated[str | None, typer.Option(help="Column of times.")] = None,
    time_format: Annotated[str | None, typer.Option(help="Form of times, such as '%m/%d/%Y %H:%M'.")] = None,
    meter_column: Annotated[str | None, typer.Option(help="Column that names the meter (long form).")] = None,
    value_column: Annotated[str | None, typer.Option(help="Column of values (long form).")] = None,
    decimal: Annotated[Decimal | None, typer.Option(help="Decimal sign.")] = None,
    currency: Annotated[str, typer.Option(help="Currency of the scenario (ISO 4217).")] = "EUR",
    replace: Annotated[bool, typer.Option("--replace", help="Write over a scenario that is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Turn CSV files of your own meters into clean series and a scenario to build on.

    Example: micromarket import meters readings.csv --unit kWh --timezone Europe/Berlin --out my-street
    """
    zone = _zone(timezone)
    form = MeterFormat(Clock(zone, time_format), unit, time_column, meter_column, value_column, decimal)
    rules = MeterRules(fill.value, label_end, net, currency, zone or "UTC")
    readings: dict[str, Readings] = {}
    for file in files:
        found = read_meters(file, form)
        _refuse_twice(readings, found, file)
        readings |= found
    cleaned = clean_meters(readings, rules)
    meters_folder(cleaned, rules, out.resolve().name).write(out, replace)
    _tell(out, as_json)
    for name, count in cleaned.filled.items():
        if count:
            typer.echo(f"{name}: filled {count} missing readings ({fill.value})", err=True)


def _zone(name: str | None) -> str | None:
    if name is not None and name not in available_timezones():
        allowed = "an IANA zone, such as Europe/Berlin, America/New_York or UTC"
        raise ScenarioError(Problem("micromarket import meters", 0, 0, "--timezone", name, allowed))
    return name


def _refuse_twice(known: dict[str, Readings], found: dict[str, Readings], file: Path) -> None:
    twice = sorted(known.keys() & found.keys())
    if twice:
        mend = "rename a column, or join files of one meter first"
        raise ScenarioError(
            Problem(str(file), 1, 0, twice[0], f"a meter that {known[twice[0]].file} has, too", "new meters", mend)
        )


def _price(path: Path) -> PriceFile:
    """Return the price file with its one price column."""
    if path.suffix not in SUFFIXES or not path.is_file():
        allowed = "a file ending in .csv or .parquet"
        raise ScenarioError(Problem("micromarket import", 0, 0, "--price-file", str(path), allowed))
    ending = f"_{CURRENCY.lower()}_per_kwh"
    columns = [name for name in header(path, str(path)) if name.lower().endswith(ending)]
    if len(columns) != 1:
        found = ", ".join(columns) or "no such column"
        raise ScenarioError(Problem(str(path), 1, 0, "", found, f"one column whose name ends in {ending}"))
    return PriceFile(path, columns[0])


def _tell(folder: Path, as_json: bool) -> None:
    """Read what was written, as a check, and say what is in it."""
    scenario = read_scenario(folder)
    found = contents(scenario)
    typer.echo(json.dumps(found, indent=2) if as_json else description(scenario, found))
    typer.echo(f"next: micromarket run {folder}", err=True)
