"""Put a run's report together: one file that opens anywhere, offline, the same bytes every time."""

from __future__ import annotations

import json
from datetime import timedelta
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from plotly.offline import get_plotlyjs

from micromarket.simulation.recording.results import Metadata, Run
from micromarket.simulation.report.balance import balance
from micromarket.simulation.report.bills import bills
from micromarket.simulation.report.comfort import comfort
from micromarket.simulation.report.corrections import corrections
from micromarket.simulation.report.crossing import crossing
from micromarket.simulation.report.dispatch import dispatch
from micromarket.simulation.report.headline import headline
from micromarket.simulation.report.peak import peak
from micromarket.simulation.report.prices import prices
from micromarket.simulation.report.resources import resource
from micromarket.simulation.report.section import Block, Control, Figure, Section
from micromarket.simulation.report.sources import sources
from micromarket.simulation.report.storage import storage
from micromarket.simulation.report.study import Study, study
from micromarket.simulation.report.trading import trading
from micromarket.simulation.report.words import date

SECTIONS = (
    headline,
    prices,
    corrections,
    crossing,
    trading,
    dispatch,
    peak,
    comfort,
    storage,
    bills,
    balance,
    sources,
)


def write(run: Run, target: Path | None = None) -> Path:
    """Write the report of a run.

    Parameters
    ----------
    run : Run
        The run, as `micromarket.simulation.recording.results.load` opens it.
    target : Path, optional
        File to write; ``report.html`` in the run directory by default.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    RunError
        The run lacks the tables that every report needs.
    """
    file = run.path / "report.html" if target is None else target
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(html(run), encoding="utf-8", newline="\n")
    return file


def html(run: Run) -> str:
    """Return the report of a run as one HTML page."""
    opened = study(run)
    sections = [section for make in SECTIONS if (section := make(opened)) is not None]
    about = run.metadata
    return Template(resource("page.html")).substitute(
        title=escape(about.scenario.name),
        description=escape(about.scenario.description),
        period=escape(period(about)),
        zone=escape(about.timezone),
        style=resource("page.css"),
        contents="".join(f'<li><a href="#{part.id}">{escape(part.label)}</a></li>' for part in sections),
        sections="\n".join(_section(part) for part in sections),
        data=_data(opened, sections),
        plotly=get_plotlyjs(),
        script=resource("page.js"),
    )


def period(about: Metadata) -> str:
    """Return the days a run covers, both included, in local time."""
    first = about.start.astimezone(about.zone)
    last = (about.end - timedelta(microseconds=1)).astimezone(about.zone)
    if first.date() == last.date():
        return f"{date(first)}, {first:%H:%M} to {about.end.astimezone(about.zone):%H:%M}"
    return f"{date(first)} to {date(last)}"


def _section(part: Section) -> str:
    lead = f'<p class="lead">{part.lead}</p>' if part.lead else ""
    blocks = "".join(_block(block) for block in part.blocks)
    return (
        f'<section id="{part.id}" aria-labelledby="{part.id}-finding"><p class="label">{escape(part.label)}</p>'
        f'<h2 id="{part.id}-finding">{escape(part.finding)}</h2>{lead}<div class="blocks">{blocks}</div></section>'
    )


def _block(block: Block) -> str:
    if isinstance(block, Control):
        return f'<div class="control" data-control="{block.id}"></div>'
    if isinstance(block, Figure):
        return _figure(block)
    return f'<div class="markup">{block.html}</div>'


def _figure(figure: Figure) -> str:
    note = f'<p class="note">{escape(figure.note)}</p>' if figure.note else ""
    said = '<p class="said" aria-live="polite"></p>' if any(view.text for view in figure.views) else ""
    css = ' class="half"' if figure.half else ""
    return (
        f'<figure id="{figure.id}"{css}><figcaption><strong>{escape(figure.title)}</strong> '
        f'<span class="unit">{escape(figure.unit)}</span></figcaption><div class="legend"></div>'
        f'<div class="chart" role="img" aria-label="{escape(figure.alt)}" style="height:{figure.height}px"></div>'
        f'{said}{note}<div class="tools"><button type="button" class="csv">CSV</button></div></figure>'
    )


def _data(opened: Study, sections: list[Section]) -> str:
    blocks = [block for part in sections for block in part.blocks]
    content: dict[str, Any] = {
        "name": opened.about.scenario.name,
        "shared": {"time": opened.axis.drawn, "ends": opened.axis.drawn[1:]},
        "controls": {block.id: _control(block) for block in blocks if isinstance(block, Control)},
        "figures": {block.id: _drawing(block) for block in blocks if isinstance(block, Figure)},
    }
    # "<" never reaches the page's parser from within data.
    return json.dumps(content, separators=(",", ":"), allow_nan=False, ensure_ascii=False).replace("<", "\\u003c")


def _control(control: Control) -> dict[str, Any]:
    return {
        "label": control.label,
        "kind": control.kind,
        "options": control.options,
        "initial": control.initial,
        "presets": control.presets,
    }


def _drawing(figure: Figure) -> dict[str, Any]:
    return {
        "unit": figure.unit,
        "traces": figure.traces,
        "layout": figure.layout,
        "control": figure.control,
        "views": [{"patches": view.patches, "layout": view.layout, "text": view.text} for view in figure.views],
    }
