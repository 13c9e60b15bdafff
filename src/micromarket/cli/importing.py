"""`micromarket import`: a SimBench grid, or one's own meter data, becomes a scenario folder."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from micromarket.cli.validate import contents, description
from micromarket.errors import Problem, ScenarioError
from micromarket.simulation.importers.scenario_folder import SUFFIXES
from micromarket.simulation.importers.simbench import CURRENCY, SUNNY, Period, PriceFile, simbench_folder
from micromarket.simulation.importers.simbench_source import load_grid
from micromarket.simulation.reading import read_scenario
from micromarket.simulation.series_files import header

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Turn a SimBench grid or your own meter data into a scenario."
)
MANY_DAYS = 31


class SeriesForm(StrEnum):
    """Form of series files."""

    CSV = "csv"
    PARQUET = "parquet"


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
    _tell(folder)


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


def _tell(folder: Path) -> None:
    """Read what was written, as a check, and say what is in it."""
    scenario = read_scenario(folder)
    typer.echo(description(scenario, contents(scenario)))
    typer.echo(f"next: micromarket run {folder}", err=True)
