"""Runs of the examples, each made once for all walks."""

from collections.abc import Callable
from pathlib import Path

import pytest

from micromarket.simulation.recording.results import Run
from micromarket.simulation.run import RunOptions, run


@pytest.fixture(scope="session")
def run_of(tmp_path_factory) -> Callable[[Path], Run]:
    """Return the finished run of an example's folder."""
    made: dict[Path, Run] = {}

    def finished(path: Path) -> Run:
        if path not in made:
            made[path] = run(path, RunOptions(out=tmp_path_factory.mktemp("run") / path.name))
        return made[path]

    return finished
