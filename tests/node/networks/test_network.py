import numpy as np
import pytest

from micromarket.errors import BrokenNetwork, InvalidValue, UnratedLoss, WrongShape
from micromarket.node.networks.network import Network
from networks import network
from trees import tree


def test_a_tree_is_a_network():
    """Each node's line becomes an edge: into the node what it imports, out of it what it exports."""
    made = Network.of_tree(tree([-1, 0, 1], import_kw=5.0, export_kw=3.0, loss=0.1))

    assert ([[1, 0], [2, 1]], [[5.0, 3.0]] * 2, [0.1, 0.1]) == (
        made.ends.tolist(), made.limit_kw.tolist(), made.full_load_loss.tolist()
    )  # fmt: skip


def test_at_full_load_the_whole_loss_is_lost():
    made = network([(0, 1)], [[10.0, 4.0]], 0.1)

    assert [[9.0, -3.6, 0.0]] == pytest.approx(made.received_kw(np.array([[10.0, -4.0, 0.0]])))


def test_without_losses_everything_arrives():
    made = network([(0, 1)])

    assert [[10.0, -4.0]] == made.received_kw(np.array([[10.0, -4.0]])).tolist()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([], []), BrokenNetwork, "at least one node"),
        ((["a", "a"], [(0, 1)]), BrokenNetwork, "names of nodes must differ"),
        ((["a", "b"], [(0, 0)]), BrokenNetwork, "two different nodes"),
        ((["a", "b"], [(0, 2)]), BrokenNetwork, "of 0 to 1; found 0, 2"),
        ((["a", "b"], [(0, 1)], -1.0), InvalidValue, "limit_kw of edge 0 must be 0 or more"),
        ((["a", "b"], [(0, 1)], 1.0, 0.5), InvalidValue, "full_load_loss of edge 0"),
        ((["a", "b"], [(0, 1)], np.inf, 0.1), UnratedLoss, "needs both limits"),
    ],
)
def test_what_is_no_network_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        Network.of(*arguments)


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(WrongShape, match="limit_kw must have shape"):
        Network(("a", "b"), np.array([[0, 1]]), np.ones(2), np.zeros(1))
