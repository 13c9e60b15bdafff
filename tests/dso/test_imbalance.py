"""Settlement of what was traded and what was delivered: two homes and a supplier."""

import numpy as np

from micromarket.dso.imbalance import ImbalancePrices, Traded, postings, settle_deviations

PRICES = ImbalancePrices(short=np.array([0.30]), long=np.array([0.05]), losses=np.array([0.20]))


def column(*values):
    """Return one interval of everyone."""
    return np.array(values)[:, None]


def settled(position, metered):
    """Return what everyone receives in one interval in which the first home sold 1 kWh to the second for 10 cents."""
    traded = Traded(column(*position), column(100_000, -100_000, 0), column(*metered))
    return settle_deviations(traded, PRICES)


def test_who_delivers_what_it_sold_gets_its_trades():
    """No deviation, no losses: only the trade is paid."""
    found = settled((1.0, -1.0, 0.0), (1.0, -1.0, 0.0))

    assert [100_000, -100_000, 0] == found.amount_micro[:, 0].tolist()


def test_who_delivers_less_pays_the_supplier():
    """The seller misses 0.4 kWh, which costs 0.30 a kWh; the supplier delivers it."""
    found = settled((1.0, -1.0, 0.0), (0.6, -1.0, 0.4))

    assert [-120_000, 0, 120_000] == found.imbalance_micro[:, 0].tolist()


def test_who_draws_less_is_paid_little_for_the_rest():
    """The buyer leaves 0.5 kWh over, which the supplier takes for 0.05 a kWh."""
    found = settled((1.0, -1.0, 0.0), (1.0, -0.5, -0.5))

    assert [0, 25_000, -25_000] == found.imbalance_micro[:, 0].tolist()


def test_who_draws_pays_for_losses():
    """The supplier brings 0.1 kWh that the lines lose; both homes draw, one three times as much as the other."""
    traded = Traded(column(-0.3, -0.1, 0.4), column(0, 0, 0), column(-0.3, -0.1, 0.5))

    assert [-15_000, -5_000, 20_000] == settle_deviations(traded, PRICES).losses_micro[:, 0].tolist()


def test_the_ledger_sums_to_zero():
    """Money to the micro-unit; energy too, once what was lost is the distribution owner's."""
    metered = column(0.62, -0.97, 0.41)
    found = postings(settled((1.0, -1.0, 0.0), metered[:, 0]), metered)

    assert (0, True) == (found.amount_micro.sum(), bool(abs(found.energy_kwh.sum()) < 1e-12))
