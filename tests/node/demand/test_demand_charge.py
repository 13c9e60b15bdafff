from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from living_nodes import CLEARING, START, lives
from micromarket.domain.curves import Curves
from micromarket.errors import InvalidValue
from micromarket.node.demand.demand_charge import DemandCharge, DemandPrice, MonthlyPeak
from micromarket.node.living.facts import Cleared
from micromarket.node.living.running import RunningNode
from micromarket.node.neighbor import Direction, Neighbor
from micromarket.node.node import TransactiveNode
from micromarket.runtime.saving import restored, saved
from random_curves import KINDS, columns
from trees import load, offers

UP, DOWN = Direction.UPSTREAM, Direction.DOWNSTREAM
PRICE = DemandPrice(0.10, threshold_kw=3.0)
CHARGE = DemandCharge(rate=4.0, hours_of_use=40.0)
NEW_YORK = ZoneInfo("America/New_York")


def corners(curves):
    return list(zip(curves.prices[0, 0].tolist(), curves.powers[0, 0].tolist(), strict=True))


def one(kind, seed):
    return Curves.from_columns(*columns(kind, seed, participants=2, intervals=2))[1]


def test_an_offer_costs_more_above_the_threshold():
    """8 kW at 0.20: three at that price, the others at 0.30; two vertices stand at the threshold."""
    charged = PRICE.charged(offers((0.2, 0.0), (0.2, 8.0)))

    assert [(0.2, 0.0), (0.2, 3.0), (pytest.approx(0.3), 3.0), (pytest.approx(0.3), 8.0)] == corners(charged)


def test_what_we_feed_in_is_not_charged():
    """The neighbor takes 5 kW at 0.05: no demand, no charge."""
    assert [(0.05, -5.0), (0.05, 0.0)] == corners(PRICE.charged(offers((0.05, -5.0), (0.05, 0.0))))


def test_a_bid_says_what_energy_alone_is_worth():
    """Who would pay 0.40 for the fifth kW pays 0.30 for its energy, and 0.10 for its demand."""
    bid = PRICE.relieved(offers((0.4, -5.0), (0.4, 0.0)))

    assert [(pytest.approx(0.3), -5.0), (pytest.approx(0.3), -3.0), (0.4, -3.0), (0.4, 0.0)] == corners(bid)


@given(st.sampled_from(KINDS), st.integers(0, 10_000), st.floats(0, 10), st.floats(0, 1))
def test_a_charge_can_be_removed_at_every_power(kind, seed, threshold, share):
    """The charged price less what is added at that power is the price of the offer."""
    offer, charge = one(kind, seed), DemandPrice(0.25, threshold)
    power = offer.lowest_kw + share * (offer.highest_kw - offer.lowest_kw)
    elastic = (power > offer.lowest_kw) & (power < offer.highest_kw) & (np.abs(power - threshold) > 1e-6)
    plain, charged = offer.prices_at(power), charge.charged(offer).prices_at(power)

    for before, after in zip(plain, charged, strict=True):
        assert after[elastic] - charge.added(power)[elastic] == pytest.approx(before[elastic], rel=1e-6, abs=1e-9)


@given(st.sampled_from(KINDS), st.integers(0, 10_000), st.floats(0, 10))
def test_charged_curves_still_rise_behind_a_lossy_line(kind, seed, threshold):
    """`Curves` refuses whatever falls: in this order of losses and charge nothing does, at either end."""
    line = Neighbor("utility", UP, 12.0, 6.0, 0.1, charge=CHARGE, threshold_kw=threshold)
    seen, sent = line.seen(one(kind, seed)), line.sent(one(kind, seed + 1))

    assert (np.diff(seen.powers, axis=2) >= 0).all()
    assert (np.diff(sent.prices, axis=2) >= 0).all()


@pytest.mark.parametrize("threshold", [0.0, 3.0, 20.0])
def test_both_ends_find_the_same_power_and_price(threshold):
    """A home's bid relieved of the charge and the utility's offer charged with it meet at one point."""
    line = {"import_limit_kw": 10.0, "export_limit_kw": 10.0, "full_load_loss": 0.05}
    home = TransactiveNode("home", (Neighbor("utility", UP, **line, charge=CHARGE, threshold_kw=threshold),))
    utility = TransactiveNode("utility", (Neighbor("home", DOWN, **line),))
    local, supply = offers((0.1, -8.0), (0.6, 0.0)), offers((0.05, 0.0), (0.35, 12.0))
    upper = utility.balance(supply, {"home": home.signal("utility", local, {})})
    lower = home.balance(local, {"utility": utility.signal("home", supply, {})})

    agreed = home.neighbor("utility").agreed_kw(lower.neighbor_kw["utility"])
    inside = home.neighbor("utility").price_inside(upper.price, agreed)
    assert -upper.neighbor_kw["home"] == pytest.approx(agreed)
    assert inside - 1e-9 <= lower.price <= inside + CHARGE.price + 1e-9


def test_a_charge_keeps_a_home_at_its_peak():
    """Energy at 0.20 would make it draw 6 kW; above this month's 4 kW another kW costs 0.30, so it stops there."""
    local = offers((0.15, -8.0), (0.25, -4.0), (0.25, 0.0))
    home = TransactiveNode("home", (Neighbor("utility", UP, charge=CHARGE, threshold_kw=4.0),))

    assert [4.0] == home.balance(local, {"utility": offers((0.2, 0.0), (0.2, 20.0))}).neighbor_kw["utility"].tolist()


def test_the_peak_only_rises_within_a_month():
    peak = MonthlyPeak(2026, 7, 5.0)
    days = [datetime(2026, 7, day, tzinfo=UTC) for day in (2, 3)]

    assert [5.0, 8.0] == [
        peak.raised(day, kw, CHARGE, UTC).threshold_kw for day, kw in zip(days, (3.0, 8.0), strict=True)
    ]


@pytest.mark.parametrize(
    ("moment", "month", "threshold"),
    [
        (datetime(2026, 8, 1, 3, 59, tzinfo=UTC), (2026, 7), 10.0),
        (datetime(2026, 8, 1, 4, 0, tzinfo=UTC), (2026, 8), 8.0),
        (datetime(2026, 9, 2, tzinfo=UTC), (2026, 9), 6.4),
        (datetime(2027, 7, 2, tzinfo=UTC), (2027, 7), 10.0 * 0.8**12),
        (datetime(2026, 6, 30, tzinfo=UTC), (2026, 7), 10.0),
    ],
)
def test_a_new_month_begins_by_the_local_clock(moment, month, threshold):
    """At four in UTC it is midnight in New York. July a year later is another month than this July."""
    peak = MonthlyPeak(2026, 7, 10.0).at(moment, CHARGE, NEW_YORK)

    assert (month, pytest.approx(threshold)) == ((peak.year, peak.month), peak.threshold_kw)


def test_a_late_reading_of_last_month_does_not_count_in_this():
    peak = MonthlyPeak(2026, 8, 4.0)

    assert peak == peak.raised(datetime(2026, 7, 31, tzinfo=UTC), 9.0, CHARGE, UTC)


@pytest.mark.parametrize("change", [{"rate": -1.0}, {"hours_of_use": 0.0}, {"carry_over": 1.5}])
def test_a_wrong_charge_is_refused(change):
    with pytest.raises(InvalidValue, match="a demand charge needs"):
        DemandCharge(**{"rate": 4.0} | change)


def test_an_inelastic_offer_stays_what_it_is():
    assert [(0.0, -3.0)] == corners(PRICE.charged(load(3.0)))


def drawing(node_id="home", **more):
    """A home that would draw 6 kW at 0.20 from a utility that charges for demand."""
    utility = Neighbor(
        "utility", UP, default=offers((0.2, 0.0), (0.2, 20.0)), transactive=False, charge=CHARGE, **more
    )
    return lives(node_id, [utility], offers((0.15, -8.0), (0.25, -4.0), (0.25, 0.0)))


def powers(node, hours):
    """What a running node settles on in each of its first markets."""
    found = []
    for hour in range(hours):
        facts = node.handle(CLEARING + hour * timedelta(hours=1)).facts
        found += [float(fact.balance.neighbor_kw["utility"][0]) for fact in facts if isinstance(fact, Cleared)]
    return found


def test_without_a_peak_every_kw_costs_energy_and_demand():
    """Each would cost 0.30, more than any is worth: nothing is drawn, and so no peak arises."""
    node = RunningNode(drawing())

    assert [0.0] * 2 == powers(node, 2)


def test_a_meter_raises_the_threshold():
    """The home was metered at 5 kW: up to there another kW costs energy alone."""
    node = RunningNode(drawing(threshold_kw=4.0))
    node.handle(START)
    node.metered("utility", START, 5.0)

    assert [5.0, 5.0] == powers(node, 2)


def test_what_was_settled_counts_where_no_meter_tells():
    """A peak of 4 kW in the first hour is this month's threshold afterwards, also after a restart."""
    setup = drawing(threshold_kw=4.0)
    node = RunningNode(setup)
    powers(node, 4)

    assert [4.0] == [peak.threshold_kw for peak in restored(setup, saved("home", node.state)).demand.peaks.values()]
