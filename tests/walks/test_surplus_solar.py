"""Surplus solar, so let's pre-cool the house: the scenario of the Resource Market Framework, told by a run.

1. It is a sunny afternoon; production is up, consumption is down.
2. The market announces that PV power is cheap.
3. The devices within the homes decide whether the price is right.
4. The thermostats decide that it is, and pre-cool ahead of their preset schedule.
"""

from pathlib import Path

import numpy as np
import pytest

from micromarket.simulation.run import RunOptions, run

SURPLUS_SOLAR = Path(__file__).parents[2] / "examples" / "surplus-solar"
DAYS, STEPS = 2, 96
SUPPLY, EVENING, EXPORT = 0.16, 0.40, 0.03
SCHEDULE_STARTS, PEAK_ENDS = 17, 22
"""Hours: when the thermostats are set to 23 °C, and when supply gets cheap again."""


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """The run of both days."""
    return run(SURPLUS_SOLAR, RunOptions(tmp_path_factory.mktemp("runs") / "surplus-solar"))


def by_hour(story, query, *parameters):
    """Return one value for each hour of day, shape (days, 24)."""
    values = np.array([value for (value,) in story.sql(query, parameters).rows()])
    return values.reshape(DAYS, 24, STEPS // 24).mean(axis=2)


def cooling(story, case):
    """Return what both houses draw [kW]."""
    return by_hour(
        story,
        'SELECT -sum(metered_kw) FROM powers JOIN assets USING (asset) WHERE kind = ? AND "case" = ? '
        "GROUP BY start ORDER BY start",
        "house",
        case,
    )


def indoors(story, case):
    """Return the mean indoor temperature of both houses [°C]."""
    return by_hour(
        story,
        'SELECT avg(value) FROM states WHERE name = ? AND "case" = ? GROUP BY start ORDER BY start',
        "indoor_c",
        case,
    )


def drawn(story, case):
    """Return what the utility delivers [kW]; negative what it takes."""
    query = """SELECT sum(metered_kw) FROM powers JOIN assets USING (asset) WHERE kind = 'supplier' AND "case" = ?
        GROUP BY start ORDER BY start"""
    return by_hour(story, query, case)


def test_solar_makes_power_cheap_at_noon(story):
    """With more sun than need the price falls to what the utility pays for exports, far below what it asks."""
    price = by_hour(story, "SELECT price FROM prices WHERE \"case\" = 'market' ORDER BY start")

    assert [pytest.approx(EXPORT)] * DAYS == price.min(axis=1).tolist()
    assert (price[:, 10:16].mean(axis=1) < 0.75 * SUPPLY).all()
    assert (price[:, 19:21].mean(axis=1) > 0.75 * EVENING).all()


def test_thermostats_pre_cool_before_their_schedule(story):
    """In the two hours before the schedule starts, houses cool more and are cooler than without a market."""
    before = slice(SCHEDULE_STARTS - 3, SCHEDULE_STARTS)

    more = (cooling(story, "market") - cooling(story, "no_market"))[:, before].sum(axis=1)
    cooler = (indoors(story, "no_market") - indoors(story, "market"))[:, SCHEDULE_STARTS - 1]

    assert (more > 0.5).all()
    assert (cooler > 0.5).all()


def test_the_evening_peak_falls(story):
    """From 17 to 22 the two homes draw less, at their highest and altogether."""
    evening = slice(SCHEDULE_STARTS, PEAK_ENDS)
    market, no_market = drawn(story, "market")[:, evening], drawn(story, "no_market")[:, evening]

    assert (market.max(axis=1) < 0.9 * no_market.max(axis=1)).all()
    assert (market.sum(axis=1) < no_market.sum(axis=1)).all()


def test_everybody_stays_comfortable_and_pays_less(story):
    """No home leaves its range, and together they pay less than without a market."""
    outside = [
        value for (value,) in story.sql("SELECT degree_hours_outside FROM comfort WHERE \"case\" = 'market'").rows()
    ]

    assert [pytest.approx(0, abs=0.05)] * 2 == outside
    assert story.kpi("bills_total", "market") < story.kpi("bills_total", "no_market")


def test_energy_and_money_balance(story):
    """Every interval balances: energy to a billionth of a kW, money to the micro-unit."""
    assert story.kpi("energy_residual_kw") <= 1e-9
    assert 0 == story.kpi("money_residual_micro")
