"""What every customer pays, with and without the market, and who loses."""

from __future__ import annotations

from html import escape

import numpy as np

from micromarket.simulation.report.section import Block, Figure, Json, Markup, Section, rounded
from micromarket.simulation.report.study import MARKET, NO_MARKET, Study
from micromarket.simulation.report.words import MINUS, change, count, money, moved, number, quantity, table

MOST_NAMED = 45
CENT = 0.005


def bills(study: Study) -> Section | None:
    """Return the section on bills, None if the run holds none."""
    if not study.has("bills"):
        return None
    rows = _rows(study)
    both = [row for row in rows if row[1] is not None and row[2] is not None]
    blocks: list[Block] = [_figure(study, both)] if both else []
    blocks.append(Markup(_table(study, rows)))
    if study.has("make_whole"):
        blocks.append(Markup(_made_whole(study)))
    return Section("bills", "Bills", _finding(study, both), escape(_lead(study, both)), tuple(blocks))


Bill = tuple[str, float | None, float | None, float, float]


def _rows(study: Study) -> list[Bill]:
    """Return customer, bill with and without the market, imported and exported energy [kWh] with it."""
    return study.rows(
        'SELECT customer, max(total_micro) FILTER ("case" = ?) / 1e6, max(total_micro) FILTER ("case" = ?) / 1e6, '
        'coalesce(max(import_kwh) FILTER ("case" = ?), 0), coalesce(max(export_kwh) FILTER ("case" = ?), 0) '
        "FROM bills GROUP BY customer ORDER BY customer",
        MARKET,
        NO_MARKET,
        MARKET,
        MARKET,
    )


def _difference(row: Bill) -> float:
    return (row[1] or 0.0) - (row[2] or 0.0)


def _finding(study: Study, rows: list[Bill]) -> str:
    if not rows:
        return "What every customer pays"
    worse = sum(_difference(row) > CENT for row in rows)
    better = sum(_difference(row) < -CENT for row in rows)
    if not worse:
        return f"Nobody pays more: {better} of {count(len(rows), 'customer')} pay less with the market"
    return f"{better} of {count(len(rows), 'customer')} pay less with the market, {worse} pay more"


def _lead(study: Study, rows: list[Bill]) -> str:
    if not rows:
        return ""
    unit = study.about.currency
    before, after = sum(row[2] or 0.0 for row in rows), sum(row[1] or 0.0 for row in rows)
    losers = sorted((row for row in rows if _difference(row) > CENT), key=lambda row: -_difference(row))
    lead = f"All bills together {moved(before, after, unit)}. "
    if study.has("make_whole"):
        made = study.value("SELECT sum(received_micro) / 1e6 FROM make_whole")
        lead += f"Engaged generators got {quantity(made, unit)} on top of prices, so that none loses. "
    if not losers:
        return lead
    named = ", ".join(f"{row[0]} (+{quantity(_difference(row), unit)})" for row in losers[:3])
    more = quantity(sum(map(_difference, losers)), unit)
    return f"{lead}Those who pay more pay {more} more in all; most of all {named}."


def _figure(study: Study, rows: list[Bill]) -> Figure:
    ordered = sorted(rows, key=lambda row: (_difference(row), row[0]))
    return _dumbbells(study, ordered) if len(ordered) <= MOST_NAMED else _bars(study, ordered)


def _dumbbells(study: Study, rows: list[Bill]) -> Figure:
    names = [row[0] for row in rows]
    links = (
        _links("Pays less", "$better", [row for row in rows if _difference(row) < 0]),
        _links("Pays more", "$worse", [row for row in rows if _difference(row) >= 0]),
    )
    ends = (
        _ends("Without market", ("$surface", "$no_market"), {row[0]: row[2] for row in rows}),
        _ends("With market", ("$market", "$market"), {row[0]: row[1] for row in rows}),
    )
    down = {
        "type": "category",
        "range": [len(rows) - 0.3, -0.7],
        "categoryarray": names,
        "dtick": 1,
        "showgrid": False,
    }
    across = {
        "type": "linear",
        "title": {"text": f"Bill for the whole run [{study.about.currency}]"},
        "showgrid": True,
    }
    return Figure(
        "bills",
        "Bill of each customer, those who gain the most first",
        study.about.currency,
        "Two points for each customer: the bill without and with the market, joined by a line.",
        (*(link for link in links if link["x"]), *ends),
        {"xaxis": across, "yaxis": down, "hovermode": "closest"},
        height=70 + 20 * len(rows),
    )


def _links(name: str, color: str, rows: list[Bill]) -> Json:
    x = [value for row in rows for value in (row[2], row[1], np.nan)]
    y = [text for row in rows for text in (row[0], row[0], None)]
    look = {"line": {"color": color, "width": 3}, "hoverinfo": "skip"}
    return {"type": "scatter", "mode": "lines", "name": name, "x": rounded(np.array(x, dtype=float)), "y": y} | look


def _ends(name: str, colors: tuple[str, str], bills: dict[str, float | None]) -> Json:
    inside, edge = colors
    look = {
        "marker": {"color": inside, "size": 9, "line": {"width": 2, "color": edge}},
        "hovertemplate": "%{y}: %{x:.2f}",
    }
    x = rounded([value or 0.0 for value in bills.values()])
    return {"type": "scatter", "mode": "markers", "name": name, "x": x, "y": list(bills)} | look


def _bars(study: Study, rows: list[Bill]) -> Figure:
    traces = []
    for name, color, gains in (("Pays less", "$better", True), ("Pays more", "$worse", False)):
        chosen = [place for place, row in enumerate(rows) if (_difference(row) < 0) == gains]
        if chosen:
            bar = {
                "x": chosen,
                "y": rounded([_difference(rows[place]) for place in chosen]),
                "marker": {"color": color},
            }
            named = {"text": [rows[place][0] for place in chosen], "textposition": "none"}
            traces.append(
                {"type": "bar", "name": name, "hovertemplate": "%{text}: %{y:+.2f}<extra></extra>"} | bar | named
            )
    return Figure(
        "bills",
        "Change of each customer's bill, those who gain the most first",
        study.about.currency,
        "One bar for each customer: how much more or less is paid with the market.",
        tuple(traces),
        {
            "xaxis": {"type": "linear", "title": {"text": "Customers, sorted"}, "showticklabels": False},
            "bargap": 0,
            "hovermode": "closest",
        },
    )


def _table(study: Study, rows: list[Bill]) -> str:
    unit = study.about.currency
    head = (
        "Customer",
        f"With [{unit}]",
        f"Without [{unit}]",
        f"Change [{unit}]",
        "Change [%]",
        "Import [kWh]",
        "Export [kWh]",
    )
    sums = tuple(sum(float(row[place] or 0.0) for row in rows) for place in range(1, 5))
    total = ("All", sums[0], sums[1] if any(row[2] is not None for row in rows) else None, sums[2], sums[3])
    columns = "".join(f'<th scope="col"><button type="button">{escape(name)}</button></th>' for name in head)
    body = "".join(f"<tr>{_cells(row)}</tr>" for row in rows)
    label = "Bills of all customers"
    return (
        '<div class="table" data-table="bills"><div class="tools"><label>Find a customer '
        '<input type="search" autocomplete="off"></label><button type="button" class="csv">CSV</button></div>'
        f'<div class="scroll tall" tabindex="0" role="region" aria-label="{label}"><table class="sortable">'
        f"<caption>{label}</caption><thead><tr>{columns}</tr></thead><tbody>{body}</tbody>"
        f"<tfoot><tr>{_cells(total)}</tr></tfoot></table>"
        '</div><p class="empty" hidden>No customer of that name.</p></div>'
    )


def _cells(row: Bill) -> str:
    name, after, before, imported, exported = row
    paired = after is not None and before is not None
    difference = _difference(row) if paired else None
    relative = change(before, after) if before is not None and before > 0 else None
    css = "" if difference is None or abs(difference) <= CENT else "worse" if difference > 0 else "better"
    cells: tuple[tuple[str, str, float | None], ...] = (
        ("", money(after) if after is not None else "–", after),
        ("", money(before) if before is not None else "–", before),
        (css, _signed(difference, money(difference or 0.0)), difference),
        (css, "–" if relative is None else _signed(relative, number(100 * relative, 2)), relative),
        ("", number(imported), imported),
        ("", number(exported), exported),
    )
    return f'<th scope="row">{escape(name)}</th>' + "".join(_cell(*cell) for cell in cells)


def _cell(css: str, shown: str, value: float | None) -> str:
    exact = "" if value is None else f"{value:.6f}"
    return f'<td class="{css}" data-value="{exact}">{escape(shown)}</td>'


def _made_whole(study: Study) -> str:
    unit = study.about.currency
    rows = study.rows(
        "SELECT customer, sum(income_micro), sum(cost_micro), sum(received_micro), sum(charged_micro) "
        "FROM make_whole GROUP BY 1 ORDER BY 1"
    )
    items = ("Earned", "Cost", "Received", "Charged")
    return table(
        "Generators that cost something to start, hold or stop: what they lost on a day is paid by energy drawn",
        ("Customer", *(f"{item} [{unit}]" for item in items)),
        [(name, *(money(micro / 1e6) for micro in amounts)) for name, *amounts in rows],
    )


def _signed(value: float | None, shown: str) -> str:
    if value is None:
        return "–"
    return (
        shown
        if value <= 0 or shown.startswith(MINUS) or not any(digit in shown for digit in "123456789")
        else f"+{shown}"
    )
