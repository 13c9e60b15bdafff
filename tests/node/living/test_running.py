"""A whole node, told the time by hand: what it asks its assets, and how it takes neighbors that never talk."""

import numpy as np
import pytest

from living_nodes import CLEARING, MINUTE, START, hourly, lives
from micromarket.domain.curves import Curves
from micromarket.errors import UnknownParty
from micromarket.node.living.facts import Cleared, Fate, NeighborSilent, SignalReceived, Source
from micromarket.node.living.running import RunningNode
from micromarket.node.living.signals import Statement, TransactiveSignal, content_of
from micromarket.node.neighbor import Direction, Neighbor
from trees import load, offers

UTILITY = Neighbor("utility", Direction.UPSTREAM, default=offers((0.2, 0.0), (0.2, 9.0)), transactive=False)
SHARING = hourly("shared_curves")


class Listening:
    """Assets that remember what they were asked."""

    def __init__(self):
        self.asked = []

    def local(self, market, expected):
        self.asked.append((market.intervals.moments, expected.tolist()))
        return Curves.inelastic(np.zeros((1, len(expected))))

    def default(self, neighbor, market):
        return None


def lived(node, *moments):
    """Everything that follows from the times, as (signals, facts)."""
    outputs = [node.handle(moment) for moment in moments]
    return [one for each in outputs for one in each.signals], [one for each in outputs for one in each.facts]


def test_a_neighbor_that_is_not_transactive_is_known_by_its_price_list_alone():
    """It is sent nothing and never waited for; its default clears as if it had been said."""
    node = RunningNode(lives("home", [UTILITY], load(3.0)))

    signals, facts = lived(node, START, CLEARING)

    (clearing,) = (fact for fact in facts if isinstance(fact, Cleared))
    assert [] == signals
    assert ((("utility", Source.PRICE_LIST),), 0.2, 3.0) == (
        clearing.sources,
        clearing.balance.price[0],
        clearing.balance.neighbor_kw["utility"][0],
    )


def test_assets_are_asked_about_the_active_intervals_only():
    """One expected price for each interval that this market clears; at first the default."""
    setup = lives("home", [], load(3.0), hourly(intervals=3))
    assets = Listening()
    node = RunningNode(type(setup)(setup.node, setup.series, assets))

    lived(node, START, CLEARING)

    ((moments, expected),) = assets.asked
    assert (3, CLEARING + 15 * MINUTE, [0.2, 0.2, 0.2]) == (len(moments), moments[0], expected)


def test_a_meter_belongs_to_a_neighbor():
    node = RunningNode(lives("home", [UTILITY], load(3.0)))

    with pytest.raises(UnknownParty, match="has no neighbor 'stranger'"):
        node.metered("stranger", START, 4.0)


@pytest.mark.parametrize("mechanism", ["nested_auction", "consensus", "shared_curves"])
@pytest.mark.parametrize("hours", [[0, 1], [-1]], ids=["one too many", "another one"])
def test_who_speaks_of_other_intervals_is_not_heard(mechanism, hours):
    """Whatever another program sends: it is recorded, and the market clears as if it had said nothing."""
    direction = Direction.DOWNSTREAM if mechanism == "nested_auction" else Direction.BIDIRECTIONAL
    other = Neighbor("other", direction, 5.0, 5.0)
    node, begin = RunningNode(lives("home", [other], load(0.0), hourly(mechanism))), CLEARING - 10 * MINUTE
    node.handle(begin)
    ((name, negotiation),) = node.state.open.items()
    starts = [negotiation.market.delivery.start + 60 * hour * MINUTE for hour in hours]
    flat = np.zeros(len(hours))
    content = content_of(starts, Curves.inelastic(flat[None]), flat, flat)

    said = node.handle(begin, TransactiveSignal(name, "other", "home", 1, begin, content)).facts
    _, facts = lived(node, CLEARING - 6 * MINUTE, CLEARING - MINUTE)

    assert [Fate.UNFIT] == [fact.fate for fact in said if isinstance(fact, SignalReceived)]
    assert ["other"] == [fact.neighbor for fact in facts if isinstance(fact, NeighborSilent)]


def test_who_passes_on_a_statement_about_other_intervals_is_not_heard():
    """Its own curve fits, but what it says of a third node does not."""
    other, begin = Neighbor("other", Direction.BIDIRECTIONAL), CLEARING - 10 * MINUTE
    node = RunningNode(lives("home", [other], load(0.0), SHARING))
    node.handle(begin)
    ((name, negotiation),) = node.state.open.items()
    fits, late = (
        content_of([negotiation.market.delivery.start + wait], load(1.0), np.zeros(1), np.zeros(1))
        for wait in (0 * MINUTE, MINUTE)
    )
    signal = TransactiveSignal(name, "other", "home", 1, begin, fits, shared=(Statement("third", 1, (), late),))

    said = node.handle(begin, signal).facts

    assert [Fate.UNFIT] == [fact.fate for fact in said if isinstance(fact, SignalReceived)]
