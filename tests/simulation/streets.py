"""Small scenario folders for tests."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

START = datetime(2026, 7, 6, 4, tzinfo=UTC)

SCENARIO = """
schema: 1
name: tiny
seed: 7
currency: USD
time:
  start: 2026-07-06T00:00:00-04:00
  end: {end}
  step: PT15M
  timezone: America/New_York
market: {{default_price: 0.15 USD/kWh, series: [{{name: day-ahead, intervals: 24, rounds: 2}}]}}
supplier:
  id: utility
  price: {{file: data/series.csv, column: price_usd_per_kwh}}
  feed_in_price: 0.04 USD/kWh
nodes:
  - {{id: substation}}
  - {{id: feeder-1, parent: substation, import_limit: 9 kW, export_limit: 9 kW, full_load_loss: 2 %}}
customers:
  - id: home-1
    node: feeder-1
    connection: {{import_limit: 12 kW, export_limit: 10 kW, full_load_loss: 1 %}}
    assets:
      - {{kind: load, power: {{file: data/series.csv, column: evening_kw}}, forecast: noisy}}
      - {{kind: pv, power: {{file: data/series.csv, column: sun_kw}}}}
  - id: home-2
    node: feeder-1
    assets:
      - {{kind: load, power: {{file: data/series.csv, column: evening_kw}}}}
      - {{kind: generator, maximum: 2 kW, price: 0.2 USD/kWh, slope: 0.01 USD/kWh/kW}}
"""


def tiny_street(folder: Path, days: int = 2, more: str = "") -> Path:
    """Write a street of two homes and return its folder; `more` is appended to the scenario."""
    (folder / "data").mkdir(parents=True)
    end = (START + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    (folder / "scenario.yaml").write_text(SCENARIO.format(end=end) + more)
    rows = ["timestamp,price_usd_per_kwh,evening_kw,sun_kw"]
    for step in range(96 * days):
        hour = step % 96 / 4
        evening = 17 <= hour < 21
        sun = max(0.0, 5 - abs(hour - 12.5))
        when = (START + timedelta(minutes=15 * step)).strftime("%Y-%m-%dT%H:%M:%SZ")
        rows.append(f"{when},{0.3 if evening else 0.12},{2.5 if evening else 0.6},{sun}")
    (folder / "data" / "series.csv").write_text("\n".join(rows) + "\n")
    return folder
