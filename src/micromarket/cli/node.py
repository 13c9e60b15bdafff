"""`micromarket node`: run one transactive node as a program; its neighbors may be anybody's."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from micromarket.cli.journal import FAULTS, RECORD, faults_of, journal
from micromarket.runtime.live import Life, live
from micromarket.simulation.scenario.node_reading import read_node


def command(
    config: Annotated[Path, typer.Argument(help="A node file.")],
    nats: Annotated[
        str | None, typer.Option("--nats", help="Address of the NATS server, instead of the file's.")
    ] = None,
    state: Annotated[Path | None, typer.Option("--state", help="File that keeps what the node knows.")] = None,
    record: Annotated[Path | None, RECORD] = None,
    paced: Annotated[bool, typer.Option("--paced", help="Take the time from a conductor on the bus.")] = False,
    faults: Annotated[str, FAULTS] = "",
) -> None:
    """Run one node over a NATS server until its end; killed and started again, it goes on from its state.

    Example: micromarket node home.yaml --state home.state
    """
    found = read_node(config)
    file = found.file
    life = Life(found.setup, file.network, file.start, file.end, nats or file.bus, state, paced, faults_of(faults))
    with journal(file.node, record) as write:
        asyncio.run(live(life, write))
