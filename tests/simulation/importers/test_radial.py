"""The tree of nodes in a grid of lines."""

import pytest

from micromarket.errors import InvalidValue
from micromarket.simulation.importers.radial import radial_tree, require_reached
from micromarket.simulation.importers.simbench_source import Branch


def line(one, other):
    """Return a line between two buses."""
    return Branch(f"{one}-{other}", (one, other), 100.0, 1.0)


def test_every_bus_hangs_under_its_neighbor_nearer_to_the_root():
    """A line drawn towards the root is as good as one drawn away from it."""
    tree = radial_tree(0, [line(2, 1), line(0, 1), line(3, 1)])

    assert {1: 0, 2: 1, 3: 1} == {bus: parent for bus, (parent, _) in tree.upstream.items()}
    assert (0, 1, 2, 3) == tree.order


def test_a_loop_is_cut_and_named():
    """Of a ring of four buses, the line farthest from the root is left out."""
    tree = radial_tree(0, [line(0, 1), line(1, 2), line(2, 3), line(3, 0)])

    assert [line(2, 3)] == list(tree.left_out)
    assert {1, 2, 3} == set(tree.upstream)


def test_a_second_line_between_two_buses_is_left_out():
    """Two lines side by side make a loop of two."""
    tree = radial_tree(0, [line(0, 1), Branch("twin", (0, 1), 50.0, 1.0)])

    assert ["twin"] == [branch.name for branch in tree.left_out]


def test_an_island_with_a_customer_is_refused():
    """Somebody whom no line reaches is named."""
    tree = radial_tree(0, [line(0, 1)])

    with pytest.raises(InvalidValue, match="Bus 2"):
        require_reached(tree, [1, 2], ["Bus 0", "Bus 1", "Bus 2"])
