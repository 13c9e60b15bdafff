"""The JSON Schemas of scenario and node files, and the reference pages of their fields, all made from the types."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from micromarket.domain.intervals import MICROSECOND
from micromarket.domain.units import Dimension, parse_duration
from micromarket.simulation.scenario.file import ScenarioFile
from micromarket.simulation.scenario.node_file import NodeFile
from micromarket.simulation.scenario.series import duration

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FileFormat:
    """A kind of file that people write.

    Parameters
    ----------
    kind : type
        The type that a whole file becomes.
    identity : str
        Address that names its schema.
    introduction : str
        What its reference page begins with.
    told_elsewhere : FileFormat, optional
        A format on whose page the parts that both have are told.
    page : str, default ''
        Name of its reference page.
    """

    kind: type
    identity: str
    introduction: str
    told_elsewhere: FileFormat | None = None
    page: str = ""


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


def file_schema(form: FileFormat) -> Schema:
    """Return the JSON Schema (draft 2020-12) of a kind of file, as editors use it to complete and check them."""
    schema = _as_written(msgspec.json.schema(form.kind))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": form.identity, **schema}


def schema_text(form: FileFormat) -> str:
    """Return the JSON Schema as the text that is published."""
    return json.dumps(file_schema(form), indent=2, ensure_ascii=False) + "\n"


def _as_written(part: Any) -> Any:
    """Return a schema in which quantities, times and clocks are the text a file holds."""
    if isinstance(part, list):
        return [_as_written(item) for item in part]
    if not isinstance(part, dict):
        return part
    done = {key: _as_written(value) for key, value in part.items() if key not in {"discriminator", "properties"}}
    if "properties" in part:
        done["properties"] = {name: _as_written(field) for name, field in part["properties"].items()}
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
    if any(branch.get("x-text") == "duration" for branch in (schema, *schema.get("anyOf", ()))):
        default = duration(parse_duration(default) // MICROSECOND)
    return {**rest, "default": default}


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


def reference_text(form: FileFormat) -> str:
    """Return the reference page of a kind of file: each field with type or unit, default and meaning."""
    parts, other = file_schema(form)["$defs"], form.told_elsewhere
    elsewhere = set() if other is None else set(file_schema(other)["$defs"])
    pages = {} if other is None else dict.fromkeys(elsewhere, other.page)
    sections = [_section(name, parts[name], pages) for name in _in_order(parts, form.kind) if name not in elsewhere]
    return "\n".join([form.introduction, *([_units_table()] if other is None else []), *sections])


_SCENARIO_PAGE = """# Scenario files

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


def _in_order(parts: dict[str, Schema], kind: type) -> list[str]:
    """Return the names of all parts in the order in which a reader meets them."""
    found: list[str] = []
    waiting = [kind.__name__]
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


def _section(name: str, part: Schema, pages: Mapping[str, str]) -> str:
    """Return the section of one part; others are linked in it, on the pages where they are told."""
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
            meaning = f"{field.get('description', '')}{_limits(field)}"
            rows.append(f"| `{key}` | {_type(field, pages)} | {default} | {meaning} |")
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


def _type(field: Schema, pages: Mapping[str, str]) -> str:
    if "anyOf" in field:
        kinds = [_type(branch, pages) for branch in field["anyOf"] if branch.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if "x-dimension" in field:
        return f"`{Dimension[field['x-dimension'].upper()].label('USD')}`"
    if "$ref" in field or "enum" in field:
        return _named(field, pages)
    if field["type"] == "array":
        return "list of " + ("local assets" if "anyOf" in field["items"] else _type(field["items"], pages))
    kind = _TEXTS.get(field.get("x-text", ""), _PLAIN[field["type"]])
    return kind + (f", such as `{field['examples'][0]}`" if "examples" in field and "default" not in field else "")


def _named(field: Schema, pages: Mapping[str, str]) -> str:
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    name = field["$ref"].rsplit("/", 1)[1]
    words = _words(name)
    shown = words.lower() if name == "SeriesRef" else words
    return f"[{shown}]({pages.get(name, '')}#{words.lower().replace(' ', '-')})"


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
_TITLES = {
    "SeriesRef": "Series",
    "Horizon": "Time",
    "ScenarioFile": "Scenario",
    "NodeFile": "Node",
    "NodeNeighbor": "Neighbor",
    "NodeSeries": "Series of markets",
    "Demand": "Demand charge",
    "Corner": "Vertex",
}
_PLAIN = {
    "string": "text",
    "boolean": "true or false",
    "integer": "whole number",
    "number": "number",
    "object": "times of day with quantities",
}

_NODE_PAGE = """# Node files

One agent of a network in one file (YAML 1.2): its name, its neighbors, its markets and what is in it. `micromarket
node` runs it, and `micromarket network` runs several together; [Run a node](../how-to/run-a-node.md) shows both. This
page is made from the types that read it; `micromarket schema --node` prints the same as JSON Schema, for editors that
complete and check.

- Quantities, times, durations and series are written as in [scenario files](scenario.md).
- So are the devices, with the same fields: [load](scenario.md#kind-load),
  [open_loop_load](scenario.md#kind-open_loop_load), [pv](scenario.md#kind-pv),
  [generator](scenario.md#kind-generator),
  [combined_heat_and_power](scenario.md#kind-combined_heat_and_power),
  [battery](scenario.md#kind-battery), [house](scenario.md#kind-house),
  [commercial_building](scenario.md#kind-commercial_building),
  [chiller](scenario.md#kind-chiller), [ev](scenario.md#kind-ev), [water_heater](scenario.md#kind-water_heater).
- Devices live in steps: the intervals of the finest markets, or hours if those are longer. Their series cover the
  time from the first delivery to the end of the last one that is negotiated before `end`, or more.
- Keys that are not listed here are refused. Anchors, aliases and merge keys (`<<`) are understood.
"""

_BASE = "https://micromarket.example/schema"
SCENARIO_FORMAT = FileFormat(ScenarioFile, f"{_BASE}/scenario-1.json", _SCENARIO_PAGE, page="scenario.md")
NODE_FORMAT = FileFormat(NodeFile, f"{_BASE}/node-1.json", _NODE_PAGE, SCENARIO_FORMAT, "node.md")
