"""Machines that move heat or cold into a store, whose power bends upward with their load: fans, chillers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from micromarket.assets.asset import Outlook
from micromarket.domain.curves import Curves, Floats
from micromarket.kernels import storage

LEAST_KINK = 0.25
"""Load, as a share of the full one, below which the two chords that stand for the power never meet."""
NEWTON_STEPS = 100


@dataclass(frozen=True, slots=True, eq=False)
class Duty:
    """Power of `n` machines: a load of `Q` kW of heat takes ``per_kw Q + bend_kw (Q / full_kw)**exponent``.

    It is convex, and starts at 0. Between off and full load a machine may also run in turn at both, which takes more
    power for the same heat: up to the straight line from nothing to full load.

    Parameters
    ----------
    full_kw : array of float, shape (n, 1)
        Greatest load [kW of heat].
    per_kw : array of float, shape (n, H)
        Power that rises straight with the load, not negative.
    bend_kw : array of float, shape (n, 1)
        Power at full load of what bends [kW], not negative.
    exponent : array of float, shape (n, 1)
        How it bends, at least 1: 2 for a quadratic, 3 for a fan.
    """

    full_kw: Floats
    per_kw: Floats
    bend_kw: Floats
    exponent: Floats

    def power_kw(self, heat_kw: Floats) -> Floats:
        """Return the power at a load [kW], shape (n, H)."""
        return np.asarray(self.per_kw * heat_kw + self.bend_kw * (heat_kw / self.full_kw) ** self.exponent)

    def heat_kw(self, power_kw: Floats) -> Floats:
        """Return the load that a power steadily serves, between 0 and the full one [kW of heat], shape (n, H).

        Newton's steps from the full load fall toward the root of a convex function and never pass it.
        """
        shape = np.broadcast_shapes(self.full_kw.shape, self.per_kw.shape, np.shape(power_kw))
        heat = np.broadcast_to(self.full_kw, shape).copy()
        for _ in range(NEWTON_STEPS):
            excess = np.maximum(self.power_kw(heat) - np.maximum(power_kw, 0.0), 0.0)
            if not excess.any():
                break
            slope = self._slope(heat, heat)
            heat = np.maximum(heat - np.divide(excess, slope, out=np.zeros_like(heat), where=slope > 0), 0.0)
        return heat

    def run(self, power_kw: Floats, least_kw: Floats, most_kw: Floats) -> tuple[Floats, Floats]:
        """Aim at a power while the load must lie within limits.

        Returns
        -------
        heat_kw, power_kw : arrays of float, shape (n, H)
            Load and power [kW]. Power beyond what the most load takes is used by running in turn at full load and
            not at all, as far as that explains it.
        """
        heat = np.clip(self.heat_kw(power_kw), least_kw, most_kw)
        in_turn = self.power_kw(self.full_kw) * heat / self.full_kw
        return heat, np.clip(power_kw, self.power_kw(heat), np.maximum(in_turn, self.power_kw(heat)))

    def at(self, heat_kw: Floats) -> Chords:
        """Return two straight lines that stand for the power: from nothing to a load, and from there to the full one.

        Parameters
        ----------
        heat_kw : array of float, shape (n, H)
            Usual load, where the lines meet; moved into the range from `LEAST_KINK` of the full load to all of it.
        """
        kink = np.clip(heat_kw, LEAST_KINK * self.full_kw, self.full_kw)
        below, above = self._slope(np.zeros_like(kink), kink), self._slope(kink, self.full_kw)
        return Chords(kink, self.full_kw - kink, below, np.maximum(above, below))

    def _slope(self, low_kw: Floats, high_kw: Floats) -> Floats:
        """Return the slope of the chord between two loads, of the tangent where they are one."""
        low, high = low_kw / self.full_kw, high_kw / self.full_kw
        width = high - low
        tangent = self.exponent * high ** (self.exponent - 1.0)
        rise = high**self.exponent - low**self.exponent
        chord = np.divide(rise, width, out=np.array(tangent + 0.0 * width), where=width > 0)
        return np.asarray(self.per_kw + self.bend_kw / self.full_kw * chord)


@dataclass(frozen=True, slots=True, eq=False)
class Chords:
    """Power as two straight lines over the load, each of shape (n, H).

    Parameters
    ----------
    kink_kw, rest_kw : array of float
        Load where they meet, and from there to the full one [kW of heat].
    below, above : array of float
        Slope of each line: kW of power for each kW of heat.
    """

    kink_kw: Floats
    rest_kw: Floats
    below: Floats
    above: Floats

    def stores(self, unit: Floats, drift: Floats, rest: Stored) -> DrivenStores:
        """Return stores filled by these machines.

        Parameters
        ----------
        unit : array of float, shape (n, H)
            State gained for each kWh of heat or cold.
        drift : array of float, shape (n, H)
            Change of the state while the machine is off.
        rest : Stored
            What else is known of the stores.
        """
        stores = storage.Stores(
            hours=rest.hours,
            initial=rest.initial,
            charge_kw=self.rest_kw * self.above,
            discharge_kw=self.kink_kw * self.below,
            gain=unit / self.above,
            drain=unit / self.below,
            lowest=rest.lowest,
            highest=rest.highest,
            retained=rest.retained,
            drift=drift + rest.hours * unit * self.kink_kw,
            comfort_below=rest.comfort_below,
            comfort_above=rest.comfort_above,
            target=rest.target,
            end_value=rest.end_value,
        )
        return DrivenStores(stores, self.kink_kw * self.below)


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """What is known of `n` stores over `H` steps besides the machine that fills them, as in `storage.Stores`."""

    hours: Floats
    initial: Floats
    lowest: storage.Numbers
    highest: storage.Numbers
    retained: storage.Numbers
    end_value: Floats
    comfort_below: storage.Numbers = 0.0
    comfort_above: storage.Numbers = 0.0
    target: storage.Numbers = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class DrivenStores:
    """Stores whose machine runs at a usual power, and plans to run above or below it.

    Parameters
    ----------
    stores : Stores
        More load than usual charges them, less discharges them.
    usual_kw : array of float, shape (n, H)
        Power at the usual load [kW].
    """

    stores: storage.Stores
    usual_kw: Floats

    def plan(self, outlook: Outlook) -> Floats:
        """Return the best plan [kW], negative, shape (n, H)."""
        return np.asarray(storage.plan(self.stores, outlook.prices)[0] - self.usual_kw)

    def curves(self, outlook: Outlook) -> Curves:
        """Return the exact residual flexibility in each tendered step."""
        prices, powers = storage.curves(self.stores, outlook.prices, outlook.tendered)
        return Curves.trusted(prices, powers - self.usual_kw[:, : outlook.tendered, None])
