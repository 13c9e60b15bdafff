import numpy as np
import pytest

from micromarket.errors import BrokenTree, InvalidValue, UnratedLoss, WrongShape
from micromarket.node.networks.tree import NodeTree

STREET = NodeTree.of(["substation", "feeder-1", "feeder-2", "home-1", "home-2"], [-1, 0, 0, 1, 2])


def test_levels_stand_from_the_root_down():
    assert [[0], [1, 2], [3, 4]] == [level.tolist() for level in STREET.levels()]


def test_path_leads_from_the_root_to_the_node():
    assert [0, 2, 4] == STREET.path(4)


def test_children_of_the_root():
    assert [1, 2] == STREET.children(0).tolist()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"ids": (), "parent": []}, BrokenTree, "at least its root"),
        ({"ids": ("a", "b", "a")}, BrokenTree, "two nodes are named 'a'"),
        ({"parent": [0, 0, 0]}, BrokenTree, "the first node must be the root"),
        ({"parent": [-1, 2, 0]}, BrokenTree, "parent of 'b', node 1, must stand before it; found 2"),
        ({"parent": [-1, 1, 0]}, BrokenTree, "parent of 'b', node 1, must stand before it; found 1"),
        ({"parent": [-1, 0, -1]}, BrokenTree, "parent of 'c', node 2, must stand before it; found -1"),
        ({"parent": [-1, 0]}, WrongShape, "parent must have one entry for each of 3 nodes"),
        ({"import_limit_kw": [1, -2, 1]}, InvalidValue, "import_limit_kw of 'b' must be 0 or more; found -2"),
        ({"export_limit_kw": [1, 1, np.nan]}, InvalidValue, "export_limit_kw of 'c' must be 0 or more; found nan"),
        ({"full_load_loss": [0, 0.5, 0]}, InvalidValue, "full_load_loss of 'b' must be from 0 to below 0.5"),
        ({"full_load_loss": [0, -0.1, 0]}, InvalidValue, "full_load_loss of 'b' must be from 0 to below 0.5"),
        ({"full_load_loss": [0, 0.1, 0]}, UnratedLoss, "line of 'b' has a loss of 0.1, so it needs both limits"),
    ],
)
def test_a_broken_tree_is_refused_by_name(change, error, message):
    """Whatever is wrong has a named error that says where."""
    whole = {"ids": ("a", "b", "c"), "parent": [-1, 0, 0]} | change

    with pytest.raises(error, match=message):
        NodeTree.of(**whole)


def test_losses_need_a_segment():
    arrays = (np.array([10.0]), np.array([10.0]), np.array([0.02]))

    with pytest.raises(InvalidValue, match="at least one segment"):
        NodeTree(("root",), np.array([-1], dtype=np.int32), *arrays, loss_segments=0)
