"""A market on a radial feeder that keeps voltages within limits, by linearized power flow; prices are duals.

Where power flows down a line voltage falls, where it flows up it rises. A home at the end of a long feeder that feeds
in too much lifts its neighbors' voltage beyond what appliances bear. Here that is a limit of the market like a full
line: its price says what giving way would be worth.

Model
-----
With `u` the square of a voltage per unit, and active and reactive power `P` and `Q` over a line of resistance `r` and
reactance `x` [ohm], ``u_end = u_start - 2 (r P + x Q) / (1000 V**2)``, `V` in kV, `P` in kW. What lines lose is left
out, so voltages are a little too high where power flows down, by the square of the drop; `tests/grid/test_voltage.py`
measures it against an alternating-current power flow: by 0.0006 per unit at a drop of 0.04, 0.0012 at 0.06.

Source: Transactive Network Template v4 (PNNL, 2024), section 4.1; Baran and Wu, Optimal sizing of capacitors placed
on a radial distribution system, IEEE Transactions on Power Delivery 4 (1989), the simplified equations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from micromarket.domain.curves import Curves, Floats
from micromarket.errors import BrokenTree, InvalidValue, WrongShape
from micromarket.grid.dispatch import Entries, Indices, Network, dispatch_each


@dataclass(frozen=True, slots=True, eq=False)
class Feeder:
    """A tree of nodes below one whose voltage is held; line `k` leads from the parent of node `k` to node `k`.

    Parameters
    ----------
    nodes : tuple of str
        Name of each of the `m` nodes, the root first, parents before children.
    parent : array of int, shape (m,)
        Parent of each node; the root's is -1.
    resistance_ohm, reactance_ohm : array of float, shape (m,)
        Of each line [ohm]; the root's are not used.
    rating_kw : array of float, shape (m,)
        Most power in either direction [kW]; may be infinite.
    kilovolts : float
        Nominal voltage between phases [kV].
    reactive : array of float, shape (m,)
        Reactive power that each node draws for each kW it draws [kvar/kW]: the tangent of its phase angle.
    lowest, highest : float
        Voltages allowed, per unit of nominal.
    root_voltage : float, default 1
        Voltage held at the root, per unit.

    Raises
    ------
    WrongShape
        If there is not one number for each node.
    BrokenTree
        If parents do not stand before their children, below one root.
    InvalidValue
        If a resistance, reactance or rating is negative, or voltages are not in order.
    """

    nodes: tuple[str, ...]
    parent: Indices
    resistance_ohm: Floats
    reactance_ohm: Floats
    rating_kw: Floats
    kilovolts: float
    reactive: Floats
    lowest: float = 0.9
    highest: float = 1.1
    root_voltage: float = 1.0

    def __post_init__(self) -> None:
        """Check shapes, the tree and values."""
        lines = (self.parent, self.resistance_ohm, self.reactance_ohm, self.rating_kw, self.reactive)
        if any(one.shape != (len(self.nodes),) for one in lines):
            raise WrongShape(f"a feeder of {len(self.nodes)} nodes needs as many of each number")
        if (
            self.parent[0] >= 0
            or not ((self.parent[1:] >= 0) & (self.parent[1:] < np.arange(1, len(self.nodes)))).all()
        ):
            raise BrokenTree("a feeder needs its root first, and every parent before its children")
        if min(one[1:].min(initial=0.0) for one in lines[1:4]) < 0 or not self.kilovolts > 0:
            raise InvalidValue("resistances, reactances and ratings are never negative, the voltage positive")
        if not 0 < self.lowest <= self.root_voltage <= self.highest:
            raise InvalidValue(
                f"expected 0 < lowest <= root <= highest; found {self.lowest}, {self.root_voltage}, {self.highest}"
            )

    def network(self) -> Network:
        """Return what can flow: power over each line, reactive power over each, then each node's squared voltage."""
        count = len(self.nodes)
        below, every = np.arange(1, count), np.arange(count)
        to, of = self.parent[1:], below - 1
        lines, ones = count - 1, np.ones(count - 1)
        arriving = Entries.joined([Entries(below, of, ones), Entries(to, of, -ones)])
        drop = 2.0 / (1000.0 * self.kilovolts**2)
        inner = to > 0
        rules = [
            Entries(of, lines + of, ones),
            Entries(to[inner] - 1, lines + of[inner], -ones[inner]),
            Entries(of, of, -self.reactive[1:]),
            Entries(to[inner] - 1, of[inner], self.reactive[to[inner]]),
            Entries(lines + of, of, drop * self.resistance_ohm[1:]),
            Entries(lines + of, lines + of, drop * self.reactance_ohm[1:]),
            Entries(lines + of, 2 * lines + below, ones),
            Entries(lines + of, 2 * lines + to, -ones),
        ]
        held = (
            np.where(every == 0, self.root_voltage, self.lowest),
            np.where(every == 0, self.root_voltage, self.highest),
        )
        free = np.full(lines, np.inf)
        low = np.concatenate([-self.rating_kw[1:], -free, held[0] ** 2])
        high = np.concatenate([self.rating_kw[1:], free, held[1] ** 2])
        return Network(count, low, high, arriving, Entries.joined(rules), np.zeros(2 * lines), np.zeros(2 * lines))


@dataclass(frozen=True, slots=True, eq=False)
class FeederClearing:
    """Prices, powers, flows and voltages in `T` intervals.

    Parameters
    ----------
    price : array of float, shape (m, T)
        Price in each node [currency/kWh].
    powers_kw : array of float, shape (n, T)
        Average power of each participant [kW].
    flow_kw : array of float, shape (m, T)
        Power over the line to each node, positive toward it [kW]; 0 for the root.
    reactive_kvar : array of float, shape (m, T)
        Reactive power over the line to each node [kvar].
    voltage : array of float, shape (m, T)
        Voltage of each node, per unit of nominal.
    welfare, bound : array of float, shape (T,)
        Value of consumption minus cost of generation, and what no dispatch can exceed [currency/h].
    """

    price: Floats
    powers_kw: Floats
    flow_kw: Floats
    reactive_kvar: Floats
    voltage: Floats
    welfare: Floats
    bound: Floats


def clear_on_feeder(feeder: Feeder, curves: Curves, member_of: ArrayLike) -> FeederClearing:
    """Balance every node at the least cost that ratings and voltages allow.

    Other arguments, and refusals, are those of `micromarket.grid.dc.clear_on_grid`.

    Parameters
    ----------
    feeder : Feeder
        Nodes and lines.
    """
    found, lines = dispatch_each(feeder.network(), curves, member_of), len(feeder.nodes) - 1
    flows, reactive, squares = np.split(found.variables, [lines, 2 * lines])
    root = np.zeros((1, curves.intervals))
    return FeederClearing(
        found.price,
        found.powers_kw,
        np.concatenate([root, flows]),
        np.concatenate([root, reactive]),
        np.sqrt(squares),
        found.welfare,
        found.bound,
    )
