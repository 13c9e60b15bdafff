"""SimBench grids as scenarios: what was measured comes back, and the whole validates."""

from datetime import date, timedelta

import numpy as np
import pytest

from micromarket.errors import ScenarioError
from micromarket.simulation.importers.simbench import COP, HOURS, WATER, Period, simbench_folder
from micromarket.simulation.importers.simbench_source import ROWS, load_grid, local_texts
from micromarket.simulation.scenario.local_assets import ElectricVehicle, Load, Photovoltaic, WaterHeater
from micromarket.simulation.scenario.reading import read_scenario

simbench = pytest.importorskip("simbench")

CODE = "1-LV-rural1--2-no_sw"


@pytest.fixture(scope="module")
def grid():
    """The smallest grid with everything in it."""
    return load_grid(CODE)


@pytest.fixture(scope="module")
def scenario(grid, tmp_path_factory):
    """Its sunny week."""
    folder = tmp_path_factory.mktemp("rural")
    simbench_folder(grid, Period()).write(folder)
    return read_scenario(folder)


def of_kind(scenario, kind):
    """Return the scenario's assets of one kind."""
    return [owned.asset for owned in scenario.assets if isinstance(owned.asset, kind)]


def measured(grid, *prefixes):
    """Return the week's measured energy of all loads with such profiles [kWh]."""
    loads = [load for load in grid.loads if load.profile.startswith(prefixes)]
    return sum(load.power_kw[Period().rows].sum() for load in loads) * HOURS


def test_the_clock_of_the_files_is_germany_s():
    """A spring day of 23 hours and an autumn day of 25."""
    texts = local_texts()

    assert [92, 100] == [sum(text.startswith(day) for text in texts) for day in ("27.03.2016", "30.10.2016")]
    assert ("01.01.2016 00:00", "31.12.2016 23:45", ROWS) == (texts[0], texts[-1], len(texts))


def test_loads_and_plants_are_as_measured(grid, scenario):
    """Energy of the week, to the digits written."""
    loads = sum(scenario.series(load.power).sum() for load in of_kind(scenario, Load)) * HOURS
    plants = sum(scenario.series(plant.power).sum() for plant in of_kind(scenario, Photovoltaic)) * HOURS

    assert loads == pytest.approx(measured(grid, "H0", "L", "G"), rel=1e-3)
    assert plants == pytest.approx(sum(p.power_kw[Period().rows].sum() for p in grid.plants) * HOURS, rel=1e-3)


def test_cars_need_what_was_charged(grid, scenario):
    """Trips of the week take what the charging stations gave in it."""
    cars = of_kind(scenario, ElectricVehicle)
    used = sum(scenario.table.columns[car.trip.file, car.trip.column].sum() for car in cars) * _trip_scale(scenario)
    missing = sum((1 - car.initial) * car.energy for car in cars)

    assert used + missing == pytest.approx(measured(grid, "HLS"), rel=0.02)


def _trip_scale(scenario):
    """Return 1 if a trip series is read as energy of each step, or the hours of a step if as power."""
    car = of_kind(scenario, ElectricVehicle)[0]
    text = (scenario.path.parent / car.trip.file).read_text().splitlines()
    written = np.array([row.split(",")[1:] for row in text[1:]], dtype=float)[
        :, text[0].split(",").index(car.trip.column) - 1
    ]
    return written.sum() / scenario.table.columns[car.trip.file, car.trip.column].sum()


def test_stores_give_the_heat_of_the_measured_electricity(grid, scenario):
    """Drawn water at the desired temperature carries COP times what the heat pumps drew."""
    heat = sum(
        scenario.series(store.draw).sum() * HOURS * WATER * (store.desired - store.inlet)
        for store in of_kind(scenario, WaterHeater)
    )

    assert heat / COP == pytest.approx(measured(grid, "Soil", "Air"), rel=1e-3)


def test_the_tree_follows_the_lines(grid, scenario):
    """Every bus is a node once, under the transformer, whose rating is the limit."""
    nodes = {node.id: node for node in scenario.file.nodes}

    assert len(grid.buses) == len(nodes)
    assert ("medium-voltage", pytest.approx(152)) == (nodes["bus-4"].parent, nodes["bus-4"].import_limit)


def test_the_folder_names_its_source_and_license(scenario):
    """SimBench is named where the report looks, and in the README."""
    source = scenario.file.data_sources[0]

    assert "Open Database License" in source.licence
    assert "Open Database License" in (scenario.path.parent / "README.md").read_text()


def test_days_are_local():
    """The week in which summer time begins has one hour less."""
    rows = Period(date(2016, 3, 21), 7).rows

    assert 7 * 96 - 4 == rows.stop - rows.start


@pytest.mark.parametrize(("first", "days"), [(date(2015, 12, 31), 2), (date(2016, 12, 31), 2), (date(2016, 5, 1), 0)])
def test_days_outside_the_measured_year_are_refused(first, days):
    """Only 2016 was measured."""
    with pytest.raises(ScenarioError):
        Period(first, days)


def test_an_unknown_code_is_refused_with_those_that_exist():
    """The message lists the codes."""
    with pytest.raises(ScenarioError, match="1-LV-urban6--2-no_sw"):
        load_grid("1-MV-rural--0-sw")


def test_a_whole_year_fits():
    """366 days from the first of January are all rows."""
    assert slice(0, ROWS) == Period(date(2016, 1, 1), 366).rows
    assert timedelta(days=366) == Period(date(2016, 1, 1), 366).end - Period(date(2016, 1, 1), 366).start
