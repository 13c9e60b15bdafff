"""Whether energy and money balance, what was lost, and how near the market came to the central optimum."""

from __future__ import annotations

from html import escape

import numpy as np

from micromarket.simulation.report.peak import LOOKS
from micromarket.simulation.report.section import Block, Figure, Markup, Section, stepped
from micromarket.simulation.report.study import MARKET, NO_MARKET, Study
from micromarket.simulation.report.words import SPACE, count, number, quantity, table

LARGEST_RESIDUAL_KW = 1e-9
NEGLIGIBLE = 1e-9
"""Share of the surplus that is rounding of floats."""


def balance(study: Study) -> Section | None:
    """Return the section on balances, None if nothing of it was recorded."""
    rows = _checks(study)
    blocks: list[Block] = [Markup(table("Checks", ("", *_heads(study)), rows))] if rows else []
    welfare = _welfare(study)
    lead = "Recomputed for this report from the tables, not taken from the run's own word."
    if welfare is not None:
        figure, said = welfare
        blocks += [figure] if figure else []
        lead = f"{lead} {said}"
    if not blocks:
        return None
    return Section("balance", "Balance", _finding(study), escape(lead), tuple(blocks))


def _cases(study: Study) -> list[str]:
    if not study.has("ledger") and not study.has("kpis"):
        return [MARKET]
    name = "ledger" if study.has("ledger") else "kpis"
    found = {row[0] for row in study.rows(f'SELECT DISTINCT "case" FROM {name}')}
    return [case for case in (MARKET, NO_MARKET) if case in found]


def _heads(study: Study) -> list[str]:
    return [LOOKS[case][0] for case in _cases(study)]


def _checks(study: Study) -> list[tuple[str, ...]]:
    cases = _cases(study)
    rows: list[tuple[str, ...]] = []
    if study.has("powers", "flows"):
        rows.append(("Largest energy residual [kW]", *(number(_energy_residual(study, case)) for case in cases)))
    if study.has("ledger"):
        residual = [_money_residual(study, case) for case in cases]
        rows.append((f"Largest money residual [micro-{study.about.currency}]", *(f"{value:,}" for value in residual)))
        rounding = [_account(study, case, "rounding") for case in cases]
        rows.append((f"Rounding account [micro-{study.about.currency}]", *(f"{value:,}" for value in rounding)))
        entries = study.rows('SELECT "case", count(*) FROM ledger GROUP BY 1')
        rows.append(("Ledger entries", *(f"{dict(entries).get(case, 0):,}" for case in cases)))
    if study.has("flows"):
        rows.append(("Losses [kWh]", *(number(_losses(study, case)) for case in cases)))
    return rows


def _energy_residual(study: Study, case: str) -> float:
    """Return the largest difference in any interval between what was produced, used and lost [kW], as scheduled."""
    value = study.value(
        'WITH p AS (SELECT start, sum(scheduled_kw) AS net FROM powers WHERE "case" = ? GROUP BY start), '
        "f AS (SELECT start, sum(abs(abs(sent_kw) - abs(received_kw))) AS lost FROM flows "
        'WHERE "case" = ? GROUP BY start) SELECT max(abs(p.net - f.lost)) FROM p JOIN f USING (start)',
        case,
        case,
    )
    return float(value or 0.0)


def _money_residual(study: Study, case: str) -> int:
    value = study.value(
        "SELECT max(abs(total)) FROM (SELECT sum(amount_micro) AS total FROM ledger "
        'WHERE "case" = ? GROUP BY start, node)',
        case,
    )
    return int(value or 0)


def _account(study: Study, case: str, account: str) -> int:
    value = study.value('SELECT sum(amount_micro) FROM ledger WHERE "case" = ? AND account = ?', case, account)
    return int(value or 0)


def _losses(study: Study, case: str) -> float:
    value = study.value(
        'SELECT sum(abs(abs(metered_sent_kw) - abs(metered_received_kw))) FROM flows WHERE "case" = ?', case
    )
    return float(value or 0.0) * study.axis.hours


def _finding(study: Study) -> str:
    cases = _cases(study)
    energy = not study.has("powers", "flows") or all(
        _energy_residual(study, case) <= LARGEST_RESIDUAL_KW for case in cases
    )
    cash = not study.has("ledger") or all(_money_residual(study, case) == 0 for case in cases)
    if energy and cash:
        return "Energy and money balance in every interval"
    faults = [name for name, right in (("energy", energy), ("money", cash)) if not right]
    return f"{' and '.join(faults).capitalize()} did not balance in every interval"


def _welfare(study: Study) -> tuple[Figure | None, str] | None:
    if not study.has("welfare"):
        return None
    columns = study.columns(
        "SELECT step, market, central FROM welfare JOIN instants USING (start) "
        "WHERE NOT isnan(market) AND NOT isnan(central) ORDER BY step"
    )
    gap = np.full(study.axis.steps, np.nan)
    gap[columns["step"]] = columns["central"] - columns["market"]
    total = float(np.nansum(gap))
    share = total / max(float(np.abs(columns["central"]).sum()), 1e-12)
    figure = Figure(
        "welfare",
        "How much more any central planner could reach at most",
        f"{study.about.currency}/h",
        "Difference through time between the central optimum's surplus, or its bound, and the market's.",
        (stepped("Central bound minus market", study.axis.mean(gap), "$market"),),
        {"yaxis": {"rangemode": "tozero"}},
        height=240,
        note=study.axis.note(),
    )
    return (figure if share > NEGLIGIBLE else None), _compared(study, share, total, len(columns["step"]))


def _compared(study: Study, share: float, total: float, intervals: int) -> str:
    lossless = not study.value("SELECT count(*) FROM nodes WHERE full_load_loss > 0")
    loss = "No line loses energy here." if lossless else "Losses on the lines are included."
    money = quantity(total * study.axis.hours, study.about.currency)
    rest = study.axis.steps - intervals
    left = f" Left out: {count(rest, 'interval')} in which some node could not balance." if rest else ""
    reached = (
        f"By the same curves, no central planner could have had more than {number(100 * share, 2)}{SPACE}% more "
        f"surplus than the market ({money} over the whole run)."
        if share > NEGLIGIBLE
        else "The market reached the central optimum: over the same curves no planner could have had more surplus."
    )
    return f"{reached} {loss}{left}"
