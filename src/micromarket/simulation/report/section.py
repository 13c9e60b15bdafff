"""What a report is made of: sections with a finding, and in them figures, controls, cards and tables."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Json = dict[str, Any]
Draw = Callable[..., Json]


@dataclass(frozen=True, slots=True)
class View:
    """One choice a control offers: what it changes in each trace, in the layout, and the sentence shown below."""

    patches: tuple[Json, ...]
    layout: Json = field(default_factory=dict)
    text: str = ""


@dataclass(frozen=True, slots=True)
class Control:
    """A choice the reader makes; every figure that names it follows.

    Parameters
    ----------
    id : str
        Name, unique in the report.
    label : str
        Question it answers, as shown.
    kind : str
        ``"select"``, ``"slider"`` or ``"switch"``.
    options : tuple of str
        One label for each view.
    initial : int
        Option the report opens with.
    presets : tuple of (str, int)
        Named shortcuts to options.
    """

    id: str
    label: str
    kind: str
    options: tuple[str, ...]
    initial: int = 0
    presets: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """One chart. Colors are roles (``"$market"``, ``"$market/0.2"``), resolved in light or dark by the page.

    Parameters
    ----------
    id : str
        Name, unique in the report; also names the CSV file.
    title : str
        What is shown.
    unit : str
        Unit of the vertical axis (or of the color).
    alt : str
        One sentence for readers who do not see the chart.
    traces, layout
        As Plotly takes them; ``"@name"`` in place of an array stands for a shared one.
    height : int
        Height of the drawing [px].
    note : str
        What the reader must know to read it honestly.
    control : str
        Name of the control it follows, or nothing.
    views : tuple of View
        One for each of the control's options.
    half : bool
        Takes half the width on a wide screen.
    """

    id: str
    title: str
    unit: str
    alt: str
    traces: tuple[Json, ...]
    layout: Json = field(default_factory=dict)
    height: int = 340
    note: str = ""
    control: str = ""
    views: tuple[View, ...] = ()
    half: bool = False


@dataclass(frozen=True, slots=True)
class Markup:
    """Ready HTML, such as a table; every text in it is already escaped."""

    html: str


Block = Figure | Control | Markup


@dataclass(frozen=True, slots=True)
class Section:
    """A heading that states a finding, a paragraph (HTML) that puts it in context, and the blocks that show it."""

    id: str
    label: str
    finding: str
    lead: str
    blocks: tuple[Block, ...]


def rounded(values: ArrayLike) -> list[float | None]:
    """Return the values for drawing: to a twenty-thousandth of the largest, None where there is none."""
    array: NDArray[np.float64] = np.ma.filled(np.ma.asarray(values, dtype=float), np.nan)
    finite = np.abs(array[np.isfinite(array)])
    largest = finite.max(initial=0.0)
    decimals = 4 - int(np.ceil(np.log10(largest))) if largest > 0 else 0
    kept = np.round(array, decimals + 1) + 0.0
    whole = decimals + 1 <= 0
    return [
        None if math.isnan(value) else int(value) if whole or value == int(value) else value
        for value in kept.tolist()
    ]


def held(values: ArrayLike) -> list[float | None]:
    """Return interval means for a stepped line: rounded, the last one repeated at the end of its interval."""
    drawn = rounded(values)
    return [*drawn, drawn[-1]] if drawn else drawn


def stepped(name: str, values: ArrayLike, color: str, **more: Any) -> Json:
    """Return a stepped line over the report's time axis."""
    line = {"color": color, "width": 1.6, "shape": "hv"} | more.pop("line", {})
    return {"type": "scatter", "mode": "lines", "name": name, "x": "@time", "y": held(values), "line": line} | more


def reading(name: str, values: ArrayLike, color: str, **more: Any) -> Json:
    """Return a line through states, which are read at the end of each interval."""
    line = {"color": color, "width": 1.6} | more.pop("line", {})
    return {"type": "scatter", "mode": "lines", "name": name, "x": "@ends", "y": rounded(values), "line": line} | more


def band(name: str, low: ArrayLike, high: ArrayLike, color: str, draw: Draw = stepped) -> tuple[Json, Json]:
    """Return two edges over the report's time axis, drawn by `draw`, and the filled band between them."""
    edge = {"line": {"width": 0}, "hoverinfo": "skip", "legendgroup": name}
    lower = draw(f"{name}, low", low, color, **edge) | {"showlegend": False}
    fill = {"fill": "tonexty", "fillcolor": f"{color}/0.18", "name": name}
    return lower, draw(name, high, color, **edge) | fill
