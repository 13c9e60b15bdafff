"""Records of runs of a few nodes, as a store is filled from them."""

from datetime import timedelta

from living_nodes import CLEARING, START, hourly, setups_of
from micromarket.runtime.faults import Faults
from micromarket.runtime.network import run_network
from trees import random_market

END = CLEARING + timedelta(hours=4)


def record_of(seed=5, faults=True):
    """What nodes of a random tree lived through on a bad bus, the facts of all in the order of time."""
    bus = Faults(drop=0.3, double=0.3, delay=0.3, seed=seed) if faults else None
    setups = setups_of(*random_market(seed, losses=True, intervals=3), plan=hourly(intervals=3))
    lived = run_network(setups, START, END, bus)
    return sorted(((node, fact) for node, facts in lived.items() for fact in facts), key=lambda one: one[1].at)
