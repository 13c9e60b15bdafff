"""A node file with every kind of device that a scenario may have, at a utility that is cheap by night."""

from datetime import timedelta

from micromarket.node.living.facts import Cleared, Delivered, SetPointsGiven
from micromarket.node.living.running import RunningNode
from micromarket.runtime.bus import InProcessBus
from micromarket.runtime.clocks import VirtualClock
from micromarket.runtime.network import run_network
from micromarket.runtime.program import NodeProgram, Surroundings
from micromarket.runtime.saving import restored, saved
from micromarket.simulation.scenario.node_reading import read_node

HOUR = timedelta(hours=1)
HEAD = """schema: 1
network: one
node: home
currency: USD
start: 2026-07-06T00:00:00Z
end: 2026-07-07T04:00:00Z
first_clearing: 2026-07-06T00:55:00Z
series: {name: hourly, default_price: 0.20 USD/kWh}
neighbors:
  - id: utility
    direction: upstream
    transactive: false
    import_limit: 60 kW
    export_limit: 60 kW
    rates:
      heavy: &heavy [0.30 USD/kWh, 0.30 USD/kWh, 0.30 USD/kWh, 0.30 USD/kWh, 0.30 USD/kWh, 0.30 USD/kWh, 0.30 USD/kWh,
        0.30 USD/kWh, 0.30 USD/kWh, 0.30 USD/kWh, 0.30 USD/kWh, 0.30 USD/kWh]
      light: [0.10 USD/kWh, 0.10 USD/kWh, 0.10 USD/kWh, 0.10 USD/kWh, 0.10 USD/kWh, 0.10 USD/kWh, 0.10 USD/kWh,
        0.10 USD/kWh, 0.10 USD/kWh, 0.10 USD/kWh, 0.10 USD/kWh, 0.10 USD/kWh]
      agreed: 1000 kW
      beyond: *heavy
assets:
"""
BATTERY = "  - {kind: battery, energy: 10 kWh, charge: 4 kW, discharge: 4 kW, round_trip_efficiency: 81 %}\n"
LINES = f"{{intercept: [{', '.join(['1 kW'] * 24)}], slope: [{', '.join(['0.1 kW/degF'] * 24)}]}}"
ALL_KINDS = f"""  - {{kind: load, power: 2 kW}}
  - {{kind: pv, power: 1 kW}}
  - {{kind: generator, minimum: 1 kW, maximum: 5 kW, price: 0.25 USD/kWh, engagement: {{start: 0.1 USD}}}}
  - {{kind: combined_heat_and_power, maximum: 10 kW, minimum: 4 kW, efficiency: 35 %, heat_efficiency: 50 %,
     idle_fuel: 4 kW, fuel_price: 0.08 USD/kWh, heat_need: 9 kW, engagement: {{start: 0.1 USD}}}}
  - {{kind: house, mode: heating, power: 3 kW, outdoor: 5 degC, desired: {{"06:00": 21 degC, "22:00": 18 degC}},
     conductance: 0.15 kW/K, capacity: 2 kWh/K}}
  - {{kind: water_heater, volume: 200 l, power: 4.5 kW, draw: 3 l/h}}
  - {{kind: ev, energy: 60 kWh, charge: 7.4 kW, plugged: "18:00-07:30", trip: 12 kWh}}
  - {{kind: chiller, cooling: 40 kW, cop: 4, bent: 20 %, tank: 60 kWh, loss: 1 %/day, need: 15 kW}}
  - kind: commercial_building
    system: vav
    cooling: 40 kW
    fan: 4 kW
    outdoor: 31 degC
    desired: {{"00:00": 27 degC, "07:00": 23 degC, "18:00": 27 degC}}
    zones: [{{conductance: 0.6 kW/K, capacity: 6 kWh/K, internal_gain: 3 kW}}]
  - kind: open_loop_load
    weekdays: {{mon: 7 kW, tue: 0 kW, wed: 0 kW, thu: 0 kW, fri: 0 kW, sat: 0 kW, sun: 0 kW}}
    outdoor: 50 degF
    seasons: {{summer: &line {LINES}, winter: *line, spring: *line, spring_cold: *line, autumn: *line,
      autumn_cold: *line}}
{BATTERY}"""


def home(folder, assets, **changes):
    """The node with some assets, its file otherwise as above but for texts that are replaced."""
    text = HEAD + assets
    for found, by in changes.values():
        assert found in text
        text = text.replace(found, by)
    file = folder / "home.yaml"
    file.write_text(text, encoding="utf-8")
    return read_node(file)


def lived(node):
    """What happens at it in its time."""
    return run_network([node.setup], node.file.start, node.file.end)["home"]


def lived_with_kills(node, moments):
    """The same, killed at some moments and started again from what it had written down."""
    clock, facts = VirtualClock(node.file.start), []
    program = NodeProgram(RunningNode(node.setup), Surroundings("here", clock, InProcessBus(clock)), facts.append)
    program.start()
    for moment in moments:
        clock.run_until(moment)
        program.node = RunningNode(node.setup, restored(node.setup, saved("home", program.node.state)))
    clock.run_until(node.file.end)
    return facts


def delivered(facts):
    """What was delivered, in order."""
    return [fact for fact in facts if isinstance(fact, Delivered)]


def powers(facts, device, kind=Delivered):
    """What a device delivered, or was told, in each step."""
    return [dict(fact.power_kw).get(device) for fact in facts if isinstance(fact, kind)]


def readings(facts, device, name):
    """What was read from a device after each step."""
    return [{(who, what): value for who, what, value in fact.readings}[device, name] for fact in delivered(facts)]


def cleared(facts):
    """The last balance of each market."""
    return {fact.market.delivery.start: fact.balance for fact in facts if isinstance(fact, Cleared)}


def told(facts):
    """What devices were told, in order."""
    return [fact for fact in facts if isinstance(fact, SetPointsGiven)]
