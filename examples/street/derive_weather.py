"""Derive data/weather.csv of the example street from the typical-year file that the pvlib package carries.

Run ``python examples/street/derive_weather.py`` (extra ``weather``); the file it writes is committed.

Source: ``723170TYA.CSV``, Greensboro Piedmont Triad International Airport, North Carolina: a typical meteorological
year (TMY3) of the National Renewable Energy Laboratory: months of different years, each typical of its kind, set one
after another. The week of 6 to 12 July of that year is laid on the calendar of 2026.

From hours to quarter hours:

* Times in the file are local standard time (UTC-5) and mark the *end* of an hour.
* Irradiance is the sum over the hour. Global and diffuse irradiance are shared out within the hour in proportion to
  the cosine of the sun's zenith angle: the sky's clearness stays as it was measured, hourly sums are kept exactly,
  and no cloud is made up. Beam irradiance follows from the two.
* Temperature and wind are readings at the stroke of the hour: a straight line joins them, and each quarter hour gets
  its value at mid-step.

PV yield per installed kW: Hay-Davies transposition to roofs of 30 degrees facing south, east and west; cell
temperature by the SAPM (close roof mount); PVWatts with -0.35 %/K, 14 % system losses and a 96 % inverter.
Sunshine on windows: mean over four vertical walls facing the four points of the compass.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pvlib

from micromarket.simulation.importers.scenario_folder import SeriesFile

STATION = "723170TYA.CSV"
ZONE = "America/New_York"
START, DAYS = datetime.fromisoformat("2026-07-06T00:00:00-04:00"), 7
STEP = timedelta(minutes=15)
ROOFS = {"south_30": 180, "east_30": 90, "west_30": 270}
TILT = 30
WALLS = (0, 90, 180, 270)
TEMPERATURE = pvlib.temperature.TEMPERATURE_MODEL_PARAMETERS["sapm"]["close_mount_glass_glass"]
PER_K, SYSTEM_LOSS, INVERTER = -0.0035, 0.14, 0.96
LOWEST_SUN = 0.02


def derive(folder: Path) -> None:
    hours, site = station()
    quarters = weather(hours, site)
    columns = {
        "temperature_c": quarters.temp_air.to_numpy(),
        "ghi_w_per_m2": quarters.ghi.to_numpy(),
        "windows_w_per_m2": np.mean([on_surface(quarters, 90, azimuth) for azimuth in WALLS], axis=0),
    }
    for roof, azimuth in ROOFS.items():
        columns[f"{roof}_kw_per_kw"] = pv_yield(quarters, azimuth)
    SeriesFile(START, STEP, ZONE, columns, decimals=3).write(folder / "weather.csv")


def station() -> tuple[pd.DataFrame, dict]:
    """Return the typical year, hours named by their end, and where the station is."""
    path = Path(pvlib.__file__).parent / "data" / STATION
    return pvlib.iotools.read_tmy3(path, coerce_year=START.year, map_variables=True)


def weather(hours: pd.DataFrame, site: dict) -> pd.DataFrame:
    """Return quarter hours of the week, named by their start: temperature, wind, irradiance and the sun's place."""
    steps = int(timedelta(days=DAYS) / STEP)
    starts = pd.date_range(START, periods=steps, freq=STEP).tz_convert(hours.index.tz)
    middles = starts + STEP / 2
    sun = pvlib.solarposition.get_solarposition(middles, site["latitude"], site["longitude"], site["altitude"])
    height = np.maximum(np.cos(np.radians(sun.zenith.to_numpy())), 0.0)
    per_hour = np.repeat(height.reshape(-1, 4).sum(axis=1), 4)
    share = np.divide(height, per_hour, out=np.zeros(steps), where=per_hour > 0) * 4
    known = hours.reindex(starts.ceil("h") + (starts == starts.ceil("h")) * pd.Timedelta(hours=1))
    quarters = pd.DataFrame({"ghi": known.ghi.to_numpy() * share, "dhi": known.dhi.to_numpy() * share}, index=middles)
    beam = np.divide(quarters.ghi - quarters.dhi, height, out=np.zeros(steps), where=height > LOWEST_SUN)
    extra = pvlib.irradiance.get_extra_radiation(middles).to_numpy()
    quarters["dni"], quarters["dni_extra"] = np.clip(beam, 0, extra), extra
    quarters["zenith"], quarters["azimuth"] = sun.apparent_zenith.to_numpy(), sun.azimuth.to_numpy()
    for name in ("temp_air", "wind_speed"):
        quarters[name] = np.interp(middles.astype("int64"), hours.index.astype("int64"), hours[name])
    return quarters


def on_surface(quarters: pd.DataFrame, tilt: float, azimuth: float) -> np.ndarray:
    """Return irradiance on a tilted surface [W/m2]."""
    total = pvlib.irradiance.get_total_irradiance(
        tilt,
        azimuth,
        quarters.zenith,
        quarters.azimuth,
        quarters.dni,
        quarters.ghi,
        quarters.dhi,
        dni_extra=quarters.dni_extra,
        model="haydavies",
    )
    return total.poa_global.fillna(0.0).to_numpy()


def pv_yield(quarters: pd.DataFrame, azimuth: float) -> np.ndarray:
    """Return alternating-current power of a roof for each installed kW."""
    irradiance = on_surface(quarters, TILT, azimuth)
    cell = pvlib.temperature.sapm_cell(irradiance, quarters.temp_air, quarters.wind_speed, **TEMPERATURE)
    direct = pvlib.pvsystem.pvwatts_dc(irradiance, cell, 1.0, PER_K) * (1 - SYSTEM_LOSS)
    return np.asarray(np.clip(pvlib.inverter.pvwatts(direct, 1 / INVERTER, INVERTER), 0, 1))


if __name__ == "__main__":
    derive(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "data")
