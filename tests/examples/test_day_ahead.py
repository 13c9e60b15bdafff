"""The configuration example of the template's section 3.9: each step of its listing is in `examples/day-ahead`."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from micromarket.markets.series.series import MarketSeries
from micromarket.markets.series.states import MarketState
from micromarket.simulation.scenario.node_reading import read_node

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
TEN = datetime(2019, 11, 10, 18, tzinfo=UTC)
SETUP = read_node(Path(__file__).parents[2] / "examples" / "day-ahead" / "shop.yaml").setup
(STARTING,) = SETUP.series
FIRST = MarketSeries(STARTING.plan, STARTING.first_clearing).advance(TEN - HOUR)[0]


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        pytest.param(("day-ahead", 0), (FIRST.market.rules.series, FIRST.market.number), id="1 the first market"),
        pytest.param(24, STARTING.plan.rules.timing.intervals_to_clear, id="2 intervals to clear"),
        pytest.param(HOUR, STARTING.plan.rules.timing.interval_duration, id="3 interval duration"),
        pytest.param(TEN - 15 * MINUTE, STARTING.first_clearing, id="4 clearing time"),
        pytest.param(24 * HOUR, STARTING.plan.clearing_interval, id="5 clearing interval"),
        pytest.param(
            TEN + 24 * HOUR - 15 * MINUTE,
            STARTING.plan.market(1, STARTING.first_clearing).clearing,
            id="6 next clearing time",
        ),
        pytest.param("day-ahead/2019-11-10T18:00:00Z", FIRST.market.name, id="7 name"),
        pytest.param(
            [0 * MINUTE, 30 * MINUTE, 15 * MINUTE, 15 * MINUTE],
            [
                getattr(STARTING.plan.rules.timing, f"{lead}_lead")
                for lead in ("activation", "negotiation", "market", "delivery")
            ],
            id="8 durations of states",
        ),
        pytest.param(True, STARTING.plan.rules.commitment, id="9 commitment"),
        pytest.param(MarketState.INACTIVE, FIRST.state, id="10 initial state"),
        pytest.param((STARTING,), SETUP.series, id="11 in the node's list"),
    ],
)
def test_each_step_of_the_listing(expected, found):
    """Day ahead, cleared at 9:45 for 24 hours from 10:00 on."""
    assert expected == found


def test_the_quarters_of_the_listing():
    """96 of them, each cleared 5 minutes before it is delivered, after 5 minutes of leads each."""
    quarters = list(STARTING.plan.refining(FIRST.market))
    leads = {
        (one.clearing - one.starts[MarketState.NEGOTIATION], one.delivery.start - one.clearing) for one in quarters
    }

    assert (96, {(10 * MINUTE, 5 * MINUTE)}) == (len(quarters), leads)
    assert (TEN, TEN + 24 * HOUR) == (quarters[0].delivery.start, quarters[-1].delivery.end)
