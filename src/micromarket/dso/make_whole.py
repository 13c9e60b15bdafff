"""Making suppliers whole: avoidable costs that prices did not pay back are paid by those who drew energy.

Prices pay for the last kWh. A supplier that was engaged may still lose, as starting and holding are no part of its
curve; it would stay away next time. So what it lost over a period is paid to it, and shared among the others.

Source: Transactive Network Template v4 (PNNL, 2024), section 2.2.1, future balancing issues (fixed and fixed,
avoidable costs). The template names the unfairness and leaves the rule open; this is the uplift of wholesale markets.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from micromarket.domain.money import Micro, apportion
from micromarket.errors import InvalidValue, WrongShape


@dataclass(frozen=True, slots=True, eq=False)
class MadeWhole:
    """Payments that leave no engaged supplier with a loss; they sum to the same amount.

    Parameters
    ----------
    received : array of int, shape (n,)
        What each supplier gets on top of its income [micro-units]: its loss, 0 if it had none.
    charged : array of int, shape (c,)
        What each payer pays for it [micro-units].
    """

    received: Micro
    charged: Micro


def make_whole(income: Micro, cost: Micro, drawn_kwh: ArrayLike) -> MadeWhole:
    """Return what suppliers that lost get, and what each payer pays.

    Parameters
    ----------
    income : array of int, shape (n,)
        What each supplier was paid over the period [micro-units].
    cost : array of int, shape (n,)
        Its avoidable cost over the same period: fuel, starts, stops and holding [micro-units]. Cost that would be
        there anyway is no part of it; it belongs into a tariff.
    drawn_kwh : array of float, shape (c,)
        Energy that each payer drew over the period [kWh]; payments are shared in proportion.

    Raises
    ------
    WrongShape
        If incomes and costs are not of the same suppliers.
    InvalidValue
        If somebody drew less than nothing, or nobody drew anything while there is a loss to share.

    Examples
    --------
    >>> made = make_whole(np.array([700, 900]), np.array([1000, 800]), [1.0, 2.0])
    >>> made.received.tolist(), made.charged.tolist()
    ([300, 0], [100, 200])
    """
    if income.shape != cost.shape:
        raise WrongShape(f"{income.shape} incomes and {cost.shape} costs are not of the same suppliers")
    weights = np.asarray(drawn_kwh, dtype=float)
    received = np.maximum(cost - income, 0)
    total, drawn = int(received.sum()), float(weights.sum())
    if (weights < 0).any() or (total and not drawn):
        raise InvalidValue("a loss is shared by energy drawn, which is never negative and not 0 for everyone")
    shares = weights * (total / drawn) if drawn else np.zeros_like(weights)
    return MadeWhole(received, apportion(shares, total))
