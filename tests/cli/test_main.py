"""The command line as a user meets it: real processes, exit codes, stdout and stderr."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from streets import tiny_street

from micromarket import load
from micromarket.cli.figures import print_figures

VERBS = (
    *("demo", "init", "validate", "run", "report", "compare", "import"),
    *("book", "node", "network", "store", "schema"),
)
GOOD = Path(__file__).parents[1] / "simulation/scenario/good"
PROGRAM = Path(sys.executable).parent / "micromarket"


def micromarket(*words: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Call the program and return what it said."""
    return subprocess.run([PROGRAM, *map(str, words)], cwd=cwd, capture_output=True, text=True, check=False)


def test_help_lists_every_verb():
    """A newcomer sees what can be done."""
    listed = micromarket("--help").stdout

    assert all(f"│ {verb} " in listed for verb in VERBS)


def test_help_imports_nothing_heavy():
    """`--help` stays quick because neither numpy nor DuckDB is imported for it."""
    code = "import sys, micromarket.cli.main; print(sorted({'numpy', 'duckdb', 'plotly'} & set(sys.modules)))"

    assert "[]" == subprocess.check_output([sys.executable, "-c", code], text=True).strip()


def test_every_verb_has_help():
    """Each verb explains itself with exit code 0."""
    codes = [micromarket(verb, "--help").returncode for verb in VERBS]

    assert [0] * len(VERBS) == codes


def test_says_its_version():
    """One line, nothing else."""
    answer = micromarket("--version")

    assert (0, "0.1.0\n") == (answer.returncode, answer.stdout)


def test_an_unknown_verb_is_bad_input():
    """Exit code 2 and a word about it, no traceback."""
    answer = micromarket("fly")

    assert (2, True, False) == (answer.returncode, "fly" in answer.stderr, "Traceback" in answer.stderr)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A run through the command line, and what it printed."""
    folder = tmp_path_factory.mktemp("cli")
    tiny_street(folder / "street", days=1)
    return folder, micromarket("run", "street", "--out", "out", "--json", "--quiet", cwd=folder)


def test_a_run_prints_its_figures_on_stdout(ran):
    """With --json, stdout is JSON and nothing else."""
    _, answer = ran

    assert {"market", "no_market"} == set(json.loads(answer.stdout))


def test_a_run_leaves_tables_and_a_report(ran):
    """What a user looks for is where the docs say."""
    folder, _ = ran

    assert [True] * 3 == [(folder / "out" / name).exists() for name in ("run.json", "tables/prices", "report.html")]


def test_shares_change_by_points(ran, capsys):
    """What grows from 40 % to 60 % grew by 20 points; everything else changes by a part of what it was."""
    folder, _ = ran
    print_figures(load(folder / "out"))
    rows = [line for line in capsys.readouterr().out.splitlines() if "%" in line]

    assert [True] * len(rows) == [("own generation" in row) == ("points" in row) for row in rows]
    assert any("points" in row for row in rows)


def test_running_twice_is_refused_with_the_mend(ran):
    """Exit code 2; the message names --anew."""
    folder, _ = ran
    answer = micromarket("run", "street", "--out", "out", cwd=folder)

    assert (2, True) == (answer.returncode, "--anew" in answer.stderr)


def test_a_missing_scenario_is_bad_input(tmp_path):
    """Exit code 2, the path in the message, no traceback."""
    answer = micromarket("run", tmp_path / "nowhere")

    assert (2, True, False) == (answer.returncode, "nowhere" in answer.stderr, "Traceback" in answer.stderr)


@pytest.mark.parametrize("words", [("init", "note/street"), ("run", GOOD, "--out", "note/run")])
def test_a_folder_that_cannot_be_made_is_bad_input(words, tmp_path):
    """Exit code 2 and the path in one line, no traceback and no empty line."""
    (tmp_path / "note").write_text("a file stands where a folder should be")
    answer = micromarket(*words, cwd=tmp_path)

    assert (2, 1, True) == (
        answer.returncode,
        answer.stderr.count("\n"),
        answer.stderr.startswith("micromarket: note"),
    )


def test_a_broken_scenario_names_the_line(tmp_path):
    """The run does not start, and nothing is written."""
    street = tiny_street(tmp_path / "street")
    text = (street / "scenario.yaml").read_text()
    (street / "scenario.yaml").write_text(text.replace("maximum: 2 kW", "maximum: -2 kW"))
    answer = micromarket("run", "street", cwd=tmp_path)

    line = 1 + text[: text.index("maximum")].count("\n")
    assert (2, True, False) == (answer.returncode, f":{line}:" in answer.stderr, (tmp_path / "runs").exists())
