"""Who owes whom: the ledger of both cases, and everyone's bill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from micromarket.assets.asset import Steps
from micromarket.domain.curves import Floats
from micromarket.domain.intervals import IntervalGrid
from micromarket.domain.money import Micro, apportion, to_micro
from micromarket.dso.settlement import (
    Accounts,
    Metered,
    Postings,
    pay_supplier,
    returned_to_customers,
    settle,
    summed,
)
from micromarket.dso.tariffs import RateTable, bill, break_even_rate
from micromarket.dso.tree_settlement import ClearedTree, TreeSettlement, settle_tree
from micromarket.node.networks.nested import NestedClearing
from micromarket.simulation.neighborhood import Neighborhood
from micromarket.simulation.recording.recorder import Recorder
from micromarket.simulation.recording.tables import Consumed, OtherItems, Part, Tables


def settle_market(street: Neighborhood, prices: Floats, powers_kw: Floats, flows: tuple[Floats, Floats]) -> Postings:
    """Settle what was metered at the cleared prices.

    Parameters
    ----------
    street : Neighborhood
        Who is connected where.
    prices : array of float, shape (m, D)
        Cleared price of each node [currency/kWh].
    powers_kw : array of float, shape (n, D)
        Metered power of every device, then of the supplier [kW].
    flows : two arrays of float, shape (m, D)
        Metered power sent over and received from the line above each node [kW].
    """
    metered = Metered(powers_kw, *flows, street.calendar.step_hours)
    return settle(prices, metered, _accounts(street))


def settle_commitments(
    street: Neighborhood,
    steps: Steps,
    by_series: Mapping[str, Sequence[NestedClearing]],
    metered: tuple[Floats, Floats, Floats],
) -> TreeSettlement:
    """Settle a day in which markets committed: each change at its own price, what was metered beyond at the last.

    Parameters
    ----------
    street : Neighborhood
        Who is connected where.
    steps : array of int, shape (D,)
        Base steps of the day.
    by_series : mapping of str to sequence of NestedClearing
        What the markets of each series cleared, one after another; what lies beyond the day is left out.
    metered : three arrays of float, shapes (n, D), (m, D) and (m, D)
        Power of every device and of the supplier, and power sent and received over lines [kW].
    """
    grid = street.calendar.grid
    day = IntervalGrid(grid[int(steps[0])].start, grid.step, len(steps))
    cleared = []
    for plan in street.market.plan.chain:
        market = plan.together(day.start, len(steps) * grid.step // plan.rules.timing.interval_duration)
        within, clearings = slice(len(market.intervals)), by_series[plan.rules.series]
        price, powers, sent, received = (
            np.concatenate([getattr(one, name) for one in clearings], axis=1)[:, within]
            for name in ("price", "powers_kw", "sent_kw", "received_kw")
        )
        cleared.append(ClearedTree(market, price, Metered(powers, sent, received, market.intervals.hours)))
    return settle_tree(cleared, Metered(*metered, day.hours), _accounts(street), day)


def _accounts(street: Neighborhood) -> Accounts:
    return Accounts(street.member_of, street.account_of, street.tree.parent.astype(np.int64))


def settle_tariffs(street: Neighborhood, recorder: Recorder, tables: Tables) -> None:
    """Settle the case without a market by tariff, once all of it is recorded; write its ledger and all bills."""
    parts = tables.parts("no_market")
    net = np.concatenate([_net_of_customers(street, recorder, part) for part in parts], axis=1)
    cost = np.concatenate([recorder.column("supply", part.name, "cost") for part in parts])
    bills = bill(_with_break_even(street, net, cost), street.tariff_of, net, street.calendar.step_hours)
    supplier = len(street.customers)
    for part in parts:
        amounts, energy = bills.energy_micro[:, part.steps], net[:, part.steps] * street.calendar.step_hours
        tables.ledger(part, pay_supplier(amounts, energy, street.customer_node, supplier))
    nothing = np.zeros_like(bills.fixed_micro)
    tables.bills(
        "no_market", _energy_and_money(street, recorder, "no_market"), OtherItems(bills.fixed_micro, nothing, nothing)
    )
    consumed = _energy_and_money(street, recorder, "market")
    returned = return_network_income(street, recorder, tables)
    tables.bills("market", consumed, OtherItems(bills.fixed_micro, _uplift(street, recorder), returned))


def return_network_income(street: Neighborhood, recorder: Recorder, tables: Tables) -> Micro:
    """Give back what the distribution owner earned on losses and congestion, if the market's rules say so.

    The amount is shared equally, not by energy: a share for each kWh would take back the price that made customers
    leave room on the line.

    Returns
    -------
    array of int, shape (C,)
        What each customer gets [micro-units]; written into the ledger at the last step of the run.
    """
    customers = len(street.customers)
    earned = recorder.query(
        "SELECT coalesce(sum(amount_micro), 0)::BIGINT AS earned FROM ledger "
        "WHERE \"case\" = 'market' AND account = 'distribution_owner'"
    )
    income = max(int(earned["earned"][0]), 0) if street.market.returns_network_income else 0
    shares = apportion(np.full(customers, income / customers), income)
    last = Part("market", np.array([street.calendar.steps - 1]), "returned")
    tables.ledger(last, returned_to_customers(shares, customers + 1))
    return shares


def _net_of_customers(street: Neighborhood, recorder: Recorder, part: Part) -> Floats:
    """Return the metered power of every customer as a whole [kW], shape (C, D)."""
    powers = recorder.column("powers", part.name, "metered_kw").reshape(len(part.steps), -1)[:, :-1]
    return summed(np.ascontiguousarray(powers.T), street.account_of[:-1], len(street.customers))


def _with_break_even(street: Neighborhood, net_kw: Floats, cost: Floats) -> RateTable:
    """Return the rates, with those that break even set so that all bills together just pay the supplier."""
    if not street.breaks_even.any():
        return street.rates
    hours, free = street.calendar.step_hours, street.breaks_even
    known = replace(street.rates, imports=np.where(free[:, None], 0.0, street.rates.imports))
    already = bill(known, street.tariff_of, net_kw, hours).total_micro.sum()
    needed = int(to_micro(cost.sum() * hours)) - int(already)
    rate = break_even_rate(np.maximum(-net_kw, 0)[free[street.tariff_of]] * hours, needed)
    return replace(known, imports=np.where(free[:, None], rate, known.imports))


def _uplift(street: Neighborhood, recorder: Recorder) -> Micro:
    """Return what each customer paid to make others whole, less what it received [micro-units], shape (C,)."""
    if not recorder.has("make_whole"):
        return np.zeros(len(street.customers), dtype=np.int64)
    rows = recorder.query(
        "SELECT customer, sum(charged_micro - received_micro)::BIGINT AS paid FROM make_whole GROUP BY customer"
    )
    paid = dict(zip(rows["customer"].tolist(), rows["paid"].tolist(), strict=True))
    return np.array([paid[customer] for customer in street.customer_ids], dtype=np.int64)


def _energy_and_money(street: Neighborhood, recorder: Recorder, case: str) -> Consumed:
    """Return what each customer drew, fed in and paid, by the ledger."""
    rows = recorder.query(
        "SELECT account, sum(greatest(-energy_kwh, 0)) AS drawn, sum(greatest(energy_kwh, 0)) AS fed, "
        f"-sum(amount_micro)::BIGINT AS paid FROM ledger WHERE \"case\" = '{case}' GROUP BY account"
    )
    row_of = {account: row for row, account in enumerate(rows["account"])}
    rows_of_customers = [row_of[customer] for customer in street.customer_ids]
    return Consumed(*(rows[name][rows_of_customers] for name in ("drawn", "fed", "paid")))
