"""Nodes as programs of their own, over a real NATS server, on a bad network and killed on the way.

A conductor says what time it is, so that nothing depends on how fast this machine is; each program hurts its own
messages by a seeded chance. One is killed in the middle of a market by SIGKILL and started again from its state.
"""

import asyncio
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from living_nodes import cleared
from micromarket.node.living.facts import SignalSent
from micromarket.runtime.network import run_network
from micromarket.runtime.pace import Conductor
from micromarket.simulation.scenario.node_reading import read_node
from micromarket.storage.lines import read_lines
from nats_server import nats_server

pytest.importorskip("nats", reason="nats-py is not installed")

FEEDER = Path(__file__).parents[2] / "examples" / "feeder"
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
FAULTS = "drop=0.3,double=0.3,delay=0.3"
LIMIT_SECONDS = 120

MICROGRID = """\
schema: 1
network: microgrids
node: grid-{at}
currency: USD
start: 2026-07-06T11:00:00Z
end: 2026-07-06T12:00:00Z
first_clearing: 2026-07-06T11:50:00Z
series:
  name: hourly
  coordination: consensus
  negotiation_lead: PT40M
  market_lead: PT0M
  delivery_lead: PT10M
  default_price: 0.20 USD/kWh
neighbors: [{neighbors}]
assets:
  - kind: curve
    id: battery
    vertices: [{{price: 0.{low} USD/kWh, power: -4 kW}}, {{price: 0.{high} USD/kWh, power: {most} kW}}]
"""
LINE = "{{id: grid-{}, direction: bidirectional, import_limit: 3 kW, export_limit: 3 kW, full_load_loss: 2 %}}"


class Program:
    """One node in a process of its own."""

    def __init__(self, config, url, folder, seed):
        self.file = read_node(config).file
        self.record = folder / f"{self.file.node}.jsonl"
        options = ["--nats", url, "--paced", "--faults", f"{FAULTS},seed={seed}", "--record", self.record]
        state = ["--state", folder / f"{self.file.node}.state"]
        self.command = [sys.executable, "-m", "micromarket", "node", config, *options, *state]
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def facts(self):
        return [fact for _, fact in read_lines([self.record])]


async def conduct(programs, url, beats, dead):
    """Lead programs through their time; the second is dead during some of the beats."""
    from micromarket.runtime.nats_bus import NatsBus

    everyone, victim = {one.file.node for one in programs}, programs[1]
    async with NatsBus(url) as bus:
        conductor = Conductor(programs[0].file.network, bus)
        for now in beats:
            if now == dead[0]:
                victim.kill()
            if now == dead[-1]:
                victim.start()
            await conductor.lead(now, everyone - ({victim.file.node} if now in dead[:-1] else set()), LIMIT_SECONDS)


def lived(configs, folder, beats, dead):
    """What happened at each node, as programs on a bad network."""
    with nats_server() as url:
        programs = [Program(config, url, folder, seed) for seed, config in enumerate(configs)]
        try:
            asyncio.run(conduct(programs, url, beats, dead))
            assert [0] * len(programs) == [one.process.wait(LIMIT_SECONDS) for one in programs]
        finally:
            for one in programs:
                one.process.kill()
    return {one.file.node: one.facts() for one in programs}


def alone(configs):
    """What happens at each node in one process without faults."""
    found = [read_node(config) for config in configs]
    return run_network([one.setup for one in found], found[0].file.start, found[0].file.end)


def prices(facts):
    """The last price of each market at each node."""
    return {
        node: {market: balance.price.tolist() for market, balance in cleared(each).items()}
        for node, each in facts.items()
    }


@pytest.mark.parametrize("names", [["feeder", "home-1"], ["feeder", "home-1", "home-2", "home-3", "home-4"]])
def test_programs_on_a_bad_network_end_at_the_prices_of_one_process(names, tmp_path):
    """A nested auction with messages dropped, doubled, delayed and a home dead for two minutes: the same bits."""
    configs = [FEEDER / f"{name}.yaml" for name in names]
    file = read_node(configs[0]).file
    clearings = [file.first_clearing + at * HOUR for at in range(3)]
    beats = [clearing + at * 30 * SECOND for clearing in clearings for at in range(-20, 10)] + [file.end]
    dead = [file.first_clearing - at * 30 * SECOND for at in (14, 13, 12, 11, 10)]

    assert prices(alone(configs)) == prices(lived(configs, tmp_path, beats, dead))


@pytest.mark.parametrize("grids", [2, 5])
def test_a_consensus_of_programs_on_a_bad_network(grids, tmp_path):
    """Two on a line and five in a ring, one of them dead for a minute before all agree: the same bits."""
    configs = microgrids(grids, tmp_path)
    file = read_node(configs[0]).file
    negotiation = file.first_clearing - file.series.negotiation_lead
    beats = [negotiation + at * 5 * SECOND for at in range(-1, 300)] + [file.end]
    dead = [negotiation + at * 5 * SECOND for at in range(6, 19)]
    facts = lived(configs, tmp_path, beats, dead)
    rounds = [fact.signal.number for fact in facts["grid-1"] if isinstance(fact, SignalSent) and fact.at < dead[0]]

    assert prices(alone(configs)) == prices(facts)
    assert max(rounds) < max(fact.signal.number for fact in facts["grid-1"] if isinstance(fact, SignalSent))


def microgrids(count, folder):
    """Node files of so many peers, each on a line with the next; five make a ring."""
    files = []
    for at in range(count):
        near = sorted({(at - 1) % count, (at + 1) % count})
        lines = ", ".join(LINE.format(one) for one in near)
        text = MICROGRID.format(at=at, neighbors=lines, low=10 + at, high=30 + 7 * at % 11, most=4 - at)
        files.append(folder / f"grid-{at}.yaml")
        files[-1].write_text(text.replace("{{", "{").replace("}}", "}"))
    return files
