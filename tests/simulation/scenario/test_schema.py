"""The published schema and reference come from the types, and hold for real scenario files."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML
from scenarios import GOOD

from micromarket.simulation.scenario.schema import reference_text, scenario_schema, schema_text
from micromarket.simulation.scenario.starting import TEMPLATES, start_scenario

REFERENCE = Path(__file__).parents[3] / "docs" / "reference"
EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("*/scenario.yaml"))


def test_published_schema_is_up_to_date():
    """Mend with: micromarket schema > docs/reference/scenario.schema.json."""
    assert (REFERENCE / "scenario.schema.json").read_text(encoding="utf-8") == schema_text()


def test_published_reference_is_up_to_date():
    """Mend with: micromarket schema --reference > docs/reference/scenario.md."""
    assert (REFERENCE / "scenario.md").read_text(encoding="utf-8") == reference_text()


def test_schema_is_one():
    """The schema keeps the rules of its own draft."""
    Draft202012Validator.check_schema(scenario_schema())


def test_every_field_says_what_it_means():
    """No field lacks a description or a type."""
    parts = scenario_schema()["$defs"].items()

    silent = [
        f"{name}.{key}"
        for name, part in parts
        for key, field in part["properties"].items()
        if key != "kind" and not field.get("description")
    ]

    assert [] == silent


def problems(path):
    """Return what the schema finds wrong with a file."""
    content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    return [error.message for error in Draft202012Validator(scenario_schema()).iter_errors(as_text(content))]


def as_text(value):
    """Return a YAML value with its times as they stand in the file."""
    if isinstance(value, dict):
        return {key: as_text(each) for key, each in value.items()}
    if isinstance(value, list):
        return [as_text(each) for each in value]
    if isinstance(value, datetime):
        return value.isoformat() if value.tzinfo else f"{value.isoformat()}Z"
    return value


@pytest.mark.parametrize("path", [GOOD / "scenario.yaml", *EXAMPLES], ids=lambda path: path.parent.name)
def test_schema_accepts_good_files(path):
    """An editor that checks by the schema finds nothing in a good file."""
    assert [] == problems(path)


@pytest.mark.parametrize("template", TEMPLATES)
def test_schema_accepts_templates(template, tmp_path):
    """An editor finds nothing in a new scenario."""
    assert [] == problems(start_scenario(tmp_path / "new", template))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("seed: 7", "sed: 7"),
        ("5 kW", "5 kWh"),
        ("10 kWh", "10"),
        ("0.25 USD/kWh", "a lot"),
        ("PT30M", "half"),
        ("0.6", "6"),
    ],
)
def test_schema_refuses_bad_files(old, new, tmp_path):
    """An editor marks unknown keys, wrong units and bare numbers."""
    path = tmp_path / "scenario.yaml"
    path.write_text((GOOD / "scenario.yaml").read_text(encoding="utf-8").replace(old, new), encoding="utf-8")

    assert problems(path)
