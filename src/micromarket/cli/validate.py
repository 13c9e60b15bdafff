"""`micromarket validate`: check a scenario and say what is in it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from micromarket.errors import ScenarioError
from micromarket.simulation.scenario.file import Node
from micromarket.simulation.scenario.local_assets import kind_of
from micromarket.simulation.scenario.reading import Scenario, read_scenario

BAD_INPUT = 2


def command(
    path: Annotated[Path, typer.Argument(help="A scenario folder, or its scenario.yaml.")] = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check a scenario and its series, and say what is in it. Problems go to stderr, with file, line and mend.

    Example: micromarket validate oak-street
    """
    try:
        scenario = read_scenario(path)
    except ScenarioError as error:
        _refuse(error, as_json)
        raise typer.Exit(BAD_INPUT) from None
    found = contents(scenario)
    typer.echo(json.dumps({"valid": True, "scenario": found}, indent=2) if as_json else description(scenario, found))


def _refuse(error: ScenarioError, as_json: bool) -> None:
    if as_json:
        problems = [asdict(problem) for problem in error.problems]
        typer.echo(json.dumps({"valid": False, "problems": problems}, indent=2))
    count = len(error.problems)
    typer.echo(f"{error}\n{count} problem{'s' * (count != 1)}", err=True)


def contents(scenario: Scenario) -> dict[str, Any]:
    """Return what is in a scenario, as plain values.

    Parameters
    ----------
    scenario : Scenario
        A scenario that was read.
    """
    file, time = scenario.file, scenario.file.time
    kinds = Counter(kind_of(owned.asset) for owned in scenario.assets)
    return {
        "name": file.name,
        "description": file.description,
        "path": str(scenario.path),
        "hash": scenario.hash,
        "seed": file.seed,
        "currency": file.currency,
        "start": time.start.isoformat(),
        "end": time.end.isoformat(),
        "timezone": time.timezone,
        "step_minutes": time.step.total_seconds() / 60,
        "steps": len(scenario.grid),
        "mechanism": file.market.mechanism,
        "default_price": file.market.default_price,
        "tariffs": [tariff.id for tariff in file.tariffs],
        "nodes": {node.id: node.parent for node in file.nodes},
        "customers": len(file.customers),
        "assets": dict(kinds.most_common()),
        "services": [service.id for service in file.services],
        "series": len(scenario.table.columns),
        "series_files": sorted(scenario.table.digests),
        "data_sources": [source.name for source in file.data_sources],
    }


def description(scenario: Scenario, found: dict[str, Any]) -> str:
    """Return what is in a scenario, for people.

    Parameters
    ----------
    scenario : Scenario
        A scenario that was read.
    found : dict
        Its `contents`.
    """
    assets = ", ".join(f"{count} {kind}" for kind, count in found["assets"].items())
    price = f"{found['default_price']:.4g} {found['currency']}/kWh"
    lines = [
        f"{found['name']}: valid" + (f". {found['description']}" if found["description"] else ""),
        f"  time       {found['start']} until {found['end']} ({found['timezone']})",
        f"             {found['steps']} steps of {found['step_minutes']:g} minutes",
        f"  market     {found['mechanism']}, price expected at first {price}",
        f"  tariffs    {', '.join(found['tariffs'])}",
        f"  customers  {found['customers']} with {sum(found['assets'].values())} assets: {assets}",
        *([f"  services   {', '.join(found['services'])}"] if found["services"] else []),
        f"  series     {found['series']} columns in {len(found['series_files'])} files",
        f"  units      kW, kWh, °C, l/h, {found['currency']}/kWh; power positive into the region",
        f"  hash       {found['hash'][:16]}",
        "  nodes",
        *_tree(scenario),
    ]
    return "\n".join(lines)


def _tree(scenario: Scenario) -> list[str]:
    customers = Counter(customer.node for customer in scenario.file.customers)
    children: dict[str | None, list[Node]] = {}
    for node in scenario.file.nodes:
        children.setdefault(node.parent, []).append(node)
    lines: list[str] = []
    waiting = [(node, 0) for node in children[None]]
    while waiting:
        node, depth = waiting.pop()
        lines.append(f"    {'  ' * depth}{_node(node, customers[node.id])}")
        waiting += [(child, depth + 1) for child in reversed(children.get(node.id, []))]
    return lines


def _node(node: Node, customers: int) -> str:
    limits = ((node.import_limit, "in"), (node.export_limit, "out"))
    parts = [node.id, *(f"{limit:g} kW {way}" for limit, way in limits if limit is not None)]
    return ", ".join([*parts, f"{customers} customer{'s' * (customers != 1)}"] if customers else parts)
