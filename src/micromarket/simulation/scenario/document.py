"""YAML 1.2 text as a tree of nodes that know their line and column."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from micromarket.errors import Problem, ScenarioError

Path = tuple[str | int, ...]
"""Way from the root to a field: keys and positions."""

MERGE = "<<"
_INTEGER = re.compile(r"[-+]?\d+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?")
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_MENDS = {
    "cannot start any token": "indent with spaces, and quote text that starts with a special character",
    "expected ',' or": "close the bracket, or add the missing comma",
    "expected <block end>": "check the indentation",
    "mapping values are not allowed": 'check the indentation, and quote text that contains ": "',
    "found undefined alias": "define the anchor before it is used",
    "while scanning a simple key": "add a colon and a value, or check the indentation",
    "quoted scalar": "close the quotation mark",
}

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file.

    Parameters
    ----------
    file : str
        Its name, as the user gave it.
    root : Node
        Its outermost node.
    """

    file: str
    root: Node

    def problem(self, path: Path, found: str, allowed: str, mend: str = "", *, at: Node | None = None) -> Problem:
        """Return a problem of the field at `path`; it stands at `at`, or where the path leads."""
        mark = (at or self._way(path)[0]).start_mark
        return Problem(self.file, mark.line + 1, mark.column + 1, field_name(path), found, allowed, mend)

    def has(self, *keys: str) -> bool:
        """Return whether it is a mapping with all these keys."""
        return isinstance(self.root, MappingNode) and set(keys) <= set(entries(self.root))

    def found(self, path: Path) -> str:
        """Return what stands at `path`, for people; nothing if the path ends before it."""
        node, complete = self._way(path)
        return shown(node) if complete else "nothing"

    def scalars(self) -> Iterator[ScalarNode]:
        """Iterate over all scalars, each once."""
        seen: set[int] = set()
        waiting = [self.root]
        while waiting:
            node = waiting.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            if isinstance(node, ScalarNode):
                yield node
            else:
                parts = (
                    node.value if isinstance(node, SequenceNode) else [part for pair in node.value for part in pair]
                )
                waiting.extend(reversed(parts))

    def _way(self, path: Path) -> tuple[Node, bool]:
        """Return the last node on the way that `path` says, and whether it is the field itself."""
        node = self.root
        for part in path:
            following: Node | None = None
            if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
                following = node.value[part]
            elif isinstance(node, MappingNode) and part in (written := entries(node)):
                following = written[str(part)][1]
            if following is None:
                return node, False
            node = following
        return node, True


def field_name(path: Path) -> str:
    """Return a path as text: ``customers[3].assets[0].energy``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def compose(text: str, file: str) -> Document:
    """Return the document in `text`.

    Raises
    ------
    ScenarioError
        If `text` is not YAML, is empty, or holds more than one document.
    """
    problem = partial(Problem, file)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ReusedAnchorWarning)
            documents = list(YAML(typ="safe", pure=True).compose_all(text))
    except MarkedYAMLError as error:
        raise ScenarioError(_syntax(error, file)) from None
    except (YAMLError, RecursionError, ValueError) as error:
        detail = str(error).splitlines()[0] if str(error) else type(error).__name__
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        raise ScenarioError(problem(line, 0, "", detail, "YAML 1.2 text", "remove what is not plain text")) from None
    if len(documents) > 1:
        line = documents[1].start_mark.line + 1
        mend = 'remove the line "---" and what follows'
        raise ScenarioError(problem(line, 1, "", "a second document", "one document for each file", mend))
    if not documents or documents[0] is None or _is_nothing(documents[0]):
        mend = "micromarket init writes an example"
        raise ScenarioError(problem(1, 1, "", "an empty file", 'a scenario that starts with "schema: 1"', mend))
    return Document(file, documents[0])


def _is_nothing(node: Node) -> bool:
    return isinstance(node, ScalarNode) and scalar(node) is None


def _syntax(error: MarkedYAMLError, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    said = f"{error.context or ''} {error.problem or ''}".strip()
    mend = next((mend for words, mend in _MENDS.items() if words in said), "check quotes, brackets and indentation")
    return Problem(file, line, column, "", f"text that is not YAML ({said})", "YAML 1.2", mend)


def scalar(node: ScalarNode) -> Scalar:
    """Return the value of a scalar by the core schema of YAML 1.2: quoted text, ``NO`` and ``12:30`` stay text."""
    text: str = node.value
    if node.style:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return _integer(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _integer(text: str) -> Scalar:
    if len(text) > 18:
        return text
    return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))


def entries(node: MappingNode, seen: frozenset[int] = frozenset()) -> dict[str, tuple[Node, Node]]:
    """Return key and value by name, the first of duplicates; a merge key (``<<``) adds what is not beside it."""
    found: dict[str, tuple[Node, Node]] = {}
    merged: list[Node] = []
    for key, value in node.value:
        name = key_name(key)
        if name == MERGE and not key.style:
            merged += value.value if isinstance(value, SequenceNode) else [value]
        else:
            found.setdefault(name, (key, value))
    for other in merged:
        if isinstance(other, MappingNode) and id(other) not in seen:
            seen |= {id(node), id(other)}
            found = entries(other, seen) | found
    return found


def key_name(key: Node) -> str:
    """Return a key as text."""
    return str(key.value) if isinstance(key, ScalarNode) else "a key that is a list or mapping"


def shown(node: Node) -> str:
    """Return what stands at a node, for people: quoted text, or what kind of thing it is."""
    if isinstance(node, MappingNode):
        return "a mapping" if node.value else "an empty mapping"
    if not isinstance(node, ScalarNode):
        return "a list" if node.value else "an empty list"
    value = scalar(node)
    if value is None:
        return "nothing"
    text = node.value if len(node.value) <= 60 else node.value[:57] + "..."
    return f'"{text}"' if isinstance(value, str) else text
