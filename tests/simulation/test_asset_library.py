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


OFFICE = """
  - id: office
    node: substation
    comfort: 0
    assets:
      - kind: commercial_building
        system: vav
        cooling: 40 kW
        fan: 4 kW
        outdoor: 31 degC
        desired: {"00:00": 27 degC, "07:00": 23 degC, "18:00": 27 degC}
        zones:
          - {conductance: 0.6 kW/K, capacity: 6 kWh/K, internal_gain: 3 kW}
          - {conductance: 0.4 kW/K, capacity: 3 kWh/K, offset: -1 K, swing: 1.5}
"""


PLANT = """
  - id: campus
    node: substation
    assets:
      - {kind: chiller, cooling: 40 kW, cop: 4, bent: 20 %, tank: 60 kWh, loss: 1 %/day, need: 15 kW}
      - {kind: combined_heat_and_power, maximum: 10 kW, minimum: 4 kW, efficiency: 35 %, heat_efficiency: 50 %,
         idle_fuel: 4 kW, fuel_price: 0.08 USD/kWh, heat_need: 9 kW, engagement: {start: 0.1 USD}}
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


def test_an_office_pays_less_than_its_thermostat(tmp_path):
    """Cooled ahead, an office draws nothing in dear evenings, and is warm for less long when work begins."""
    finished = run(tiny_street(tmp_path / "street", more=OFFICE), RunOptions(out=tmp_path / "out"))
    dear = finished.sql(
        "SELECT -sum(metered_kw) FROM powers WHERE asset = 'office/commercial_building' "
        "AND hour(start) IN (21, 22, 23, 0) "
        'GROUP BY "case" ORDER BY "case"'
    )
    outside = finished.sql(
        "SELECT sum(value) FROM states WHERE asset LIKE 'office%' AND name = 'outside_k' "
        'GROUP BY "case" ORDER BY "case"'
    )
    market, none = (row[0] for row in dear.rows())
    strayed, plain = (row[0] for row in outside.rows())

    assert market < 0.1 < none
    assert strayed < plain


def test_a_plant_serves_its_heat_and_cold(tmp_path):
    """Nothing is missing of either, and the engine runs most in dear evenings."""
    finished = run(tiny_street(tmp_path / "street", more=PLANT), RunOptions(out=tmp_path / "out"))
    missing = finished.sql("SELECT sum(value) FROM states WHERE name = 'cooling_missing_kwh'").rows()[0][0]
    (_, cheap), (_, dear) = finished.sql(
        "SELECT hour(start) IN (21, 22, 23, 0) AS dear, avg(metered_kw) FROM powers "
        "WHERE asset LIKE '%heat_and_power' AND \"case\" = 'market' GROUP BY dear ORDER BY dear"
    ).rows()

    assert (0.0, True) == (missing, dear > cheap)
