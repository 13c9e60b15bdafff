"""Every way to break a scenario has its message; each file in `broken/` is one change of the good scenario."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from scenarios import BROKEN, GOOD, changed, copy_of_good

from micromarket.errors import MOST_SHOWN, Problem, ScenarioError
from micromarket.simulation.scenario.reading import read_scenario

CASES = sorted(BROKEN.glob("*.yaml"))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_says_what_is_wrong(case, tmp_path, monkeypatch):
    """The message names file, line, field, what was found, what is allowed and how to mend it."""
    told = YAML(typ="safe", pure=True).load(case.read_text(encoding="utf-8"))
    monkeypatch.chdir(tmp_path)
    break_it(tmp_path, told)

    with pytest.raises(ScenarioError) as refused:
        read_scenario("scenario.yaml")

    assert told["expect"].rstrip("\n") == str(refused.value)


def break_it(folder: Path, told: dict) -> None:
    """Copy the good scenario into `folder` and change it as told."""
    copy_of_good(folder)
    for file, pairs in told.get("change", {}).items():
        changed(folder, *((pair["replace"], pair["by"]) for pair in pairs), file=file)
    for file, text in told.get("write", {}).items():
        (folder / file).write_bytes(text.encode(told.get("encoding", "utf-8")))
    for file in told.get("remove", []):
        (folder / file).unlink()


def test_there_are_many():
    """At least a hundred broken files are kept."""
    assert len(CASES) >= 100


LINES = (GOOD / "scenario.yaml").read_text(encoding="utf-8").splitlines()
WORDS = (
    *("", "null", "5", "-1", "1e999", ".nan", "NO", "12:30", "5 kW", "PT0S", "2026-07-06", "%", "é", "\x07"),
    *(
        "[]",
        "{}",
        "[[1]]",
        "{a: b}",
        "&x",
        "*x",
        "!!set {a}",
        "'",
        '"',
        "\t",
        "- ",
        ": ",
        "#",
        "@",
        "|",
        "? a",
        "<<: *x",
    ),
)
CELLS = ("", "nan", "-1", "1e400", "x", "2026-07-06T01:00:00", ",", "\n", '"', "é", "2026-01-01T00:00:00Z")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A copy of the good scenario."""
    path = tmp_path_factory.mktemp("corrupt")
    copy_of_good(path)
    return path


@settings(max_examples=60)
@given(data=st.data())
def test_any_corruption_is_named(folder, data):
    """Whatever is deleted, doubled or replaced in the file, the answer is a scenario or a named error."""
    path = folder / "scenario.yaml"
    path.write_text("\n".join(corrupt(data.draw)), encoding="utf-8")

    try:
        outcome = read_scenario(path)
    except ScenarioError as error:
        outcome = error.problems

    assert outcome


def corrupt(draw) -> list[str]:
    """Return the good lines after one to three changes."""
    lines = list(LINES)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        line = lines[at]
        start = draw(st.integers(0, len(line)))
        end = draw(st.integers(start, len(line)))
        lines[at] = line[:start] + draw(st.sampled_from(WORDS)) + line[end:]
        if draw(st.booleans()):
            lines.insert(at, lines[draw(st.integers(0, len(lines) - 1))])
    return lines


@settings(max_examples=40)
@given(data=st.data())
def test_any_corrupt_series_is_named(folder, data):
    """Whatever stands in a series file, the answer is a scenario or a named error."""
    path = copy_of_good(folder)
    cells = (GOOD / "data" / "loads.csv").read_text(encoding="utf-8").split(",")
    cells[data.draw(st.integers(0, len(cells) - 1))] = data.draw(st.sampled_from(CELLS))
    (folder / "data" / "loads.csv").write_text(",".join(cells), encoding="utf-8")

    try:
        outcome = read_scenario(path)
    except ScenarioError as error:
        outcome = error.problems

    assert outcome


def test_many_problems_are_cut(tmp_path):
    """A message lists the first fifty problems; the error holds all."""
    problems = [Problem("a.yaml", line, 1, "x", "1", "2") for line in range(60)]

    error = ScenarioError(*problems)

    assert (60, f"and {60 - MOST_SHOWN} more problems") == (len(error.problems), str(error).splitlines()[-1])


def test_problems_are_plain_values(tmp_path):
    """A problem becomes JSON field by field."""
    path = changed(tmp_path, ("seed: 7", "seed: -7"))

    with pytest.raises(ScenarioError) as refused:
        read_scenario(path)

    found = {
        "file": str(path),
        "line": 4,
        "column": 7,
        "field": "seed",
        "found": "-7",
        "allowed": "at least 0",
        "mend": "",
    }
    assert [found] == [asdict(problem) for problem in refused.value.problems]


@pytest.mark.parametrize(
    "name", [r"a\0.csv", r"a\ud800.csv", "a" * 5000 + ".csv", "a/" * 3000 + "a.csv", r"\e[31m.csv"]
)
def test_odd_file_names(name, tmp_path):
    """A name that no file system takes is refused, in text that any terminal shows."""
    path = changed(tmp_path, ("file: data/prices.csv", f'file: "{name}"'))

    with pytest.raises(ScenarioError) as refused:
        read_scenario(path)

    assert str(refused.value).isprintable()
