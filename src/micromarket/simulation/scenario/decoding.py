"""From YAML nodes to the types of a scenario file, reporting every problem with its place."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, TypeVar

import msgspec
from msgspec import inspect as types
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from micromarket.domain import units
from micromarket.domain.units import Dimension
from micromarket.errors import NaiveTime, Problem, ScenarioError, WrongUnit
from micromarket.simulation.scenario.document import MERGE, Document, Path, entries, key_name, scalar, shown
from micromarket.simulation.scenario.expectations import LIMITS, Known, expected, limit_text, one_of, similar
from micromarket.simulation.scenario.fields import SeriesRef, Text

T = TypeVar("T")

_PARSERS: dict[Text, Callable[[str], Any]] = {
    Text.CLOCK: units.parse_clock,
    Text.HOURS: units.parse_hours,
    Text.WEEKDAYS: units.parse_weekdays,
    Text.DURATION: units.parse_duration,
    Text.TIME: units.parse_time,
}
BAD: Any = object()
"""Stands for a value that could not be read; a problem was noted."""


@dataclass(frozen=True, slots=True)
class SeriesUse:
    """Where a scenario uses a series, and what it needs there.

    Parameters
    ----------
    path : Path
        The field.
    ref : SeriesRef
        File and column.
    known : mapping
        Dimension and limits of the values.
    """

    path: Path
    ref: SeriesRef
    known: Known


@dataclass(slots=True)
class Decoder:
    """Reads one document; collects what is wrong and which series are used."""

    document: Document
    currency: str
    problems: list[Problem] = field(default_factory=list)
    series: list[SeriesUse] = field(default_factory=list)

    def decode(self, node: Node, kind: types.Type, path: Path, known: Known) -> Any:
        """Return the plain value of `node`, as `kind` wants it, or `BAD`."""
        while isinstance(kind, types.Metadata):
            known, kind = {**(kind.extra or {}), **known}, kind.type
        return _READERS[type(kind)](self, node, kind, path, known)

    def refuse(self, node: Node, path: Path, allowed: str, mend: str = "") -> Any:
        """Note that `node` is not what is allowed there."""
        self.problems.append(self.document.problem(path, shown(node), allowed, mend, at=node))
        return BAD

    def within(self, value: float, node: Node, path: Path, known: Known) -> Any:
        """Return `value` if it keeps the limits of its field."""
        for name, (keeps, words) in LIMITS.items():
            if name in known and not keeps(value, known[name]):
                return self.refuse(node, path, f"{words} {limit_text(known, name, self.currency)}")
        return value


def _struct(decoder: Decoder, node: Node, kind: types.StructType, path: Path, known: Known) -> Any:
    if not isinstance(node, MappingNode):
        return decoder.refuse(node, path, expected(kind, known, decoder.currency))
    fields = {each.encode_name: each for each in kind.fields}
    written = entries(node)
    _check_keys(decoder, node, [*fields, *([kind.tag_field] if kind.tag_field else [])], path)
    values: dict[str, Any] = {} if kind.tag_field is None else {kind.tag_field: kind.tag}
    for name, each in fields.items():
        if name in written:
            values[name] = decoder.decode(written[name][1], each.type, (*path, name), {})
        elif each.required:
            values[name] = _missing(decoder, node, each, (*path, name))
    if any(value is BAD for value in values.values()):
        return BAD
    if kind.cls is SeriesRef:
        decoder.series.append(SeriesUse(path, SeriesRef(**values), known))
    return values


def _missing(decoder: Decoder, node: Node, each: types.Field, path: Path) -> Any:
    allowed = expected(each.type, {}, decoder.currency)
    problem = decoder.document.problem(path, "nothing", allowed, f'add the key "{each.encode_name}"', at=node)
    decoder.problems.append(problem)
    return BAD


def _check_keys(decoder: Decoder, node: MappingNode, allowed: list[str], path: Path) -> None:
    check_duplicates(decoder, node, path)
    for name, (key, _) in entries(node).items():
        if name not in allowed:
            mend = similar(name, allowed) or "remove it"
            found = f'the unknown key "{name}"' if isinstance(key, ScalarNode) else name
            decoder.problems.append(decoder.document.problem((*path, name), found, one_of(allowed), mend, at=key))


def check_duplicates(decoder: Decoder, node: MappingNode, path: Path) -> None:
    """Note keys that stand in a mapping more than once, and merges of something else than mappings."""
    first: dict[str, Node] = {}
    for key, value in node.value:
        name = key_name(key)
        if name in first:
            found = f'the key "{name}" again (first in line {first[name].start_mark.line + 1})'
            problem = decoder.document.problem((*path, name), found, "each key once", "remove one of them", at=key)
            decoder.problems.append(problem)
        if name == MERGE and not isinstance(value, MappingNode | SequenceNode):
            decoder.refuse(value, (*path, name), "an alias of a mapping")
        first.setdefault(name, key)


def _union(decoder: Decoder, node: Node, kind: types.UnionType, path: Path, known: Known) -> Any:
    branch = _branch(decoder, node, kind, known)
    if branch is not None:
        siblings = [part.extra or {} for part in kind.types if isinstance(part, types.Metadata)]
        dimension = next(({"dimension": each["dimension"]} for each in siblings if "dimension" in each), {})
        return decoder.decode(node, branch, path, {**known, **dimension})
    structs = [part for part in kind.types if isinstance(part, types.StructType) and part.tag is not None]
    if structs and isinstance(node, MappingNode):
        return _tagged(decoder, node, structs, path)
    words = [str(value) for part in kind.types if isinstance(part, types.LiteralType) for value in part.values]
    mend = similar(str(node.value), words) if isinstance(node, ScalarNode) else ""
    return decoder.refuse(node, path, expected(kind, known, decoder.currency), mend)


def _branch(decoder: Decoder, node: Node, kind: types.UnionType, known: Known) -> types.Type | None:
    """Return the branch that fits the node's form; tagged ones are left to `_tagged`."""
    bare = [(part, _bare(part)) for part in kind.types]
    if isinstance(node, ScalarNode):
        return _scalar_branch(scalar(node), bare)
    form = types.VarTupleType if isinstance(node, SequenceNode) else types.StructType | types.DictType
    fitting = [part for part, core in bare if isinstance(core, form) and getattr(core, "tag", None) is None]
    return fitting[0] if fitting else None


def _scalar_branch(value: Any, bare: list[tuple[types.Type, types.Type]]) -> types.Type | None:
    """Return the branch for a scalar; none for a word where several things but no such word are allowed."""
    for part, core in bare:
        if isinstance(core, types.NoneType) and value is None:
            return part
        if isinstance(core, types.LiteralType) and value in core.values:
            return part
    others = [core for _, core in bare if not isinstance(core, types.NoneType)]
    if len(others) > 1 and isinstance(value, str) and not _is_quantity(value):
        return None
    return next((part for part, core in bare if isinstance(core, _SCALARS)), None)


def _is_quantity(value: Any) -> bool:
    return isinstance(value, str) and value.lstrip()[:1] in set("+-.0123456789")


_SCALARS = (
    types.FloatType,
    types.IntType,
    types.StrType,
    types.BoolType,
    types.TupleType,
    types.DateTimeType,
    types.TimeDeltaType,
)


def _bare(kind: types.Type) -> types.Type:
    while isinstance(kind, types.Metadata):
        kind = kind.type
    return kind


def decode(document: Document, kind: type[T]) -> tuple[T, list[SeriesUse]]:
    """Return what `document` says, as a file of some kind, and which series it uses.

    Raises
    ------
    ScenarioError
        If it does not fit the types of that kind of file; holds every problem found.
    """
    decoder = Decoder(document, _currency(document))
    if not isinstance(document.root, MappingNode):
        raise ScenarioError(document.problem((), shown(document.root), 'a scenario that starts with "schema: 1"'))
    plain = decoder.decode(document.root, types.type_info(kind), (), {})
    if decoder.problems:
        raise ScenarioError(*sorted(decoder.problems))
    return msgspec.convert(plain, kind), decoder.series


def _currency(document: Document) -> str:
    """Return the currency, or where it is not well written the first that a unit names."""
    if isinstance(document.root, MappingNode) and "currency" in (written := entries(document.root)):
        node = written["currency"][1]
        if isinstance(node, ScalarNode) and re.fullmatch("[A-Z]{3}", node.value):
            return str(node.value)
    texts = (str(node.value) for node in document.scalars())
    return next((found[1] for text in texts if (found := re.search(r"\b([A-Z]{3})/", text))), "USD")


def _tagged(decoder: Decoder, node: MappingNode, structs: list[types.StructType], path: Path) -> Any:
    by_tag = {str(struct.tag): struct for struct in structs}
    tag_field = str(structs[0].tag_field)
    written = entries(node).get(tag_field)
    if written is None:
        problem = decoder.document.problem(
            (*path, tag_field), "nothing", one_of(list(by_tag)), f'add the key "{tag_field}"', at=node
        )
        decoder.problems.append(problem)
        return BAD
    name = str(scalar(written[1])) if isinstance(written[1], ScalarNode) else ""
    if name not in by_tag:
        return decoder.refuse(written[1], (*path, tag_field), one_of(list(by_tag)), similar(name, list(by_tag)))
    return decoder.decode(node, by_tag[name], path, {})


def _list(decoder: Decoder, node: Node, kind: types.VarTupleType, path: Path, known: Known) -> Any:
    if "text" in known:
        return _parsed(decoder, node, kind, path, known)
    if not isinstance(node, SequenceNode):
        return decoder.refuse(node, path, "a list", "start each entry with a dash")
    values = [decoder.decode(item, kind.item_type, (*path, at), {}) for at, item in enumerate(node.value)]
    return BAD if any(value is BAD for value in values) else values


def _dict(decoder: Decoder, node: Node, kind: types.DictType, path: Path, known: Known) -> Any:
    if not isinstance(node, MappingNode) or not node.value:
        return decoder.refuse(node, path, expected(kind, known, decoder.currency))
    check_duplicates(decoder, node, path)
    values: dict[str, Any] = {}
    for name, (key, value) in entries(node).items():
        kept = _parsed(decoder, key, kind.key_type, (*path, name), {})
        decoded = decoder.decode(value, kind.value_type, (*path, name), known)
        values[name] = BAD if kept is BAD else decoded
    return BAD if any(value is BAD for value in values.values()) else values


def _parsed(decoder: Decoder, node: Node, kind: types.Type, path: Path, known: Known) -> Any:
    """Return what a text stands for; the text itself if it is a name."""
    while isinstance(kind, types.Metadata):
        known, kind = {**(kind.extra or {}), **known}, kind.type
    value = scalar(node) if isinstance(node, ScalarNode) else None
    if not isinstance(value, str):
        mend = "write it as in the example" if isinstance(value, int | float) else ""
        return decoder.refuse(node, path, expected(kind, known, decoder.currency), mend)
    try:
        return _PARSERS[known["text"]](value)
    except WrongUnit as error:
        return decoder.refuse(node, path, error.allowed, error.mend)
    except NaiveTime:
        mend = "add Z or the offset from UTC, such as -04:00"
        return decoder.refuse(node, path, "a time with its offset from UTC", mend)


def _float(decoder: Decoder, node: Node, kind: types.FloatType, path: Path, known: Known) -> Any:
    value = scalar(node) if isinstance(node, ScalarNode) else None
    dimension = known.get("dimension")
    if dimension is None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return decoder.refuse(node, path, "a number", "write it without quotes or unit")
        if not isfinite(value):
            return decoder.refuse(node, path, "a finite number")
        return decoder.within(float(value), node, path, known)
    if not isinstance(value, str):
        return decoder.refuse(
            node, path, expected(kind, known, decoder.currency), _unit_mend(value, dimension, decoder.currency)
        )
    try:
        return decoder.within(units.parse_quantity(value, dimension, decoder.currency), node, path, known)
    except WrongUnit as error:
        return decoder.refuse(node, path, error.allowed, error.mend)


def _unit_mend(value: Any, dimension: Dimension, currency: str) -> str:
    """Return how to mend a number that lacks its unit; a share below 1 was meant as such."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    if dimension is Dimension.FRACTION and isinstance(value, float) and 0 < value <= 1:
        return f"write it in percent: {100 * value:g} %"
    return f"add the unit: {value} {dimension.label(currency)}"


def _int(decoder: Decoder, node: Node, kind: types.IntType, path: Path, known: Known) -> Any:
    if "text" in known:
        return _parsed(decoder, node, kind, path, known)
    value = scalar(node) if isinstance(node, ScalarNode) else None
    if isinstance(value, bool) or not isinstance(value, int):
        return decoder.refuse(node, path, "a whole number")
    return decoder.within(value, node, path, known)


def _str(decoder: Decoder, node: Node, kind: types.StrType, path: Path, known: Known) -> Any:
    value = scalar(node) if isinstance(node, ScalarNode) else None
    if not isinstance(value, str):
        mend = "put it in quotes" if isinstance(value, bool | int | float) else ""
        return decoder.refuse(node, path, expected(kind, known, decoder.currency), mend)
    if kind.pattern and not re.search(kind.pattern, value):
        return decoder.refuse(node, path, expected(kind, known, decoder.currency))
    return value


def _bool(decoder: Decoder, node: Node, kind: types.BoolType, path: Path, known: Known) -> Any:
    value = scalar(node) if isinstance(node, ScalarNode) else None
    return (
        value if isinstance(value, bool) else decoder.refuse(node, path, "true or false", "write it without quotes")
    )


def _none(decoder: Decoder, node: Node, kind: types.NoneType, path: Path, known: Known) -> Any:
    return None


def _literal(decoder: Decoder, node: Node, kind: Any, path: Path, known: Known) -> Any:
    value = scalar(node) if isinstance(node, ScalarNode) else None
    if isinstance(value, bool) or value not in kind.values:
        words = [str(each) for each in kind.values]
        mend = "write it without quotes" if value in words else similar(str(value), words)
        return decoder.refuse(node, path, one_of(words), mend)
    return value


_READERS: dict[type[types.Type], Callable[..., Any]] = {
    types.StructType: _struct,
    types.UnionType: _union,
    types.VarTupleType: _list,
    types.DictType: _dict,
    types.FloatType: _float,
    types.IntType: _int,
    types.StrType: _str,
    types.BoolType: _bool,
    types.NoneType: _none,
    types.LiteralType: _literal,
    types.TupleType: _parsed,
    types.DateTimeType: _parsed,
    types.TimeDeltaType: _parsed,
}
