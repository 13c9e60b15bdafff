"""`micromarket network`: run several nodes in one process and virtual time, to see what they will agree on."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from micromarket.cli.journal import FAULTS, RECORD, faults_of, journal
from micromarket.errors import Problem, ScenarioError
from micromarket.runtime.network import live_together
from micromarket.simulation.scenario.node_reading import NodeToRun, read_node


def command(
    configs: Annotated[list[Path], typer.Argument(help="Node files, one for each node.")],
    record: Annotated[Path | None, RECORD] = None,
    faults: Annotated[str, FAULTS] = "",
) -> None:
    """Run nodes together from the earliest start to the latest end among their files, as fast as they can.

    Example: micromarket network feeder.yaml home-1.yaml home-2.yaml
    """
    found = [read_node(config) for config in configs]
    _check(configs, found)
    start, end = min(one.file.start for one in found), max(one.file.end for one in found)
    with ExitStack() as open_files:
        write = {one.file.node: open_files.enter_context(journal(one.file.node, record)) for one in found}
        setups = [one.setup for one in found]
        live_together(setups, (start, end), lambda node, fact: write[node](fact), faults_of(faults))


def _check(configs: list[Path], found: list[NodeToRun]) -> None:
    """Refuse nodes of two networks, and two nodes of one name."""
    seen: dict[str, Path] = {}
    for config, one in zip(configs, found, strict=True):
        file = one.file
        if file.network != found[0].file.network:
            raise ScenarioError(Problem(str(config), 0, 0, "network", f'"{file.network}"', found[0].file.network))
        if file.node in seen:
            allowed = f"another name: {seen[file.node]} has this one"
            raise ScenarioError(Problem(str(config), 0, 0, "node", f'"{file.node}"', allowed))
        seen[file.node] = config
