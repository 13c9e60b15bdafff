from datetime import timedelta

import pytest

from living_nodes import CLEARING, MINUTE, START, Programs, cleared, hourly, lives, setups_of
from micromarket.errors import InvalidValue
from micromarket.node.living.running import NodeState, RunningNode
from micromarket.node.neighbor import Direction, Neighbor
from micromarket.runtime.faults import Faults
from micromarket.runtime.network import run_network
from micromarket.runtime.saving import restored, saved, write
from trees import load, offers, random_market

END = CLEARING + 75 * MINUTE
SETUPS = setups_of(*random_market(11, losses=True, intervals=2), plan=hourly(intervals=2, market_lead=4 * MINUTE))


def restarting(setups, moments, faults=None):
    """Run a network in which every node is killed at each moment and starts again from what was written down."""
    network = Programs(setups, START, faults or Faults())
    for moment in moments:
        network.run_until(moment)
        for name, program in network.programs.items():
            network.restart(name, restored(program.node.setup, saved(name, program.node.state)))
    return network.run_until(END)


def test_a_node_killed_in_the_middle_of_a_market_goes_on_as_if_nothing_had_been():
    """Killed in every minute, all nodes record the very facts of a run without kills."""
    minutes = [START + at * MINUTE for at in range(90)]

    assert repr(run_network(SETUPS, START, END)) == repr(restarting(SETUPS, minutes))


def test_a_consensus_survives_kills_too():
    """Killed in every second of its busy ones, a ring of three ends at the bits of a ring without kills."""
    setups = ring()
    seconds = [CLEARING - 10 * MINUTE + at * timedelta(seconds=1) for at in range(1, 60)]
    bad = Faults(0.1, 0.1, 0.5, timedelta(seconds=2), seed=2)
    calm, rough = run_network(setups, START, END), restarting(setups, seconds, bad)

    assert all(
        one.equals(cleared(rough[node])[market]) for node in calm for market, one in cleared(calm[node]).items()
    )


def ring():
    """Three peers, each with a curve of its own."""
    plan = hourly("consensus", negotiation_lead=10 * MINUTE, market_lead=0 * MINUTE)
    names = ["one", "two", "three"]
    return [
        lives(
            name,
            [Neighbor(other, Direction.BIDIRECTIONAL, 5.0, 5.0, 0.02) for other in names if other != name],
            offers((0.05 + at / 10, -3.0), (0.3 + at / 20, 4.0 - at)),
            plan,
        )
        for at, name in enumerate(names)
    ]


def test_killed_on_a_bad_bus():
    """Kills and faults together end at the prices of neither."""
    moments = [START + at * MINUTE + timedelta(seconds=7) for at in range(90)]
    perfect = run_network(SETUPS, START, END)
    rough = restarting(SETUPS, moments, Faults(0.3, 0.3, 0.3, timedelta(seconds=20), seed=4))

    for node, facts in perfect.items():
        assert all(one.equals(cleared(rough[node])[market]) for market, one in cleared(facts).items())


def test_equal_knowledge_gives_equal_bytes():
    """Written, read and written again."""
    node = RunningNode(SETUPS[0])
    node.handle(CLEARING - MINUTE)
    content = saved("node-0", node.state)

    assert content == saved("node-0", restored(SETUPS[0], content))


@pytest.mark.parametrize("content", [b"", b"{}", saved("somebody", NodeState())])
def test_what_is_not_of_this_node_is_refused(content):
    with pytest.raises(InvalidValue, match="expected"):
        restored(lives("home", [], load(1.0)), content)


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "state.json"
    for content in (b"first", b"second"):
        write(path, content)

    assert ([path], b"second") == (list(tmp_path.iterdir()), path.read_bytes())
