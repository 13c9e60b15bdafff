"""The report's head: one honest sentence and the key figures, with and without the market."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from micromarket.simulation.report.section import Markup, Section
from micromarket.simulation.report.study import MARKET, NO_MARKET, Study
from micromarket.simulation.report.words import RATIOS, change, count, moved, number, percent, quantity


@dataclass(frozen=True, slots=True)
class Card:
    """How one key figure is shown: its name and whether lower (-1) or higher (+1) is better, or neither (0)."""

    name: str
    label: str
    better: int


CARDS = (
    Card("peak_import_kw", "Peak import", -1),
    Card("peak_export_kw", "Peak export", -1),
    Card("supply_cost", "Cost of supply", -1),
    Card("bills_total", "All bills together", -1),
    Card("network_income", "Earned by the lines", 0),
    Card("self_consumption", "Local generation used locally", 1),
    Card("self_sufficiency", "Demand met locally", 1),
    Card("generation_kwh", "Generated locally", 0),
    Card("energy_import_kwh", "Energy imported", 0),
    Card("energy_export_kwh", "Energy exported", 0),
    Card("losses_kwh", "Losses", -1),
    Card("overload_hours", "Hours above a limit", -1),
    Card("unserved_kwh", "Energy not served", -1),
    Card("degree_hours_outside", "Degree hours outside comfort", -1),
    Card("ev_unmet_kwh", "Energy vehicles lacked", -1),
    Card("stored_at_end_kwh", "Still stored at the end", 0),
)


def headline(study: Study) -> Section:
    """Return the first section."""
    figures = _figures(study)
    cards = [_card(card, *figures[card.name]) for card in CARDS if card.name in figures]
    html = f'<dl class="cards">{"".join(cards)}</dl>'
    return Section("summary", "Summary", _finding(figures), escape(_lead(study, figures)), (Markup(html),))


Pair = tuple[str, float | None, float | None]


def _figures(study: Study) -> dict[str, Pair]:
    if not study.has("kpis"):
        return {}
    rows = study.rows(
        'SELECT name, coalesce(max(unit), \'\'), max(value) FILTER ("case" = ?), max(value) FILTER ("case" = ?) '
        "FROM kpis WHERE NOT isnan(value) GROUP BY name ORDER BY name",
        MARKET,
        NO_MARKET,
    )
    return {name: (unit, after, before) for name, unit, after, before in rows}


def _finding(figures: dict[str, Pair]) -> str:
    parts = [
        f"{subject} {moved(pair[2], pair[1], pair[0])}"
        for name, subject in (("peak_import_kw", "the peak"), ("supply_cost", "the cost of supply"))
        if (pair := figures.get(name)) and pair[1] is not None and pair[2] is not None
    ]
    parts += [_comfort(figures["degree_hours_outside"])] if _both(figures.get("degree_hours_outside")) else []
    if not parts:
        return "What the market did"
    head, last = parts[:-1], parts[-1]
    return f"With the market, {', '.join(head)}{' and ' if head else ''}{last}."


def _both(pair: Pair | None) -> bool:
    return pair is not None and pair[1] is not None and pair[2] is not None


def _comfort(pair: Pair) -> str:
    _, after, before = pair
    if before is None or after is None or quantity(before, "K h") == quantity(after, "K h"):
        return "comfort was kept as it was"
    verdict = "improved" if after < before else "suffered"
    return f"comfort {verdict} ({number(before)} to {number(after)} degree hours outside)"


def _lead(study: Study, figures: dict[str, Pair]) -> str:
    homes = study.value("SELECT count(*) FROM customers") if study.has("customers") else 0
    days = study.axis.steps * study.axis.hours / 24
    length = count(round(days), "day") if days >= 1.5 else f"{number(24 * days)} h"
    scope = f"{count(homes, 'customer')} over {length} in steps of {number(study.about.step_minutes)} minutes."
    worse = [
        card.label.lower()
        for card in CARDS
        if card.name in figures and _verdict(card, figures[card.name][1], figures[card.name][2]) == "worse"
    ]
    if not any(_both(pair) for pair in figures.values()):
        return scope
    said = f"The market made these worse: {', '.join(worse)}." if worse else "None of the figures below got worse."
    return f"{scope} Both cases see the same weather, loads and prices; only the market differs. {said}"


def _verdict(card: Card, after: float | None, before: float | None) -> str:
    if after is None or before is None or abs(after - before) <= 1e-3 * max(abs(before), 1e-6):
        return "same"
    return "change" if card.better == 0 else "better" if (after > before) == (card.better > 0) else "worse"


def _card(card: Card, unit: str, after: float | None, before: float | None) -> str:
    value, _, suffix = quantity(after, unit).rpartition("\N{NO-BREAK SPACE}")
    chip = ""
    if before is not None and after is not None:
        verdict = _verdict(card, after, before)
        chip = f'<dd class="chip {verdict}">{escape(_chip(unit, after, before, verdict))}</dd>'
    without = "" if before is None else f'<dd class="without">without market {escape(quantity(before, unit))}</dd>'
    return (
        f'<div class="card"><dt>{escape(card.label)}</dt>'
        f'<dd class="value">{escape(value)}<span>{escape(suffix)}</span></dd>{without}{chip}</div>'
    )


def _chip(unit: str, after: float, before: float, verdict: str) -> str:
    if verdict == "same":
        return "unchanged"
    relative = change(before, after)
    if unit in RATIOS:
        how = f"{number(abs(100 * (after - before)), 2)} points {'less' if after < before else 'more'}"
    elif relative is None:
        how = f"{quantity(abs(after - before), unit)} {'less' if after < before else 'more'}"
    else:
        how = percent(relative)
    return how if verdict == "change" else f"{how} \N{MIDDLE DOT} {verdict}"
