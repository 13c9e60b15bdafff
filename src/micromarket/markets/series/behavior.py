"""What a node does as markets live: actions on entering a state, and while in it.

Actions are functions of what is known and return what is known afterwards, so the same calls at the same times end in
the same place. Whatever must happen exactly once belongs to entering: however late a node looks, no entering is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from micromarket.markets.series.market import Market
from micromarket.markets.series.series import Entered, MarketSeries
from micromarket.markets.series.states import MarketState

K = TypeVar("K")
"""What a node knows: any value of its own."""


@dataclass(frozen=True)
class Behavior(Generic[K]):
    """What a node does in the markets of one series; a state without an action is passed through in silence.

    Parameters
    ----------
    on_entering : mapping of MarketState to callable
        Called once for each market that enters the state: (known, entered) -> known.
    while_in : mapping of MarketState to callable
        Called each time the node looks, for each market that is in the state: (known, market, now) -> known. May be
        called often or never, so it must not matter how often.

    Notes
    -----
    The template calls these ``transition_from_x_to_y`` and ``while_in_x``, methods to override.
    Source: Transactive Network Template v4 (PNNL, 2024), section 3.3, Table 2.
    """

    on_entering: Mapping[MarketState, Callable[[K, Entered], K]] = field(default_factory=dict)
    while_in: Mapping[MarketState, Callable[[K, Market, datetime], K]] = field(default_factory=dict)


def act(series: MarketSeries, behaviors: Mapping[str, Behavior[K]], known: K, now: datetime) -> K:
    """Let every market act on what it enters by `now`, then in the state it is in.

    Parameters
    ----------
    series : MarketSeries
        Moved on to `now`.
    behaviors : mapping of str to Behavior
        By name of the series; a series without one only keeps time.
    known : K
        What the node knows before.
    now : datetime
        The time, with a zone.

    Returns
    -------
    K
        What it knows afterwards. Enterings come first, by the time they were due, then by spawning; then the actions
        while in a state, by spawning.

    Raises
    ------
    NaiveTime
        If `now` carries no zone.
    """
    nothing = Behavior[K]()
    for entered in series.advance(now):
        action = behaviors.get(entered.market.rules.series, nothing).on_entering.get(entered.state)
        known = known if action is None else action(known, entered)
    for market, state in series.active.values():
        waiting = behaviors.get(market.rules.series, nothing).while_in.get(state)
        known = known if waiting is None else waiting(known, market, now)
    return known
