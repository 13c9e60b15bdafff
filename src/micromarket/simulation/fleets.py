"""From what the file says of assets to fleets: one builder for each kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from micromarket.assets.air_handler import AirHandler
from micromarket.assets.asset import LocalAsset
from micromarket.assets.battery import Battery, BatteryRatings
from micromarket.assets.building import Building
from micromarket.assets.chiller import Chiller, ChillerRatings
from micromarket.assets.combined_heat_and_power import CombinedHeatAndPower, HeatUse
from micromarket.assets.comfort import Comfort
from micromarket.assets.commercial import CommercialBuilding, Surroundings
from micromarket.assets.engagement import EngagementRules
from micromarket.assets.ev import ElectricVehicle, Sessions, VehicleRatings
from micromarket.assets.generator import Generator
from micromarket.assets.house import Climate, HeatPump, House
from micromarket.assets.inflexible import InflexibleLoad
from micromarket.assets.open_loop import OpenLoopLoad, OpenLoopSeries
from micromarket.assets.profile import Foreseen, Profile
from micromarket.assets.pv import Photovoltaic
from micromarket.assets.served import Bulletins, Served
from micromarket.assets.water_heater import HotWater, Tank, WaterHeater
from micromarket.assets.zones import Zones
from micromarket.domain.curves import Floats
from micromarket.simulation.neighborhood import Calendar
from micromarket.simulation.plug_times import sessions
from micromarket.simulation.scenario.local_assets import kind_of
from micromarket.simulation.scenario.reading import OwnedAsset
from micromarket.simulation.scenario.timeline import Timeline

Field = Callable[[Any], Any]


@dataclass(frozen=True, slots=True, eq=False)
class Owned:
    """All assets of one kind in a scenario, or at a node.

    Parameters
    ----------
    timeline : Timeline
        Base steps, and where their series are.
    seed : int
        Start of all chance.
    assets : sequence of OwnedAsset
        What the file says of each.
    """

    timeline: Timeline
    seed: int
    assets: Sequence[OwnedAsset]

    @property
    def ids(self) -> tuple[str, ...]:
        """Name of each."""
        return tuple(owned.id for owned in self.assets)

    @property
    def comfort(self) -> Floats:
        """Preference of each one's owner, between cost 0 and comfort 1."""
        return np.array([owned.comfort for owned in self.assets])

    @property
    def steps_per_day(self) -> int:
        """Base steps in 24 hours."""
        return round(24 / self.timeline.grid.hours)

    def numbers(self, name: str) -> Floats:
        """Return one field of each, shape (n,)."""
        return np.array([float(getattr(owned.asset, name)) for owned in self.assets])

    def numbers_or(self, name: str, otherwise: Floats) -> Floats:
        """Return one field of each, shape (n,), or what stands in `otherwise` where it is left out."""
        given = [getattr(owned.asset, name) for owned in self.assets]
        return np.array([at if value is None else value for value, at in zip(given, otherwise, strict=True)])

    def rows(self, field: Field) -> Floats:
        """Return a field of each over the base steps, shape (n, S); `field` picks it from an asset."""
        return np.stack([self.timeline.series(field(owned.asset)) for owned in self.assets])

    def profile(self, values: Floats) -> Profile:
        """Return `values`, shape (n, S), as a profile that is foreseen as the file says; all alike in one fleet."""
        forecast = self.assets[0].asset.forecast  # type: ignore[union-attr]
        drawn = {"noisy": Profile.noisy, "revised": Profile.revised}.get(forecast)
        if drawn is not None:
            return drawn(values, self.steps_per_day, self.chance)
        return Profile(values, self.steps_per_day, forecast)

    def foreseen(self, field: Field) -> Foreseen:
        """Return a field of each as it is, and as it is foreseen: as a service tells, or else as the file says."""
        return self.served(self.profile(self.rows(field)), lambda asset: self.timeline.foretold(field(asset)))

    def served(self, profile: Profile, told: Callable[[Any], Bulletins | None]) -> Foreseen:
        """Return `profile`, foreseen as a service tells where one does; `told` looks that up for an asset."""
        each = {at: told(owned.asset) for at, owned in enumerate(self.assets)}
        served = {at: bulletins for at, bulletins in each.items() if bulletins is not None}
        return Served(profile, served) if served else profile

    @property
    def chance(self) -> np.random.Generator:
        """The chance of this fleet; named by its first asset, so that fleets do not share it."""
        return np.random.default_rng([self.seed, *self.ids[0].encode()])


def loads(owned: Owned) -> LocalAsset:
    """Return the inflexible loads."""
    return InflexibleLoad(owned.ids, owned.foreseen(lambda asset: asset.power))


SEASONS = ("spring", "spring_cold", "summer", "autumn", "autumn_cold", "winter")
"""Seasons in the order of an open-loop load's regimes."""
KELVIN_PER_F = 5 / 9


def open_loop_loads(owned: Owned) -> LocalAsset:
    """Return the loads that follow from calendar and temperature."""
    calendar = Calendar(owned.timeline.grid, owned.timeline.zone)
    when = calendar.when(np.arange(calendar.steps + 2 * calendar.steps_per_day))
    models = tuple(_open_loop(one.asset) for one in owned.assets)
    return InflexibleLoad(owned.ids, OpenLoopSeries(models, when, _outdoor(owned)))


def _open_loop(asset: Any) -> OpenLoopLoad:
    lines = [getattr(asset.seasons, season) for season in SEASONS]
    weekdays = [getattr(asset.weekdays, day) for day in asset.weekdays.__struct_fields__]
    intercept, slope = (np.array([getattr(one, name) for one in lines]).T for name in ("intercept", "slope"))
    return OpenLoopLoad(np.array(weekdays), intercept, slope * KELVIN_PER_F, asset.scale)


def _outdoor(owned: Owned) -> Foreseen:
    if owned.assets[0].asset.outdoor_forecast is None:  # type: ignore[union-attr]
        return owned.foreseen(lambda asset: asset.outdoor)
    actual = owned.rows(lambda asset: asset.outdoor)
    guess = owned.rows(lambda asset: asset.outdoor_forecast)
    given = Profile(actual, owned.steps_per_day, "given", guess)
    return owned.served(given, lambda asset: owned.timeline.foretold(asset.outdoor))


def photovoltaics(owned: Owned) -> LocalAsset:
    """Return the PV plants: power as given, or rated power times yield."""

    def power(asset: Any) -> Floats:
        given, series = asset.power, owned.timeline.series
        return series(given) if given is not None else asset.peak * series(asset.production)

    def told(asset: Any) -> Bulletins | None:
        if asset.power is not None:
            return owned.timeline.foretold(asset.power)
        of_each_kw = owned.timeline.foretold(asset.production)
        return None if of_each_kw is None else of_each_kw.times(asset.peak)

    rows = np.stack([power(one.asset) for one in owned.assets])
    curtailable = np.array([one.asset.curtailable for one in owned.assets])  # type: ignore[union-attr]
    return Photovoltaic(owned.ids, owned.served(owned.profile(rows), told), curtailable)


def generators(owned: Owned) -> LocalAsset:
    """Return the dispatchable generators; those with and without rules of engagement are fleets of their own."""
    minimum, maximum, price, slope = (owned.numbers(name) for name in ("minimum", "maximum", "price", "slope"))
    return Generator(owned.ids, minimum, maximum, price, slope, _engagement(owned), owned.timeline.grid.hours)


def _engagement(owned: Owned) -> EngagementRules | None:
    given: list[Any] = [one.asset.engagement for one in owned.assets]  # type: ignore[union-attr]
    if given[0] is None:
        return None
    hour = timedelta(hours=1)
    columns = ((one.start, one.stop, one.hold, one.minimum_on / hour, one.minimum_off / hour) for one in given)
    return EngagementRules(*np.array(list(columns)).T)


def combined_heat_and_power(owned: Owned) -> LocalAsset:
    """Return the engines with heat; fuel is a straight line from what they burn at no load."""
    numbers = owned.numbers
    maximum, idle, fuel_price, recovered = map(numbers, ("maximum", "idle_fuel", "fuel_price", "heat_efficiency"))
    fuel = 1 / numbers("efficiency") - idle / maximum
    boiler = owned.numbers_or("boiler_fuel_price", fuel_price) / numbers("boiler_efficiency")
    need = owned.profile(owned.rows(lambda asset: asset.heat_need))
    limits = owned.ids, numbers("minimum"), maximum
    step_hours = owned.timeline.grid.hours
    engine = Generator(*limits, fuel_price * fuel, numbers("slope"), _engagement(owned), step_hours)
    heat = HeatUse(need, recovered * idle, recovered * fuel, boiler, fuel_price * idle)
    return CombinedHeatAndPower(owned.ids, engine, heat)


def batteries(owned: Owned) -> LocalAsset:
    """Return the batteries; half of a round trip's loss is charged to each way."""
    one_way = np.sqrt(owned.numbers("round_trip_efficiency"))
    energy = owned.numbers("energy")
    ratings = BatteryRatings(
        energy_kwh=energy,
        charge_kw=owned.numbers("charge"),
        discharge_kw=owned.numbers("discharge"),
        charge_efficiency=one_way,
        discharge_efficiency=one_way,
        self_discharge_per_day=owned.numbers("self_discharge"),
        minimum_kwh=owned.numbers("minimum") * energy,
        wear=owned.numbers("wear"),
        end_value=None if owned.assets[0].asset.end_value is None else owned.numbers("end_value"),  # type: ignore[union-attr]
    )
    stored = np.maximum(owned.numbers("initial"), owned.numbers("minimum")) * energy
    return Battery(owned.ids, ratings, owned.timeline.grid.hours, stored)


def houses(owned: Owned) -> LocalAsset:
    """Return the houses with a thermostat; sunshine comes in through the windows and warms air and mass."""
    building = Building(
        conductance_kw_per_k=owned.numbers("conductance"),
        air_capacity_kwh_per_k=owned.numbers("capacity"),
        mass_conductance_kw_per_k=owned.numbers("mass_conductance"),
        mass_capacity_kwh_per_k=owned.numbers("mass_capacity"),
    )
    modes = np.array([one.asset.mode for one in owned.assets])  # type: ignore[union-attr]
    pump = HeatPump(mode=modes, power_kw=owned.numbers("power"), cop=owned.numbers("cop"))
    sunshine = owned.numbers("solar_area")[:, None] * owned.rows(lambda asset: asset.irradiance)
    sun = owned.rows(lambda asset: asset.solar_gain) + sunshine
    to_mass = owned.numbers("solar_to_mass")[:, None]
    gains = (1 - to_mass) * sun + owned.rows(lambda asset: asset.internal_gain)
    outdoor = owned.foreseen(lambda asset: asset.outdoor)
    climate = Climate(outdoor, owned.profile(gains), owned.profile(to_mass * sun))
    start = _initial_c(owned)
    return House(owned.ids, building, pump, climate, _comfort(owned), owned.timeline.grid.hours, start, start)


def commercial_buildings(owned: Owned) -> LocalAsset:
    """Return the commercial buildings; the gains of a building's zones are added up."""
    numbers = owned.numbers
    systems = np.array([one.asset.system for one in owned.assets])  # type: ignore[union-attr]
    air = AirHandler(
        variable=systems == "vav",
        cooling_kw=numbers("cooling"),
        fan_kw=numbers("fan"),
        cop=numbers("cop"),
        supply_c=numbers("supply"),
        fresh=numbers("fresh_air"),
        economizer=numbers("economizer") > 0,
    )
    gain = np.stack([_zone_gains(owned.timeline, one.asset) for one in owned.assets])
    around = Surroundings(owned.foreseen(lambda asset: asset.outdoor), owned.profile(gain))
    step_hours, start = owned.timeline.grid.hours, _initial_c(owned)
    return CommercialBuilding(owned.ids, _zones(owned), air, around, _comfort(owned), step_hours, start)


def _zones(owned: Owned) -> Zones:
    each = [(at, zone) for at, one in enumerate(owned.assets) for zone in one.asset.zones]  # type: ignore[union-attr]
    columns = np.array([(zone.conductance, zone.capacity, zone.offset, zone.swing) for _, zone in each]).T
    return Zones(np.array([at for at, _ in each]), *columns)


def _zone_gains(timeline: Timeline, asset: Any) -> Floats:
    area = sum(zone.solar_area for zone in asset.zones)
    inside = [timeline.series(zone.internal_gain) for zone in asset.zones]
    return np.asarray(area * timeline.series(asset.irradiance) + np.sum(inside, axis=0))


def chillers(owned: Owned) -> LocalAsset:
    """Return the chillers with their tanks."""
    names = {"cooling_kw": "cooling", "cop": "cop", "bent": "bent", "tank_kwh": "tank", "loss_per_day": "loss"}
    ratings = ChillerRatings(**{name: owned.numbers(field) for name, field in names.items()})
    need = owned.foreseen(lambda asset: asset.need)
    stored = owned.numbers("initial") * owned.numbers("tank")
    return Chiller(owned.ids, ratings, need, owned.timeline.grid.hours, stored)


def vehicles(owned: Owned) -> LocalAsset:
    """Return the electric vehicles, their hours and trips by the clock or as series."""
    energy = owned.numbers("energy")
    ready = owned.numbers("ready") * energy
    ratings = VehicleRatings(
        energy_kwh=energy,
        charge_kw=owned.numbers("charge"),
        charge_efficiency=owned.numbers("efficiency"),
        ready_kwh=ready,
        discharge_kw=owned.numbers("discharge"),
        discharge_efficiency=owned.numbers("discharge_efficiency"),
        minimum_kwh=owned.numbers("minimum") * energy,
        wear=owned.numbers("wear"),
    )
    plugged, trips = (
        np.stack(rows) for rows in zip(*(sessions(owned.timeline, one) for one in owned.assets), strict=True)
    )
    known = Sessions(owned.profile(plugged), owned.profile(trips))
    stored = owned.numbers_or("initial", ready / energy) * energy
    return ElectricVehicle(owned.ids, ratings, known, owned.timeline.grid.hours, stored)


def water_heaters(owned: Owned) -> LocalAsset:
    """Return the water heaters."""
    names = {"volume_l": "volume", "power_kw": "power", "standing_loss_kw_per_k": "conductance", "cop": "cop"}
    tank = Tank(**{name: owned.numbers(field) for name, field in names.items()})
    draw = HotWater(
        owned.foreseen(lambda asset: asset.draw),
        owned.foreseen(lambda asset: asset.inlet),
        owned.foreseen(lambda asset: asset.ambient),
    )
    return WaterHeater(owned.ids, tank, draw, _comfort(owned), owned.timeline.grid.hours, _initial_c(owned))


def _comfort(owned: Owned) -> Comfort:
    desired = Profile(owned.rows(lambda asset: asset.desired), owned.steps_per_day)
    return Comfort(desired, owned.numbers("tolerance"), owned.comfort, owned.numbers("comfort_value"))


def _initial_c(owned: Owned) -> Floats:
    return owned.numbers_or("initial", owned.rows(lambda asset: asset.desired)[:, 0])


BUILDERS: dict[str, Callable[[Owned], LocalAsset]] = {
    "load": loads,
    "open_loop_load": open_loop_loads,
    "pv": photovoltaics,
    "generator": generators,
    "combined_heat_and_power": combined_heat_and_power,
    "house": houses,
    "commercial_building": commercial_buildings,
    "chiller": chillers,
    "water_heater": water_heaters,
    "ev": vehicles,
    "battery": batteries,
}
"""How each kind is built, in the order in which fleets stand."""


def by_fleet(timeline: Timeline, seed: int, assets: Sequence[OwnedAsset]) -> Iterator[tuple[str, Owned]]:
    """Yield every kind with its assets; those foreseen or valued in different ways are fleets of their own."""
    for kind in BUILDERS:
        of_kind = [one for one in assets if kind_of(one.asset) == kind]
        for trait in sorted({_trait(one) for one in of_kind}):
            yield kind, Owned(timeline, seed, [one for one in of_kind if _trait(one) == trait])


def _trait(owned: OwnedAsset) -> tuple[str, bool, bool, bool]:
    """Return what all assets of one fleet have in common beside their kind."""
    asset = owned.asset
    return (
        str(getattr(asset, "forecast", "")),
        getattr(asset, "end_value", None) is None,
        getattr(asset, "engagement", None) is None,
        getattr(asset, "outdoor_forecast", None) is None,
    )
