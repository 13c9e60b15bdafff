"""The page about the template names only what exists, and proves every row."""

from __future__ import annotations

import re
from functools import cache, reduce
from importlib import import_module

import pytest
from pages import ROOT, text_of

PAGE = "docs/reference/tent.md"
NAME = re.compile(r"`([a-z_]+(?:\.\w+)+)`")
TEST = re.compile(r"`([\w/]+\.py)::(\w+)`")
ROWS = [
    [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    for line in text_of(PAGE).splitlines()
    if line.startswith("|") and not re.match(r"\|(---| the paper )", line)
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_every_row_is_somewhere_and_proved(row):
    """A row has four cells, at least one name in the second, and at least one test in the third."""
    _, here, proof, _ = row

    assert NAME.findall(here)
    assert TEST.findall(proof)


@pytest.mark.parametrize("name", sorted(set(NAME.findall(text_of(PAGE)))))
def test_every_name_exists(name):
    """What the page calls by name can be imported."""
    assert found(name)


@pytest.mark.parametrize(("path", "test"), sorted(set(TEST.findall(text_of(PAGE)))))
def test_every_test_exists(path, test):
    """What the page calls a proof is a test of that file."""
    assert test in stories_of(path)


def test_nothing_else_is_missing():
    """Nothing but appendix B is said not to be here."""
    missing = [
        part for part in text_of(PAGE).split("\n## ")[2:] if re.search("not here|not implemented", part.lower())
    ]

    assert [part.partition(":")[0] for part in missing] == ["Appendix B"]


def found(name):
    """Return whether a dotted name below `micromarket` leads somewhere, through a module and its attributes."""
    words = name.split(".")
    for count in range(len(words), 0, -1):
        try:
            module = import_module(".".join(["micromarket", *words[:count]]))
        except ModuleNotFoundError:
            continue
        return reduce(part_of, words[count:], module) is not None
    return False


def part_of(thing, name):
    """Return an attribute, or a field that only instances have, or None."""
    return getattr(thing, name, None) or getattr(thing, "__dataclass_fields__", {}).get(name)


@cache
def stories_of(path):
    """Return the names of the tests of a file."""
    return frozenset(
        re.findall(r"^def (test_\w+)", (ROOT / "tests" / path).read_text(encoding="utf-8"), re.MULTILINE)
    )
