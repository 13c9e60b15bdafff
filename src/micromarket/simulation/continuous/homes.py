"""What homes plan, round by round, and how each meets what it has traded: as the sum of its devices' curves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from micromarket.assets.asset import Outlook, Steps
from micromarket.domain.curves import Curves, Floats
from micromarket.markets.auctions.auction import clear
from micromarket.simulation.neighborhood import Neighborhood
from micromarket.simulation.with_market import MarketCase

DEVIATION_KW = 1e6
"""More power than any home can miss its position by."""


@dataclass(frozen=True, slots=True, eq=False)
class Plans:
    """What `C` customers and their devices plan in one round.

    Parameters
    ----------
    powers_kw : array of float, shape (C, W)
        Planned power of each customer in each open instrument [kW].
    curves : Curves
        Curve of every device in the nearest instrument, one interval.
    of_customers : Curves
        The same, summed for each customer.
    """

    powers_kw: Floats
    curves: Curves
    of_customers: Curves


def planning_edges(street: Neighborhood, step: int, open_steps: int) -> Steps:
    """Return the borders of the steps to plan over: every open instrument, then whole hours up to the horizon."""
    hour, last = street.calendar.steps_per_hour, step + open_steps
    whole = np.arange(last // hour + 1, (step + street.market.horizon_steps) // hour + 1) * hour
    return np.concatenate([np.arange(step, last + 1), whole])


def plan(street: Neighborhood, case: MarketCase, edges: Steps, prices: Floats, open_steps: int) -> Plans:
    """Return what everyone plans at `prices`, shape (m, H), of each node and planning step [currency/kWh].

    Plans of stores are feasible over all instruments together; their curves are exact for one interval only, so they
    are asked for the nearest one.
    """
    powers, curves = np.zeros((len(street.customers), open_steps)), []
    for fleet, asset in zip(street.fleets, case.fleets, strict=True):
        outlook = Outlook(edges, street.calendar.step_hours, prices[fleet.node], tendered=1)
        np.add.at(powers, fleet.customer, asset.schedule(outlook)[:, :open_steps])
        curves.append(asset.curves(outlook))
    devices = Curves.concatenate(curves)
    return Plans(powers, devices, devices.sum(street.account_of[:-1], len(street.customers)))


def aims(street: Neighborhood, curves: Curves, positions_kw: Floats, low: float, high: float) -> Floats:
    """Return what every device shall do so that each customer meets its position as well as it is worth to it.

    Each home is a market of its own: its devices' curves, and the supplier that takes what is over at the price `low`
    and gives what is missing at the price `high` [currency/kWh], sum to the position.

    Parameters
    ----------
    curves : Curves
        Curve of every device, one interval.
    positions_kw : array of float, shape (C,)
        What each customer has sold less bought [kW].

    Returns
    -------
    array of float, shape (n,)
        [kW, positive into the region]
    """
    place, width = _places(street)
    owner = street.account_of[:-1]
    deviation = Curves.offer(
        np.array([[low], [high]]), np.array([[-DEVIATION_KW], [0]]), np.array([[0], [DEVIATION_KW]])
    )
    everyone = Curves.concatenate([curves, deviation, Curves.inelastic(np.zeros((1, 1)))])
    grid = np.full((width + 2, len(street.customers)), len(everyone) - 1)
    grid[place, owner] = np.arange(len(curves))
    grid[width:] = len(curves) + np.arange(2)[:, None]
    markets = Curves(everyone.prices[grid, 0], everyone.powers[grid, 0])
    return np.asarray(clear(markets, positions_kw).powers_kw[place, owner])


def _places(street: Neighborhood) -> tuple[Steps, int]:
    """Return which device of its owner each device is, and the most that anyone has."""
    owner = street.account_of[:-1]
    order = np.argsort(owner, kind="stable")
    counts = np.bincount(owner, minlength=len(street.customers))
    firsts = np.cumsum(counts) - counts
    place = np.empty_like(owner)
    place[order] = np.arange(len(owner)) - np.repeat(firsts, counts)
    return place, int(counts.max())
