"""Five microgrids in a ring, each a node of its own that knows its two neighbors only."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from micromarket.domain.curves import Curves
from micromarket.node.living.facts import Cleared, NoAgreement, SignalSent
from micromarket.runtime.network import run_network
from micromarket.simulation.scenario.node_reading import read_node
from networks import Case, cost_of, least_cost, network

FOLDER = Path(__file__).parents[2] / "examples" / "ring"
NAMES = ("north", "east", "south", "west", "mill")
ENDS = [(k, (k + 1) % 5) for k in range(5)]


@pytest.fixture(scope="module")
def nodes():
    return [read_node(FOLDER / f"{name}.yaml") for name in NAMES]


@pytest.fixture(scope="module")
def facts(nodes):
    return run_network([one.setup for one in nodes], nodes[0].file.start, nodes[0].file.end)


def found(facts, kind):
    return [fact for lived in facts.values() for fact in lived if isinstance(fact, kind)]


def balances(facts):
    return [[fact.balance for fact in facts[name] if isinstance(fact, Cleared)][-1] for name in NAMES]


def test_all_agree_within_some_rounds(facts):
    """Rounds are numbered; in each, everybody tells both neighbors two numbers for each hour."""
    rounds = max(fact.signal.number for fact in found(facts, SignalSent))

    assert [] == found(facts, NoAgreement)
    assert rounds <= 200
    assert len(found(facts, SignalSent)) <= 10 * (rounds + 2)


@pytest.mark.parametrize("hour", [2, 12, 19])
def test_no_dispatch_costs_less(nodes, facts, hour):
    """At night, at noon with full lines and in the evening: the optimum of one program over the whole ring."""
    market = next(fact.market for fact in facts["north"] if isinstance(fact, Cleared))
    expected = np.full(24, 0.2)
    each = [one.setup.scheduling.local(market, expected)[:, [hour]] for one in nodes]
    members = np.repeat(np.arange(5), [len(curves) for curves in each])
    case = Case(network(ENDS, 45.0, 0.04), Curves.concatenate(each), members)
    powers = np.concatenate([one.local_kw[:, hour] for one in balances(facts)])

    assert pytest.approx(least_cost(case)[0], rel=1e-5) == cost_of(case, powers[:, None])


def test_prices_differ_by_losses_until_lines_are_full(facts):
    """4 % lost at full load is 8 % at the margin, on each of two lines; at noon those of the sunny south are full."""
    prices = np.stack([one.price for one in balances(facts)])
    spread = prices.max(axis=0) / prices.min(axis=0)

    assert spread[2] < 1.08**2
    assert spread[12] > 1.08**2


def test_the_ring_is_what_its_script_writes(tmp_path):
    """Node files and series, byte for byte."""
    runpy.run_path(str(FOLDER / "derive.py"))["derive"](tmp_path)

    names = [*(f"{name}.yaml" for name in NAMES), "data/powers.csv"]
    assert [(FOLDER / name).read_text() for name in names] == [(tmp_path / name).read_text() for name in names]
