import numpy as np
import pytest

from micromarket.domain.curves import Curves
from micromarket.errors import NotFinite, WrongShape
from micromarket.kernels.nested import BALANCED, SHORT, SURPLUS
from micromarket.markets.auctions.auction import clear
from micromarket.node.networks.nested import TOLERANCE_KW, clear_nested
from micromarket.node.networks.welfare import welfare, welfare_bound
from trees import load, offers, random_curves, random_market, supplier, tree

TWO = tree([-1, 0])
FEEDER = tree([-1, 0], import_kw=5.0, export_kw=3.0)


def test_one_price_everywhere_where_nothing_limits():
    """A home's load is served by the supplier two lines up at the supplier's price."""
    cleared = clear_nested(tree([-1, 0, 1]), [load(4.0), supplier(0.20)], [2, 0])

    assert [[0.20], [0.20], [0.20]] == cleared.price.tolist()


def test_power_flows_through_every_line_on_the_way():
    cleared = clear_nested(tree([-1, 0, 1]), [load(4.0), supplier(0.20)], [2, 0])

    assert [[0.0], [4.0], [4.0]] == cleared.sent_kw.tolist()


def test_a_full_line_keeps_the_price_down_behind_it():
    """Solar power beyond the export limit is worth only what the next taker inside the feeder would pay."""
    solar, cheap_taker = offers((0.0, 0.0), (0.0, 8.0)), offers((0.02, -9.0), (0.02, 0.0))
    cleared = clear_nested(FEEDER, [solar, cheap_taker, supplier(0.20, 0.05)], [1, 1, 0])

    assert [[0.05], [0.02], [8.0], [-5.0], [-3.0]] == [
        *cleared.price.tolist(), *cleared.powers_kw.tolist()
    ]  # fmt: skip


def test_a_full_line_lifts_the_price_behind_it():
    generator = offers((0.30, 0.0), (0.40, 4.0))
    cleared = clear_nested(FEEDER, [load(7.0), generator, supplier(0.20)], [1, 1, 0])

    assert [0.20, pytest.approx(0.35)] == cleared.price[:, 0].tolist()
    assert [False, True] == cleared.congested[:, 0].tolist()


def test_a_limit_that_is_just_reached_changes_no_price():
    """Where the line is exactly full and nobody behind it wants more, nothing is congested."""
    cleared = clear_nested(FEEDER, [load(5.0), supplier(0.20)], [1, 0])

    assert ([0.20, 0.20], [False, False]) == (cleared.price[:, 0].tolist(), cleared.congested[:, 0].tolist())


def test_losses_lift_the_price_by_the_slope_of_the_last_segment():
    """Importing 5 kW over a line rated 10 kW at 8 % uses the fourth of eight segments: 1 - 0.08 * 7/8."""
    line = tree([-1, 0], 10.0, 10.0, 0.08)
    cleared = clear_nested(line, [load(4.5), supplier(0.20)], [1, 0])

    assert 0.20 / (1 - 0.08 * 7 / 8) == pytest.approx(cleared.price[1, 0])


def test_the_importer_bears_the_losses():
    line = tree([-1, 0], 10.0, 10.0, 0.08)
    cleared = clear_nested(line, [load(4.8), supplier(0.20)], [1, 0])

    assert (5.0, 4.8, 0.2) == pytest.approx(
        (cleared.sent_kw[1, 0], cleared.received_kw[1, 0], cleared.losses_kw[1, 0])
    )


def test_exports_lose_on_the_way_up():
    line = tree([-1, 0], 10.0, 10.0, 0.08)
    cleared = clear_nested(line, [load(-5.0), supplier(0.20, 0.05)], [1, 0])

    assert (-5.0, -4.8, 0.05 * (1 - 0.08 * 7 / 8)) == pytest.approx(
        (cleared.sent_kw[1, 0], cleared.received_kw[1, 0], cleared.price[1, 0])
    )


def test_between_the_losses_of_both_directions_nothing_flows():
    """A generator at 0.201 neither displaces 0.200 plus losses far away nor lets it in: a dead band."""
    line = tree([-1, 0], 10.0, 10.0, 0.08)
    generator = offers((0.201, 0.0), (0.201, 9.0))
    cleared = clear_nested(line, [load(2.0), generator, supplier(0.20, 0.20)], [1, 1, 0])

    assert (0.201, 0.0) == pytest.approx((cleared.price[1, 0], cleared.sent_kw[1, 0]))


def test_a_negative_price_passes_a_line_unchanged():
    """Only the power is reduced: burning it in the line never pays."""
    line = tree([-1, 0], 10.0, 10.0, 0.08)
    cleared = clear_nested(line, [load(4.8), supplier(-0.10, -0.20)], [1, 0])

    assert (-0.10, 5.0) == pytest.approx((cleared.price[1, 0], cleared.sent_kw[1, 0]))


def test_what_a_limit_cannot_bring_is_rationed_pro_rata():
    """Two loads of 6 and 4 kW behind 5 kW each get half; the node and both say so."""
    cleared = clear_nested(FEEDER, [load(6.0, 4.0), supplier(0.20)], [1, 1, 0])

    assert [-3.0, -2.0, 5.0] == cleared.powers_kw[:, 0].tolist()
    assert [3.0, 2.0, 0.0] == cleared.unserved_kw[:, 0].tolist()
    assert [BALANCED, SHORT] == cleared.outcome[:, 0].tolist()


def test_the_price_of_a_short_node_is_its_highest():
    """The generator that runs at full power sets the price where demand is rationed."""
    generator = offers((0.30, 0.0), (0.40, 1.0))
    cleared = clear_nested(FEEDER, [load(10.0), generator, supplier(0.20)], [1, 1, 0])

    assert [[0.20], [0.40]] == cleared.price.tolist()


@pytest.mark.parametrize("demand", [0.0, 4.0])
def test_who_is_cut_off_keeps_the_price_of_its_parent(demand):
    """A line that carries nothing to a home makes no price, be the home short behind it or not."""
    cut = tree([-1, 0], 0.0, 10.0, 0.3)

    assert [0.2, 0.2] == clear_nested(cut, [supplier(), load(1.0), load(demand)], [0, 0, 1]).price[:, 0].tolist()


def test_shortage_is_reported_by_node():
    cleared = clear_nested(FEEDER, [load(6.0, 4.0), supplier(0.20)], [1, 1, 0])

    assert [[0.0], [5.0]] == cleared.unserved_by_node_kw([1, 1, 0]).tolist()


def test_what_a_limit_cannot_take_is_spilled_pro_rata():
    cleared = clear_nested(FEEDER, [load(-6.0, -3.0, 3.0), supplier(0.20)], [1, 1, 1, 0])

    assert [4.0, 2.0, -3.0, -3.0] == pytest.approx(cleared.powers_kw[:, 0].tolist())
    assert SURPLUS == cleared.outcome[1, 0]


def test_without_a_supplier_shortage_reaches_every_home():
    """The root has too little: each line, and behind it each load, loses the same part."""
    cleared = clear_nested(tree([-1, 0, 0]), [load(6.0, 4.0), load(-5.0)], [1, 2, 0])

    assert [-3.0, -2.0, 5.0] == cleared.powers_kw[:, 0].tolist()


def test_a_step_is_shared_in_proportion_to_its_width():
    wide, narrow = offers((0.10, 0.0), (0.10, 6.0)), offers((0.10, 0.0), (0.10, 2.0))
    cleared = clear_nested(TWO, [wide, narrow, load(4.0)], [0, 1, 1])

    assert [3.0, 1.0, -4.0] == cleared.powers_kw[:, 0].tolist()


@pytest.mark.parametrize(("reference", "price"), [(None, 0.125), ([0.10], 0.10), ([0.50], 0.20), ([0.0], 0.05)])
def test_a_stretch_of_prices_stays_near_the_reference(reference, price):
    """A self-sufficient home balances at any price between feed-in and supply."""
    cleared = clear_nested(TWO, [load(2.0), load(-2.0), supplier(0.20, 0.05)], [1, 1, 0], reference)

    assert [price, price] == pytest.approx(cleared.price[:, 0].tolist())


def test_nobody_at_all_clears_at_zero():
    cleared = clear_nested(TWO, load(0.0), [1])

    assert [[0.0], [0.0]] == cleared.price.tolist()


def test_unlimited_power_is_exact_beside_small_power():
    """The supplier's 1e9 kW leaves no rounding in a balance of watts."""
    cleared = clear_nested(TWO, [load(0.001, 0.002), supplier()], [1, 1, 0])

    assert 0.003 == pytest.approx(cleared.powers_kw[2, 0], abs=1e-15)


@pytest.mark.parametrize("losses", [False, True])
def test_every_node_of_thousands_of_random_trees_balances(losses):
    """Energy balances in every node, shortages included, and no line gains power."""
    worst = 0.0
    for seed in range(1500):
        grown, curves, member_of = random_market(seed, losses)
        cleared = clear_nested(grown, curves, member_of)
        worst = max(worst, np.abs(cleared.imbalance_kw(grown, member_of)).max(), -cleared.losses_kw.min())

    assert worst < TOLERANCE_KW


@pytest.mark.parametrize(("losses", "lowest"), [(False, -0.2), (True, 0.0)])
def test_prices_prove_the_dispatch_optimal(losses, lowest):
    """Without losses, or at prices that are not negative, the value meets the bound of its own prices."""
    worst = 0.0
    for seed in range(1000):
        grown, curves, member_of = random_market(seed, losses, lowest)
        cleared = clear_nested(grown, curves, member_of)
        if not cleared.outcome.any():
            gap = welfare_bound(grown, curves, member_of, cleared.price) - welfare(curves, cleared.powers_kw)
            worst = max(worst, float(np.abs(gap).max()))

    assert worst < 1e-9


def test_one_node_alone_is_the_single_auction():
    """Prices, powers, outcome and what is not served are those of `markets.auction.clear`."""
    worst = 0.0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        curves = random_curves(rng, int(rng.integers(1, 12)), intervals=3)
        nested, single = clear_nested(tree([-1]), curves, np.zeros(len(curves))), clear(curves)
        pairs = [(nested.price[0], single.price), (nested.outcome[0], single.outcome)]
        pairs += [(nested.powers_kw, single.powers_kw), (nested.unserved_kw, single.unserved_kw)]
        worst = max(worst, *(float(np.abs(a - b).max()) for a, b in pairs))

    assert worst < 1e-9


def test_lines_never_run_short_of_money():
    """What is paid at the receiving end covers what is owed at the sending end, negative prices included."""
    least = 0.0
    for seed in range(1000):
        grown, curves, member_of = random_market(seed, losses=True)
        cleared = clear_nested(grown, curves, member_of)
        parents = cleared.price[grown.parent]
        rent = cleared.price * cleared.imported_kw() + parents * cleared.exported_kw()
        least = min(least, float(rent[1:].min(initial=0.0)))

    assert least > -1e-9


def test_intervals_do_not_touch_each_other():
    """Many intervals at once give what each gives alone, to the last bit."""
    grown, curves, member_of = random_market(7, losses=True, intervals=40)
    together = clear_nested(grown, curves, member_of)
    alone = [
        clear_nested(grown, [Curves(c.prices[:, t : t + 1], c.powers[:, t : t + 1]) for c in curves], member_of)
        for t in range(40)
    ]

    np.testing.assert_array_equal(together.powers_kw, np.concatenate([one.powers_kw for one in alone], axis=1))


@pytest.mark.parametrize(
    ("curves", "member_of", "reference", "error", "message"),
    [
        (load(1.0), [0, 1], None, WrongShape, "one node for each of 1 participants"),
        (load(1.0), [2], None, WrongShape, "must name nodes 0 to 1"),
        (load(1.0), [-1], None, WrongShape, "must name nodes 0 to 1"),
        ([load(1.0), supplier(intervals=2)], [0, 1], None, WrongShape, "must share their intervals"),
        (load(1.0), [0], [0.1, 0.2], WrongShape, "one price for each of 1 intervals"),
        (load(1.0), [0], [np.nan], NotFinite, "reference price must be finite"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(curves, member_of, reference, error, message):
    with pytest.raises(error, match=message):
        clear_nested(TWO, curves, member_of, reference)
