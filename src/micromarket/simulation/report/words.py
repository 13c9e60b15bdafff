"""Numbers in words: units, changes and times as a reader expects them."""

from __future__ import annotations

import math
from datetime import datetime
from html import escape

MINUS = "\N{MINUS SIGN}"
SPACE = "\N{NO-BREAK SPACE}"

RATIOS = ("", "1", "share")
"""Units of figures that are shown in percent."""

TINY = 1e-5
"""Size below which a number is told by its power of ten."""

SAME = 5e-4
"""Relative difference below which a figure is said to have stayed."""

KINDS = {
    "supplier": "Supplier",
    "pv": "Solar",
    "generator": "Generators",
    "combined_heat_and_power": "Heat and power",
    "load": "Loads",
    "open_loop_load": "Loads by weather",
    "house": "Heating and cooling",
    "commercial_building": "Commercial buildings",
    "chiller": "Chillers",
    "water_heater": "Water heaters",
    "ev": "Electric vehicles",
    "battery": "Batteries",
    "losses": "Losses",
}
"""Kinds of assets as the reader calls them, in the order in which they are stacked."""


def number(value: float | None, digits: int = 3) -> str:
    """Return a number to `digits` significant digits (whole digits are never dropped), thousands separated."""
    if value is None or not math.isfinite(value):
        return "\N{EN DASH}"
    if 0 < abs(value) < TINY:
        return _scientific(value)
    size = math.floor(math.log10(abs(value))) + 1 if value else 1
    decimals = min(max(0, digits - size), 6)
    while decimals and abs(value - round(value, decimals - 1)) <= 1e-9 * abs(value):
        decimals -= 1
    text = f"{abs(round(value, decimals)):,.{decimals}f}"
    return (MINUS if value < 0 and float(text.replace(",", "")) else "") + text


def _scientific(value: float) -> str:
    mantissa, exponent = f"{abs(value):.1e}".split("e")
    digits = str(abs(int(exponent))).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{MINUS if value < 0 else ''}{mantissa}{SPACE}×{SPACE}10⁻{digits}"


def quantity(value: float | None, unit: str, digits: int = 3) -> str:
    """Return a number with its unit, unbreakable; money has two decimals, a ratio becomes percent."""
    if value is None or not math.isfinite(value):
        return "\N{EN DASH}"
    if unit in RATIOS:
        return f"{number(100 * value, digits)}{SPACE}%"
    return f"{money(value) if is_currency(unit) else number(value, digits)}{SPACE}{unit}"


def money(value: float) -> str:
    """Return an amount to the hundredth, thousands separated."""
    text = f"{abs(value):,.2f}"
    return (MINUS if value < 0 and float(text.replace(",", "")) else "") + text


def is_currency(unit: str) -> bool:
    """Whether a unit is a currency code (three capitals)."""
    return len(unit) == 3 and unit.isalpha() and unit.isupper()


def change(before: float | None, after: float | None) -> float | None:
    """Return the relative change from `before` to `after`, None where it means nothing: from zero, or across it."""
    if before is None or after is None or not (math.isfinite(before) and math.isfinite(after)):
        return None
    return (after - before) / before if before > 0 and after >= 0 else None


def moved(before: float, after: float, unit: str, verbs: tuple[str, str] = ("fell", "rose")) -> str:
    """Return how a figure moved: ``fell from 70 to 55 kW (21 % less)``."""
    shown = (quantity(before, unit), quantity(after, unit))
    if shown[0] == shown[1] or abs(after - before) <= SAME * max(abs(before), abs(after)):
        return f"stayed at {shown[1]}"
    short = shown[0].rsplit(SPACE, 1)[0]
    relative = change(before, after)
    share = "" if relative is None or unit in RATIOS else f" ({percent(relative)})"
    return f"{verbs[after > before]} from {short} to {shown[1]}{share}"


def percent(relative: float) -> str:
    """Return a relative change in words: ``21 % less``; beyond tripling, ``4.2 times as much``."""
    if relative > 2:
        return f"{number(1 + relative, 2)} times as much"
    return f"{number(abs(100 * relative), 2)}{SPACE}% {'less' if relative < 0 else 'more'}"


def moment(when: datetime) -> str:
    """Return a local time as ``Tue 7 July, 18:15``."""
    return f"{when:%a} {when.day} {when:%B, %H:%M}"


def date(when: datetime) -> str:
    """Return a local date as ``7 July 2026``."""
    return f"{when.day} {when:%B %Y}"


def count(amount: int, one: str, many: str = "") -> str:
    """Return a count with its noun: ``1 home``, ``30 homes``."""
    return f"{amount:,}{SPACE}{one if amount == 1 else many or one + 's'}"


def kind_name(kind: str) -> str:
    """Return a kind of asset as the reader calls it."""
    return KINDS.get(kind, kind.replace("_", " ").capitalize())


def table(caption: str, head: tuple[str, ...], rows: list[tuple[str, ...]], css: str = "") -> str:
    """Return an HTML table; texts are escaped, cells after the first are aligned as numbers."""
    columns = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table class="{css}">'
        f"<caption>{escape(caption)}</caption><thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table></div>"
    )
