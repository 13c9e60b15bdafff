"""Commitments of nodes that negotiate with each other, read from what happened at each."""

from dataclasses import replace

import numpy as np
import pytest

from living_nodes import CLEARING, MINUTE, START, hourly, lives
from micromarket.domain.curves import Curves
from micromarket.domain.intervals import IntervalGrid
from micromarket.dso.chain_settlement import settle_chain
from micromarket.markets.series.corrections import committed_w
from micromarket.markets.series.series import SeriesPlan
from micromarket.node.living.commitments import cleared_markets
from micromarket.node.neighbor import Direction, Neighbor
from micromarket.runtime.network import run_network

NOON = CLEARING + 15 * MINUTE
HOURS = hourly()
QUARTERS = SeriesPlan(
    replace(HOURS.rules, series="quarters", timing=replace(
        HOURS.rules.timing, interval_duration=15 * MINUTE, negotiation_lead=3 * MINUTE, market_lead=3 * MINUTE,
        delivery_lead=3 * MINUTE)), 15 * MINUTE,
)  # fmt: skip
CHAIN = replace(HOURS, rules=replace(HOURS.rules, commitment=True), refined_by=QUARTERS)

SUPPLY = Curves.from_vertices([[(0.1, 0.0), (0.3, 20.0)]])
NEED = {"hourly": -4.0, "quarters": -7.0}


class Changing:
    """A home that needs more when the quarter comes than it had foreseen for the hour."""

    def local(self, market, expected):
        """Return its load in this series."""
        return Curves.inelastic(np.full((1, market.rules.timing.intervals_to_clear), NEED[market.rules.series]))

    def default(self, neighbor, market):
        """Return nothing: everybody speaks."""
        return None


@pytest.fixture(scope="module")
def markets():
    """Return what each node settled, from negotiating to the end of the first hour."""
    loss = {"full_load_loss": 0.05}
    street = lives("street", [Neighbor("home", Direction.DOWNSTREAM, 10.0, 10.0, **loss)], SUPPLY, CHAIN)
    home = lives("home", [Neighbor("street", Direction.UPSTREAM, 10.0, 10.0, **loss)], SUPPLY, CHAIN)
    facts = run_network([street, replace(home, scheduling=Changing())], START, NOON + 60 * MINUTE)
    return {name: [each for each in cleared_markets(of) if each.intervals.start < NOON + 60 * MINUTE]
            for name, of in facts.items()}  # fmt: skip


def test_quarters_count_the_change_only(markets):
    """The hour commits 4 kW; each quarter, which needs 7, adds 3, though neighbors spoke of 7."""
    changes = [each.changes_w[0].tolist() for each in markets["home"]]

    assert [[-4000], *4 * [[-3000]]] == changes
    assert [True, *4 * [False]] == [each.commits for each in markets["home"]]


def test_commitments_of_a_node_balance(markets):
    """Assets and neighbors of each node sum to zero, losses included: the importer bears them."""
    for cleared in markets.values():
        assert not any(each.changes_w.sum(axis=0).any() for each in cleared)
    assert markets["street"][0].changes_w[0, 0] > 4000


def test_the_home_pays_the_hour_and_the_change(markets):
    """4 kWh at the price of the hour, 3 kWh at that of each quarter: its account is exact."""
    quarters = IntervalGrid(NOON, 15 * MINUTE, 4)
    delivered = np.array([[-7000] * 4, [7000] * 4])
    settled = settle_chain(markets["home"], delivered, quarters)
    hour, *rest = (round(float(each.prices[0, 0]) * 1e6) for each in markets["home"])

    assert -(4 * hour + sum(round(0.75 * price) for price in rest)) == settled.amount_micro[0]
    assert -7 * 3_600_000 == settled.energy_j[0]
    assert [[-4000] * 4, [4000] * 4] == committed_w(markets["home"], quarters, 2).tolist()
