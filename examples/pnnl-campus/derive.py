"""Write the node files and the series of PNNL's network: a city, a campus and four buildings below a bulk supplier.

Run ``python examples/pnnl-campus/derive.py``; the files it writes are committed. ``derive(folder, days=365)`` writes
a whole year, as ``benchmarks/bench_network_year.py`` does.

Parameters are those that Battelle published as the configuration of PNNL's transactive nodes (see README.md for what
was wrong in them). Weather is made up, with a seed: a year's wave, a day's wave, and weather that lasts for days,
about like that of the Tri-Cities in Washington. A day ahead it is foreseen with an error that lasts for hours.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from micromarket.assets.open_loop import OpenLoopLoad
from micromarket.domain.intervals import IntervalGrid, LocalTimes
from micromarket.simulation.importers.scenario_folder import SeriesFile

HERE = Path(__file__).parent
ZONE = "America/Los_Angeles"
START, STEP = datetime(2017, 7, 31, 2, tzinfo=ZoneInfo(ZONE)), timedelta(minutes=15)
AHEAD, NOW = "day-ahead", "real-time"
LATITUDE, PV_KW, SEED = 46.3, 120.0, 2017
CITY_BY_WEEKDAY = [144786, 146281, 146119, 145577, 143896, 139432, 138118]
CAMPUS_BY_WEEKDAY = [5136.2654, 5161.2918, 5141.6897, 5126.1266, 5105.3477, 4857.791, 4873.7724]
CITY_KW, CAMPUS_KW = (50_000, 200_000), (0, 16_400)
CAMPUS_SCALE = 2.1514946070528995
HEAVY = [0.04196, 0.0412, 0.03641, 0.03233, 0.02929, 0.03037, 0.03732, 0.04077, 0.0406, 0.0394, 0.03993, 0.04294]
LIGHT = [0.0366, 0.0366, 0.03346, 0.0302, 0.02391, 0.02197, 0.03171, 0.03527, 0.03485, 0.03515, 0.0374, 0.0374]
DEMAND = [11.45, 11.15, 9.28, 7.68, 6.49, 6.92, 9.63, 10.98, 10.91, 10.45, 10.65, 11.83]
HEAVY_HOURS, AGREED_KW = 400, 148_000
BUILDINGS = {"LargeOffice": 5000, "SMALL_OFFICE": 120, "BUILDING1": 120, "BRSW": 120}


def derive(folder: Path, days: int = 3) -> None:
    (folder / "data").mkdir(parents=True, exist_ok=True)
    SeriesFile(START, STEP, ZONE, powers(days), decimals=1).write(folder / "data" / "powers.csv")
    for name, text in files(days).items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def powers(days: int) -> dict[str, np.ndarray]:
    """Return the loads, negative, and the sun's power [kW] as foreseen a day ahead and as they are.

    They reach a day further than the programs live: the market of the day after opens before the last quarter ends.
    """
    steps = (days + 1) * 96
    when = LocalTimes.of(IntervalGrid(START, STEP, steps).starts, ZoneInfo(ZONE))
    clock = np.arange(steps) / 4 + 2
    city, campus = loads()
    columns = {}
    for series, outdoor_c, clouds in zip((AHEAD, NOW), *weather(clock), strict=True):
        name = series.replace("-", "_")
        columns[f"city_{name}_kw"] = -np.clip(city.drawn_kw(when, outdoor_c), *CITY_KW)
        columns[f"campus_{name}_kw"] = -np.clip(campus.drawn_kw(when, outdoor_c), *CAMPUS_KW)
        columns[f"sun_{name}_kw"] = PV_KW * sunshine(clock) * clouds
    return columns


def loads() -> tuple[OpenLoopLoad, OpenLoopLoad]:
    """Return the models of city and campus; published weekdays of the campus begin on Sunday, here on Monday."""
    lines = np.loadtxt(HERE / "data" / "load_lines.csv", delimiter=",", skiprows=1)[:, 2:].reshape(24, 6, 4)
    city = OpenLoopLoad(np.array(CITY_BY_WEEKDAY, dtype=float), lines[:, :, 0], lines[:, :, 1])
    return city, OpenLoopLoad(np.array(CAMPUS_BY_WEEKDAY), lines[:, :, 2], lines[:, :, 3], CAMPUS_SCALE)


def weather(clock: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return temperatures [°C] and the clear share of the sky, each as foreseen and as they are, at some hours."""
    warmth, cover, error, haze = np.random.default_rng(SEED).spawn(4)
    year = np.cos(2 * np.pi * (clock / 24 + 212 - 205) / 365)
    day = np.cos(2 * np.pi * (clock - 16) / 24)
    actual = 13 + 12 * year + (5 + 3 * year) * day + 3.5 * lasting(warmth, len(clock), 72)
    sky = np.clip(0.8 + 0.25 * lasting(cover, len(clock), 12), 0.1, 1.0)
    foreseen = np.clip(sky + 0.15 * lasting(haze, len(clock), 6), 0.1, 1.0)
    return [actual + 1.5 * lasting(error, len(clock), 6), actual], [foreseen, sky]


def lasting(rng: np.random.Generator, steps: int, hours: float) -> np.ndarray:
    """Return chance of mean 0 and variance 1 that forgets itself over some hours, a number for each quarter hour."""
    keep = np.exp(-0.25 / hours)
    level, *fresh = rng.standard_normal(steps + 1)
    values = np.empty(steps)
    for step in range(steps):
        values[step] = level = keep * level + np.sqrt(1 - keep**2) * fresh[step]
    return values


def sunshine(clock: np.ndarray) -> np.ndarray:
    """Return the sine of the sun's height at some hours since the start of the first day, 0 at night."""
    tilt = np.radians(23.45) * np.cos(2 * np.pi * (clock / 24 + 212 - 172) / 365)
    latitude, angle = np.radians(LATITUDE), 2 * np.pi * (clock - 13) / 24
    height = np.sin(latitude) * np.sin(tilt) + np.cos(latitude) * np.cos(tilt) * np.cos(angle)
    return np.maximum(height, 0.0)


def files(days: int) -> dict[str, str]:
    """Return the node files by name."""
    found = {"city": city(days), "campus": campus(days)}
    return found | {name.lower().replace("_", "-"): building(name, most, days) for name, most in BUILDINGS.items()}


def city(days: int) -> str:
    beyond = [round(demand / HEAVY_HOURS, 5) for demand in DEMAND]
    return f"""{head("City", days)}
neighbors:
  - id: BPA
    direction: upstream
    transactive: false
    import_limit: 200800 kW
    export_limit: 0 kW
    full_load_loss: 2 %
    rates:
      heavy: {prices(HEAVY)}
      light: {prices(LIGHT)}
      agreed: {AGREED_KW} kW
      beyond: {prices(beyond)}
  - {{id: PNNL_Campus, direction: downstream, import_limit: 0 kW, export_limit: 20000 kW, full_load_loss: 3 %}}
assets:
{series("richland", "city")}
"""


def campus(days: int) -> str:
    line = (
        "  - {{id: {name}, direction: downstream, import_limit: 0 kW, export_limit: {most} kW, full_load_loss: 4 %}}"
    )
    below = "\n".join(line.format(name=name, most=most) for name, most in BUILDINGS.items())
    return f"""{head("PNNL_Campus", days)}
neighbors:
  - {{id: City, direction: upstream, import_limit: 20000 kW, export_limit: 0 kW, full_load_loss: 3 %}}
{below}
assets:
{series("inelastic-buildings", "campus")}
{series("solar", "sun")}
"""


def building(name: str, most: int, days: int) -> str:
    return f"""{head(name, days)}
neighbors:
  - {{id: PNNL_Campus, direction: upstream, import_limit: {most} kW, export_limit: 0 kW, full_load_loss: 4 %}}
assets:
  - kind: curve
    id: zones
    vertices: [{{price: 0.055 USD/kWh, power: {-most // 2} kW}}, {{price: 0.060 USD/kWh, power: {-most // 4} kW}}]
"""


def head(name: str, days: int) -> str:
    start, lead = START.astimezone(ZoneInfo("UTC")), timedelta(hours=1)
    moments = (start - timedelta(hours=2), start + timedelta(days=days), start - lead)
    begin, end, clearing = (f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in moments)
    return f"""schema: 1
network: pnnl-campus
node: {name}
currency: USD
timezone: {ZONE}
start: {begin}
end: {end}
first_clearing: {clearing}
series:
  name: {AHEAD}
  interval: PT1H
  intervals: 24
  negotiation_lead: PT8M
  market_lead: PT15M
  delivery_lead: PT1H
  default_price: 0.0428 USD/kWh
  commits: true
  refined_by:
    name: {NOW}
    interval: PT15M
    negotiation_lead: PT5M
    market_lead: PT5M
    delivery_lead: PT5M
    default_price: 0.0428 USD/kWh
    commits: true"""


def series(name: str, column: str) -> str:
    columns = ((one, f"{column}_{one.replace('-', '_')}_kw") for one in (AHEAD, NOW))
    known = "\n".join(f"      - {{series: {one}, column: {each}}}" for one, each in columns)
    return f"  - kind: series\n    id: {name}\n    file: data/powers.csv\n    power:\n{known}"


def prices(rates: list[float]) -> str:
    return "[" + ", ".join(f"{rate} USD/kWh" for rate in rates) + "]"


if __name__ == "__main__":
    derive(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
