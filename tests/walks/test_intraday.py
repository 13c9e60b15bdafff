"""The walk of a traded kilowatt-hour: from orders over trades to a position, a meter and a bill, exactly."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from micromarket.simulation.recording.results import Run

INTRADAY = Path(__file__).parents[2] / "examples" / "intraday"
POWER_STEP, PRICE_STEP, FEE = 0.04, 0.0005, 0.01


@pytest.fixture(scope="module")
def finished(run_of) -> Run:
    """A day of the street, traded continuously."""
    return run_of(INTRADAY)


def test_every_position_is_the_sum_of_its_trades(finished):
    """Energy to the whole step, money to the micro-unit, for every account and interval."""
    wrong = finished.sql(
        """
        WITH legs AS (
            SELECT start, seller AS account, power_kw AS kw, amount_micro AS micro FROM trades
            UNION ALL SELECT start, buyer, -power_kw, -amount_micro FROM trades
        ), sums AS (SELECT start, account, sum(round(kw / 0.04)) AS steps, sum(micro) AS micro FROM legs GROUP BY ALL)
        SELECT count(*) FROM positions LEFT JOIN sums USING (start, account)
        WHERE round(position_kwh / 0.01) <> coalesce(steps, 0) OR traded_micro <> coalesce(micro, 0)
        """
    )

    assert [(0,)] == wrong.rows()


def test_a_trade_costs_its_price_times_its_energy(finished):
    """One step for one step of price is 10 Wh for 0.0005 USD/kWh: 5 micro-dollars, so nothing is ever rounded."""
    trades = finished.trades.to_numpy()
    steps = np.rint(trades["price"] / PRICE_STEP) * np.rint(trades["power_kw"] / POWER_STEP)
    each = Fraction("0.0005") * Fraction("0.04") / 4 * 1_000_000

    assert (5, True) == (each, np.array_equal(steps * 5, trades["amount_micro"]))


def test_every_bill_is_explained(finished):
    """Trades at their prices, what was not traded, losses, and what is fixed: nothing else."""
    wrong = finished.sql(
        """
        SELECT count(*) FROM bills JOIN (
            SELECT account AS customer, -sum(traded_micro + imbalance_micro + losses_micro) AS owed
            FROM positions GROUP BY 1
        ) USING (customer) WHERE "case" = 'market' AND total_micro <> owed + fixed_micro
        """
    )

    assert [(0,)] == wrong.rows()


def test_deviations_are_settled_at_the_stated_prices(finished):
    """Energy that is over earns the feed-in price less the fee; the supplier mirrors all of it."""
    over = finished.sql(
        "SELECT metered_kwh - position_kwh AS kwh, imbalance_micro AS micro FROM positions "
        "WHERE account <> 'utility' AND metered_kwh > position_kwh"
    ).to_numpy()
    sums = finished.sql(
        "SELECT sum(imbalance_micro), sum(losses_micro), sum(traded_micro) FROM positions GROUP BY start"
    )

    assert np.array_equal(np.rint(over["kwh"] * (0.02 - FEE) * 1e6), over["micro"])
    assert {(0, 0, 0)} == set(sums.rows())


def test_energy_is_conserved(finished):
    """In every interval what customers and supplier metered is what the lines lost."""
    rows = finished.sql(
        """
        SELECT max(abs(kwh - lost)) FROM (SELECT start, sum(metered_kwh) AS kwh FROM positions GROUP BY 1)
        JOIN (SELECT start, sum(abs(metered_sent_kw) - abs(metered_received_kw)) / 4 AS lost FROM flows
              JOIN nodes USING (node) WHERE "case" = 'market' AND kind <> 'root' GROUP BY 1) USING (start)
        """
    ).rows()

    assert rows[0][0] <= 1e-9


def test_nobody_trades_past_the_gate_or_before_it_opens(finished):
    """Five minutes before delivery at the latest, six hours and five minutes at the earliest."""
    minutes = "date_diff('minute', moment, start)"
    rows = finished.sql(f"SELECT min({minutes}), max({minutes}) FROM orders").rows()

    assert [(5, 350)] == rows


def test_the_book_is_never_crossed(finished):
    """After every round the best bid is below the best offer, in every instrument."""
    crossed = finished.sql(
        "SELECT count(*) FROM (SELECT max(price) FILTER (side = 'buy') AS bid, "
        "min(price) FILTER (side = 'sell') AS ask FROM depth GROUP BY moment, start) WHERE bid >= ask"
    )

    assert [(0,)] == crossed.rows()


def test_there_is_always_someone(finished):
    """The supplier buys in every instrument after every round; it sells unless the line is sold out."""
    rows = finished.sql(
        "SELECT count(*) FILTER (bids = 0) FROM ("
        "SELECT count(*) FILTER (side = 'buy') AS bids FROM depth GROUP BY moment, start)"
    ).rows()

    assert [(0,)] == rows


def test_the_line_is_not_oversold(finished):
    """What the supplier sold and bought for a quarter-hour goes over the feeder's 75 kW."""
    rows = finished.sql("SELECT max(abs(position_kwh)) FROM positions WHERE account = 'utility'").rows()

    assert rows[0][0] <= 75 / 4


def test_homes_trade_what_they_learn(finished):
    """When the gate closes a home's position misses its meter by a few percent, though forecasts were 15 % off."""
    rows = finished.sql(
        "SELECT sum(abs(metered_kwh - position_kwh)) / sum(abs(metered_kwh)) FROM positions "
        "WHERE account <> 'utility'"
    ).rows()

    assert 0 < rows[0][0] < 0.06


def test_an_overloaded_line_is_told(finished):
    """No price says so, since the market sees no lines; the tables do, for as long as the key figure says."""
    hours = finished.sql("SELECT count(DISTINCT start) / 4 FROM prices WHERE congested").rows()[0][0]

    assert finished.kpi("overload_hours") == hours
