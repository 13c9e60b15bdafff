"""A made-up run, written once for all tests of its readers."""

import pytest
from synthetic import Size, synthesize

from micromarket.simulation.recording.results import load


@pytest.fixture(scope="session")
def street(tmp_path_factory):
    """Return the directory of a complete run of twelve homes over two days."""
    return synthesize(tmp_path_factory.mktemp("runs") / "street", Size(homes=12, days=2))


@pytest.fixture
def run(street):
    """Return the run of the street, opened."""
    return load(street)


@pytest.fixture
def make_run(tmp_path):
    """Return a function that writes a small run with some things different, and its name."""

    def make(name="other", **different):
        return synthesize(tmp_path / name, Size(**{"homes": 3, "days": 1, "step_minutes": 60} | different))

    return make
