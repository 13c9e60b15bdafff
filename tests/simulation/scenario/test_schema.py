"""The published schema and reference come from the types, and hold for real scenario files."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML
from scenarios import GOOD

from micromarket.simulation.scenario.schema import (
    NODE_FORMAT,
    SCENARIO_FORMAT,
    file_schema,
    reference_text,
    schema_text,
)
from micromarket.simulation.scenario.starting import TEMPLATES, start_scenario

REFERENCE = Path(__file__).parents[3] / "docs" / "reference"
EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("*/scenario.yaml"))


NODES = sorted(path for path in (Path(__file__).parents[3] / "examples").glob("*/*.yaml") if path.stem != "scenario")
FORMATS = pytest.mark.parametrize(
    ("form", "name"), [(SCENARIO_FORMAT, "scenario"), (NODE_FORMAT, "node")], ids=["scenario", "node"]
)


@FORMATS
def test_published_schema_is_up_to_date(form, name):
    """Mend with: micromarket schema [--node] > docs/reference/NAME.schema.json."""
    assert (REFERENCE / f"{name}.schema.json").read_text(encoding="utf-8") == schema_text(form)


@FORMATS
def test_published_reference_is_up_to_date(form, name):
    """Mend with: micromarket schema [--node] --reference > docs/reference/NAME.md."""
    assert (REFERENCE / f"{name}.md").read_text(encoding="utf-8") == reference_text(form)


@FORMATS
def test_schema_is_one(form, name):
    """The schema keeps the rules of its own draft."""
    Draft202012Validator.check_schema(file_schema(form))


@FORMATS
def test_every_field_says_what_it_means(form, name):
    """No field lacks a description or a type."""
    parts = file_schema(form)["$defs"].items()

    silent = [
        f"{part}.{key}"
        for part, fields in parts
        for key, field in fields["properties"].items()
        if key != "kind" and not field.get("description")
    ]

    assert [] == silent


def test_devices_of_nodes_are_those_of_scenarios():
    """One definition: every kind of a scenario's customers, field by field."""
    ours, theirs = (file_schema(form)["$defs"] for form in (NODE_FORMAT, SCENARIO_FORMAT))
    kinds = [name for name, part in theirs.items() if "kind" in part["properties"]]

    assert 11 == len(kinds)
    assert [theirs[kind] for kind in kinds] == [ours[kind] for kind in kinds]


def problems(path, form=SCENARIO_FORMAT):
    """Return what the schema finds wrong with a file."""
    content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    return [error.message for error in Draft202012Validator(file_schema(form)).iter_errors(as_text(content))]


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


@pytest.mark.parametrize("path", NODES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_schema_accepts_nodes(path):
    """Those of all examples."""
    assert [] == problems(path, NODE_FORMAT)


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
