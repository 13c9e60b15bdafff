"""The JSON Schema of scenario files, and the reference page of their fields, both made from the types."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from micromarket.domain.units import Dimension
from micromarket.simulation.scenario.file import ScenarioFile

Schema = dict[str, Any]

IDENTITY = "https://micromarket.example/schema/scenario-1.json"
_NUMBER = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*"
_CURRENCY = "[A-Z]{3}"
_PATTERNS = {
    "clock": r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$",
    "hours": r"^\d\d:\d\d\s*-\s*\d\d:\d\d$",
    "weekdays": r"^(mon|tue|wed|thu|fri|sat|sun)([ ,-]+(mon|tue|wed|thu|fri|sat|sun))*$",
    "duration": r"^P(\d+W)?(\d+D)?(T(\d+H)?(\d+M)?(\d+S)?)?$",
    "time": r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$",
}
_LIMITS = {
    "least": ("minimum", "at least"),
    "above": ("exclusiveMinimum", "more than"),
    "most": ("maximum", "at most"),
    "below": ("exclusiveMaximum", "less than"),
}
_KEPT_OF_TEXT = ("x-text", "description", "examples", "pattern", "default")
"""Keys that stay of a schema whose text stands for something else."""


def scenario_schema() -> Schema:
    """Return the JSON Schema (draft 2020-12) of scenario files, as editors use it to complete and check them."""
    schema = _as_written(msgspec.json.schema(ScenarioFile))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": IDENTITY, **schema}


def schema_text() -> str:
    """Return the JSON Schema as the text that is published."""
    return json.dumps(scenario_schema(), indent=2, ensure_ascii=False) + "\n"


def _as_written(part: Any) -> Any:
    """Return a schema in which quantities, times and clocks are the text a file holds."""
    if isinstance(part, list):
        return [_as_written(item) for item in part]
    if not isinstance(part, dict):
        return part
    done = {key: _as_written(value) for key, value in part.items() if key != "discriminator"}
    branches = [done, *done.get("anyOf", ())]
    units = next((branch["x-dimension"] for branch in branches if "x-dimension" in branch), None)
    if "default" in done:
        done = _with_default(done, units)
    if "x-dimension" in done:
        done |= {"type": "string", "pattern": _quantity_pattern(Dimension[done["x-dimension"].upper()])}
    if done.get("type") in {"number", "integer"} and "x-limits" in done:
        done |= {_LIMITS[name][0]: limit for name, limit in done.pop("x-limits").items()}
    if "x-text" in done:
        pattern = done.get("pattern") or _PATTERNS.get(done["x-text"])
        done = {key: value for key, value in done.items() if key in _KEPT_OF_TEXT} | {"type": "string"}
        done |= {"pattern": pattern} if pattern else {}
    return done


def _with_default(schema: Schema, dimension: str | None) -> Schema:
    """Return the schema with its default as a file would write it; absence and whole mappings are left out."""
    default, rest = schema["default"], {key: value for key, value in schema.items() if key != "default"}
    if default is None or isinstance(default, dict | list | tuple):
        return {**rest, "default": "mon-sun"} if schema.get("x-text") == "weekdays" else rest
    if dimension is not None:
        default = _quantity(float(default), Dimension[dimension.upper()])
    return {**rest, "default": _DURATIONS.get(default, default)}


_DURATIONS = {"PT900S": "PT15M", "PT3600S": "PT1H", "P1D": "PT24H"}


def _quantity(value: float, dimension: Dimension) -> str:
    scale = 100 if dimension.base().startswith("%") else 1
    return f"{value * scale:g} {dimension.label('USD')}"


def _quantity_pattern(dimension: Dimension) -> str:
    units = [re.escape(unit).replace("/", r"\s*/\s*") for unit in dimension.units()]
    if dimension.base() == "degC" or dimension is Dimension.TEMPERATURE_DIFFERENCE:
        units += ["°C", "°F", "C", "F"]
    if dimension in {Dimension.VOLUME, Dimension.FLOW, Dimension.AREA, Dimension.IRRADIANCE}:
        units += [unit.replace("2", "²").replace("3", "³") for unit in units if "2" in unit or "3" in unit]
        units += [unit.replace("l", "L") for unit in units if unit.startswith("l")]
    return f"{_NUMBER}({'|'.join(units).replace('¤', _CURRENCY)})\\s*$"


def reference_text() -> str:
    """Return the reference page of scenario files: each field with type or unit, default and meaning."""
    schema = scenario_schema()
    parts = schema["$defs"]
    sections = [_section(name, parts[name]) for name in _in_order(parts)]
    return "\n".join([_INTRODUCTION, _units_table(), *sections])


_INTRODUCTION = """# Scenario files

A scenario is a folder: `scenario.yaml` (YAML 1.2) and the CSV or Parquet files it names. This page is made from the
types that read it; `micromarket schema` prints the same as JSON Schema, for editors that complete and check.

- Quantities are text with a unit: `5 kW`, `92 %`, `0.25 USD/kWh`. A bare number is refused where a unit is needed.
- Times carry an offset from UTC: `2026-07-06T00:00:00-04:00`. Durations are ISO 8601: `PT15M`.
- A *series* is `{file: data/loads.csv, column: home_01_kw}`: a column of a file in the scenario's folder. The first
  column is `timestamp`, the start of each row's interval with its offset; the end of a column's name is its unit.
  Rows are at equal distance, without gaps or duplicates, and cover the run. A series coarser than the step is
  repeated, a finer one is averaged; sums over the interval (`_kwh`, `_l`) become averages.
- Keys that are not listed here are refused. Anchors, aliases and merge keys (`<<`) are understood.
"""


def _units_table() -> str:
    rows = ["## Units", "", "| quantity | units | ends of column names |", "|---|---|---|"]
    for dimension in Dimension:
        noun = dimension.noun.split(" ", 1)[1] if dimension.noun.startswith(("a ", "an ")) else dimension.noun
        units = ", ".join(f"`{unit}`" for unit in dimension.units("USD"))
        columns = ", ".join(f"`_{suffix}`" for suffix in dimension.suffixes("USD"))
        rows.append(f"| {noun} | {units.replace('degC', '°C').replace('degF', '°F')} | {columns} |")
    return "\n".join([*rows, "", "`USD` stands for the scenario's currency.", ""])


def _in_order(parts: dict[str, Schema]) -> list[str]:
    """Return the names of all parts in the order in which a reader meets them."""
    found: list[str] = []
    waiting = ["ScenarioFile"]
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found.append(name)
            waiting = [*_references(parts[name]), *waiting]
    return found


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"].rsplit("/", 1)[1]
        for value in part.values():
            yield from _references(value)
    if isinstance(part, list):
        for value in part:
            yield from _references(value)


def _section(name: str, part: Schema) -> str:
    kind = part["properties"].get("kind", {}).get("enum")
    title = f"`kind: {kind[0]}`" if kind else _words(name)
    rows = [
        f"## {title}",
        "",
        part["description"],
        "",
        "| field | type or unit | default | meaning |",
        "|---|---|---|---|",
    ]
    for key, field in part["properties"].items():
        if key != "kind":
            default = "required" if key in part.get("required", ()) else _default(field)
            rows.append(f"| `{key}` | {_type(field)} | {default} | {field.get('description', '')}{_limits(field)} |")
    return "\n".join([*rows, ""])


def _limits(field: Schema) -> str:
    """Return the limits of a field in words, after its meaning."""
    of_series = field.get("x-limits", {})
    given = {name: of_series.get(name, field.get(key)) for name, (key, _) in _LIMITS.items()}
    branches = [field, *field.get("anyOf", ())]
    share = any(branch.get("x-dimension", "").startswith("fraction") for branch in branches)
    words = [
        f"{_LIMITS[name][1]} {f'{100 * limit:g} %' if share else f'{limit:g}'}"
        for name, limit in given.items()
        if limit is not None
    ]
    return f" ({', '.join(words)})" if words else ""


def _default(field: Schema) -> str:
    default = field.get("default")
    return f"`{json.dumps(default) if isinstance(default, bool) else default}`" if default not in (None, "") else ""


def _words(name: str) -> str:
    return _TITLES.get(name) or re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()


def _type(field: Schema) -> str:
    if "anyOf" in field:
        kinds = [_type(branch) for branch in field["anyOf"] if branch.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if "x-dimension" in field:
        return f"`{Dimension[field['x-dimension'].upper()].label('USD')}`"
    if "$ref" in field or "enum" in field:
        return _named(field)
    if field["type"] == "array":
        return "list of " + ("local assets" if "anyOf" in field["items"] else _type(field["items"]))
    kind = _TEXTS.get(field.get("x-text", ""), _PLAIN[field["type"]])
    return kind + (f", such as `{field['examples'][0]}`" if "examples" in field and "default" not in field else "")


def _named(field: Schema) -> str:
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    name = field["$ref"].rsplit("/", 1)[1]
    return (
        "[series](#series)" if name == "SeriesRef" else f"[{_words(name)}](#{_words(name).lower().replace(' ', '-')})"
    )


_TEXTS = {
    "clock": "time of day",
    "hours": "hours of the day",
    "weekdays": "weekdays",
    "duration": "duration",
    "time": "time",
    "name": "name",
    "slug": "name",
    "zone": "time zone",
}
_TITLES = {"SeriesRef": "Series", "Horizon": "Time", "ScenarioFile": "Scenario"}
_PLAIN = {
    "string": "text",
    "boolean": "true or false",
    "integer": "whole number",
    "number": "number",
    "object": "times of day with quantities",
}
