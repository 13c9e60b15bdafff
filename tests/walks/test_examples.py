"""Every example, from its file to its tables: everything balances, in every interval of every node."""

from pathlib import Path

import pytest

from micromarket.simulation.recording.results import Run

EXAMPLES = sorted(path.parent for path in (Path(__file__).parents[2] / "examples").glob("*/scenario.yaml"))

DEVIATIONS = """
    SELECT count(*) FROM (
        SELECT start, sum(metered_kw) AS kw FROM powers WHERE "case" = 'market' GROUP BY 1
    ) LEFT JOIN (
        SELECT start, sum(abs(metered_sent_kw) - abs(metered_received_kw)) AS lost
        FROM flows JOIN nodes USING (node) WHERE "case" = 'market' AND kind <> 'root' GROUP BY 1
    ) USING (start) WHERE abs(kw - coalesce(lost, 0)) > 1e-9
"""


@pytest.fixture(scope="module", params=EXAMPLES, ids=lambda path: path.name)
def finished(request, run_of) -> Run:
    """A finished run of one example."""
    return run_of(request.param)


def test_energy_balances_before_metering(finished):
    """Scheduled powers, lines included, sum to zero at every node in every interval, within 1e-9 kW."""
    assert finished.kpi("energy_residual_kw") <= 1e-9


def test_energy_balances_after_metering(finished):
    """What devices and the supplier fed in is what the lines lost, in every interval."""
    assert [(0,)] == finished.sql(DEVIATIONS).rows()


def test_money_balances(finished):
    """The ledger sums to zero at every node in every interval of both cases, to the micro-unit."""
    assert [0.0, 0.0] == [finished.kpi("money_residual_micro", case) for case in ("market", "no_market")]


def test_nobody_earns_from_rounding(finished):
    """What rounding leaves over is at most half a micro-unit for each posting, of a commitment one."""
    most = finished.sql("SELECT count(DISTINCT series) FROM commitments").rows()[0][0] if committed(finished) else 0.5
    rows = finished.sql(
        "SELECT abs(max(amount_micro) FILTER (account = 'rounding')), count(*) FROM ledger "
        "WHERE \"case\" = 'market' GROUP BY start, node"
    ).rows()

    assert [] == [row for row in rows if (row[0] or 0) > row[1] * most]


def committed(finished) -> bool:
    """Whether any market of the run committed."""
    return "commitments" in finished.tables


def test_the_nested_auction_reaches_the_optimum(finished):
    """No dispatch of the whole street is worth more, losses included, since no price here is negative.

    A street that trades continuously has no one price at which to ask.
    """
    assert ("trades" in finished.tables) or pytest.approx(0.0, abs=1e-9) == finished.kpi("welfare_gap")


def test_all_customers_are_billed(finished):
    """Both cases bill everyone."""
    unbilled = (
        "SELECT count(*) FROM customers c ANTI JOIN bills b ON b.customer = c.customer AND b.\"case\" = 'market'"
    )

    assert [(0,)] == finished.sql(unbilled.format('"case"')).rows()


def test_no_battery_leaves_its_limits(finished):
    """Stored energy stays between nothing and what the battery holds."""
    outside = """
        SELECT count(*) FROM states JOIN assets USING (asset)
        WHERE kind = 'battery' AND (value < -1e-9 OR value > json_extract(parameters, '$.energy')::DOUBLE + 1e-9)
    """

    assert [(0,)] == finished.sql(outside).rows()
