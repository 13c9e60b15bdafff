"""A whole network at once gives what its nodes agree on one by one, and its accounts are exact."""

import runpy
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from micromarket.errors import BrokenTree, InvalidValue, UnknownParty
from micromarket.node.living.commitments import cleared_markets
from micromarket.runtime.network import run_network
from micromarket.simulation.scenario.node_reading import read_node
from micromarket.simulation.whole_network import WholeNetwork

FOLDER = Path(__file__).parents[2] / "examples" / "pnnl-campus"
START = datetime(2017, 7, 31, 9, tzinfo=UTC)
DAY = timedelta(days=1)
QUARTERS = 8


@pytest.fixture(scope="module")
def setups():
    return [read_node(path).setup for path in sorted(FOLDER.glob("*.yaml"))]


@pytest.fixture(scope="module")
def day(setups):
    return WholeNetwork.of(setups).cleared(START, START + DAY)


@pytest.fixture(scope="module")
def agreed(setups):
    """What each node settled on as a program of its own: 24 hours a day ahead, then the first eight quarters."""
    facts = run_network(setups, START - timedelta(hours=2), START + QUARTERS * timedelta(minutes=14))
    return {node: list(cleared_markets(lived)) for node, lived in facts.items()}


def test_prices_are_those_that_living_nodes_agree_on(day, agreed):
    """At the city, the campus and each building: 24 hours a day ahead, then quarters."""
    found = {node: np.concatenate(list(day.prices(node).values()))[: 24 + QUARTERS] for node in agreed}

    for node, markets in agreed.items():
        assert pytest.approx(np.concatenate([one.prices[0] for one in markets]), abs=1e-12) == found[node]


def test_commitments_are_those_of_living_nodes(day, agreed):
    """Watt by watt, within the one that rounding may shift: each asset and line, the day and its corrections."""
    for node, markets in agreed.items():
        ahead, now = (np.sort(one.changes_w, axis=0) for one in day.markets(node))
        quarters = np.sort(np.hstack([one.changes_w for one in markets[1:]]), axis=0)
        assert pytest.approx(np.sort(markets[0].changes_w, axis=0), abs=1) == ahead
        assert pytest.approx(quarters, abs=2) == now[:, :QUARTERS]


def test_every_partys_energy_and_money_is_the_sum_of_its_commitments(day):
    """To the joule; and to the micro-unit, what all at a node receive is what rounding left over."""
    for node in day.network.tree.ids:
        settled = day.settled(node)
        whole = sum(
            one.changes_w @ np.full(len(one.intervals), one.intervals.step.seconds) for one in day.markets(node)[1:]
        )
        hours = day.markets(node)[0].changes_w.sum(axis=1) * 3600
        assert (whole + hours).tolist() == settled.energy_j.tolist()
        assert 0 == settled.amount_micro.sum() + settled.rounding_micro
        assert not settled.deviations.energy_j.any()


def test_a_year_in_pieces_is_the_year(setups, day):
    """Nothing couples intervals: three days at once have the first day's prices, bit for bit."""
    three = WholeNetwork.of(setups).cleared(START, START + 3 * DAY)

    assert day.prices("BRSW")["real-time"].tolist() == three.prices("BRSW")["real-time"][:96].tolist()


def test_beyond_the_data_nothing_clears(setups):
    """The series of the example reach four days, a day further than its programs live."""
    with pytest.raises(InvalidValue, match="does not reach"):
        WholeNetwork.of(setups).cleared(START, START + 5 * DAY)


def test_half_an_hour_is_no_interval(setups):
    """The day-ahead series has whole hours."""
    with pytest.raises(InvalidValue, match="no whole intervals of day-ahead"):
        WholeNetwork.of(setups).cleared(START, START + timedelta(minutes=30))


def test_devices_that_keep_a_state_must_live():
    """What a battery does in one hour couples it with the next, so nothing clears at once."""
    home = read_node(FOLDER.parent / "home" / "home.yaml").setup

    with pytest.raises(InvalidValue, match="the devices of home keep a state; let the nodes live instead"):
        WholeNetwork.of([home]).cleared(START, START + DAY)


def test_two_tops_are_no_network(setups):
    """Without the campus its buildings hang in the air."""
    with pytest.raises(BrokenTree, match="hang together"):
        WholeNetwork.of([setup for setup in setups if setup.node.id != "PNNL_Campus"])


def test_a_strangers_prices_are_not_known(day):
    """The message lists who is there."""
    with pytest.raises(UnknownParty, match="PNNL_Campus"):
        day.prices("Toledo")


def test_the_example_is_what_its_script_writes(tmp_path):
    """Node files and series, byte for byte."""
    runpy.run_path(str(FOLDER / "derive.py"))["derive"](tmp_path)

    names = [*(path.name for path in FOLDER.glob("*.yaml")), "data/powers.csv"]
    assert [(FOLDER / name).read_text() for name in names] == [(tmp_path / name).read_text() for name in names]
