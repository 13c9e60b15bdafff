"""The supplier, as a curve and as a cost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micromarket.domain.curves import UNLIMITED_KW
from micromarket.dso.load_serving_entity import Ramp, Supplier
from micromarket.errors import InvalidValue, NotFinite, NotMonotone, WrongShape

ONE = np.array([0, 1])

ramps = st.one_of(
    st.builds(Ramp.flat, st.floats(0, 500)),
    st.builds(Ramp.sloped, st.floats(0, 0.01), st.floats(1, 500)),
    st.lists(st.tuples(st.floats(1, 100), st.floats(0, 0.5)), min_size=1, max_size=4).map(
        lambda tiers: Ramp.tiered(np.cumsum([width for width, _ in tiers]), np.cumsum([rise for _, rise in tiers]))
    ),
)


def supplier(supply=None, intake=None, price=0.20, feed_in=0.04):
    """Return a supplier of one base step."""
    ramps = {"supply": supply or Ramp.flat(), "intake": intake or Ramp.flat()}
    return Supplier("utility", np.array([price]), np.array([feed_in]), **ramps)


def vertices(one):
    """Return the vertices of a curve of one participant in one interval."""
    curve = one.curves(ONE)
    return list(zip(curve.prices[0, 0].round(9).tolist(), curve.powers[0, 0].tolist(), strict=True))


def test_unlimited_at_two_prices():
    """It takes anything at the feed-in price, gives anything at its own, and does nothing between."""
    assert [(0.04, -UNLIMITED_KW), (0.04, 0), (0.2, 0), (0.2, UNLIMITED_KW)] == vertices(supplier())


def test_tiers():
    """Dearer tiers follow when the cheaper one is used up."""
    tiers = Ramp.tiered([50, 100, UNLIMITED_KW], [0, 0.05, 0.3])

    assert [(0.2, 0), (0.2, 50), (0.25, 50), (0.25, 100), (0.5, 100), (0.5, UNLIMITED_KW)] == vertices(
        supplier(supply=tiers)
    )[2:]


def test_slope_is_a_quadratic_cost():
    """With a price that rises by a tenth of a cent each kW, 100 kW cost 100 x 0.20 + 100^2 x 0.001 / 2."""
    rising = supplier(supply=Ramp.sloped(0.001, 500.0))

    assert [(0.2, 0), (0.7, 500)] == vertices(rising)[2:]
    assert [25.0] == rising.cost(np.array([100.0]), np.array([0])).tolist()


def test_no_intake():
    """A supplier that takes nothing has no power below its price."""
    assert [0, 0, 0, 500] == [power for _, power in vertices(supplier(Ramp.flat(500), Ramp.flat(0)))]


def test_interval_of_several_steps():
    """Over an hour of four quarters, the price is their mean."""
    varying = Supplier("utility", np.array([0.1, 0.2, 0.3, 0.4, 1.0]), np.zeros(5))

    assert [[0.25, 1.0]] == varying.curves(np.array([0, 4, 5])).prices[:, :, -1].tolist()


def test_unlimited_slope_stays_exact():
    """A sloping price without capacity is still exact at the scale of a street."""
    curve = supplier(supply=Ramp.sloped(0.0002)).curves(ONE)

    assert abs(np.interp(0.21, curve.prices[0, 0, 2:4], curve.powers[0, 0, 2:4]) - 50) < 1e-9


@given(ramps, ramps, st.lists(st.floats(-1, 1), min_size=1, max_size=8))
def test_cost_is_the_area_under_the_curve(supply, intake, shares):
    """What a power costs is the integral of the price that the curve asks for it, on both sides of zero."""
    one = supplier(supply, intake)
    curve = one.curves(ONE)
    prices, powers = curve.prices[0, 0], curve.powers[0, 0]
    for share in shares:
        power = share * (powers[-1] if share > 0 else -powers[0])
        borders = np.unique(np.concatenate([[0.0, power], np.clip(powers, min(0, power), max(0, power))]))
        middles = (borders[:-1] + borders[1:]) / 2
        segment = np.searchsorted(powers, middles, side="right") - 1
        width = powers[segment + 1] - powers[segment]
        at = prices[segment] + (prices[segment + 1] - prices[segment]) * (middles - powers[segment]) / width
        area = np.sign(power) * (at * np.diff(borders)).sum()

        assert np.isclose(area, one.cost(np.array([power]), np.array([0]))[0], rtol=1e-9, atol=1e-9)


def test_power_beyond_the_capacity_costs_the_last_price():
    """What was metered beyond the capacity is charged on at the dearest price."""
    assert [0.2 * 10 + 0.3 * 20] == supplier(supply=Ramp.tiered([10, 20], [0, 0.1])).cost(
        np.array([30.0]), np.array([0])
    ).tolist()


def test_paying_more_for_exports_is_refused():
    """Buying dear and selling cheap would be a money pump."""
    with pytest.raises(InvalidValue, match=r"feed-in price 0\.3 is above price 0\.2 in step 0"):
        supplier(feed_in=0.3)


@pytest.mark.parametrize(
    ("powers", "adders", "error"),
    [
        ([0, 1], [0.0], WrongShape),
        ([], [], WrongShape),
        ([0, np.inf], [0, 0], NotFinite),
        ([1, 2], [0, 0], NotMonotone),
        ([0, -1], [0, 0], NotMonotone),
        ([0, 1], [0, -1], NotMonotone),
    ],
)
def test_ramps_that_fall_are_refused(powers, adders, error):
    """Dearer with power, from nothing, in finite numbers."""
    with pytest.raises(error):
        Ramp(np.array(powers, dtype=float), np.array(adders, dtype=float))


def test_prices_are_finite_rows():
    """Every base step has one price and one feed-in price."""
    with pytest.raises(WrongShape):
        Supplier("utility", np.zeros(2), np.zeros(3))
    with pytest.raises(NotFinite):
        Supplier("utility", np.array([np.nan]), np.zeros(1))
