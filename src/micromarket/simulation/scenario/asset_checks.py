"""What each kind of local asset must keep beyond the limits of its single fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from micromarket.simulation.scenario.document import Path
from micromarket.simulation.scenario.findings import Finding
from micromarket.simulation.scenario.local_assets import (
    Battery,
    CombinedHeatAndPower,
    CommercialBuilding,
    ElectricVehicle,
    Generator,
    House,
    LocalAsset,
    OpenLoopLoad,
    Photovoltaic,
    WaterHeater,
)

MINUTES_PER_DAY = 1440
HOURS_PER_DAY = 24


def check_asset(path: Path, asset: LocalAsset) -> Iterator[Finding]:
    """Find what is wrong with one asset."""
    return _CHECKS.get(type(asset), _nothing)(path, asset)


def _nothing(path: Path, asset: LocalAsset) -> Iterator[Finding]:
    return iter(())


def _open_loop_load(path: Path, asset: OpenLoopLoad) -> Iterator[Finding]:
    for season in asset.seasons.__struct_fields__:
        lines = getattr(asset.seasons, season)
        for name in lines.__struct_fields__:
            if (count := len(getattr(lines, name))) != HOURS_PER_DAY:
                mend = "give one for each local hour, from 00:00 on"
                yield Finding((*path, "seasons", season, name), "24 of them", mend, found=f"{count}")
    if asset.outdoor_forecast is not None and asset.forecast != "perfect":
        mend = "remove one of them"
        yield Finding((*path, "forecast"), "either forecast or outdoor_forecast", mend, found="both")


def _photovoltaic(path: Path, asset: Photovoltaic) -> Iterator[Finding]:
    given = {"peak": asset.peak, "yield": asset.production, "power": asset.power}
    names = [name for name, value in given.items() if value is not None]
    if names not in (["peak", "yield"], ["power"]):
        mend = "give peak and yield, or power alone"
        yield Finding(path, "either peak and yield, or power", mend, found=" and ".join(names) or "none of them")


def _generator(path: Path, asset: Generator) -> Iterator[Finding]:
    if asset.minimum > asset.maximum:
        yield Finding((*path, "minimum"), f"at most {asset.maximum:g} kW, its maximum", "exchange the two")
    if asset.engagement is not None and not asset.minimum:
        mend = "raise it: what must be started runs at some least power"
        yield Finding((*path, "minimum"), "a power above 0, since it has rules of engagement", mend)


def _combined(path: Path, asset: CombinedHeatAndPower) -> Iterator[Finding]:
    if asset.minimum > asset.maximum:
        yield Finding((*path, "minimum"), f"at most {asset.maximum:g} kW, its maximum", "exchange the two")
    if asset.efficiency + asset.heat_efficiency > 1:
        allowed = f"at most {100 * (1 - asset.efficiency):g} %, what electricity leaves of the fuel"
        yield Finding((*path, "heat_efficiency"), allowed, "lower one of the two")
    if asset.idle_fuel >= (burnt := asset.maximum / asset.efficiency):
        yield Finding((*path, "idle_fuel"), f"less than {burnt:g} kW, the fuel at its highest power", "lower it")


def _battery(path: Path, asset: Battery) -> Iterator[Finding]:
    if asset.initial < asset.minimum:
        yield Finding((*path, "initial"), f"at least {100 * asset.minimum:g} %, its minimum", "raise it")
    if not asset.charge and not asset.discharge:
        yield Finding((*path, "charge"), "a battery that can be charged or discharged", "raise charge or discharge")


def _vehicle(path: Path, asset: ElectricVehicle) -> Iterator[Finding]:
    if asset.ready < asset.minimum:
        yield Finding((*path, "ready"), f"at least {100 * asset.minimum:g} %, its minimum", "raise it")
    if not isinstance(asset.trip, float) or not isinstance(asset.plugged, tuple):
        return
    if asset.trip > asset.energy:
        yield Finding((*path, "trip"), f"at most {asset.energy:g} kWh, its energy", "lower it")
        return
    start, end = asset.plugged
    hours = ((end - start) % MINUTES_PER_DAY or MINUTES_PER_DAY) / 60
    possible = hours * asset.charge * asset.efficiency
    if asset.trip > possible:
        allowed = f"at most {possible:g} kWh, what it can charge in the {hours:g} h it is plugged in"
        yield Finding((*path, "trip"), allowed, "lower it, plug in longer or charge faster")


def _water_heater(path: Path, asset: WaterHeater) -> Iterator[Finding]:
    if isinstance(asset.inlet, float) and asset.desired <= asset.inlet:
        allowed = f"more than {asset.inlet:g} °C, the temperature of the cold water"
        yield Finding((*path, "desired"), allowed, "raise it")


def _house(path: Path, asset: House) -> Iterator[Finding]:
    if asset.mass_capacity and not asset.mass_conductance:
        allowed = "more than 0 kW/K where there is mass_capacity"
        yield Finding((*path, "mass_conductance"), allowed, "raise it, or set mass_capacity to 0 kWh/K")


def _commercial_building(path: Path, asset: CommercialBuilding) -> Iterator[Finding]:
    if not asset.zones:
        yield Finding((*path, "zones"), "at least one zone", "add one")
    coldest = min(asset.desired.values()) if isinstance(asset.desired, dict) else asset.desired
    if asset.supply >= coldest:
        allowed = f"less than {coldest:g} °C, the lowest desired temperature"
        yield Finding((*path, "supply"), allowed, "lower it: warmer air cools nobody")


_CHECKS: dict[type, Callable[[Path, Any], Iterator[Finding]]] = {
    OpenLoopLoad: _open_loop_load,
    Photovoltaic: _photovoltaic,
    Generator: _generator,
    CombinedHeatAndPower: _combined,
    Battery: _battery,
    House: _house,
    CommercialBuilding: _commercial_building,
    ElectricVehicle: _vehicle,
    WaterHeater: _water_heater,
}
