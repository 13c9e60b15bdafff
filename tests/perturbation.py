"""An independent look at residual flexibility: plan again with one price changed."""

from dataclasses import replace

import numpy as np


def accepted(curves, device, step, price):
    """Return the least and the most power that a curve accepts at a price."""
    prices, powers = curves.prices[device, step], curves.powers[device, step]
    at = powers[prices == price]
    return (at.min(), at.max()) if len(at) else 2 * (np.interp(price, prices, powers),)


def misses(fleet, outlook, step, price):
    """Return how far each device's new plan for a step at another price lies off the curve it tendered [kW]."""
    curves, prices = fleet.curves(outlook), outlook.prices.copy()
    prices[:, step] = price
    plan = fleet.schedule(replace(outlook, prices=prices))[:, step]
    limits = [accepted(curves, device, step, price) for device in range(len(plan))]
    return [max(least - power, power - most, 0.0) for power, (least, most) in zip(plan, limits, strict=True)]
