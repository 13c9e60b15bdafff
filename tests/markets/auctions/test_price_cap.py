"""A price cap: nobody pays more, and at the cap anyone may be served in part."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from micromarket.domain.curves import Curves
from micromarket.markets.auctions.auction import clear
from micromarket.markets.auctions.price_cap import with_price_cap


def test_a_supplier_that_is_too_small_is_shared_at_the_cap():
    """Two loads of 6 and 3 kW share 3 kW pro rata, at the cap."""
    loads = Curves.inelastic([[-6.0], [-3.0]])
    supplier = Curves.offer([[0.10]], [[0.0]], [[3.0]])

    cleared = clear(with_price_cap(Curves.concatenate([loads, supplier]), 2.0))

    assert ([2.0], [-2.0, -1.0, 3.0]) == (cleared.price.tolist(), cleared.powers_kw[:, 0].round(9).tolist())


def test_offers_above_the_cap_are_accepted_at_it():
    """A generator that asks for more than the cap is not paid more than the cap."""
    generator = Curves.offer([[5.0]], [[0.0]], [[4.0]])

    assert 2.0 == with_price_cap(generator, 2.0).prices.max()


def test_a_curve_that_slopes_through_the_cap_keeps_its_power_there():
    """Half of the slope lies below the cap, so half of the power is given at it."""
    sloped = Curves.from_vertices([[(0.0, 0.0), (4.0, 8.0)]])

    _, at_cap = with_price_cap(sloped, 2.0).powers_at(2.0)

    assert 4.0 == at_cap[0, 0]


@given(st.floats(-1, 1), st.floats(0, 5), st.floats(0, 5), st.floats(-1, 3))
def test_below_the_cap_nothing_changes(low, width, size, price):
    """At any price under the cap everyone does what they bid."""
    curves = Curves.from_vertices([[(low, -size), (low + width, 0.0), (low + width, size)]])
    capped = with_price_cap(curves, 3.5)

    np.testing.assert_allclose(curves.powers_at(price), capped.powers_at(price), atol=1e-12)
