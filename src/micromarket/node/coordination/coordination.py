"""Coordination between neighbors as a plug point: what is known goes in, what to tell each neighbor comes out.

A package adds a coordination through an entry point of the group ``micromarket.coordinations``::

    [project.entry-points."micromarket.coordinations"]
    nested_auction = "micromarket.node.coordination.nested_auction:NestedAuction"

Each series names the one its markets use (`MarketRules.mechanism`); the series of one node may differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from micromarket.domain.curves import Curves, Floats
from micromarket.errors import UnknownCoordination
from micromarket.markets.registry import registered
from micromarket.markets.series.market import Market
from micromarket.markets.series.states import MarketState
from micromarket.node.balancing import Balance
from micromarket.node.living.signals import Content, Statement
from micromarket.node.neighbor import Neighbor
from micromarket.node.node import TransactiveNode

GROUP = "micromarket.coordinations"


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """All that one node knows in one market, at one moment.

    Parameters
    ----------
    node : TransactiveNode
        The node and its neighbors.
    market : Market
        The market.
    state : MarketState
        Its state, from NEGOTIATION to DELIVERY_LEAD.
    local : Curves
        Curves (n, T, V) of the local assets.
    expected : array of float, shape (T,)
        Price that is expected in each interval [currency/kWh].
    received : mapping of str to Content
        What each transactive neighbor said last in this market; those that said nothing are missing.
    stand_ins : mapping of str to Curves
        Curve (1, T, V) that stands for each neighbor that said nothing, if there is one.
    numbers : mapping of str to int
        Number of what each transactive neighbor said last, 0 for nothing; one that was given up is missing.
    time_is_up : bool
        Whether to go on without those that said nothing.
    memory : object
        What `Prepared.memory` was the last time; None at first.
    shared : mapping of str to tuple of Statement
        What each transactive neighbor said last of the whole network; those that said nothing of it are missing.
    """

    node: TransactiveNode
    market: Market
    state: MarketState
    local: Curves
    expected: Floats
    received: Mapping[str, Content]
    stand_ins: Mapping[str, Curves]
    numbers: Mapping[str, int] = field(default_factory=dict)
    time_is_up: bool = False
    memory: Any = None
    shared: Mapping[str, tuple[Statement, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """What follows from a `View`.

    Parameters
    ----------
    signals : mapping of str to Content
        What each neighbor shall know now; whoever is missing need not be told anything new.
    balance : Balance, optional
        What the node settles on, once it can; may be replaced until delivery begins.
    memory : object
        Handed back with the next view.
    awaited : tuple of str
        Neighbors whose signal is needed now and has not come; where rounds are counted, they are asked for it.
    disagreed : tuple of str
        Neighbors with whom no agreement was found, once time is over.
    number : int, optional
        Number of the signals, for a coordination whose rounds are counted; by default each change counts.
    more : bool
        Whether another round can be taken at once, after these signals.
    shared : tuple of Statement
        What every neighbor shall know of the whole network, with its signal.
    """

    signals: Mapping[str, Content] = field(default_factory=dict)
    balance: Balance | None = None
    memory: Any = None
    awaited: tuple[str, ...] = ()
    disagreed: tuple[str, ...] = ()
    number: int | None = None
    more: bool = False
    shared: tuple[Statement, ...] = ()


class Coordination(Protocol):
    """A rule by which neighbors find their prices and powers.

    What it prepares must follow from the view alone, never from the order in which signals came, so that messages may
    be lost, late, doubled and reordered without changing the outcome.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    in_order: ClassVar[bool]
    """Whether each signal of a neighbor matters, one after another, or only its newest."""
    memory: ClassVar[type | None]
    """Type of `Prepared.memory`, a frozen dataclass; None if it remembers nothing."""

    def prepare(self, view: View) -> Prepared:
        """Return what to tell each neighbor, and what the node settles on."""
        ...

    def minds(self, neighbor: Neighbor, state: MarketState) -> bool:
        """Return whether what a neighbor says still counts in a state."""
        ...


def coordination(name: str) -> Coordination:
    """Return the coordination registered as `name`.

    Raises
    ------
    UnknownCoordination
        If nothing is registered under `name`; the message lists what is.
    """
    found: Coordination = registered(GROUP, name, UnknownCoordination)()
    return found
