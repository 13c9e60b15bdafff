"""One small fleet of every kind, for the contract that all of them keep."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np

from micromarket.assets.air_handler import AirHandler
from micromarket.assets.asset import LocalAsset
from micromarket.assets.battery import Battery, BatteryRatings
from micromarket.assets.building import Building
from micromarket.assets.chiller import Chiller, ChillerRatings
from micromarket.assets.combined_heat_and_power import CombinedHeatAndPower, HeatUse
from micromarket.assets.comfort import Comfort
from micromarket.assets.commercial import CommercialBuilding, Surroundings
from micromarket.assets.ev import ElectricVehicle, Sessions, VehicleRatings
from micromarket.assets.generator import Generator
from micromarket.assets.house import Climate, HeatPump, House
from micromarket.assets.inflexible import InflexibleLoad
from micromarket.assets.open_loop import OpenLoopLoad, OpenLoopSeries
from micromarket.assets.profile import Profile
from micromarket.assets.pv import Photovoltaic
from micromarket.assets.water_heater import HotWater, Tank, WaterHeater
from micromarket.assets.zones import Zones
from micromarket.domain.intervals import IntervalGrid, LocalTimes

STEPS_PER_DAY = 24
DAYS = 3


def profile(devices: range, scale: float, forecast: str) -> Profile:
    """Return a series for each device; a device's own does not depend on who else is in the fleet."""
    rows = [np.random.default_rng(device).uniform(0, scale, DAYS * STEPS_PER_DAY) for device in devices]
    return Profile(np.array(rows), STEPS_PER_DAY, forecast)


def load(devices: range) -> InflexibleLoad:
    """Return loads that expect yesterday's draw."""
    return InflexibleLoad(names(devices), profile(devices, 3.0, "yesterday"))


def open_loop_load(devices: range) -> InflexibleLoad:
    """Return loads that follow from calendar and temperature, of different size."""
    grid = IntervalGrid(datetime(2026, 4, 1, tzinfo=UTC), timedelta(hours=1), (DAYS + 2) * STEPS_PER_DAY)
    hours = np.arange(24.0)[:, None] + np.arange(6)
    models = tuple(OpenLoopLoad(np.arange(7.0), hours, hours / 10, 1.0 + device) for device in devices)
    series = OpenLoopSeries(models, LocalTimes.of(grid.starts, UTC), profile(devices, 20.0, "yesterday"))
    return InflexibleLoad(names(devices), series)


def pv(devices: range) -> Photovoltaic:
    """Return plants, every other one curtailable."""
    sun = profile(devices, 5.0, "perfect")
    daylight = np.tile(np.arange(STEPS_PER_DAY) > 8, DAYS)
    return Photovoltaic(names(devices), Profile(sun.values * daylight, STEPS_PER_DAY), np.array(devices) % 2 == 0)


def generator(devices: range) -> Generator:
    """Return generators with and without minimum, with and without slope."""
    kind = np.array(devices)
    return Generator(names(devices), 2.0 * (kind % 2), 5.0 + kind, 0.1 + 0.05 * kind, 0.01 * (kind % 3))


def battery(devices: range) -> Battery:
    """Return batteries of different sizes, with wear and self-discharge."""
    kind = np.array(devices)
    ratings = BatteryRatings(5.0 + kind, 2.0 + kind, 1.5 * kind, 0.93, 0.97, 0.01 * kind, 0.5, 0.02 * (kind % 2))
    return Battery(names(devices), ratings, 1.0, 3.0 + 0.2 * kind)


def ev(devices: range) -> ElectricVehicle:
    """Return cars that are away at different hours; every other one sells back."""
    kind, hour = np.array(devices), np.arange(DAYS * STEPS_PER_DAY) % STEPS_PER_DAY
    away = (hour >= 7 + kind[:, None] % 3) & (hour < 17)
    used = np.where(hour == 16, 6.0 + kind[:, None], 0.0)
    sessions = Sessions(Profile(1.0 - away, STEPS_PER_DAY), Profile(used, STEPS_PER_DAY))
    ratings = VehicleRatings(40.0, 3.0 + kind, 30.0, discharge_kw=2.0 * (kind % 2))
    return ElectricVehicle(names(devices), ratings, sessions, 1.0, 12.0 + 4.0 * kind)


def house(devices: range) -> House:
    """Return houses, heated and cooled in turn, whose comfort and tolerance differ."""
    kind = np.array(devices)
    heats = kind % 2 == 0
    outdoor = profile(devices, 10.0, "perfect").values + np.where(heats, 0.0, 25.0)[:, None]
    climate = Climate(Profile(outdoor, STEPS_PER_DAY), profile(devices, 1.0, "yesterday"))
    desired = (
        np.where(np.arange(DAYS * STEPS_PER_DAY) % STEPS_PER_DAY < 8, 0.0, 2.0) * np.where(heats, 1, -1)[:, None]
    )
    comfort = Comfort(Profile(21.0 + desired, STEPS_PER_DAY), 1.0 + 0.2 * kind, kind / 8)
    pump = HeatPump(np.where(heats, "heating", "cooling"), 3.0 + 0.5 * kind, 3.0, np.where(heats, 0.05, -0.05))
    air = 21.0 + 0.3 * kind
    return House(
        names(devices), Building(0.2 + 0.02 * kind, 1.0, 1.5, 5.0), pump, climate, comfort, 1.0, air, air - 1
    )


def commercial_building(devices: range) -> CommercialBuilding:
    """Return buildings of two zones each, with an air handler or rooftop units in turn."""
    kind, zone = np.array(devices), np.repeat(np.array(devices), 2)
    every = np.arange(len(kind))
    zones = Zones(np.repeat(every, 2), 0.5 + 0.1 * zone, 5.0 + zone, np.tile([0.0, 1.0], len(kind)), 1.0 + zone / 10)
    air = AirHandler(kind % 2 == 0, 40.0 + kind, 4.0, 3.0, 13.0, 0.2, kind % 3 == 0)
    outdoor = profile(devices, 15.0, "yesterday").values + 18.0
    around = Surroundings(Profile(outdoor, STEPS_PER_DAY, "yesterday"), profile(devices, 10.0, "perfect"))
    desired = np.where(np.arange(DAYS * STEPS_PER_DAY) % STEPS_PER_DAY < 8, 26.0, 23.0)
    comfort = Comfort(Profile(np.tile(desired, (len(kind), 1)), STEPS_PER_DAY), 1.0 + 0.2 * kind, kind / 8)
    return CommercialBuilding(names(devices), zones, air, around, comfort, 1.0, 24.0 + 0.2 * kind)


def chiller(devices: range) -> Chiller:
    """Return chillers with tanks of different size, one without; power bends more or less."""
    kind = np.array(devices)
    ratings = ChillerRatings(40.0 + kind, 3.0, 0.1 * kind, 30.0 * kind, 0.01 * kind)
    return Chiller(names(devices), ratings, profile(devices, 30.0, "yesterday"), 1.0, 10.0 * kind)


def combined_heat_and_power(devices: range) -> CombinedHeatAndPower:
    """Return engines with different heat, with and without a slope."""
    kind = np.array(devices)
    engine = Generator(names(devices), 2.0 + kind, 10.0 + kind, 0.1 + 0.02 * kind, 0.01 * (kind % 2))
    heat = HeatUse(profile(devices, 20.0, "yesterday"), 1.0 * kind, 1.0 + 0.1 * kind, 0.02 * kind, 0.1 * kind)
    return CombinedHeatAndPower(names(devices), engine, heat)


def water_heater(devices: range) -> WaterHeater:
    """Return tanks of different sizes, one of them without losses."""
    kind = np.array(devices)
    flat = [Profile(np.full((len(kind), DAYS * STEPS_PER_DAY), level), STEPS_PER_DAY) for level in (12.0, 20.0, 55.0)]
    tank = Tank(150.0 + 20.0 * kind, 2.0 + 0.5 * kind, 0.002 * (kind > 0))
    comfort = Comfort(flat[2], 5.0, kind / 4)
    water = HotWater(profile(devices, 25.0, "yesterday"), flat[0], flat[1])
    return WaterHeater(names(devices), tank, water, comfort, 1.0, 54.0 + kind)


def names(devices: range) -> tuple[str, ...]:
    """Return a name for each device."""
    return tuple(f"device-{device}" for device in devices)


FLEETS: dict[str, Callable[[range], LocalAsset]] = {
    "load": load,
    "open_loop_load": open_loop_load,
    "pv": pv,
    "generator": generator,
    "combined_heat_and_power": combined_heat_and_power,
    "battery": battery,
    "ev": ev,
    "house": house,
    "commercial_building": commercial_building,
    "chiller": chiller,
    "water_heater": water_heater,
}
