"""A market whose exchange follows DC power flow: angles drive flows, lines have limits, prices are duals.

Power does not take the way it is sold. Between two nodes of a mesh it takes all ways at once, in proportion to their
susceptances, so one full line can make every node's price different.

What the operator of the network needs is one net curve for each node; what it returns is one price and one power.
Nodes stay independent: each balances its own participants at its own price.

Source: Transactive Network Template v4 (PNNL, 2024), section 4.1 (power flow improvements). DC power flow and nodal
prices: Schweppe et al., Spot Pricing of Electricity (1988).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from micromarket.domain.curves import Curves, Floats
from micromarket.errors import InvalidValue, WrongShape
from micromarket.grid.dispatch import Entries, Indices, Network, dispatch_each


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Nodes joined by `L` lines in any topology.

    Parameters
    ----------
    nodes : tuple of str
        Name of each of the `m` nodes.
    start, end : array of int, shape (L,)
        Nodes that each line joins; flow is positive from start to end.
    susceptance_kw : array of float, shape (L,)
        Flow for each radian between the ends [kW/rad]; positive.
    limit_kw : array of float, shape (L,)
        Most power in either direction [kW]; may be infinite.

    Raises
    ------
    WrongShape
        If there is not one number for each line.
    InvalidValue
        If a line leads nowhere or to where it starts, a susceptance is not positive or a limit negative.
    """

    nodes: tuple[str, ...]
    start: Indices
    end: Indices
    susceptance_kw: Floats
    limit_kw: Floats

    def __post_init__(self) -> None:
        """Check shapes and values."""
        shapes = {self.start.shape, self.end.shape, self.susceptance_kw.shape, self.limit_kw.shape}
        if len(shapes) > 1 or self.start.ndim != 1:
            raise WrongShape(f"a grid needs one number for each line; found {sorted(shapes)}")
        ends = np.concatenate([self.start, self.end])
        if ((ends < 0) | (ends >= len(self.nodes))).any() or (self.start == self.end).any():
            raise InvalidValue(f"a line joins two different nodes of {len(self.nodes)}, counted from 0")
        if not ((self.susceptance_kw > 0) & np.isfinite(self.susceptance_kw) & (self.limit_kw >= 0)).all():
            raise InvalidValue("a line needs a positive susceptance and a limit that is not negative")

    @classmethod
    def of_reactances(
        cls, nodes: tuple[str, ...], lines: ArrayLike, reactance_ohm: ArrayLike, kilovolts: float, limit_kw: ArrayLike
    ) -> Grid:
        """Return a grid from what is known of its lines.

        Parameters
        ----------
        nodes : tuple of str
            Name of each node.
        lines : array of int, shape (L, 2)
            Start and end of each line.
        reactance_ohm : array of float, shape (L,)
            Reactance of each line [ohm].
        kilovolts : float
            Voltage between phases [kV].
        limit_kw : array of float, shape (L,) or one float
            Most power in either direction [kW].
        """
        ends = np.asarray(lines, dtype=np.int64).reshape(-1, 2)
        susceptance = 1000.0 * kilovolts**2 / np.asarray(reactance_ohm, dtype=float)
        limits = np.broadcast_to(np.asarray(limit_kw, dtype=float), susceptance.shape)
        return cls(nodes, ends[:, 0].copy(), ends[:, 1].copy(), susceptance, limits.copy())

    def network(self) -> Network:
        """Return what can flow: a variable for each line, then each node's angle in units of the mean line."""
        lines, nodes = len(self.start), len(self.nodes)
        every, ones = np.arange(lines), np.ones(lines)
        share = self.susceptance_kw / self.susceptance_kw.mean() if lines else ones
        arriving = Entries.joined([Entries(self.start, every, -ones), Entries(self.end, every, ones)])
        follows = [
            Entries(every, every, ones),
            Entries(every, lines + self.start, -share),
            Entries(every, lines + self.end, share),
        ]
        free = np.where(np.isin(np.arange(nodes), self._references()), 0.0, np.inf)
        low, high = np.concatenate([-self.limit_kw, -free]), np.concatenate([self.limit_kw, free])
        return Network(nodes, low, high, arriving, Entries.joined(follows), np.zeros(lines), np.zeros(lines))

    def _references(self) -> Indices:
        """Return the first node of each part of the grid; its angle is 0."""
        part = np.arange(len(self.nodes))
        for _ in self.nodes:
            least = np.minimum(part[self.start], part[self.end])
            before = part.copy()
            np.minimum.at(part, self.start, least)
            np.minimum.at(part, self.end, least)
            if (part == before).all():
                break
        return np.unique(part)


@dataclass(frozen=True, slots=True, eq=False)
class GridClearing:
    """Prices, powers and flows in `T` intervals.

    Parameters
    ----------
    price : array of float, shape (m, T)
        Price in each node [currency/kWh].
    powers_kw : array of float, shape (n, T)
        Average power of each participant [kW].
    injected_kw : array of float, shape (m, T)
        What each node gives to the grid [kW]; negative if it takes.
    flow_kw : array of float, shape (L, T)
        Flow over each line, positive from start to end [kW].
    angle_rad : array of float, shape (m, T)
        Voltage angle of each node [rad]; 0 in the first node of each part of the grid.
    welfare, bound : array of float, shape (T,)
        Value of consumption minus cost of generation, and what no dispatch can exceed [currency/h].
    """

    price: Floats
    powers_kw: Floats
    injected_kw: Floats
    flow_kw: Floats
    angle_rad: Floats
    welfare: Floats
    bound: Floats

    def congestion_income(self, grid: Grid) -> Floats:
        """Return what lines earn by carrying power between prices [currency/h], shape (T,); never negative."""
        return np.asarray(((self.price[grid.end] - self.price[grid.start]) * self.flow_kw).sum(axis=0))


def clear_on_grid(grid: Grid, curves: Curves, member_of: ArrayLike) -> GridClearing:
    """Balance every node at the least cost that the grid's lines allow.

    Parameters
    ----------
    grid : Grid
        Nodes and lines.
    curves : Curves
        Curves of `n` participants, or one net curve for each node, in `T` intervals.
    member_of : array of int, shape (n,)
        Node of each.

    Raises
    ------
    MissingExtra
        If highspy is not installed.
    NotCleared
        If nothing balances every node in some interval.
    """
    found, lines = dispatch_each(grid.network(), curves, member_of), len(grid.start)
    unit = grid.susceptance_kw.mean() if lines else 1.0
    injected = np.zeros((len(grid.nodes), curves.intervals))
    np.add.at(injected, np.asarray(member_of, dtype=np.int64), found.powers_kw)
    flows, angles = found.variables[:lines], found.variables[lines:] / unit
    return GridClearing(found.price, found.powers_kw, injected, flows, angles, found.welfare, found.bound)
