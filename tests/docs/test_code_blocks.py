"""Every example in the documentation runs, in order, page by page, and prints what the page says it prints.

``python``, ``bash`` and ``console`` blocks are run in an empty folder that holds a copy of ``examples/``; the blocks
of one page share names and folder. An ``output`` block is what the block before it printed; ``...`` stands for
anything. In a ``console`` block the lines after ``$ `` are commands and the others their output. Whatever cannot run
here (it installs, or takes long) is fenced as ``text``.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
import types
from pathlib import Path

import pytest
from pages import PAGES, ROOT, Block, blocks, text_of

RUN = {"python", "bash", "console"}
MOST_TEXT_BLOCKS = 3
WITH_EXAMPLES = [page for page in PAGES if any(block.language in RUN for block in blocks(text_of(page)))]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder with the examples, in which a page's blocks run."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    for name in ("COLUMNS", "NO_COLOR", "PYTHONWARNINGS"):
        monkeypatch.setenv(name, {"COLUMNS": "100", "NO_COLOR": "1", "PYTHONWARNINGS": "error"}[name])
    return tmp_path


@pytest.fixture
def module(monkeypatch):
    """The module whose names the Python blocks of one page share."""
    page = types.ModuleType("page")
    monkeypatch.setitem(sys.modules, "page", page)
    return page


@pytest.mark.parametrize("page", WITH_EXAMPLES)
def test_examples_run(page, folder, module):
    """Every block of the page runs and prints what stands below it."""
    printed = ""
    for block in blocks(text_of(page)):
        where = f"{page}:{block.line}"
        if block.language == "output":
            assert fits(block.text, printed), f"{where}: the page says\n{block.text}\nbut printed was\n{printed}"
        elif block.language in RUN:
            printed = run(block, where, module)


@pytest.mark.parametrize("page", PAGES)
def test_few_blocks_do_not_run(page):
    """What is shown is run, but for a few installations and long runs."""
    unrun = [block for block in blocks(text_of(page)) if block.language in {"", "text", "sh"}]

    assert len(unrun) <= MOST_TEXT_BLOCKS


def run(block: Block, where: str, module: types.ModuleType) -> str:
    """Run a block and return what it printed."""
    if block.language == "python":
        return run_python(block, where, module)
    if block.language == "bash":
        return run_command(block.text, where)
    for command, expected in commands(block.text):
        printed = run_command(command, where)
        assert not expected.strip() or fits(expected, printed), (
            f"{where}: `{command}` should print\n{expected}\nbut printed\n{printed}"
        )
    return ""


def run_python(block: Block, where: str, module: types.ModuleType) -> str:
    """Run Python in this process, so that a page does not start an interpreter for every block."""
    code = compile("\n" * (block.line - 1) + block.text, where.partition(":")[0], "exec")
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(code, module.__dict__)
    return printed.getvalue()


def run_command(command: str, where: str) -> str:
    """Run a command line as a reader would; what it says on stderr is for people."""
    done = subprocess.run(["bash", "-euc", command], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"{where}: `{command}` ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout


def commands(text: str) -> list[tuple[str, str]]:
    """Return the commands of a console block, each with the output below it."""
    parts = re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]
    return [(command, output) for command, _, output in (part.partition("\n") for part in parts)]


def fits(expected: str, printed: str) -> bool:
    """Return whether `printed` is `expected`; ``...`` stands for anything, spaces at line ends for nothing."""
    wanted, found = (re.sub(r"[ \t]+$", "", text.strip(), flags=re.MULTILINE) for text in (expected, printed))
    pattern = ".*".join(re.escape(part) for part in wanted.split("..."))
    return re.fullmatch(pattern, found, flags=re.DOTALL) is not None
