"""Which participant belongs to which node."""

import pytest

from micromarket import Curves
from micromarket.errors import WrongShape
from micromarket.node.networks.consensus import clear_consensus
from micromarket.node.networks.nested import clear_nested
from micromarket.node.networks.network import Network
from micromarket.node.networks.tree import NodeTree

TREE = NodeTree.of(["feeder", "home"], [-1, 0])


@pytest.mark.parametrize("clear", [clear_nested, lambda tree, *more: clear_consensus(Network.of_tree(tree), *more)])
@pytest.mark.parametrize(
    ("member_of", "said"), [([0], r"found shape \(1,\)"), ([0, 2], "nodes 0 to 1; found 0 to 2")]
)
def test_everybody_belongs_to_a_node(clear, member_of, said):
    """Both ways to clear a network name whoever belongs nowhere in the same words."""
    with pytest.raises(WrongShape, match=said):
        clear(TREE, Curves.inelastic([[1.0], [-1.0]]), member_of)
