"""What a node knows, as bytes: written before its signals are sent, so that it can be killed at any moment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from micromarket.errors import InvalidValue
from micromarket.node.coordination.coordination import coordination
from micromarket.node.living.negotiation import Negotiation
from micromarket.node.living.running import NodeSetup, NodeState
from micromarket.storage.chains import model_from_bytes
from micromarket.storage.values import from_bytes, to_bytes

VERSION = 2


@dataclass(frozen=True, slots=True, eq=False)
class _Saved:
    version: int
    node: str
    state: NodeState
    models: Mapping[str, bytes]
    memories: Mapping[str, bytes]


def saved(node: str, state: NodeState) -> bytes:
    """Return all that the node of a name knows, as bytes; equal knowledge gives equal bytes."""
    models = {series: to_bytes(model) for series, model in state.prices.models.items()}
    memories = {
        market: to_bytes(one.prepared.memory) for market, one in state.open.items() if one.prepared.memory is not None
    }
    plain = replace(state, prices=replace(state.prices, models={}), open=_with_memories(state.open, {}))
    return to_bytes(_Saved(VERSION, node, plain, models, memories))


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
    memories = {market: _memory(found.state.open[market], one) for market, one in found.memories.items()}
    prices = replace(found.state.prices, models=models)
    return replace(found.state, prices=prices, open=_with_memories(found.state.open, memories))


def _memory(negotiation: Negotiation, content: bytes) -> Any:
    kind = coordination(negotiation.market.rules.mechanism).memory
    return None if kind is None else from_bytes(kind, content)


def _with_memories(negotiations: Mapping[str, Negotiation], memories: Mapping[str, Any]) -> dict[str, Negotiation]:
    return {
        market: replace(one, prepared=replace(one.prepared, memory=memories.get(market)))
        for market, one in negotiations.items()
    }


def write(path: Path, content: bytes) -> None:
    """Put bytes into a file that is never half written."""
    beside = path.with_name(path.name + ".new")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
