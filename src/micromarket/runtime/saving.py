"""What a node knows, as bytes: written before its signals are sent, so that it can be killed at any moment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from micromarket.errors import InvalidValue
from micromarket.node.price_book import PriceBook
from micromarket.node.running import NodeSetup, NodeState
from micromarket.storage.chains import model_from_bytes
from micromarket.storage.values import from_bytes, to_bytes

VERSION = 1


@dataclass(frozen=True, slots=True, eq=False)
class _Saved:
    version: int
    node: str
    state: NodeState
    models: Mapping[str, bytes]


def saved(node: str, state: NodeState) -> bytes:
    """Return all that the node of a name knows, as bytes; equal knowledge gives equal bytes."""
    models = {series: to_bytes(model) for series, model in state.prices.models.items()}
    plain = replace(state, prices=PriceBook(state.prices.cleared))
    return to_bytes(_Saved(VERSION, node, plain, models))


def restored(setup: NodeSetup, content: bytes) -> NodeState:
    """Return what `saved` wrote.

    Raises
    ------
    InvalidValue
        If it is something else, or of another node or version.
    """
    found = from_bytes(_Saved, content)
    if (found.version, found.node) != (VERSION, setup.node.id):
        raise InvalidValue(
            f"expected what {setup.node.id!r} knew, version {VERSION}; found {found.node!r}, version {found.version}"
        )
    rules = {plan.rules.series: plan.rules for one in setup.series for plan in one.plan.chain}
    models = {series: model_from_bytes(rules[series], one) for series, one in found.models.items() if series in rules}
    return replace(found.state, prices=replace(found.state.prices, models=models))


def write(path: Path, content: bytes) -> None:
    """Put bytes into a file that is never half written."""
    beside = path.with_name(path.name + ".new")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
