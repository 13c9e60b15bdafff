"""Energy and reserve in one clearing."""

import highspy
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micromarket.domain.curves import Curves
from micromarket.errors import InvalidValue, NotCleared, WrongShape
from micromarket.node.reserve import clear_with_reserve


def stack(*offers):
    """Return sellers from (price, kW) and, with negative kW, buyers, in one interval."""
    return Curves.concatenate([Curves.offer([[price]], [[min(kw, 0.0)]], [[max(kw, 0.0)]]) for price, kw in offers])


def least_cost(offers, provides, required, shortage_price):
    """Return cost of energy and of lacking reserve, by a linear program that knows nothing of curves."""
    program = highspy.Highs()
    program.silent()
    power = [program.addVariable(min(kw, 0.0), max(kw, 0.0), price) for price, kw in offers]
    lacking = program.addVariable(0.0, highspy.kHighsInf, shortage_price)
    program.addConstr(sum(power) == 0)
    kept = [max(kw, 0.0) - power[i] for i, (_, kw) in enumerate(offers) if provides[i]]
    program.addConstr(sum(kept) + lacking >= required)
    program.run()
    return program.getObjectiveValue()


TRADERS = st.lists(st.tuples(st.integers(0, 40), st.integers(-9, 9).filter(bool)), min_size=2, max_size=7)


@given(TRADERS, st.data(), st.integers(0, 12), st.integers(0, 30))
def test_costs_no_more_than_the_linear_program(traders, data, required, shortage):
    """Any sellers and buyers, whoever provides: energy and shortage together are as cheap as they can be."""
    provides = data.draw(st.lists(st.booleans(), min_size=len(traders), max_size=len(traders)))
    cleared = clear_with_reserve(stack(*traders), provides, float(required), float(shortage))
    prices = np.array([price for price, _ in traders])

    cost = prices @ cleared.powers_kw[:, 0] + shortage * cleared.lacking_kw[0]
    assert least_cost(traders, provides, required, shortage) == pytest.approx(cost, abs=1e-6)


def test_reserve_is_free_while_there_is_enough():
    """10 kW of capacity and 4 kW of load keep 6 kW by themselves."""
    cleared = clear_with_reserve(stack((0.2, 10.0), (0.9, -4.0)), [True, False], 6.0)

    assert ([0.2], [0.0], [[6.0], [0.0]]) == (
        cleared.price.tolist(), cleared.reserve_price.tolist(), cleared.reserve_kw.tolist()
    )  # fmt: skip


def test_kept_reserve_costs_the_load_that_is_left_off():
    """Keeping 8 of 10 kW leaves 2 kW for a load that would pay 0.90: energy costs 0.20, reserve 0.70."""
    cleared = clear_with_reserve(stack((0.2, 10.0), (0.9, -4.0)), [True, False], 8.0)

    assert ([0.9], [0.7], [[2.0], [-2.0]]) == (
        cleared.price.tolist(), cleared.reserve_price.round(9).tolist(), cleared.powers_kw.tolist()
    )  # fmt: skip


def test_priced_reserve_is_given_up_where_energy_is_worth_more():
    """At 0.50 a kW it is better to serve the load and lack 2 kW."""
    cleared = clear_with_reserve(stack((0.2, 10.0), (0.9, -4.0)), [True, False], 8.0, shortage_price=0.5)

    assert ([0.7], [0.5], [2.0]) == (
        cleared.price.round(9).tolist(), cleared.reserve_price.round(9).tolist(), cleared.lacking_kw.tolist()
    )  # fmt: skip


def test_a_provider_gains_as_much_by_keeping_as_by_producing():
    """What a kept kW earns is what a produced one earns beyond its cost."""
    cleared = clear_with_reserve(stack((0.2, 10.0), (0.9, -4.0)), [True, False], 8.0)

    assert cleared.price[0] - 0.2 == pytest.approx(cleared.reserve_price[0])


def test_reserve_that_cannot_be_kept_is_said_to_be_so():
    """The load is not flexible: nothing can be left off."""
    inelastic = Curves.concatenate([stack((0.2, 10.0)), Curves.inelastic([[-4.0]])])
    with pytest.raises(NotCleared, match="leaves 2 kW"):
        clear_with_reserve(inelastic, [True, False], 8.0)


@pytest.mark.parametrize(
    ("provides", "required", "error"), [([True], 1.0, WrongShape), ([True, False], -1.0, InvalidValue)]
)
def test_wrong_reserve_is_refused(provides, required, error):
    with pytest.raises(error):
        clear_with_reserve(stack((0.2, 10.0), (0.9, -4.0)), provides, required)
