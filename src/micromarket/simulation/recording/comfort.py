"""What the market did to comfort: warm rooms, hot water, full cars, customer by customer."""

from __future__ import annotations

import numpy as np

from micromarket.simulation.recording.recorder import Coded, Recorder

COMFORT = """
SELECT "case", customer,
    coalesce(sum(value) FILTER (name = 'outside_k' AND value > 1e-9) * $h, 0) AS degree_hours_outside,
    coalesce(avg(abs(deviation)) FILTER (name IN ('indoor_c', 'tank_c')), 0) AS mean_deviation_c,
    coalesce(sum(value) FILTER (name = 'unmet_kwh'), 0) AS ev_unmet_kwh,
    coalesce(sum(value) FILTER (name = 'cold_water_kwh'), 0) AS cold_water_kwh
FROM (
    SELECT s.*, value - max(value) FILTER (name = 'desired_c') OVER (PARTITION BY "case", start, asset) AS deviation
    FROM states s
) JOIN assets USING (asset)
GROUP BY ALL ORDER BY "case" DESC, customer
"""


def write_comfort(recorder: Recorder, step_hours: float) -> None:
    """Read from the states what every customer's comfort came to, and write it as the table ``comfort``."""
    if not recorder.has("states"):
        return
    rows = recorder.query(COMFORT.replace("$h", str(step_hours)))
    numbers = {name: np.asarray(values) for name, values in rows.items() if name not in {"case", "customer"}}
    texts = {name: _coded(rows[name].tolist()) for name in ("case", "customer")}
    recorder.write("comfort", "all", {**texts, **numbers})


def _coded(texts: list[str]) -> Coded:
    labels, codes = np.unique(texts, return_inverse=True)
    return Coded(codes.astype(np.int32), labels.tolist())
