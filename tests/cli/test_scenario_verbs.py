"""The verbs that write, check and describe scenarios: what goes to stdout, what to stderr, and the exit codes."""

from __future__ import annotations

import json

import pytest

from micromarket.cli.main import main
from micromarket.simulation.scenario.schema import NODE_FORMAT, SCENARIO_FORMAT, schema_text


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command line; return exit code, stdout and stderr."""

    def call(*words):
        monkeypatch.setattr("sys.argv", ["micromarket", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return call


def test_init_then_validate(run, tmp_path):
    """A new scenario is valid; what is in it goes to stdout."""
    written = run("init", tmp_path / "street", "--template", "minimal")
    code, out, err = run("validate", tmp_path / "street")

    assert (0, 0, "", True) == (written[0], code, err, "2 customers" in out)


def test_validate_as_json(run, tmp_path):
    """Programs read what is in a scenario as JSON."""
    run("init", tmp_path / "street")

    code, out, _ = run("validate", tmp_path / "street", "--json")

    found = json.loads(out)
    assert (0, True, 672, 10) == (code, found["valid"], found["scenario"]["steps"], found["scenario"]["customers"])


def test_problems_go_to_stderr(run, tmp_path):
    """A wrong scenario ends with code 2; stdout stays empty."""
    (tmp_path / "scenario.yaml").write_text("schema: 2\n")

    code, out, err = run("validate", tmp_path)

    assert (2, "", "6 problems") == (code, out, err.splitlines()[-1])


def test_problems_as_json(run, tmp_path):
    """Programs read problems as JSON, field by field."""
    (tmp_path / "scenario.yaml").write_text("schema: 2\n")

    code, out, _ = run("validate", tmp_path, "--json")

    found = json.loads(out)
    assert (2, False, "schema", 1, 9) == (code, found["valid"], *(found["problems"][-1][key] for key in KEYS))


KEYS = ("field", "line", "column")


def test_validate_nothing(run, tmp_path):
    """A scenario that is not there ends with code 2."""
    code, _, err = run("validate", tmp_path / "nowhere")

    assert (2, True) == (code, "found no such file" in err)


def test_init_over_something(run, tmp_path):
    """A folder that is not empty ends with code 2."""
    (tmp_path / "mine.txt").write_text("x")

    assert 2 == run("init", tmp_path)[0]


def test_schema(run):
    """The schema goes to stdout as it is published."""
    assert (0, schema_text(SCENARIO_FORMAT), "") == run("schema")
    assert (0, schema_text(NODE_FORMAT), "") == run("schema", "--node")


def test_deep_trees(run, tmp_path):
    """A chain of two thousand nodes is checked and drawn."""
    nodes = "".join(f"  - {{id: n{at}, parent: n{at - 1}}}\n" for at in range(1, 2000))
    text = HEAD + "nodes:\n  - {id: n0}\n" + nodes
    (tmp_path / "scenario.yaml").write_text(text)

    code, out, _ = run("validate", tmp_path)

    assert (0, "n1999, 1 customer") == (code, out.splitlines()[-1].strip())


HEAD = """
schema: 1
name: deep
currency: USD
time: {start: 2026-01-01T00:00:00Z, end: 2026-01-02T00:00:00Z}
supplier: {price: 0.2 USD/kWh}
customers:
  - {id: a, node: n1999, assets: [{kind: load, power: 1 kW}]}
"""
