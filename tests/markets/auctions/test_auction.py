"""The uniform-price double auction: exact prices and powers, stated rules, named results; HiGHS as second opinion."""

import highspy
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micromarket.domain.curves import UNLIMITED_KW, Curves
from micromarket.domain.ids import InstrumentId, OrderId, PartyId
from micromarket.domain.orders import Order, Side, limit
from micromarket.domain.surplus import production_cost, surplus
from micromarket.errors import DuplicateOrder, NotCleared, NotFinite, UnknownInstrument, WrongShape
from micromarket.markets.auctions.auction import Outcome, UniformPriceAuction, clear
from micromarket.markets.mechanism import Awarded, Cleared, OrderAccepted, OrderRemoved
from random_curves import KINDS, columns

LOAD = [(0.0, -3.0)]
SUN = [(0.0, 0.0), (0.0, 5.0)]


def market(*vertices):
    return Curves.from_vertices(vertices)


def test_a_seller_and_an_inflexible_buyer():
    """The template's figure 2: price where the offer's slope meets the load."""
    cleared = clear(market([(0.010, 0.0), (0.035, 25.0)], [(0.0, -15.0)]))

    assert (0.025, [15.0, -15.0]) == (round(cleared.price[0], 15), cleared.powers_kw[:, 0].round(12).tolist())


def test_a_flat_offer_is_shared_pro_rata():
    """On a step each seller gives in proportion to what it offers at that price, not all or nothing."""
    cleared = clear(market(LOAD, [(0.2, 0.0), (0.2, 4.0)], [(0.2, 0.0), (0.2, 2.0)]))

    assert (0.2, [-3.0, 2.0, 1.0]) == (cleared.price[0], cleared.powers_kw[:, 0].tolist())


@pytest.mark.parametrize(("reference", "price"), [(None, 0.3), (0.1, 0.2), (0.35, 0.35), (1.0, 0.4)])
def test_a_flat_zero_stretch(reference, price):
    """Where many prices balance, the nearest to the reference is taken, else the middle."""
    cleared = clear(market([(0.2, 0.0), (0.2, 3.0)], [(0.4, -3.0), (0.4, 0.0)]), reference=reference)

    assert (price, 0.2, 0.4) == (round(cleared.price[0], 15), cleared.low[0], cleared.high[0])


def test_a_stretch_without_end():
    """A stretch with one end gives that end, one without any gives zero."""
    half = clear(market([(0.2, 0.0), (0.2, 3.0)], LOAD))
    whole = clear(market([(0.0, 3.0)], LOAD))

    assert (0.2, np.inf, 0.0, -np.inf) == (half.price[0], half.high[0], whole.price[0], whole.low[0])


def test_short_is_a_result():
    """Too little supply is no crash: highest price at which anyone moves, and demand served in equal shares."""
    cleared = clear(market([(0.1, 0.0), (0.3, 2.0)], [(0.0, -3.0)], [(0.0, -1.0)]))

    assert (Outcome.SHORT, 0.3, -2.0) == (cleared.outcome[0], cleared.price[0], cleared.imbalance_kw[0])
    assert [[2.0, -1.5, -0.5], [0.0, 1.5, 0.5]] == [
        cleared.powers_kw[:, 0].tolist(),
        cleared.unserved_kw[:, 0].tolist(),
    ]


def test_surplus_is_a_result():
    """Too much supply that never yields: lowest price at which anyone moves, and supply spilled in equal shares."""
    cleared = clear(market([(0.0, 6.0)], [(0.0, 2.0)], [(-0.1, -4.0), (0.1, 0.0)]))

    assert (Outcome.SURPLUS, -0.1, 4.0) == (cleared.outcome[0], cleared.price[0], cleared.imbalance_kw[0])
    assert [3.0, 1.0, -4.0] == cleared.powers_kw[:, 0].tolist()


def test_who_asks_for_a_balance_gets_a_readable_refusal():
    """The error says in which interval, by how much, and whom it hits most."""
    with pytest.raises(
        NotCleared, match=r"interval 0 demand exceeds all supply by 3 kW: 1 participants .* participant 0"
    ):
        clear(market(LOAD)).require_balanced()


def test_negative_prices():
    """Sun that nobody needs pushes the price below zero until someone is paid to take it."""
    cleared = clear(market([(-0.05, 0.0), (0.0, 5.0)], [(-0.02, -4.0), (-0.02, 0.0)], [(0.0, -1.0)]))

    assert (-0.02, [3.0, -2.0, -1.0]) == (cleared.price[0], cleared.powers_kw[:, 0].round(12).tolist())


def test_a_supplier_without_limit():
    """What is lacking comes from a supplier that gives any power at its price, exactly."""
    utility = [(0.04, -UNLIMITED_KW), (0.04, 0.0), (0.2, 0.0), (0.2, UNLIMITED_KW)]

    cleared = clear(market(utility, [(0.0, -0.3)], [(0.0, 0.1)]))

    assert (0.2, [0.2, -0.3, 0.1]) == (cleared.price[0], cleared.powers_kw[:, 0].round(15).tolist())


def test_a_target_other_than_zero():
    """A region that must give 2 kW to its neighbor clears at the price that leaves them over."""
    cleared = clear(market(LOAD, [(0.0, 0.0), (1.0, 10.0)]), target_kw=2.0)

    assert (0.5, 2.0) == (cleared.price[0], cleared.powers_kw.sum())


def test_what_does_not_fit_is_refused():
    """A target or reference of another shape, or one that is no number, is named."""
    with pytest.raises(WrongShape, match=r"target_kw must have shape \(1,\).*\(3,\)"):
        clear(market(LOAD), target_kw=np.zeros(3))
    with pytest.raises(NotFinite, match="reference must be finite; found nan"):
        clear(market(LOAD), reference=np.nan)


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 10_000), participants=st.integers(1, 25), vertices=st.integers(1, 5))
def test_powers_balance_on_their_owners_curves(kind, seed, participants, vertices):
    """In random markets powers sum to zero within 1e-9 kW and each lies on its owner's curve, or is rationed."""
    curves = Curves.from_columns(*columns(kind, seed, participants, 10, vertices))
    scale = max(1.0, 1e-3 * np.abs(np.where(np.abs(curves.powers) < 1e8, curves.powers, 0)).max())

    cleared = clear(curves)

    below, above = (
        curves.prices_at(cleared.powers_kw + slack * scale)[end] for slack, end in ((-1e-9, 0), (1e-9, 1))
    )
    near = 1e-12 * np.abs(cleared.price) + 1e-300
    on_curve = (below <= cleared.price + near) & (cleared.price - near <= above)
    sums = np.abs(cleared.powers_kw.sum(axis=0))
    rationed = cleared.unserved_kw > 0
    served = cleared.is_balanced | (np.sign(cleared.imbalance_kw) * curves.powers_at(cleared.price)[0] > 0).any(
        axis=0
    )
    assert (True, True) == (bool((sums[served] <= 1e-9 * scale).all()), bool((on_curve | rationed).all()))


@given(seed=st.integers(0, 10_000))
def test_no_one_would_rather_have_another_power(seed):
    """At the clearing price each participant's power earns it as much as any other on its curve."""
    curves = Curves.from_columns(*columns("grid", seed, 6, 8))

    cleared = clear(curves)

    gained = surplus(curves, cleared.price, np.clip(cleared.powers_kw, curves.lowest_kw, curves.highest_kw))
    others = [surplus(curves, cleared.price, curves.powers[:, :, v]) for v in range(curves.vertices)]
    worst = (np.max(others, axis=0) - gained)[:, cleared.is_balanced]
    assert worst.max(initial=0) <= 1e-9


@given(seed=st.integers(0, 10_000))
def test_order_of_participants_does_not_matter(seed):
    """Ties are broken by nobody's place in the list."""
    curves = Curves.from_columns(*columns("steps", seed, 9, 10))

    forth, back = clear(curves), clear(curves[::-1])

    np.testing.assert_allclose(forth.price, back.price, atol=1e-12)
    np.testing.assert_allclose(forth.powers_kw, back.powers_kw[::-1], atol=1e-9)


@pytest.fixture
def solver():
    highs = highspy.Highs()
    for option, value in {"output_flag": False, "qp_regularization_value": 1e-9, "qp_iteration_limit": 200}.items():
        highs.setOptionValue(option, value)
    return highs


def optimum(solver, prices, powers):
    """Return HiGHS's status for a market, cost of the optimum and dual of the balance; vertices as columns (V, n)."""
    width = np.diff(powers, axis=0).ravel()
    slope = np.divide(np.diff(prices, axis=0).ravel(), width, where=width > 0, out=np.zeros_like(width))
    model, count = highspy.HighsModel(), len(width)
    program, matrix = model.lp_, model.lp_.a_matrix_
    program.num_col_, program.num_row_ = count, 1
    program.col_cost_, program.col_lower_, program.col_upper_ = prices[:-1].ravel(), np.zeros(count), width
    program.row_lower_ = program.row_upper_ = np.array([-powers[0].sum()])
    matrix.start_, matrix.index_, matrix.value_ = np.arange(count + 1), np.zeros(count, dtype=int), np.ones(count)
    if slope.any():
        model.hessian_.dim_, model.hessian_.format_ = count, highspy.HessianFormat.kTriangular
        model.hessian_.start_, model.hessian_.index_, model.hessian_.value_ = (
            np.arange(count + 1),
            np.arange(count),
            slope,
        )
    solver.passModel(model)
    solver.run()
    return solver.getModelStatus(), solver.getObjectiveValue(), solver.getSolution().row_dual[0]


@pytest.mark.parametrize(("kind", "vertices"), [("steps", 2), ("steps", 5), ("grid", 2), ("smooth", 3)])
def test_clearing_is_the_optimum_of_a_program(solver, kind, vertices):
    """In 2,000 random markets dispatch costs what HiGHS's optimum costs, and the price stretch holds its dual."""
    curves = Curves.from_columns(*columns(kind, 11, participants=5, intervals=500, vertices=vertices))

    cleared = clear(curves)

    costs = (production_cost(curves, cleared.powers_kw) - production_cost(curves, curves.lowest_kw)).sum(axis=0)
    found = [optimum(solver, *each) for each in zip(*curves.columns(), strict=True)]
    status = np.array([each[0] for each in found])
    solved, impossible = status == highspy.HighsModelStatus.kOptimal, status == highspy.HighsModelStatus.kInfeasible
    best, dual = np.array([each[1:] for each in found])[solved].T
    assert np.count_nonzero(solved | impossible) >= 495  # its quadratic solver gives up on a few
    assert not (impossible & cleared.is_balanced).any()
    assert cleared.is_balanced[solved].all()
    np.testing.assert_allclose(costs[solved], best, atol=1e-6)
    assert ((cleared.low[solved] - 1e-5 <= dual) & (dual <= cleared.high[solved] + 1e-5)).all()


@pytest.fixture
def auction():
    return UniformPriceAuction([InstrumentId("noon"), InstrumentId("night")])


def order(name, side, price, quantity, instrument="noon"):
    return Order(OrderId(name), PartyId(name), InstrumentId(instrument), limit(side, price, quantity))


def test_orders_are_matched_at_one_price(auction):
    """As a mechanism the auction matches whole steps that sum to zero, and lets go of every order."""
    for each in (order("a", Side.SELL, 10, 3), order("b", Side.SELL, 10, 3), order("c", Side.BUY, 15, 3)):
        assert [OrderAccepted(each.order_id)] == auction.submit(each)

    noon = auction.clear()[:7]

    assert [Cleared("noon", 10.0, 0.0), Awarded("a", 10, 2), Awarded("b", 10, 1), Awarded("c", 10, -3)] == noon[:4]
    assert [OrderRemoved(name, "cleared") for name in "abc"] == noon[4:]


def test_refusals_are_outcomes(auction):
    """A name used before or an instrument not traded is refused by name, and changes nothing."""
    auction.submit(order("a", Side.SELL, 10, 3))

    again, elsewhere = (
        auction.submit(order("a", Side.BUY, 20, 1)),
        auction.submit(order("b", Side.BUY, 20, 1, "dawn")),
    )

    assert [DuplicateOrder, UnknownInstrument] == [again[0].reason, elsewhere[0].reason]
    assert [Cleared("noon", 10.0, 0.0), OrderRemoved("a", "cleared")] == auction.clear()[:2]


def test_cancelled_orders_are_gone(auction):
    """A cancelled order does not clear; cancelling what is not held does nothing."""
    auction.submit(order("a", Side.SELL, 10, 3))

    assert [[OrderRemoved("a", "cancelled")], []] == [auction.cancel("a"), auction.cancel("a")]
    assert [Cleared("noon", 0.0, 0.0), Cleared("night", 0.0, 0.0)] == auction.clear()
