"""What a node is committed to, market by market, read from what happened at it.

Neighbors negotiate whole powers in every market, since that is what their lines carry. What an earlier market
committed shows in the accounts: a later one counts the change only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from micromarket.markets.series.corrections import ClearedMarket, cleared_in_all
from micromarket.markets.series.states import MarketState
from micromarket.node.living.facts import Cleared, Fact, StateEntered


def cleared_markets(facts: Iterable[Fact]) -> Iterator[ClearedMarket]:
    """Yield every market of a node as it stood when its delivery began.

    The parties are the local assets in their order, then the neighbors in the order of their exchanges, each at the
    node's price. They sum to zero: what a line loses is its importer's.

    Parameters
    ----------
    facts : iterable of Fact
        What happened at one node, in order.

    Notes
    -----
    Source: Transactive Network Template v4 (PNNL, 2024), section 3.8, steps 4 and 5.
    """
    last, binding = dict[str, Cleared](), list[ClearedMarket]()
    for fact in facts:
        if isinstance(fact, Cleared):
            last[fact.market.name] = fact
        elif isinstance(fact, StateEntered) and fact.state is MarketState.DELIVERY:
            binding = [each for each in binding if each.intervals.whole.end > fact.market.delivery.start]
            if (final := last.pop(fact.market.name, None)) is not None:
                binding.append(_counted(final, binding))
                yield binding[-1]


def _counted(final: Cleared, earlier: Iterable[ClearedMarket]) -> ClearedMarket:
    powers = np.vstack([final.balance.local_kw, *final.balance.neighbor_kw.values()])
    return cleared_in_all(final.market, powers, final.balance.price, earlier)
