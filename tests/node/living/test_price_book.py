"""What a node learns of prices."""

from dataclasses import replace

import numpy as np

from living_nodes import CLEARING, MINUTE, hourly, lives
from micromarket.domain.curves import Curves
from micromarket.node.living.running import RunningNode


def test_where_windows_roll_only_final_prices_are_learned():
    """Of six hours that clear again every hour, a node learns the one that is now delivered, and no other."""
    rolling = replace(hourly(intervals=6), clearing_interval=60 * MINUTE)
    supply = Curves.offer(np.full((1, 6), 0.7), 0.0, 9.0)
    node = RunningNode(lives("alone", [], Curves.concatenate([supply, Curves.inelastic([[-3.0] * 6])]), rolling))
    for minute in (-15, 0, 15):
        node.handle(CLEARING + minute * MINUTE)

    assert [12] == np.flatnonzero(node.state.prices.models["hourly"].mean[0] != 0.2).tolist()
