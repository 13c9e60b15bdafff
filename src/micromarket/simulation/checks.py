"""What a scenario must keep beyond the form of its fields."""

from __future__ import annotations

from micromarket.errors import Problem
from micromarket.simulation.document import Document
from micromarket.simulation.scenario import ScenarioFile


def check(content: ScenarioFile, document: Document) -> list[Problem]:
    """Return everything that is wrong."""
    return []
