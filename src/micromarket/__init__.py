"""Simulate, and then operate, small markets for energy and other resources."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from micromarket.domain.curves import Curves
    from micromarket.markets.auctions.auction import Clearing, clear
    from micromarket.simulation.recording.results import Run, compare, load
    from micromarket.simulation.run import RunOptions, run

__version__ = "0.1.0"

_DEFINED_IN = {
    "Clearing": "micromarket.markets.auctions.auction",
    "Curves": "micromarket.domain.curves",
    "Run": "micromarket.simulation.recording.results",
    "RunOptions": "micromarket.simulation.run",
    "clear": "micromarket.markets.auctions.auction",
    "compare": "micromarket.simulation.recording.results",
    "load": "micromarket.simulation.recording.results",
    "run": "micromarket.simulation.run",
}

__all__ = ["Clearing", "Curves", "Run", "RunOptions", "clear", "compare", "load", "run"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that the command line starts quickly."""
    if name not in _DEFINED_IN:
        raise AttributeError(f"module 'micromarket' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(_DEFINED_IN[name]), name)
