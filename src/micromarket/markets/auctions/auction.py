"""The uniform-price double auction: the price at which the curves sum to a target, and who gives what at it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micromarket.domain.curves import Curves, Floats
from micromarket.domain.ids import InstrumentId
from micromarket.domain.money import apportion
from micromarket.domain.orders import Order
from micromarket.domain.products import Steps
from micromarket.errors import NotCleared, NotFinite, WrongShape
from micromarket.kernels import clearing as kernel
from micromarket.markets import mechanism
from micromarket.markets.standing import CallMechanism


class Outcome(IntEnum):
    """What came of clearing one interval."""

    BALANCED = kernel.BALANCED
    SHORT = kernel.SHORT
    """Demand that no price makes go away exceeds all supply."""
    SURPLUS = kernel.SURPLUS
    """Supply that no price makes go away exceeds all demand."""


@dataclass(frozen=True, slots=True, eq=False)
class Clearing:
    """Prices and powers of `n` participants in `T` intervals.

    Parameters
    ----------
    price : array of float, shape (T,)
        Clearing price [currency/kWh]; always finite.
    low, high : array of float, shape (T,)
        Lowest and highest price that balances [currency/kWh]; equal unless the sum is flat there, infinite if it
        stays balanced for ever. Where nothing balances both are `price`.
    powers_kw : array of float, shape (n, T)
        Average power of each participant [kW], positive into the region, after rationing; sums to the target.
    outcome : array of int, shape (T,)
        `Outcome` of each interval.
    imbalance_kw : array of float, shape (T,)
        Sum of what the curves ask for at the price, less the target [kW]: negative if short, positive in surplus,
        0 if balanced.
    unserved_kw : array of float, shape (n, T)
        Demand of each participant that was not served, where short, or its supply that was spilled, where in surplus
        [kW]; never negative.
    """

    price: Floats
    low: Floats
    high: Floats
    powers_kw: Floats
    outcome: NDArray[np.int8]
    imbalance_kw: Floats
    unserved_kw: Floats

    @property
    def is_balanced(self) -> NDArray[np.bool_]:
        """Whether each interval balanced, shape (T,)."""
        return np.asarray(self.outcome == Outcome.BALANCED)

    def require_balanced(self) -> Clearing:
        """Return this clearing if every interval balanced.

        Raises
        ------
        NotCleared
            If not; the message names the first such interval, by how much, and whom it hits most.
        """
        if self.is_balanced.all():
            return self
        interval = int(np.flatnonzero(~self.is_balanced)[0])
        raise NotCleared(
            f"{self.describe(interval)} ({np.count_nonzero(~self.is_balanced)} of {len(self.price)} in all)"
        )

    def describe(self, interval: int) -> str:
        """Return one sentence on what came of an interval."""
        outcome, power = Outcome(int(self.outcome[interval])), abs(float(self.imbalance_kw[interval]))
        if outcome is Outcome.BALANCED:
            return f"interval {interval} balances at {self.price[interval]:.6g}"
        what = "demand exceeds all supply" if outcome is Outcome.SHORT else "supply exceeds all demand"
        unserved = self.unserved_kw[:, interval]
        if not unserved.any():
            return f"in interval {interval} {what} by {power:.6g} kW"
        most = int(unserved.argmax())
        return (
            f"in interval {interval} {what} by {power:.6g} kW: {np.count_nonzero(unserved)} participants are "
            f"{'not wholly served' if outcome is Outcome.SHORT else 'not wholly taken'}, "
            f"most of all participant {most} by {unserved[most]:.6g} kW"
        )


def clear(curves: Curves, target_kw: ArrayLike | None = None, reference: ArrayLike | None = None) -> Clearing:
    """Return the price at which the curves of each interval sum to a target, and the power of each participant.

    Parameters
    ----------
    curves : Curves
        `n` participants in `T` intervals; a fixed price or power is a curve too.
    target_kw : array of float, shape (T,), or one float, optional
        What the powers shall sum to [kW]; 0 if left out, as in a region that balances by itself.
    reference : array of float, shape (T,), or one float, optional
        Price [currency/kWh] that decides where a whole stretch of prices balances, such as the last one.

    Raises
    ------
    WrongShape, NotFinite
        If `target_kw` or `reference` does not fit the intervals or is not finite.

    Notes
    -----
    Rules, in this order:

    1. A step at the clearing price is shared pro rata to the width of each participant's step. Ties need no other
       rule: equal bids get equal shares.
    2. Where a whole stretch of prices balances, the price is the one nearest to `reference`; without one the middle
       of the stretch, its finite end if it has only one, and 0 if it has none.
    3. Short: the price is the lowest at which nobody moves any more, and those who still consume get equal shares
       of their demand. Surplus mirrors it. If no curve moves at all, rule 2 gives the price.

    Powers sum to the target within rounding (1e-9 kW in markets up to a gigawatt), each on its owner's curve.
    """
    target, wanted = _per_interval("target_kw", target_kw, curves), _per_interval("reference", reference, curves)
    columns = curves.columns()
    targets = np.zeros(curves.intervals) if target is None else target
    low, high, outcome = kernel.balance(*columns, targets)
    price = _nearest(low, high, wanted)
    powers = kernel.dispatch(*columns, price, targets, outcome).T
    imbalance, unserved = np.zeros(curves.intervals), np.zeros_like(powers)
    failed = np.flatnonzero(outcome)
    if failed.size:
        asked = powers[:, failed]
        imbalance[failed] = asked.sum(axis=0) - targets[failed]
        powers[:, failed] = _rationed(asked, imbalance[failed])
        unserved[:, failed] = np.abs(asked - powers[:, failed])
        low[failed] = high[failed] = price[failed]
    return Clearing(price, low, high, powers, outcome, imbalance, unserved)


def _per_interval(name: str, values: ArrayLike | None, curves: Curves) -> Floats | None:
    if values is None:
        return None
    array = np.asarray(values, dtype=float)
    if array.shape not in {(), (1,), (curves.intervals,)}:
        raise WrongShape(f"{name} must have shape ({curves.intervals},) or be one number; found {array.shape}")
    if not np.isfinite(array).all():
        raise NotFinite(f"{name} must be finite; found {array[~np.isfinite(array)][0]}")
    return np.array(np.broadcast_to(array, curves.intervals))


def _nearest(low: Floats, high: Floats, reference: Floats | None) -> Floats:
    """Return a finite price of each stretch by rule 2."""
    if reference is not None:
        return np.clip(reference, low, high)
    bottom, top = np.where(np.isfinite(low), low, high), np.where(np.isfinite(high), high, low)
    bottom, top = (np.where(np.isfinite(end), end, 0.0) for end in (bottom, top))
    return np.clip(bottom + 0.5 * (top - bottom), bottom, top)


def _rationed(powers: Floats, imbalance: Floats) -> Floats:
    """Return powers (n, t) with the excess side cut pro rata, as far as it goes, so that the imbalance is gone."""
    excess = np.maximum(np.sign(imbalance) * powers, 0.0)
    total = excess.sum(axis=0)
    share = np.divide(np.abs(imbalance), total, out=np.zeros_like(total), where=total > 0)
    return np.asarray(powers - np.sign(imbalance) * excess * np.minimum(share, 1.0))


class UniformPriceAuction(CallMechanism):
    """The double auction as a mechanism: holds curve orders until it is told to clear, then lets go of them all."""

    name: ClassVar[str] = "double_auction"
    version: ClassVar[int] = 4

    def uncross(self, books: dict[InstrumentId, list[Order]]) -> Iterator[mechanism.Outcome]:
        """Clear every instrument at one price each.

        Powers are whole steps that sum to zero in each instrument, each next to the exact power on its owner's curve;
        of two equal parts the older order's is rounded to the larger. The awarded price is the exact price rounded to
        a whole step, half to even.
        """
        if not books:
            return
        clearing = clear(_curves_of(list(books.values())))
        for interval, (instrument_id, orders) in enumerate(books.items()):
            price, imbalance = float(clearing.price[interval]), float(clearing.imbalance_kw[interval])
            awarded = _whole(clearing.powers_kw[: len(orders), interval])
            yield mechanism.Cleared(instrument_id, price, imbalance)
            for order, power in zip(orders, awarded, strict=True):
                if power:
                    yield mechanism.Awarded(order.order_id, Steps(round(price)), Steps(int(power)))
            yield from (mechanism.OrderRemoved(order.order_id, "cleared") for order in orders)


def _whole(powers: Floats) -> NDArray[np.int64]:
    """Return whole powers; what is left over goes to the older sellers and, as less is more, the younger buyers."""
    places = np.concatenate([np.flatnonzero(powers >= 0), np.flatnonzero(powers < 0)[::-1]])
    awarded = np.empty(len(powers), dtype=np.int64)
    awarded[places] = apportion(powers[places], 0)
    return awarded


def _curves_of(books: list[list[Order]]) -> Curves:
    """Return orders as curves: one instrument an interval, one order a row, rows without an order give no power."""
    width = max((len(order.vertices) for orders in books for order in orders), default=1)
    rows = max(len(orders) for orders in books)
    columns = np.zeros((2, len(books), width, rows))
    for interval, orders in enumerate(books):
        for row, order in enumerate(orders):
            corners = np.array([(vertex.price, vertex.power) for vertex in order.vertices], dtype=float).T
            columns[:, interval, : corners.shape[1], row] = corners
            columns[:, interval, corners.shape[1] :, row] = corners[:, -1:]
    return Curves.from_columns(columns[0], columns[1])
