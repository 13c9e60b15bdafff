"""From what the file says of assets to fleets: one builder for each kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from micromarket.assets.asset import LocalAsset
from micromarket.assets.generator import Generator
from micromarket.assets.inflexible import InflexibleLoad
from micromarket.assets.profile import Profile
from micromarket.assets.pv import Photovoltaic
from micromarket.domain.curves import Floats
from micromarket.simulation.reading import OwnedAsset, Scenario

Field = Callable[[Any], Any]


@dataclass(frozen=True, slots=True, eq=False)
class Owned:
    """All assets of one kind in a scenario.

    Parameters
    ----------
    scenario : Scenario
        Where their series are.
    assets : sequence of OwnedAsset
        What the file says of each.
    """

    scenario: Scenario
    assets: Sequence[OwnedAsset]

    @property
    def ids(self) -> tuple[str, ...]:
        """Name of each."""
        return tuple(owned.id for owned in self.assets)

    @property
    def customers(self) -> list[Any]:
        """Owner of each."""
        return [self.scenario.file.customers[owned.customer] for owned in self.assets]

    @property
    def comfort(self) -> Floats:
        """Preference of each one's owner, between cost 0 and comfort 1."""
        return np.array([customer.comfort for customer in self.customers])

    @property
    def steps_per_day(self) -> int:
        """Base steps in 24 hours."""
        return round(24 / self.scenario.grid.hours)

    def numbers(self, name: str) -> Floats:
        """Return one field of each, shape (n,)."""
        return np.array([float(getattr(owned.asset, name)) for owned in self.assets])

    def rows(self, field: Field) -> Floats:
        """Return a field of each over the base steps, shape (n, S); `field` picks it from an asset."""
        return np.stack([self.scenario.series(field(owned.asset)) for owned in self.assets])

    def profile(self, values: Floats) -> Profile:
        """Return `values`, shape (n, S), as a profile that is foreseen as the file says; all alike in one fleet."""
        forecast = self.assets[0].asset.forecast  # type: ignore[union-attr]
        if forecast == "noisy":
            return Profile.noisy(values, self.steps_per_day, self.chance)
        return Profile(values, self.steps_per_day, forecast)

    @property
    def chance(self) -> np.random.Generator:
        """The scenario's chance for this fleet; named by its first asset, so that fleets do not share it."""
        return np.random.default_rng([self.scenario.file.seed, *self.ids[0].encode()])


def loads(owned: Owned) -> LocalAsset:
    """Return the inflexible loads."""
    return InflexibleLoad(owned.ids, owned.profile(owned.rows(lambda asset: asset.power)))


def photovoltaics(owned: Owned) -> LocalAsset:
    """Return the PV plants: power as given, or rated power times yield."""

    def power(asset: Any) -> Floats:
        given, series = asset.power, owned.scenario.series
        return series(given) if given is not None else asset.peak * series(asset.production)

    rows = np.stack([power(one.asset) for one in owned.assets])
    curtailable = np.array([one.asset.curtailable for one in owned.assets])  # type: ignore[union-attr]
    return Photovoltaic(owned.ids, owned.profile(rows), curtailable)


def generators(owned: Owned) -> LocalAsset:
    """Return the dispatchable generators."""
    names = ("minimum", "maximum", "price", "slope")
    return Generator(owned.ids, *(owned.numbers(name) for name in names))


BUILDERS: dict[str, Callable[[Owned], LocalAsset]] = {
    "load": loads,
    "pv": photovoltaics,
    "generator": generators,
}
"""How each kind is built, in the order in which fleets stand."""
