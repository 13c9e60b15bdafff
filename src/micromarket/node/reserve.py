"""Reserve margin: capacity that is kept free, and what keeping it is worth.

Source: Transactive Network Template v4 (PNNL, 2024), section 2.2.1, future balancing issues: "unused, super marginal
production capacity"; a requirement may be stated and its cost accounted for in clearing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from micromarket.domain.curves import Curves, Floats
from micromarket.errors import InvalidValue, NotCleared, WrongShape
from micromarket.markets.auctions.auction import clear


@dataclass(frozen=True, slots=True, eq=False)
class ReservedClearing:
    """Energy and reserve cleared together in `T` intervals.

    Parameters
    ----------
    price : array of float, shape (T,)
        Price of energy [currency/kWh].
    reserve_price : array of float, shape (T,)
        Price of capacity that is kept free [currency/kW/h]; 0 where there is more than required. A provider receives
        it for what it keeps, so that it gives up nothing by not producing.
    powers_kw : array of float, shape (n, T)
        Average power of each participant [kW].
    reserve_kw : array of float, shape (n, T)
        What each provider could give beyond that [kW]; 0 for everyone else.
    lacking_kw : array of float, shape (T,)
        How much of the requirement is not kept [kW].
    """

    price: Floats
    reserve_price: Floats
    powers_kw: Floats
    reserve_kw: Floats
    lacking_kw: Floats


def clear_with_reserve(
    curves: Curves, provides: ArrayLike, required_kw: ArrayLike, shortage_price: float | None = None
) -> ReservedClearing:
    """Balance so that providers together keep a reserve, or pay the price of not keeping it.

    Parameters
    ----------
    curves : Curves
        `n` participants in `T` intervals.
    provides : array of bool, shape (n,)
        Whose unused capacity counts: its highest power less its power. For an interruptible load that is what it
        could leave off.
    required_kw : array of float, shape (T,) or one float
        Reserve that must be kept [kW]; not negative.
    shortage_price : float, optional
        Price [currency/kW/h] at which a lacking kW is accepted. Without it the reserve is kept at any price.

    Raises
    ------
    InvalidValue
        If a requirement or `shortage_price` is negative.
    WrongShape
        If `provides` is not one flag for each participant.
    NotCleared
        If an interval cannot balance, or cannot without touching a reserve that must be kept.

    Notes
    -----
    Keeping ``R`` of the providers' capacity ``C`` means that they produce at most ``C - R``. Where that binds,
    providers and the others clear apart, each at that power; the difference of their prices is the price of reserve.
    With a shortage price, providers ask for it on top of their cost instead wherever the difference would exceed it.
    """
    providers, required = _checked(curves, provides, required_kw, shortage_price)
    free = clear(curves).require_balanced()
    most = curves.highest_kw[providers].sum(axis=0) - required
    binds = free.powers_kw[providers].sum(axis=0) > most
    found = _Split(free.price.copy(), free.price.copy(), free.powers_kw.copy())
    if binds.any():
        found.replace(binds, _kept(curves[:, binds], providers, most[binds], free.price[binds], shortage_price))
    price, cost, powers = found.price, found.cost, found.powers_kw
    reserve = np.where(providers[:, None], curves.highest_kw - powers, 0.0)
    lacking = np.maximum(required - reserve.sum(axis=0), 0.0)
    return ReservedClearing(price, price - cost, powers, reserve, np.where(binds, lacking, 0.0))


def _checked(
    curves: Curves, provides: ArrayLike, required_kw: ArrayLike, shortage_price: float | None
) -> tuple[NDArray[np.bool_], Floats]:
    providers = np.asarray(provides, dtype=bool)
    if providers.shape != (len(curves),):
        raise WrongShape(f"expected a flag for each of {len(curves)} participants; found {providers.shape}")
    required = np.broadcast_to(np.asarray(required_kw, dtype=float), (curves.intervals,))
    if not (required >= 0).all() or (shortage_price is not None and not shortage_price >= 0):
        raise InvalidValue(
            f"a reserve and its price are not negative; found {required.tolist()} kW, {shortage_price}"
        )
    return providers, required


@dataclass(frozen=True, slots=True, eq=False)
class _Split:
    """What others pay, what providers are paid for energy alone, and everyone's power."""

    price: Floats
    cost: Floats
    powers_kw: Floats

    def replace(self, here: NDArray[np.bool_], by: _Split) -> None:
        self.price[here], self.cost[here], self.powers_kw[:, here] = by.price, by.cost, by.powers_kw


def _kept(
    curves: Curves, providers: NDArray[np.bool_], most_kw: Floats, free_price: Floats, shortage_price: float | None
) -> _Split:
    inside = clear(curves[providers], most_kw, free_price)
    others = clear(curves[~providers], -most_kw, free_price)
    if shortage_price is None:
        _require_kept(inside.is_balanced & others.is_balanced, most_kw)
    powers = np.empty((len(curves), curves.intervals))
    powers[providers], powers[~providers] = inside.powers_kw, others.powers_kw
    found = _Split(others.price.copy(), inside.price.copy(), powers)
    if shortage_price is not None:
        dear = (others.price - inside.price > shortage_price) | ~inside.is_balanced | ~others.is_balanced
        if dear.any():
            found.replace(dear, _short(curves[:, dear], providers, shortage_price))
    return found


def _require_kept(kept: NDArray[np.bool_], most_kw: Floats) -> None:
    if not kept.all():
        most = most_kw[~kept][0]
        raise NotCleared(
            f"no price keeps the reserve: it leaves {most:.6g} kW, but providers cannot give so little, or others "
            "cannot do with that; ask for less, or state a shortage price"
        )


def _short(curves: Curves, providers: NDArray[np.bool_], shortage_price: float) -> _Split:
    extra = np.where(providers, shortage_price, 0.0)[:, None, None]
    cleared = clear(Curves(curves.prices + extra, curves.powers)).require_balanced()
    return _Split(cleared.price, cleared.price - shortage_price, cleared.powers_kw)
