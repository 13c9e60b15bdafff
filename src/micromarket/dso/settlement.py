"""Settlement: who pays whom for what the meters counted, in whole micro-units that sum to zero at every node.

Every participant receives its node's price for the energy it fed in and pays it for what it drew. The distribution
owner carries energy over the lines: it buys at one end and sells at the other, so losses are its cost and the
difference of prices across a congested line is its rent. What rounding leaves over goes to an account of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from micromarket.domain.curves import Floats
from micromarket.domain.money import Micro, to_micro
from micromarket.errors import WrongShape

Indices = NDArray[np.int64]
Number = TypeVar("Number", np.float64, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Metered:
    """What the meters of `n` participants and of the lines above `m` nodes counted in `T` intervals.

    Parameters
    ----------
    powers_kw : array of float, shape (n, T)
        Average power of each participant [kW], positive into the region.
    sent_kw, received_kw : array of float, shape (m, T)
        Average power entering and leaving the line between each node and its parent [kW], positive toward the node;
        the larger is what was sent. The root's row is not used.
    hours : float
        Duration of each interval [h].
    """

    powers_kw: Floats
    sent_kw: Floats
    received_kw: Floats
    hours: float


@dataclass(frozen=True, slots=True, eq=False)
class Accounts:
    """Where participants are connected, and who pays for them.

    Parameters
    ----------
    member_of : array of int, shape (n,)
        Node of each participant.
    account_of : array of int, shape (n,)
        Account of each participant, from 0.
    parent : array of int, shape (m,)
        Parent of each node; the root's is negative.
    """

    member_of: Indices
    account_of: Indices
    parent: Indices

    @property
    def count(self) -> int:
        """Number of accounts of participants."""
        return int(self.account_of.max(initial=-1)) + 1

    @property
    def distribution_owner(self) -> int:
        """Account of the distribution owner: the first after those of the participants."""
        return self.count

    @property
    def rounding(self) -> int:
        """Account that takes what rounding leaves over."""
        return self.count + 1


@dataclass(frozen=True, slots=True, eq=False)
class Parties:
    """Who is settled, and where.

    Parameters
    ----------
    node, account : array of int, shape (P,)
        Of each party.
    """

    node: Indices
    account: Indices


@dataclass(frozen=True, slots=True, eq=False)
class Postings:
    """Entries for the ledger: `E` pairs of node and account, in `T` intervals.

    Parameters
    ----------
    node, account : array of int, shape (E,)
        Whose entry, where; by node, then account.
    energy_kwh : array of float, shape (E, T)
        Energy fed in at that node [kWh], negative if drawn.
    amount_micro : array of int, shape (E, T)
        Money received [micro-units], negative if paid. Sums to zero over each node and interval.
    """

    node: Indices
    account: Indices
    energy_kwh: Floats
    amount_micro: Micro

    def totals_micro(self, accounts: int) -> Micro:
        """Return what each of `accounts` accounts received in each interval [micro-units], shape (accounts, T)."""
        return summed(self.amount_micro, self.account, accounts)

    def residual_kwh(self, nodes: int) -> Floats:
        """Return the energy that the meters of each node do not explain [kWh], shape (nodes, T): 0 but for float."""
        return summed(self.energy_kwh, self.node, nodes)


def settle(prices: Floats, metered: Metered, accounts: Accounts) -> Postings:
    """Return what everyone receives at every node.

    Parameters
    ----------
    prices : array of float, shape (m, T)
        Cleared price of each node [currency/kWh].
    metered : Metered
        What was delivered.
    accounts : Accounts
        Where, and whose.

    Returns
    -------
    Postings
        One entry for each account with a participant at a node, and one for the distribution owner and one for
        rounding at each node. Each amount is rounded once, half to even.

    Raises
    ------
    WrongShape
        If the arrays do not fit together.

    Notes
    -----
    Source: Transactive Simulation Entities and Concepts (PNNL), "Distribution System Operator"; the roles' money in
    Transactive Network Template v4, "Support Financial Transactions", is left open there.
    """
    if prices.shape != metered.sent_kw.shape:
        raise WrongShape(f"{prices.shape} prices, {metered.sent_kw.shape} flows")
    parties, powers = parties_of(accounts), powers_of_parties(metered, accounts)
    energy = powers * metered.hours
    return posted(parties, energy, to_micro(prices[parties.node] * energy), accounts)


def parties_of(accounts: Accounts) -> Parties:
    """Return who is settled: each account with a participant at a node, and the distribution owner at each node."""
    width, nodes = accounts.rounding + 1, len(accounts.parent)
    key = np.unique(accounts.member_of * width + accounts.account_of)
    return Parties(
        np.concatenate([key // width, np.arange(nodes)]),
        np.concatenate([key % width, np.full(nodes, accounts.distribution_owner)]),
    )


def powers_of_parties(metered: Metered, accounts: Accounts) -> Floats:
    """Return the power of each party [kW], shape (P, T), by `parties_of`; it sums to zero at each node.

    Raises
    ------
    WrongShape
        If there is not one row of powers for each participant.
    """
    if metered.powers_kw.shape != (len(accounts.member_of), metered.sent_kw.shape[1]):
        raise WrongShape(f"{metered.powers_kw.shape} powers, {metered.sent_kw.shape} flows")
    width = accounts.rounding + 1
    key, party = np.unique(accounts.member_of * width + accounts.account_of, return_inverse=True)
    return np.concatenate([summed(metered.powers_kw, party, len(key)), _carried(metered, accounts.parent)])


def posted(parties: Parties, energy_kwh: Floats, amount_micro: Micro, accounts: Accounts) -> Postings:
    """Return the entries of parties, shape (P, T), and what closes each node to zero on the account of rounding."""
    nodes = len(accounts.parent)
    return _ordered(
        Postings(
            node=np.concatenate([parties.node, np.arange(nodes)]),
            account=np.concatenate([parties.account, np.full(nodes, accounts.rounding)]),
            energy_kwh=np.concatenate([energy_kwh, np.zeros((nodes, energy_kwh.shape[1]))]),
            amount_micro=np.concatenate([amount_micro, -summed(amount_micro, parties.node, nodes)]),
        )
    )


def pay_supplier(amounts_micro: Micro, energy_kwh: Floats, node: Indices, supplier: int) -> Postings:
    """Return the postings of customers who pay a supplier by tariff: each customer's amount, mirrored at its node.

    Parameters
    ----------
    amounts_micro : array of int, shape (C, T)
        What each customer pays in each interval [micro-units].
    energy_kwh : array of float, shape (C, T)
        What each customer feeds in [kWh], negative if drawn.
    node : array of int, shape (C,)
        Where each customer is connected; its account is its position, 0 to C - 1.
    supplier : int
        Account that is paid; it delivers what the customers of a node draw together.
    """
    places, entry_of = np.unique(node, return_inverse=True)
    return _ordered(
        Postings(
            node=np.concatenate([node, places]),
            account=np.concatenate([np.arange(len(node)), np.full(len(places), supplier)]),
            energy_kwh=np.concatenate([energy_kwh, -summed(energy_kwh, entry_of, len(places))]),
            amount_micro=np.concatenate([-amounts_micro, summed(amounts_micro, entry_of, len(places))]),
        )
    )


def returned_to_customers(shares_micro: Micro, distribution_owner: int) -> Postings:
    """Return the postings by which the distribution owner gives each customer its share, in one interval at the root.

    Parameters
    ----------
    shares_micro : array of int, shape (C,)
        What each customer gets [micro-units]; its account is its position.
    distribution_owner : int
        Account that pays.
    """
    amounts = np.append(shares_micro, -shares_micro.sum())[:, None]
    accounts = np.append(np.arange(len(shares_micro)), distribution_owner)
    return Postings(np.zeros_like(accounts), accounts, np.zeros(amounts.shape), amounts)


def summed(rows: NDArray[Number], groups: Indices, count: int) -> NDArray[Number]:
    """Return the sum of the rows of each of `count` groups, shape (count, T); 0 for a group without rows."""
    totals = np.zeros((count, rows.shape[1]), dtype=rows.dtype)
    if len(rows):
        order = np.argsort(groups, kind="stable")
        present, starts = np.unique(groups[order], return_index=True)
        totals[present] = np.add.reduceat(rows[order], starts, axis=0)
    return totals


def _carried(metered: Metered, parent: Indices) -> Floats:
    toward = metered.sent_kw >= 0
    at_node = np.where(toward, metered.received_kw, metered.sent_kw)
    at_parent = np.where(toward, metered.sent_kw, metered.received_kw)
    below = parent >= 0
    carried = -summed(at_parent[below], parent[below], len(parent))
    carried[below] += at_node[below]
    return carried


def _ordered(postings: Postings) -> Postings:
    order = np.lexsort((postings.account, postings.node))
    return Postings(
        postings.node[order],
        postings.account[order],
        postings.energy_kwh[order],
        postings.amount_micro[order],
    )
