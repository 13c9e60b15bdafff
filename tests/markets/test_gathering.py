"""On what a market clears when somebody is silent."""

import pytest

from micromarket.domain.curves import Curves
from micromarket.errors import WrongShape
from micromarket.markets.auction import clear
from micromarket.markets.gathering import Basis, gather


def flat(power_kw):
    """Return one inelastic curve in two intervals."""
    return Curves.inelastic([[power_kw, power_kw]])


def test_the_record_says_who_was_silent():
    """What came in time counts first, then what was last known, then the default, then nothing."""
    gathered = gather(
        ["prompt", "late", "new", "stranger"],
        2,
        tendered={"prompt": flat(1.0)},
        last_known={"prompt": flat(9.0), "late": flat(2.0)},
        defaults={"prompt": flat(9.0), "late": flat(9.0), "new": flat(3.0)},
    )

    assert [1.0, 2.0, 3.0, 0.0] == gathered.curves.powers_at(0)[0][:, 0].tolist()
    assert [Basis.TENDERED, Basis.LAST_KNOWN, Basis.DEFAULT, Basis.DEFAULT] == gathered.basis.tolist()
    assert ("late", "new", "stranger") == gathered.silent


def test_the_market_still_clears():
    """A supplier who never answers is cleared on its configured offer."""
    offer = Curves.offer([[0.3, 0.3]], 0.0, 5.0)
    gathered = gather(["house", "supplier"], 2, {"house": flat(-4.0)}, {}, {"supplier": offer})

    assert [0.3, 0.3] == clear(gathered.curves).require_balanced().price.tolist()


def test_a_curve_of_other_intervals_is_refused():
    """What was known of one interval does not serve two."""
    with pytest.raises(WrongShape, match="'house' in 2 intervals"):
        gather(["house"], 2, {}, {"house": Curves.inelastic([[1.0]])}, {})
