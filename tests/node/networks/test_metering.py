"""Metered flows: what the devices did decides what went over the lines."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micromarket.node.losses import received_kw
from micromarket.node.networks.metering import metered_flows
from micromarket.node.networks.tree import NodeTree

LINE = NodeTree.of(
    ["substation", "feeder", "home"], [-1, 0, 1], [np.inf, 100, 20], [np.inf, 100, 20], [0, 0.04, 0.02]
)
HOME = np.array([2])


def test_the_importer_bears_the_loss():
    """A home that draws 5 kW makes its parent send more, by the loss parabola."""
    sent, received = metered_flows(LINE, np.array([[-5.0]]), HOME)

    assert (5.0, 5.0) == (received[2, 0], pytest.approx(received_kw(sent[2], 20, 0.02)[0]))


def test_what_is_fed_in_arrives_smaller():
    """A home that feeds in 5 kW sends 5; the feeder receives what the line leaves."""
    sent, received = metered_flows(LINE, np.array([[5.0]]), HOME)

    assert (-5.0, pytest.approx(-4.975)) == (sent[2, 0], received[2, 0])


def test_limits_do_not_hold_physics_back():
    """A line that is asked for more than its limit is overloaded, and that is seen."""
    sent, _ = metered_flows(LINE, np.array([[-30.0]]), HOME)

    assert sent[2, 0] > 30


@given(st.lists(st.floats(-30, 30), min_size=4, max_size=4))
def test_energy_is_conserved(powers):
    """What devices feed in and the supplier delivers is what the lines lose."""
    tree = NodeTree.of(
        ["s", "a", "b", "c"], [-1, 0, 0, 1], [np.inf] + [40] * 3, [np.inf] + [40] * 3, [0, 0.05, 0, 0.1]
    )
    devices = np.array(powers)[:, None]

    sent, received = metered_flows(tree, devices, np.arange(4))

    lost = (np.abs(sent) - np.abs(received))[1:].sum()
    assert pytest.approx(lost, abs=1e-9) == devices.sum() + received[0, 0]
    assert lost >= -1e-12
