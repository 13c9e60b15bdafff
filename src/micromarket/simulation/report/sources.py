"""Where the data came from, what exactly was run, and how to run it again."""

from __future__ import annotations

from html import escape

from micromarket.simulation.report.section import Markup, Section
from micromarket.simulation.report.study import Study
from micromarket.simulation.report.words import MINUS, count, number

LIMITS = (
    "Without the market every device follows its ordinary rule; how much the market gains depends on those rules.",
    "Both cases start alike and may end with different energy stored; the figures do not value that difference.",
    "Lines have limits and losses; voltages and reactive power are not computed.",
)
OF_AUCTIONS = (
    "Customers bid what their devices are worth to them. Nobody in this run tries to move the price.",
    "What meters find beyond the schedule is settled at the cleared price; there is no price of imbalance yet.",
    "What the lines earn on losses and congestion is returned in equal shares, unless the scenario has it kept.",
    "The supply and demand curves are those handed in before delivery; what was metered afterwards may differ.",
)
OF_TRADING = (
    "There is one price for all places: the market keeps to the lines at the root, by what the supplier offers, and "
    "sees no other. Lines may be overloaded.",
    "Everybody concedes by the clock, each at a pace of its own. Nobody learns what others do.",
    "The price of an interval is the mean of all its trades; everyone paid and received the prices of its own.",
)


def sources(study: Study) -> Section:
    """Return the section on sources and reproduction."""
    about = study.about
    limits = (*LIMITS, *(OF_TRADING if study.has("trades") else OF_AUCTIONS))
    finding = (
        f"{count(len(about.sources), 'data source')}, named with its licence"
        if len(about.sources) == 1
        else (
            f"{len(about.sources)} data sources, each with its licence"
            if about.sources
            else "What was run, and how to run it again"
        )
    )
    blocks = (
        Markup(_sources(study)),
        Markup(_identity(study)),
        Markup(
            "<h3>Limits to keep in mind</h3><ul>" + "".join(f"<li>{escape(limit)}</li>" for limit in limits) + "</ul>"
        ),
    )
    lead = "The same scenario, series, seed and version give the same tables and this same file, byte for byte."
    return Section("sources", "Sources", finding, escape(lead), blocks)


def _sources(study: Study) -> str:
    if not study.about.sources:
        return "<p>The scenario names no data sources.</p>"
    items = "".join(
        f"<li><strong>{_linked(source.name, source.url)}</strong> {escape(source.what)} "
        f'<span class="licence">{escape(source.licence)}</span></li>'
        for source in study.about.sources
    )
    return f'<ul class="sources">{items}</ul>'


def _linked(name: str, url: str | None) -> str:
    if not url or not url.startswith(("https://", "http://")):
        return escape(name)
    return f'<a href="{escape(url)}" rel="noreferrer">{escape(name)}</a>'


def _identity(study: Study) -> str:
    about = study.about
    rows = (
        ("Scenario", f"{about.scenario.name}"),
        ("SHA-256 of scenario and series", about.scenario.hash),
        ("Version", f"micromarket {about.project_version}"),
        ("Kernels", about.kernels),
        ("Seed", str(about.seed)),
        ("Intervals", f"{about.steps:,} of {number(about.step_minutes)} minutes"),
        ("Times", f"{about.timezone} (tables: UTC, start of the interval)"),
        ("Signs", f"power into the region positive, out of it negative ({MINUS})"),
    )
    body = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows)
    command = f"micromarket run scenario/scenario.yaml --seed {about.seed}"
    return f'<dl class="facts">{body}<dt>Run it again</dt><dd><code>{escape(command)}</code></dd></dl>'
