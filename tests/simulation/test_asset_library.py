"""Assets of the library live in a run: built from a file, foreseen, bid, delivered and recorded."""

import pytest
from streets import tiny_street

from micromarket import RunOptions, run

HOURS = f"[{', '.join(f'{hour} kW' for hour in range(24))}]"
FLAT = f"[{', '.join(['0.1 kW/degF'] * 24)}]"

CITY = f"""
  - id: city
    node: substation
    assets:
      - kind: open_loop_load
        weekdays: {{mon: 7 kW, tue: 0 kW, wed: 0 kW, thu: 0 kW, fri: 0 kW, sat: 0 kW, sun: 0 kW}}
        outdoor: 50 degF
        scale: 2
        seasons:
          summer: &line {{intercept: {HOURS}, slope: {FLAT}}}
          winter: *line
          spring: *line
          spring_cold: *line
          autumn: *line
          autumn_cold: *line
"""


def metered(street, out, asset):
    """Return what one asset metered in each step of the market case [kW]."""
    finished = run(street, RunOptions(out=out))
    query = f"SELECT metered_kw FROM powers WHERE \"case\" = 'market' AND asset = '{asset}' ORDER BY start"
    return finished.sql(query).to_numpy()["metered_kw"]


def test_a_city_follows_calendar_and_temperature(tmp_path):
    """On a Monday in July at 50 °F: twice the hour, the weekday's 7 kW and 5 kW for the warmth."""
    drawn = metered(tiny_street(tmp_path / "street", more=CITY), tmp_path / "out", "city/open_loop_load")

    assert [-2 * (hour + 7 + 5) for hour in range(24)] == pytest.approx(drawn[:96:4])
    assert [-2 * (hour + 5) for hour in range(24)] == pytest.approx(drawn[96::4])
