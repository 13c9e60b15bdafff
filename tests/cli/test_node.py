"""`micromarket node` and `micromarket network`."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from micromarket.cli.main import app

FOLDER = Path(__file__).parents[2] / "examples" / "feeder"
TWO = [str(FOLDER / name) for name in ("feeder.yaml", "home-1.yaml")]


def run(*words):
    return CliRunner().invoke(app, list(map(str, words)))


def test_a_network_says_what_cleared_and_who_is_silent():
    """The feeder names the three homes that are not there."""
    lines = run("network", *TWO).stdout.splitlines()

    assert 3 == sum("said nothing; nothing is exchanged" in line and "T12:00:00Z:" in line for line in lines)
    assert any(line.endswith("(home-2 left out, home-3 left out, home-4 left out)") for line in lines)
    assert any("home-1: hourly/2026-07-06T12:00:00Z cleared: price" in line for line in lines)


def test_every_fact_is_a_line_of_json(tmp_path):
    record = tmp_path / "facts.jsonl"
    run("network", *TWO, "--record", record)
    facts = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]

    assert {
        "NodeStarted",
        "StateEntered",
        "SignalSent",
        "SignalReceived",
        "NeighborSilent",
        "Cleared",
        "PricesForeseen",
        "SetPointsGiven",
        "Delivered",
    } == {one["fact"] for one in facts}
    assert {"feeder", "home-1"} == {one["node"] for one in facts}


def test_rehearsed_faults_change_no_price():
    quiet, bad = (run("network", *TWO, *more).stdout for more in ([], ["--faults", "drop=0.4,delay=0.3,seed=2"]))
    prices = [
        [line.split(" cleared: ")[1] for line in text.splitlines() if "home-1: hourly" in line]
        for text in (quiet, bad)
    ]

    assert prices[0] == prices[1] != []


@pytest.mark.parametrize("faults", ["drop", "drop=2", "rain=0.1", "seed=x"])
def test_unknown_faults_are_refused(faults):
    done = run("network", *TWO, "--faults", faults)

    assert (2, True) == (done.exit_code, "expected one of" in done.output)


def test_two_nodes_of_one_name_are_refused():
    done = run("network", TWO[0], TWO[0])

    assert "another name" in str(done.exception)


def test_a_node_without_server_says_so():
    """Nothing listens at that port."""
    pytest.importorskip("nats", reason="nats-py is not installed")
    done = run("node", TWO[0], "--nats", "nats://127.0.0.1:9")

    assert "no NATS server answers at nats://127.0.0.1:9" in str(done.exception)


def test_nothing_has_no_sign():
    """A heat pump that rests delivers 0.000 kW, not minus that."""
    said = run("network", FOLDER.parent / "home" / "home.yaml").stdout

    assert (True, False) == (" 0.000 kW" in said, "-0.000" in said)
