"""The key figures of a run, read from its tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from micromarket.simulation.recording.recorder import Array, Coded, Column, Recorder


@dataclass(frozen=True, slots=True)
class Figure:
    """One key figure of each case.

    Parameters
    ----------
    name : str
        What it is.
    unit : str
        In what; ``currency`` stands for the run's own.
    needs : str
        Table without which there is no such figure.
    sql : str
        How it is read: columns ``case`` and ``value``; ``$h`` is the duration of a step [h].
    """

    name: str
    unit: str
    needs: str
    sql: str


# At the root, the line above is the supplier's: what it delivers is what the neighborhood draws.
ROOT = "(SELECT f.*, metered_received_kw AS kw FROM flows f JOIN nodes USING (node) WHERE kind = 'root')"
DEVICES = "(SELECT p.*, kind FROM powers p JOIN assets USING (asset) WHERE kind <> 'supplier')"
LINES = "(SELECT f.*, import_limit_kw, export_limit_kw FROM flows f JOIN nodes USING (node) WHERE kind <> 'root')"
GENERATED = "sum(greatest(metered_kw, 0)) FILTER (kind IN ('pv', 'generator', 'combined_heat_and_power'))"
CONSUMED = "-sum(metered_kw) FILTER (kind NOT IN ('pv', 'generator', 'combined_heat_and_power', 'battery'))"
BALANCES = """(
  SELECT "case", start, node, sum(kw) AS kw FROM (
    SELECT p."case", start, node, scheduled_kw AS kw FROM powers p JOIN assets USING (asset)
    UNION ALL BY NAME
    SELECT f."case", start, node, CASE WHEN sent_kw > 0 THEN received_kw ELSE sent_kw END AS kw
    FROM flows f JOIN nodes USING (node) WHERE kind <> 'root'
    UNION ALL BY NAME
    SELECT f."case", start, parent AS node, -CASE WHEN sent_kw > 0 THEN sent_kw ELSE received_kw END AS kw
    FROM flows f JOIN nodes USING (node) WHERE kind <> 'root'
  ) GROUP BY ALL)"""

FIGURES = (
    Figure("peak_import_kw", "kW", "flows", f'SELECT "case", greatest(max(kw), 0) AS value FROM {ROOT} GROUP BY 1'),
    Figure("peak_export_kw", "kW", "flows", f'SELECT "case", greatest(max(-kw), 0) AS value FROM {ROOT} GROUP BY 1'),
    Figure(
        "energy_import_kwh",
        "kWh",
        "flows",
        f'SELECT "case", sum(greatest(kw, 0)) * $h AS value FROM {ROOT} GROUP BY 1',
    ),
    Figure(
        "energy_export_kwh",
        "kWh",
        "flows",
        f'SELECT "case", sum(greatest(-kw, 0)) * $h AS value FROM {ROOT} GROUP BY 1',
    ),
    Figure("consumption_kwh", "kWh", "powers", f'SELECT "case", {CONSUMED} * $h AS value FROM {DEVICES} GROUP BY 1'),
    Figure("generation_kwh", "kWh", "powers", f'SELECT "case", {GENERATED} * $h AS value FROM {DEVICES} GROUP BY 1'),
    Figure(
        "self_consumption",
        "share",
        "powers",
        f"""SELECT "case", 1 - exported / generated AS value
        FROM (SELECT "case", {GENERATED} AS generated FROM {DEVICES} GROUP BY 1)
        JOIN (SELECT "case", sum(greatest(-kw, 0)) AS exported FROM {ROOT} GROUP BY 1) USING ("case")
        WHERE generated > 0""",
    ),
    Figure(
        "self_sufficiency",
        "share",
        "powers",
        f"""SELECT "case", 1 - imported / consumed AS value
        FROM (SELECT "case", {CONSUMED} AS consumed FROM {DEVICES} GROUP BY 1)
        JOIN (SELECT "case", sum(greatest(kw, 0)) AS imported FROM {ROOT} GROUP BY 1) USING ("case")
        WHERE consumed > 0""",
    ),
    Figure(
        "supply_cost",
        "currency",
        "supply",
        'SELECT "case", sum(cost + fuel_cost) * $h AS value FROM supply GROUP BY 1',
    ),
    Figure(
        "bills_total", "currency", "bills", 'SELECT "case", sum(total_micro) / 1e6 AS value FROM bills GROUP BY 1'
    ),
    Figure(
        "make_whole",
        "currency",
        "make_whole",
        "SELECT 'market' AS \"case\", sum(received_micro) / 1e6 AS value FROM make_whole",
    ),
    Figure(
        "network_income",
        "currency",
        "ledger",
        """SELECT "case", sum(amount_micro) / 1e6 AS value FROM (
          SELECT "case", amount_micro FROM ledger WHERE account = 'distribution_owner'
          UNION ALL SELECT "case", returned_micro FROM bills WHERE "case" = 'market') GROUP BY 1""",
    ),
    Figure(
        "losses_kwh",
        "kWh",
        "flows",
        f'SELECT "case", sum(abs(metered_sent_kw) - abs(metered_received_kw)) * $h AS value FROM {LINES} GROUP BY 1',
    ),
    Figure(
        "overload_hours",
        "h",
        "flows",
        f"""SELECT "case", sum(over::INT) * $h AS value FROM (
          SELECT "case", start, bool_or(
            greatest(metered_sent_kw - import_limit_kw, -metered_sent_kw - export_limit_kw) > 1e-6) AS over
          FROM {LINES} GROUP BY 1, 2) GROUP BY 1""",
    ),
    Figure("unserved_kwh", "kWh", "prices", 'SELECT "case", sum(unserved_kw) * $h AS value FROM prices GROUP BY 1'),
    Figure("energy_residual_kw", "kW", "powers", f'SELECT "case", max(abs(kw)) AS value FROM {BALANCES} GROUP BY 1'),
    Figure(
        "money_residual_micro",
        "micro-units",
        "ledger",
        'SELECT "case", max(abs(amount)) AS value FROM (SELECT "case", start, node, sum(amount_micro) AS amount '
        "FROM ledger GROUP BY ALL) GROUP BY 1",
    ),
    Figure(
        "welfare_gap",
        "share",
        "welfare",
        "SELECT 'market' AS \"case\", sum(gap) / greatest(sum(abs(central)), 1e-12) AS value FROM welfare",
    ),
    Figure(
        "degree_hours_outside",
        "K h",
        "comfort",
        'SELECT "case", sum(degree_hours_outside) AS value FROM comfort GROUP BY 1',
    ),
    Figure(
        "stored_at_end_kwh",
        "kWh",
        "states",
        """SELECT "case", sum(value) AS value FROM states
        WHERE name = 'stored_kwh' AND start = (SELECT max(start) FROM states) GROUP BY 1""",
    ),
    Figure("ev_unmet_kwh", "kWh", "comfort", 'SELECT "case", sum(ev_unmet_kwh) AS value FROM comfort GROUP BY 1'),
)


def write_key_figures(recorder: Recorder, step_hours: float, currency: str) -> None:
    """Read every key figure from the tables and write them as the table ``kpis``."""
    rows = [
        (case, figure.name, value, currency if figure.unit == "currency" else figure.unit)
        for figure in FIGURES
        if recorder.has(figure.needs)
        for case, value in _by_case(recorder.query(figure.sql.replace("$h", str(step_hours))))
    ]
    case, name, value, unit = zip(*rows, strict=True)
    columns: dict[str, Column] = {
        "case": _coded(case),
        "name": _coded(name),
        "value": np.array(value),
        "unit": _coded(unit),
    }
    recorder.write("kpis", "all", columns)


def _by_case(columns: Mapping[str, Array]) -> list[tuple[str, float]]:
    return sorted(zip(columns["case"].tolist(), np.asarray(columns["value"], dtype=float).tolist(), strict=True))


def _coded(texts: tuple[str, ...]) -> Coded:
    labels = sorted(set(texts))
    return Coded(np.array([labels.index(text) for text in texts], dtype=np.int32), labels)
