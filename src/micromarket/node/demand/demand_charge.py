"""Demand charges: what a month's highest demand costs, as a price on every kW that would raise it.

A demand charge is billed once a month, for the highest average power that was drawn in it. So power up to this
month's peak costs energy alone, and each kW above it costs the charge as well. As an approximation the charge is
spread over the hours for which a new peak is expected to be used, ``rate / hours_of_use``, and added to the price of
energy at and above the threshold: two vertices at the threshold, one at each price.

It applies where the power is sent, which is where it is metered. Offers are charged before losses are taken off, bids
are relieved of it after losses are added: in this order prices and powers rise together at both ends.

Source: Transactive Network Template v4 (PNNL, 2024), section 2.2.3, which leaves the spreading to the implementer.
The reference code adds currency per kW to currency per kWh, relieves bids before losses so that they fall, and
compares months without their years.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from itertools import pairwise

import numpy as np

from micromarket.domain.curves import Curves, Floats
from micromarket.errors import InvalidValue
from micromarket.kernels.polylines import Polyline, interpolated_price, polyline
from micromarket.node.vertices import curve_of, vertices_of


@dataclass(frozen=True, slots=True)
class DemandCharge:
    """What a neighbor charges for the highest power drawn from it in a month.

    Parameters
    ----------
    rate : float
        Charge for each kW of a month's highest demand [currency/kW].
    hours_of_use : float, default 1
        Hours over which one more kW of peak is expected to be used [h]; 1 if a peak is one hour.
    carry_over : float, default 0.8
        Share of the last month's peak that is expected at least in the next.

    Raises
    ------
    InvalidValue
        If the rate is negative, the hours not positive, or the share outside [0, 1].
    """

    rate: float
    hours_of_use: float = 1.0
    carry_over: float = 0.8

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not (self.rate >= 0 and self.hours_of_use > 0 and 0 <= self.carry_over <= 1):
            raise InvalidValue(f"a demand charge needs rate >= 0, hours > 0 and a share from 0 to 1; found {self}")

    @property
    def price(self) -> float:
        """What it adds to each kWh above the threshold [currency/kWh]."""
        return self.rate / self.hours_of_use


@dataclass(frozen=True, slots=True)
class MonthlyPeak:
    """The highest demand so far in a local month, or expected in it.

    Parameters
    ----------
    year, month : int
        Which month.
    threshold_kw : float, default 0
        Demand up to which nothing is added to the month's charge [kW].
    from_meter : bool, default False
        Whether a meter tells; if so, what was scheduled no longer counts.
    """

    year: int
    month: int
    threshold_kw: float = 0.0
    from_meter: bool = False

    @classmethod
    def unknown(cls, moment: datetime, zone: tzinfo) -> MonthlyPeak:
        """Return the peak of the month of a moment, of which nothing is known yet."""
        local = moment.astimezone(zone)
        return cls(local.year, local.month)

    def at(self, moment: datetime, charge: DemandCharge, zone: tzinfo) -> MonthlyPeak:
        """Return the peak as it is expected at a moment: with each month that begins, a share is left of it."""
        local = moment.astimezone(zone)
        months = 12 * (local.year - self.year) + local.month - self.month
        if months <= 0:
            return self
        left = self.threshold_kw * charge.carry_over**months
        return replace(self, year=local.year, month=local.month, threshold_kw=left)

    def raised(self, moment: datetime, power_kw: float, charge: DemandCharge, zone: tzinfo) -> MonthlyPeak:
        """Return the peak after an average power was drawn in an interval that starts at a moment.

        Power in a month that is over changes nothing: it cannot raise the new month's peak.
        """
        local = moment.astimezone(zone)
        if (local.year, local.month) < (self.year, self.month):
            return self
        now = self.at(moment, charge, zone)
        return replace(now, threshold_kw=max(now.threshold_kw, power_kw))


@dataclass(frozen=True, slots=True)
class DemandPrice:
    """A demand charge as it applies now.

    Parameters
    ----------
    price : float
        Added to each kWh above the threshold [currency/kWh]; not negative.
    threshold_kw : float
        Demand up to which nothing is added [kW]; not negative.
    """

    price: float
    threshold_kw: float

    def charged(self, offer: Curves) -> Curves:
        """Return a neighbor's offer, power positive toward us, with the charge above the threshold."""
        return curve_of([_split(polyline(one), self.threshold_kw, 0.0, self.price) for one in vertices_of(offer)])

    def relieved(self, bid: Curves) -> Curves:
        """Return our bid, power positive toward the neighbor, less the charge: what we pay for the energy alone."""
        return curve_of([_split(polyline(one), -self.threshold_kw, -self.price, 0.0) for one in vertices_of(bid)])

    def added(self, demand_kw: Floats) -> Floats:
        """Return what is added to the price at a demand [currency/kWh]; at the threshold nothing yet."""
        return np.where(demand_kw > self.threshold_kw, self.price, 0.0)


def _split(vertices: Polyline, at_kw: float, below: float, above: float) -> Polyline:
    """Return a curve whose prices are moved by one amount below a power and by another above it."""
    if len(vertices) == 1:
        return vertices
    cut = [vertices[0]]
    for one, two in pairwise(vertices):
        if one[1] < at_kw < two[1]:
            cut.append((interpolated_price([one, two], at_kw), at_kw))
        cut.append(two)
    low = [(price + below, power) for price, power in cut if power <= at_kw]
    return polyline(low + [(price + above, power) for price, power in cut if power >= at_kw])
