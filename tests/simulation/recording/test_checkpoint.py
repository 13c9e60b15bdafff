"""A checkpoint holds what has changed since the start, and nothing else."""

from dataclasses import dataclass, replace

import numpy as np

from micromarket.assets.state import fleet_arrays, restore_fleets
from micromarket.domain.curves import Floats
from micromarket.simulation.recording import checkpoint


@dataclass(frozen=True, eq=False)
class Tank:
    """A fleet with one fixed and one changing field."""

    size: Floats
    level: Floats


def test_remembers_only_what_changed():
    """The level rose; the size is known from the scenario."""
    before = Tank(np.ones(2), np.zeros(2))
    after = replace(before, level=np.array([0.5, 0.25]))

    assert ["0.level"] == list(fleet_arrays([before], [after]))


def test_restores_a_fleet_as_it_was(tmp_path):
    """Saved, loaded and restored, the level is the same to the bit."""
    before = Tank(np.ones(2), np.zeros(2))
    after = replace(before, level=np.array([0.1, 1 / 3]))
    checkpoint.save(tmp_path / "c.npz", fleet_arrays([before], [after]))

    (restored,) = restore_fleets([before], checkpoint.load(tmp_path / "c.npz"))

    np.testing.assert_array_equal(after.level, restored.level)
