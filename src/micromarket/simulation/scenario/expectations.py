"""What a field may hold, in words: for messages that say what was expected."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from msgspec import inspect as types

from micromarket.domain.units import Dimension
from micromarket.simulation.scenario.fields import SeriesRef, Text

Known = Mapping[str, Any]
"""What is known of a field beside its type: dimension, limits, what its text stands for."""

_NOUNS = {
    Text.CLOCK: "a time of day",
    Text.HOURS: "hours of the day",
    Text.WEEKDAYS: "weekdays",
    Text.DURATION: "an ISO 8601 duration",
    Text.TIME: "a time with its offset from UTC",
    Text.NAME: "a name",
    Text.SLUG: "small letters, digits and dashes,",
    Text.CURRENCY: "a currency code",
    Text.ZONE: "an IANA time zone",
}
LIMITS: dict[str, tuple[Callable[[Any, float], Any], str]] = {
    "least": (lambda value, limit: value >= limit, "at least"),
    "above": (lambda value, limit: value > limit, "more than"),
    "most": (lambda value, limit: value <= limit, "at most"),
    "below": (lambda value, limit: value < limit, "less than"),
}


def limit_text(known: Known, name: str, currency: str) -> str:
    """Return a limit with the unit of its field."""
    dimension = known.get("dimension")
    if dimension is None:
        return f"{known[name]:g}"
    if dimension is Dimension.FRACTION:
        return f"{100 * known[name]:g} %"
    return f"{known[name]:g} {dimension.label(currency)}"


def expected(kind: types.Type, known: Known, currency: str) -> str:
    """Return in words what a field may hold."""
    while isinstance(kind, types.Metadata):
        known, kind = {**(kind.extra or {}), **known}, kind.type
    if isinstance(kind, types.UnionType):
        parts = [expected(part, known, currency) for part in kind.types if not isinstance(part, types.NoneType)]
        return " or ".join(dict.fromkeys(parts))
    if isinstance(kind, types.FloatType) and "dimension" in known:
        return f'{known["dimension"].noun} such as "{known["dimension"].example(currency)}"'
    if "text" in known:
        return f'{_NOUNS[known["text"]]} such as "{known["example"]}"'
    if isinstance(kind, types.StructType):
        return "a series {file: ..., column: ...}" if kind.cls is SeriesRef else "a mapping"
    if isinstance(kind, types.LiteralType):
        return one_of([str(value) for value in kind.values])
    return _PLAIN.get(type(kind), "a value")


_PLAIN: dict[type[types.Type], str] = {
    types.StrType: "text",
    types.BoolType: "true or false",
    types.IntType: "a whole number",
    types.FloatType: "a number",
    types.VarTupleType: "a list",
    types.DictType: "a mapping from times of day, such as {06:00: 21 degC, 22:00: 18 degC}",
}


def one_of(words: list[str]) -> str:
    """Return words from which one may be chosen."""
    return words[0] if len(words) == 1 else f"one of {', '.join(words)}"


def similar(word: str, words: list[str]) -> str:
    """Return ``did you mean ...?`` if one of `words` is near `word`, else nothing."""
    near = get_close_matches(word, words, n=1, cutoff=0.6) or [other for other in words if other == word.lower()]
    return f'did you mean "{near[0]}"?' if near else ""
