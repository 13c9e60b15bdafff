"""What nodes state of themselves, and the network that follows from it."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from micromarket.domain.curves import Curves
from micromarket.errors import BadSignal
from micromarket.node.coordination.shared_curves import (
    connected,
    is_closed,
    network_of,
    newest,
    rounds_to_share,
)
from micromarket.node.living.signals import StatedLine, Statement, content_of
from networks import network

NOON = datetime(2026, 7, 6, 12, tzinfo=UTC)


def states(node, *neighbors, version=1, power=0.0):
    """A node with a load and unlimited lines."""
    flat = np.array([power])
    lines = tuple(StatedLine(one) if isinstance(one, str) else one for one in neighbors)
    return Statement(node, version, lines, content_of([NOON], Curves.inelastic(flat[None]), flat, flat))


def known(*statements):
    return {one.node: one for one in statements}


def names(statements):
    return [one.node for one in statements]


def test_the_newest_statement_holds_in_any_order():
    """Of two that claim one version, which no honest node sends, the same one is chosen everywhere."""
    old, new, twin = states("a", "b"), states("a", version=2), states("a", "b", power=-1.0)

    assert {"a": new} == newest([old, new, old])
    assert newest([old, twin]) == newest([twin, old])


def test_a_network_is_closed_when_both_ends_state_every_line():
    a, b, c = states("a", "b"), states("b", "a", "c"), states("c", "b")

    assert ["a", "b"] == names(connected(known(a, b), "a"))
    assert [False, True] == [is_closed(connected(known(*each), "a")) for each in ((a, b), (a, b, c))]


def test_a_line_that_one_end_no_longer_states_is_gone():
    """C gave up b: it is no longer part of the network, which is closed once b has given up c as well."""
    a, b, c = states("a", "b"), states("b", "a", "c"), states("c")
    given_up = replace(b, version=2, lines=b.lines[:1])

    assert (["a", "b"], False) == (names(connected(known(a, b, c), "a")), is_closed(connected(known(a, b, c), "a")))
    assert is_closed(connected(known(a, given_up, c), "a"))


def test_where_both_ends_differ_the_lower_limit_and_the_higher_loss_hold():
    """The importer's limit is the exporter's at the other end."""
    a, b = states("a", StatedLine("b", 5.0, 4.0, 0.01)), states("b", StatedLine("a", 9.0, 3.0, 0.02))
    found = network_of([a, b])

    assert ([[0, 1]], [[3.0, 4.0]], [0.02]) == (
        found.ends.tolist(),
        found.limit_kw.tolist(),
        found.full_load_loss.tolist(),
    )


@pytest.mark.parametrize("statements", [[states("a")], [states("a", "b"), states("b", "a")]], ids=["one", "two"])
def test_a_limit_that_is_not_stated_is_none(statements):
    found = network_of(statements)

    assert (len(statements), True) == (len(found), bool(np.isinf(found.limit_kw).all()))


@pytest.mark.parametrize(
    ("ends", "rounds"),
    [
        ([(0, 1)], 2),
        ([(0, k) for k in range(1, 6)], 3),
        ([(k, k + 1) for k in range(5)], 6),
        ([(k, (k + 1) % 50) for k in range(50)], 26),
        ([(a, b) for a in range(5) for b in range(a)], 2),
        (np.zeros((0, 2), dtype=int), 0),
    ],
    ids=["pair", "star", "path", "ring of 50", "everyone with everyone", "island"],
)
def test_rounds_are_the_width_of_the_network_and_one(ends, rounds):
    assert rounds == rounds_to_share(network(ends))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: states("a", version=0), "from version 1 on"),
        (lambda: states("a", "a"), "lead to different neighbors"),
        (lambda: states("a", "b", "b"), "lead to different neighbors"),
        (lambda: Statement("a", 1, (), ()), "'a' states something"),
        (lambda: StatedLine("b", -1.0), "limits of the line to 'b' must be from 0"),
        (lambda: StatedLine("b", float("nan")), "limits of the line to 'b' must be from 0"),
        (lambda: StatedLine("b", 1.0, 1.0, 0.5), "the line to 'b' loses from 0 to below 0.5"),
        (lambda: StatedLine("b", 1.0, None, 0.1), "so it needs both limits"),
    ],
)
def test_statements_that_make_no_sense_are_refused(wrong, message):
    with pytest.raises(BadSignal, match=message):
        wrong()
