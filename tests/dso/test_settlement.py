"""Settlement: everybody's money, to the micro-unit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micromarket.dso.settlement import Accounts, Metered, pay_supplier, settle, summed
from micromarket.errors import WrongShape


def street(parent, member_of, account_of):
    """Return accounts from lists."""
    return Accounts(*(np.array(values, dtype=np.int64) for values in (member_of, account_of, parent)))


def row(*values):
    """Return one interval's column of values."""
    return np.array(values, dtype=float)[:, None]


def as_rows(postings):
    """Return (node, account, energy, amount) of each entry in the first interval."""
    columns = (postings.node, postings.account, postings.energy_kwh[:, 0], postings.amount_micro[:, 0])
    return list(zip(*(column.tolist() for column in columns), strict=True))


def test_seller_is_paid_by_buyer():
    """At one node, what the seller gets is what the buyer pays."""
    metered = Metered(row(2, -2), row(0), row(0), hours=0.5)
    postings = settle(row(0.30), metered, street([-1], [0, 0], [0, 1]))

    assert [(0, 0, 1.0, 300_000), (0, 1, -1.0, -300_000), (0, 2, 0.0, 0), (0, 3, 0.0, 0)] == as_rows(postings)


def test_distribution_owner_bears_losses_and_earns_rent():
    """It buys 5 kWh at the substation, loses one, and sells 4 at the dearer feeder."""
    metered = Metered(row(5, -4), row(0, 5), row(0, 4), hours=1.0)
    accounts = street([-1, 0], [0, 1], [0, 1])
    postings = settle(row(0.20, 0.30), metered, accounts)

    assert [1_000_000, -1_200_000, 200_000, 0] == postings.totals_micro(4)[:, 0].tolist()
    assert (2, 3) == (accounts.distribution_owner, accounts.rounding)


def test_export_is_carried_upward():
    """Power sent from a home arrives smaller at the substation; the line's owner bears the loss."""
    metered = Metered(row(-4, 5), row(0, -5), row(0, -4), hours=1.0)
    postings = settle(row(0.20, 0.20), metered, street([-1, 0], [0, 1], [0, 1]))

    assert [-800_000, 1_000_000, -200_000, 0] == postings.totals_micro(4)[:, 0].tolist()
    assert not postings.residual_kwh(2).any()


def test_assets_of_one_customer_share_a_posting():
    """A customer's solar power feeds its own load before anything is bought: one net entry, rounded once."""
    metered = Metered(row(3, -1, -2), row(0), row(0), hours=1.0)
    postings = settle(row(0.1), metered, street([-1], [0, 0, 0], [0, 0, 1]))

    assert [(0, 0, 2.0, 200_000), (0, 1, -2.0, -200_000)] == as_rows(postings)[:2]


def test_rounding_has_an_account():
    """Three thirds of a micro-unit do not vanish: an account shows them."""
    metered = Metered(row(1, -0.5, -0.5), row(0), row(0), hours=1.0)
    postings = settle(row(5e-6), metered, street([-1], [0, 0, 0], [0, 1, 2]))

    assert [5, -2, -2, 0, -1] == postings.amount_micro[:, 0].tolist()


@st.composite
def markets(draw):
    """Return prices, meters and accounts of a random tree that balances at every node."""
    nodes, intervals, customers = draw(st.integers(1, 6)), draw(st.integers(1, 5)), draw(st.integers(1, 8))
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    parent = np.array([-1, *(chance.integers(0, node) for node in range(1, nodes))])
    sent = chance.uniform(-50, 50, (nodes, intervals))
    received = sent * chance.uniform(0.9, 1, (nodes, intervals))
    at_node, at_parent = np.where(sent >= 0, received, sent), np.where(sent >= 0, sent, received)
    balance = np.zeros((nodes, intervals))
    for node in range(1, nodes):
        balance[node] += at_node[node]
        balance[parent[node]] -= at_parent[node]
    member_of = np.concatenate([chance.integers(0, nodes, customers), np.arange(nodes)])
    powers = chance.uniform(-10, 10, (customers, intervals))
    closing = -balance - summed(powers, member_of[:customers], nodes)
    account_of = chance.integers(0, customers, len(member_of))
    prices = chance.uniform(-0.5, 1.0, (nodes, intervals))
    metered = Metered(np.concatenate([powers, closing]), sent, received, 0.25)
    return prices, metered, Accounts(member_of, account_of, parent)


@given(markets())
def test_money_sums_to_zero_at_every_node(market):
    """Nothing is lost and nothing made: to the micro-unit in money, to float error in energy."""
    prices, metered, accounts = market
    postings = settle(prices, metered, accounts)
    owner, rounding = (postings.account == who for who in (accounts.distribution_owner, accounts.rounding))

    assert not summed(postings.amount_micro, postings.node, len(prices)).any()
    assert np.abs(postings.residual_kwh(len(prices))).max() < 1e-9
    assert (np.abs(postings.amount_micro[rounding]) <= len(metered.powers_kw) + 1).all()
    assert len(prices) == owner.sum() == rounding.sum()


@given(markets())
def test_everyone_is_paid_the_price(market):
    """Each entry is price times energy, to half a micro-unit."""
    prices, metered, accounts = market
    postings = settle(prices, metered, accounts)
    paid = postings.account != accounts.rounding
    exact = prices[postings.node[paid]] * postings.energy_kwh[paid] * 1e6

    assert (np.abs(postings.amount_micro[paid] - exact) <= 0.5 + 1e-6).all()


def test_shapes_must_fit():
    """Meters of three participants cannot settle two."""
    with pytest.raises(WrongShape):
        settle(row(0.1), Metered(row(1, 2, 3), row(0), row(0), 1.0), street([-1], [0, 0], [0, 1]))


def test_bills_are_mirrored_at_the_supplier():
    """What customers pay by tariff, the supplier receives at the same node."""
    amounts, energy = np.array([[100], [-30], [50]]), row(-1, 0.5, -2)
    postings = pay_supplier(amounts, energy, np.array([1, 1, 0]), supplier=3)

    assert [(0, 2, -2.0, -50), (0, 3, 2.0, 50), (1, 0, -1.0, -100), (1, 1, 0.5, 30), (1, 3, 0.5, 70)] == as_rows(
        postings
    )
