"""What an imported SimBench folder says about itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from micromarket.simulation.importers.radial import RadialTree
from micromarket.simulation.importers.simbench_source import MeasuredGrid

SOURCE = {
    "name": "SimBench (University of Kassel, Fraunhofer IEE, TU Dortmund, RWTH Aachen)",
    "licence": "Open Database License 1.0 (ODbL); contents: Database Contents License 1.0 (DbCL)",
    "what": "Grid, and profiles of loads, PV plants, charging stations and heat pumps in 2016",
    "url": "https://www.simbench.net",
}
SYNTHETIC_PRICE = {
    "name": "Synthetic price of supply",
    "licence": "Apache-2.0 (part of micromarket)",
    "what": "A price with morning and evening peaks and a dip at noon, made up: SimBench has no prices",
}
_README = """\
# {code}

{days} of the measured year 2016 of the SimBench grid `{code}`, as a scenario of micromarket.
Written by `micromarket import simbench {code}`.

## What became what

- **{buses} buses, {branches} lines and transformers**: {nodes} nodes in a tree under `{root}`. A line's limit is its
  thermal limit, the transformer's its rating, both times a power factor of 0.95; the loss at that limit follows from
  the resistance. Reactive power, voltage and iron losses are not modeled{left_out}.
- **{loads} loads**: one customer for each bus. Households, farms, trades and workplace chargers (`APLS`) are the
  customer's load, exactly as measured. That it is foreseen with an error of 15 % is an *assumption*.
- **{plants} PV plants**: `pv` with the measured power, which may be curtailed.
- **{stores} batteries**: `battery` with energy, power and self-discharge as given, the efficiency once each way. How
  they were operated in 2016 is left out: micromarket operates them.
- **{cars} home charging stations** (`HLS`): `ev`. Each stretch of measured charging is a session that needs the
  measured energy. It begins when measured; that it lasts until the next 07:00, or until a quarter hour before the
  next session, is an *assumption*.
- **{pumps} heat pumps** (`Soil`, `Air`): `water_heater`, a store from which the heat of the measured electricity is
  drawn when it was made (COP 3), so that without a market the measured electricity comes back. That it holds 0.8
  hours of full output is an *assumption*, usual where heat pumps ride through blocking hours. A store that is warmer
  or colder by the whole tolerance gives 5 % more or less heat.
- **No prices**: {price}. It rises by 0.05 EUR/kWh from no power to the transformer's rating. The supplier pays 0.03
  EUR/kWh for exports; without a market customers pay one flat rate at which the supplier breaks even.

Times: the files carry German local time with summer time but no zone (27 March has 92 quarter hours, 30 October 100).
Row k is taken to begin k quarter hours after 31 December 2015, 23:00 UTC, which gives exactly the times in the file.

## License

Data: SimBench, Open Database License 1.0 (<http://opendatacommons.org/licenses/odbl/1.0/>), contents under the
Database Contents License 1.0. Whoever passes on the data in this folder does so under the same license and names
SimBench.
"""


def head(code: str) -> Sequence[str]:
    """Return the comment at the top of scenario.yaml."""
    return (
        f"SimBench grid {code}; written by micromarket import simbench. README.md says what became what.",
        "Data: SimBench, Open Database License 1.0.",
    )


def readme(grid: MeasuredGrid, tree: RadialTree, scenario: Mapping[str, Any]) -> str:
    """Return the text of README.md: what became what, and what was assumed.

    Parameters
    ----------
    grid : MeasuredGrid
        The grid.
    tree : RadialTree
        Its tree.
    scenario : mapping
        The scenario, with its data sources.
    """
    kinds = [asset["kind"] for customer in scenario["customers"] for asset in customer["assets"]]
    loops = ". Left out, as they would close a loop: " + ", ".join(branch.name for branch in tree.left_out)
    price = scenario["data_sources"][1]
    return _README.format(
        code=grid.code,
        days=f"{scenario['time']['start'][:10]} until {scenario['time']['end'][:10]}",
        buses=len(grid.buses),
        branches=len(grid.branches),
        nodes=len(scenario["nodes"]),
        root=scenario["nodes"][0]["id"],
        left_out=loops if tree.left_out else "",
        loads=len(grid.loads),
        plants=len(grid.plants),
        stores=len(grid.stores),
        cars=kinds.count("ev"),
        pumps=kinds.count("water_heater"),
        price=f"{price['name']}: {price['what'][0].lower()}{price['what'][1:]}",
    )
