"""Settlement where energy was traded ahead: trades at their prices, and the supplier for what was not traded.

Nobody delivers exactly what it sold. The supplier takes what a customer delivers beyond its position and makes up for
what is missing, each at a price of its own; those who draw share what it gets for the losses on the lines.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from micromarket.domain.curves import Floats
from micromarket.domain.money import Micro, apportion, to_micro
from micromarket.dso.settlement import Postings


@dataclass(frozen=True, slots=True, eq=False)
class Traded:
    """What `C` customers and then the supplier had traded for `T` intervals, and what was metered.

    Parameters
    ----------
    position_kwh : array of float, shape (C + 1, T)
        Energy sold less bought [kWh].
    money_micro : array of int, shape (C + 1, T)
        Received less paid for it [micro-units]; sums to zero over everyone.
    metered_kwh : array of float, shape (C + 1, T)
        Energy fed in, negative if drawn [kWh]; over everyone it sums to what the lines lost.
    """

    position_kwh: Floats
    money_micro: Micro
    metered_kwh: Floats

    @property
    def deviation_kwh(self) -> Floats:
        """Energy delivered beyond what was traded [kWh], shape (C + 1, T); negative if short."""
        return self.metered_kwh - self.position_kwh


@dataclass(frozen=True, slots=True, eq=False)
class ImbalancePrices:
    """What the supplier asks and pays for what was not traded, each of shape (T,).

    Parameters
    ----------
    short, long : array of float
        Price of energy that was missing, and of energy that was over [currency/kWh].
    losses : array of float
        Price of what the lines lost [currency/kWh].
    """

    short: Floats
    long: Floats
    losses: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """What each of `C` customers and then the supplier received in `T` intervals [micro-units], shape (C + 1, T).

    Parameters
    ----------
    traded_micro, imbalance_micro, losses_micro : array of int
        For trades, for what was not traded, and for losses; each sums to zero over everyone.
    """

    traded_micro: Micro
    imbalance_micro: Micro
    losses_micro: Micro

    @property
    def amount_micro(self) -> Micro:
        """All of it together."""
        return self.traded_micro + self.imbalance_micro + self.losses_micro


def settle_deviations(traded: Traded, prices: ImbalancePrices) -> Settled:
    """Return what everyone receives; every amount is rounded once, and the supplier mirrors the customers'.

    Notes
    -----
    The price of losses is paid by those who draw, in shares of what they draw, in whole micro-units
    (`micromarket.domain.money.apportion`); where nobody draws, in equal shares.
    """
    deviation = traded.deviation_kwh[:-1]
    imbalance = to_micro(np.where(deviation < 0, prices.short, prices.long) * deviation)
    lost = np.maximum(traded.metered_kwh.sum(axis=0), 0.0)
    losses = -_shared(to_micro(lost * prices.losses), np.maximum(-traded.metered_kwh[:-1], 0))
    return Settled(traded.money_micro, _mirrored(imbalance), _mirrored(losses))


def postings(settled: Settled, metered_kwh: Floats) -> Postings:
    """Return the entries for the ledger, all at the root: the market knows no other place.

    Parameters
    ----------
    metered_kwh : array of float, shape (C + 1, T)
        Energy fed in by each customer and the supplier [kWh]; what is over was lost by the distribution owner.
    """
    lost = metered_kwh.sum(axis=0, keepdims=True)
    amounts = np.concatenate([settled.amount_micro, np.zeros(lost.shape, dtype=np.int64)])
    accounts = np.arange(len(amounts))
    return Postings(np.zeros_like(accounts), accounts, np.concatenate([metered_kwh, -lost]), amounts)


def _mirrored(amounts: Micro) -> Micro:
    return np.concatenate([amounts, -amounts.sum(axis=0, keepdims=True)])


def _shared(total: Micro, weights: Floats) -> Micro:
    usable = np.where(weights.sum(axis=0) > 0, weights, 1.0)
    exact = usable * (total / usable.sum(axis=0))
    return apportion(exact.T, total).T
