"""New scenarios: valid as they are, the same for everyone, and never over something else."""

from __future__ import annotations

import pytest

from micromarket.errors import ScenarioError
from micromarket.simulation.scenario.reading import read_scenario
from micromarket.simulation.scenario.starting import TEMPLATES, start_scenario


@pytest.mark.parametrize("template", TEMPLATES)
def test_templates_are_valid(template, tmp_path):
    """A new scenario is read without a problem and called like its folder."""
    scenario = read_scenario(start_scenario(tmp_path / "My Street", template))

    assert ("my-street", TEMPLATES[template].homes) == (scenario.file.name, len(scenario.file.customers))


def test_everyone_gets_the_same(tmp_path):
    """Two new scenarios of one name are the same bytes."""
    first, second = (read_scenario(start_scenario(tmp_path / part / "street")) for part in "ab")

    assert first.hash == second.hash


def test_the_street_has_every_kind_of_home_asset(tmp_path):
    """The street shows what can be described."""
    scenario = read_scenario(start_scenario(tmp_path / "street"))

    kinds = {owned.id.split("/")[1] for owned in scenario.assets}

    assert {"load", "pv", "battery", "house", "ev", "water_heater"} == kinds


def test_refuses_to_write_over_something(tmp_path):
    """A folder with anything in it stays as it is."""
    (tmp_path / "precious.txt").write_text("mine")

    with pytest.raises(ScenarioError, match="found something there already"):
        start_scenario(tmp_path)

    assert ["precious.txt"] == [path.name for path in tmp_path.iterdir()]


def test_an_empty_folder_will_do(tmp_path):
    """An empty folder is filled."""
    assert start_scenario(tmp_path, "minimal").is_file()


@pytest.mark.parametrize(("name", "template"), [("street", "city"), ("---", "street")])
def test_refuses_names_it_cannot_use(name, template, tmp_path):
    """An unknown template and a name without letters are refused, and nothing is written."""
    with pytest.raises(ScenarioError):
        start_scenario(tmp_path / name, template)

    assert [] == list(tmp_path.iterdir())
