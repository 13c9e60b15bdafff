"""Nodes as programs of their own, over a real NATS server, on a bad network and killed on the way.

A conductor says what time it is, so that nothing depends on how fast this machine is; each program hurts its own
messages by a seeded chance.
"""

import asyncio
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from living_nodes import cleared
from micromarket.runtime.network import run_network
from micromarket.runtime.pace import Conductor
from micromarket.simulation.scenario.node_reading import read_node
from micromarket.storage.lines import read_lines
from nats_server import nats_server

pytest.importorskip("nats", reason="nats-py is not installed")

FOLDER = Path(__file__).parents[2] / "examples" / "feeder"
BEAT = timedelta(seconds=30)
DEAD_FOR = 4 * BEAT
FAULTS = "drop=0.3,double=0.3,delay=0.3"
LIMIT_SECONDS = 120


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

    def prices(self):
        """The last price of each market it cleared."""
        return prices_of(fact for _, fact in read_lines([self.record]))


async def conduct(programs, url, killed, killed_at):
    """Lead programs through their time; kill one in the middle of a market and start it again."""
    from micromarket.runtime.nats_bus import NatsBus

    everyone = {one.file.node for one in programs}
    async with NatsBus(url) as bus:
        conductor = Conductor(programs[0].file.network, bus)
        for now in beats(programs[0].file):
            if now == killed_at:
                killed.kill()
            if now == killed_at + DEAD_FOR:
                killed.start()
            dead = {killed.file.node} if killed_at <= now < killed_at + DEAD_FOR else set()
            await conductor.lead(now, everyone - dead, LIMIT_SECONDS)


def beats(file):
    """Every half minute in the quarter of an hour around each clearing, and the end."""
    clearings = [file.first_clearing + at * timedelta(hours=1) for at in range(3)]
    return [clearing + at * BEAT for clearing in clearings for at in range(-20, 10)] + [file.end]


@pytest.mark.parametrize("names", [["feeder", "home-1"], ["feeder", "home-1", "home-2", "home-3", "home-4"]])
def test_programs_on_a_bad_network_end_at_the_prices_of_one_process(names, tmp_path):
    """Messages dropped, doubled, delayed, one program killed in the middle of a market by SIGKILL: the same bits."""
    configs = [FOLDER / f"{name}.yaml" for name in names]
    alone = run_network([read_node(one).setup for one in configs], *times(configs[0]))
    with nats_server() as url:
        programs = [Program(config, url, tmp_path, seed) for seed, config in enumerate(configs)]
        try:
            asyncio.run(
                conduct(programs, url, programs[1], programs[0].file.first_clearing - 7 * timedelta(minutes=1))
            )
            ended = [one.process.wait(LIMIT_SECONDS) for one in programs]
        finally:
            for one in programs:
                one.process.kill()

    assert {name: prices_of(alone[name]) for name in names} == {one.file.node: one.prices() for one in programs}
    assert [0] * len(names) == ended


def times(config):
    file = read_node(config).file
    return file.start, file.end


def prices_of(facts):
    return {market: balance.price.tolist() for market, balance in cleared(facts).items()}
