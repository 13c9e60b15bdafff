"""Curves and what they cost: every operation against exact arithmetic or a closed form."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micromarket.domain.curves import UNLIMITED_KW, Curves
from micromarket.domain.surplus import (
    dual_cost,
    duality_gap,
    gross_consumer_surplus,
    marginal_cost_integral,
    production_cost,
    surplus,
)
from micromarket.errors import NotFinite, NotMonotone, WrongShape
from random_curves import columns, exact_powers

SELLER = [(0.10, 0.0), (0.30, 4.0)]
STEPPED = [(-0.1, -2.0), (0.2, -2.0), (0.2, 1.0), (0.5, 1.0), (0.6, 3.0)]
SEEDS = st.integers(0, 10_000)


def one(vertices):
    return Curves.from_vertices([vertices])


def ends(answer):
    return tuple(float(each[0, 0]) for each in answer)


def grid(seed, participants=4, intervals=3):
    return Curves.from_columns(*columns("grid", seed, participants, intervals))


@pytest.mark.parametrize(
    ("price", "expected"),
    [(-1, (-2, -2)), (0.2, (-2, 1)), (0.3, (1, 1)), (0.55, (2, 2)), (0.6, (3, 3)), (9, (3, 3)), (-np.inf, (-2, -2))],
)
def test_power_at_a_price(price, expected):
    """Linear between vertices, constant beyond, both ends on a step."""
    assert expected == pytest.approx(ends(one(STEPPED).powers_at(price)))


@pytest.mark.parametrize(
    ("power", "expected"),
    [(-3, (-np.inf, -np.inf)), (-2, (-np.inf, 0.2)), (0, (0.2, 0.2)), (1, (0.2, 0.5)), (2, (0.55, 0.55)),
     (3, (0.6, np.inf)), (4, (np.inf, np.inf))],
)  # fmt: skip
def test_prices_at_a_power(power, expected):
    """A step answers one price, a flat both its ends, a tail reaches to infinity."""
    assert expected == pytest.approx(ends(one(STEPPED).prices_at(power)))


def test_an_inelastic_curve():
    """A single vertex gives its power at every price, and every price at its power."""
    load = Curves.inelastic([[-3.0, -4.0]])

    assert [[-3.0, -4.0]] == load.powers_at(0.2)[0].tolist()
    assert (-np.inf, np.inf) == ends(load.prices_at(-3.0))


@given(SEEDS)
def test_power_at_a_price_is_exact(seed):
    """Ties, steps and flats included, the arrays answer what exact arithmetic does."""
    curves = grid(seed)

    low, high = curves.powers_at(0.5), curves.powers_at(2.0)

    for price, actual in ((Fraction(1, 2), low), (2, high)):
        exact = [
            [exact_powers(p, q, price) for p, q in zip(*pair, strict=True)]
            for pair in zip(curves.prices, curves.powers, strict=True)
        ]
        np.testing.assert_allclose(np.array(exact, float), np.stack(actual, axis=2), atol=1e-12)


@given(SEEDS)
def test_the_inverse_answers_prices(seed):
    """Reading the inverse at a power inside the curve is asking the curve for its prices."""
    curves = grid(seed)
    power = 0.25 * curves.lowest_kw + 0.75 * curves.highest_kw

    inside = (curves.lowest_kw < power) & (power < curves.highest_kw)

    expected, actual = np.stack(curves.prices_at(power)), np.stack(curves.inverse().powers_at(power))
    assert expected[:, inside].tolist() == actual[:, inside].tolist()


@given(SEEDS)
def test_sum_of_all_and_of_others(seed):
    """At any price a curve and the sum of the others give the sum of all."""
    curves = grid(seed)

    total, others = curves.sum(), curves.sum_of_others()

    for price in (-1.0, 0.5, 2.0):
        own, rest, at = curves.powers_at(price), others.powers_at(price), curves.others_at(price)
        np.testing.assert_allclose(np.array(rest), np.array(at), atol=1e-12)
        np.testing.assert_allclose(
            np.array(own) + rest, np.broadcast_to(total.powers_at(price), (2, 4, 3)), atol=1e-12
        )


def test_sums_by_group():
    """Each group sums its members, in whatever order they stand; a group without any gives nothing."""
    curves = Curves.inelastic([[1.0], [2.0], [4.0], [8.0]])

    sums = curves.sum(groups=[2, 0, 2, 0], count=4)

    assert [[10.0], [0.0], [5.0], [0.0]] == sums.lowest_kw.tolist()
    assert [4.0, 8.0, 1.0, 2.0] == curves.sum_of_others(groups=[2, 0, 2, 0]).lowest_kw[:, 0].tolist()


def test_the_sum_drops_redundant_vertices():
    """Nobody pays for vertices at which nothing bends."""
    total = Curves.from_vertices([SELLER, [(0.2, -3.0)], [(0.1, 0.0), (0.3, 0.0)]]).sum()

    assert ([0.1, 0.3], [-3.0, 1.0]) == (total.prices.ravel().tolist(), total.powers.ravel().tolist())


def test_others_of_an_unlimited_supplier():
    """What the others give beside a supplier without limit is exact to the last digit."""
    curves = Curves.from_vertices([[(0.2, -UNLIMITED_KW), (0.2, UNLIMITED_KW)], [(0.0, 0.1)], [(0.0, 0.2)]])

    assert 0.1 + 0.2 == curves.others_at(0.3)[0][0, 0] == curves.sum_of_others().powers_at(0.3)[0][0, 0]


@given(SEEDS, st.integers(-4, 4), st.integers(0, 5))
def test_clipping_holds_power_between_limits(seed, low, width):
    """At every price the clipped curve gives the power held between its limits, and rises."""
    curves = grid(seed)

    clipped = curves.clipped(low, low + width)

    Curves(clipped.prices, clipped.powers)
    for price in np.arange(-4, 7, 0.5):
        expected = np.clip(curves.powers_at(price), low, low + width)
        np.testing.assert_allclose(expected, np.array(clipped.powers_at(price)), atol=1e-12)


def test_an_empty_limit_is_refused():
    """A greatest power below the least is named."""
    with pytest.raises(NotMonotone, match=r"limit from 2\.0 to 1\.0 kW is empty"):
        one(SELLER).clipped(2.0, 1.0)


def test_shift_and_mirror():
    """A commitment lifts a curve; the mirror image exchanges who gives and who takes."""
    lifted, mirrored = one(SELLER).shifted(-3.0), one(SELLER).negated()

    assert ([-3.0, 1.0], [-4.0, 0.0]) == (lifted.powers.ravel().tolist(), mirrored.powers.ravel().tolist())
    assert ([-0.3, -0.1], SELLER[0][0]) == (mirrored.prices.ravel().tolist(), mirrored.negated().prices[0, 0, 0])


def test_one_device_is_a_view():
    """Picking participants and intervals copies nothing."""
    curves = grid(1)

    parts = curves[2], curves[-1], curves[1:3, 2], curves[:, 1:]

    assert [(1, 3), (1, 3), (2, 1), (4, 2)] == [(len(part), part.intervals) for part in parts]
    assert all(np.shares_memory(part.prices, curves.prices) for part in parts)


def test_columns_cost_no_copy():
    """Arrays made by the constructors are columns already."""
    curves = Curves.concatenate([one(SELLER), one(STEPPED), Curves.offer(0.2, 0.0, UNLIMITED_KW)])

    assert (3, 5, True) == (len(curves), curves.vertices, np.shares_memory(curves.columns()[0], curves.prices))


def test_an_offer_is_a_step():
    """A seller gives nothing below its price and all above it; arrays broadcast."""
    offers = Curves.offer([[0.2], [0.3]], 0.0, [[1.0, 2.0]])

    assert [[0.0, 0.0], [1.0, 2.0]] == [end[0].tolist() for end in offers.powers_at(0.2)]


@pytest.mark.parametrize(
    ("error", "message", "build"),
    [
        (NotMonotone, "price falls after vertex 0 of participant 1 in interval 0: from 2.0 to 1.0",
         lambda: Curves.from_vertices([SELLER, [(2, 0), (1, 1)]])),
        (NotMonotone, "power falls after vertex 1 of participant 0", lambda: one([(0, 0), (1, 2), (2, 1)])),
        (NotFinite, "power of vertex 1 of participant 0 in interval 0 is not finite: nan",
         lambda: one([(0, 0), (1, np.nan)])),
        (NotFinite, "price of vertex 0 of participant 0 in interval 0 is not finite: inf",
         lambda: one([(np.inf, 0)])),
        (WrongShape, r"one shape \(n, T, V\).*\(2, 3\)", lambda: Curves(np.zeros((2, 3)), np.zeros((2, 3)))),
        (WrongShape, "participant 1 needs pairs", lambda: Curves.from_vertices([SELLER, []])),
        (WrongShape, "same intervals; found \\[1, 2\\]",
         lambda: Curves.concatenate([one(SELLER), Curves.inelastic([[1, 2]])])),
        (WrongShape, r"powers must have shape \(n, T\); found \(1,\)", lambda: Curves.inelastic([1.0])),
        (NotFinite, "power of vertex 0 of participant 0 in interval 1", lambda: Curves.inelastic([[1.0, np.inf]])),
        (WrongShape, "groups must count from 0 below 1; found 3 to 3", lambda: one(SELLER).sum(groups=[3], count=1)),
        (WrongShape, r"groups must have shape \(1,\)", lambda: one(SELLER).sum(groups=[0, 0])),
        (WrongShape, "must broadcast", lambda: Curves.offer(np.zeros((2, 3)), np.zeros((4, 3)), 0.0)),
    ],
)  # fmt: skip
def test_what_is_no_curve_is_refused(error, message, build):
    """The message names participant, interval and vertex, and what was found there."""
    with pytest.raises(error, match=message):
        build()


def test_production_cost_is_the_integral():
    """The template's example: the factor one half of a sloping segment is there."""
    assert (0.8, 0.3) == pytest.approx(
        (production_cost(one(SELLER), 4.0)[0, 0], production_cost(one(SELLER), 2.0)[0, 0])
    )


def test_negative_power_is_worth_its_gross_surplus():
    """A buyer that values its first kW at 0.40 and its fourth at 0.20 gains the area under that line."""
    buyer = one([(0.2, -4.0), (0.4, 0.0)])

    assert (1.2, -1.2) == pytest.approx(
        (gross_consumer_surplus(buyer, -4.0)[0, 0], production_cost(buyer, -4.0)[0, 0])
    )


def test_surplus_of_both_sides():
    """At 0.2 the seller of 2 kW gains the triangle above its line, the buyer of 2 kW that below its own."""
    curves = Curves.from_vertices([SELLER, [(0.1, -4.0), (0.3, 0.0)]])

    gained = surplus(curves, 0.2, [[2.0], [-2.0]], hours=0.5)

    assert [0.05, 0.05] == pytest.approx(gained[:, 0].tolist())
    assert (-gained).tolist() == dual_cost(curves, 0.2, [[2.0], [-2.0]], hours=0.5).tolist()


@given(SEEDS)
def test_costs_are_exact(seed):
    """The integral is that of exact arithmetic over every segment, whichever way it runs."""
    curves = grid(seed, intervals=1)

    there = marginal_cost_integral(curves, -1.0, 2.0)

    def area(low, high, start, end):
        bottom, top = max(low[1], start), min(high[1], end)
        if bottom >= top:
            return 0
        middle = Fraction(bottom + top, 2)
        return (top - bottom) * (low[0] + Fraction(high[0] - low[0]) * (middle - low[1]) / (high[1] - low[1]))

    corners = [
        [(int(p), int(q)) for p, q in zip(*pair, strict=True)]
        for pair in zip(curves.prices[:, 0], curves.powers[:, 0], strict=True)
    ]
    exact = [float(sum(area(*pair, -1, 2) for pair in pairwise(each))) for each in corners]
    np.testing.assert_allclose(exact, there[:, 0], atol=1e-12)
    np.testing.assert_allclose(there, -marginal_cost_integral(curves, 2.0, -1.0), atol=1e-12)


@given(SEEDS)
def test_surplus_is_greatest_at_the_price(seed):
    """No power on the curve gains more than the one the curve gives at that price."""
    curves = grid(seed)
    price = np.array([-1.0, 0.5, 3.0])

    best = surplus(curves, price, curves.powers_at(price)[0])

    gained = [surplus(curves, price, curves.powers[:, :, v]) for v in range(curves.vertices)]
    assert (np.max(gained, axis=0) - best).max() <= 1e-12


@given(SEEDS, st.floats(-1, 1), st.floats(0, 1))
def test_duality_gap_is_what_other_powers_would_save(seed, price, share):
    """Any powers on the curves: at these prices each could do better by just its own part of the gap."""
    curves = grid(seed)
    powers = curves.lowest_kw + share * (curves.highest_kw - curves.lowest_kw)
    wanted = curves.powers_at(price)[0]
    saved = dual_cost(curves, price, powers, 0.25) - dual_cost(curves, price, wanted, 0.25)
    gap = duality_gap(curves, price, powers, 0.25) - price * powers.sum(axis=0) * 0.25

    assert saved.sum(axis=0) == pytest.approx(gap, abs=1e-9)


def test_duality_gap_of_the_crossing_is_none():
    """10 kW at 0.20 for a load of 4 kW: nothing better is possible; at 0.30 it seems so."""
    curves = Curves.concatenate([Curves.offer([[0.2]], 0.0, [[10.0]]), Curves.inelastic([[-4.0]])])

    gaps = [duality_gap(curves, price, [[4.0], [-4.0]])[0] for price in (0.2, 0.3)]
    assert [0.0, 0.6] == pytest.approx(gaps)
