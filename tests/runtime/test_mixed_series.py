"""Series of one node may differ: hours by consensus, quarters that correct them by nested auction."""

from dataclasses import replace

import pytest

from living_nodes import CLEARING, MINUTE, START, hourly, lives
from micromarket.markets.series.series import SeriesPlan
from micromarket.markets.series.states import Timing
from micromarket.node.living.facts import Cleared
from micromarket.node.neighbor import Direction, Neighbor
from micromarket.runtime.network import run_network
from trees import load, offers

HOURS = hourly("consensus", negotiation_lead=30 * MINUTE, market_lead=0 * MINUTE)
LEADS = {"negotiation_lead": 2 * MINUTE, "market_lead": 2 * MINUTE, "delivery_lead": 2 * MINUTE}
QUARTERS = replace(HOURS.rules, series="quarters", mechanism="nested_auction", timing=Timing(15 * MINUTE, 1, **LEADS))
PLAN = replace(
    HOURS,
    rules=replace(HOURS.rules, commitment=True),
    refined_by=SeriesPlan(QUARTERS, 15 * MINUTE),
)


def test_series_of_one_node_may_be_coordinated_in_different_ways():
    """A feeder and a home agree on the same price both ways, since nothing changes between them."""
    feeder = lives("feeder", [Neighbor("home", Direction.DOWNSTREAM, 9.0, 9.0)], offers((0.1, 0.0), (0.5, 8.0)), PLAN)
    home = lives("home", [Neighbor("feeder", Direction.UPSTREAM, 9.0, 9.0)], load(4.0), PLAN)

    facts = run_network([feeder, home], START - 20 * MINUTE, CLEARING + 16 * MINUTE)

    cleared = {fact.market.rules.series: fact.balance.price[0] for fact in facts["home"] if isinstance(fact, Cleared)}
    assert {"hourly": pytest.approx(0.3, abs=1e-6), "quarters": pytest.approx(0.3)} == cleared
