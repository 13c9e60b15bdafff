"""The case without a market: every device follows its own habit, at the tariff."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from micromarket.assets.asset import LocalAsset
from micromarket.domain.curves import Floats
from micromarket.simulation.neighborhood import Neighborhood, by_customer

LAST_TO_DECIDE = ("battery",)
"""Kinds that look at what the other devices of their customer do."""


@dataclass(frozen=True, slots=True, eq=False)
class Lived:
    """One base step without a market.

    Parameters
    ----------
    aimed_kw, metered_kw : array of float, shape (n,)
        What every device meant to do, and what it did [kW, positive into the region].
    readings : tuple of mapping
        State of each fleet after the step.
    """

    aimed_kw: Floats
    metered_kw: Floats
    readings: tuple[Mapping[str, Floats], ...]


def live(street: Neighborhood, fleets: tuple[LocalAsset, ...], step: int) -> tuple[tuple[LocalAsset, ...], Lived]:
    """Live through base step `step` without a market."""
    order = sorted(range(len(fleets)), key=lambda k: street.fleets[k].kind in LAST_TO_DECIDE)
    aims = [np.zeros(len(fleet.node)) for fleet in street.fleets]
    metered, after = list(aims), list(fleets)
    for k in order:
        surplus = by_customer(street, metered)[street.fleets[k].customer]
        aims[k] = fleets[k].default_power(step, surplus)
        after[k], metered[k] = fleets[k].deliver(step, aims[k])
    lived = Lived(np.concatenate(aims), np.concatenate(metered), tuple(fleet.readings() for fleet in after))
    return tuple(after), lived
