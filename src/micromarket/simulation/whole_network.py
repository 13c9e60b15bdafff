"""A whole network of nodes at once: every series of markets over a stretch of time in one call each.

The same setups that live as programs, each knowing its neighbors alone, become one tree. Where nothing couples one
interval with the next (no store, no plan over expected prices), all markets of a series clear together, with the
prices that the programs agree on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from micromarket.domain.curves import Curves, Floats
from micromarket.dso.chain_settlement import ChainSettlement, settle_chain
from micromarket.errors import BrokenTree, InvalidValue, UnknownParty
from micromarket.markets.series.corrections import ClearedMarket, cleared_in_all, committed_w
from micromarket.markets.series.market import Market
from micromarket.markets.series.series import SeriesPlan
from micromarket.node.living.running import NodeSetup
from micromarket.node.neighbor import Direction, Neighbor
from micromarket.node.networks.nested import NestedClearing, clear_nested
from micromarket.node.networks.tree import NodeTree


@dataclass(frozen=True, slots=True, eq=False)
class WholeNetwork:
    """Nodes joined to a tree; a neighbor that sends nothing, such as a utility, is a node with one asset.

    Parameters
    ----------
    setups : tuple of NodeSetup
        The nodes, parents before children.
    silent : tuple of (str, Neighbor)
        The neighbors that send nothing, each with the name of its node.
    tree : NodeTree
        Nodes in the order of `setups`, then of `silent`.
    """

    setups: tuple[NodeSetup, ...]
    silent: tuple[tuple[str, Neighbor], ...]
    tree: NodeTree

    @classmethod
    def of(cls, setups: Sequence[NodeSetup]) -> WholeNetwork:
        """Return the network of some nodes.

        Raises
        ------
        BrokenTree
            If they are no tree in which each node but one has one transactive neighbor upstream.
        """
        by_name = {setup.node.id: setup for setup in setups}
        order = list(_from_the_top(by_name))
        silent = tuple((setup.node.id, one) for setup in order for one in setup.node.neighbors if not one.transactive)
        ids = [setup.node.id for setup in order]
        lines = [_upstream(setup) for setup in order[1:]]
        parents = [-1, *(ids.index(line.id) for line in lines), *(ids.index(node) for node, _ in silent)]
        into = [np.inf, *(line.import_limit_kw for line in lines), *(one.export_limit_kw for _, one in silent)]
        out_of = [np.inf, *(line.export_limit_kw for line in lines), *(one.import_limit_kw for _, one in silent)]
        losses = [0.0, *(line.full_load_loss for line in lines), *(one.full_load_loss for _, one in silent)]
        ids += [one.id for _, one in silent]
        return cls(tuple(order), silent, NodeTree.of(ids, parents, into, out_of, losses))

    def cleared(self, start: datetime, end: datetime) -> NetworkRun:
        """Clear all markets whose delivery lies between two times.

        Parameters
        ----------
        start, end : datetime
            Starts of two deliveries of the dominant series.

        Raises
        ------
        InvalidValue
            If these are no whole intervals of every series, or if a node has devices: they keep a state.

        Notes
        -----
        All nodes share the plan of the first. Assets are asked once for each series, for all its intervals together,
        with its default price as the price to expect.
        """
        if living := [setup.node.id for setup in self.setups if setup.devices is not None]:
            raise InvalidValue(f"the devices of {', '.join(living)} keep a state; let the nodes live instead")
        plans = self.setups[0].series[0].plan.chain
        return NetworkRun(self, tuple(self._together(_market(plan, start, end)) for plan in plans))

    def _together(self, market: Market) -> ClearedTree:
        expected = np.full(len(market.intervals), market.rules.default_price)
        fleets = [setup.scheduling.local(market, expected) for setup in self.setups]
        fleets += [self._silent(node, one, market) for node, one in self.silent]
        member_of = np.repeat(np.arange(len(fleets)), [len(fleet) for fleet in fleets])
        return ClearedTree(market, member_of, clear_nested(self.tree, fleets, member_of))

    def _silent(self, node: str, neighbor: Neighbor, market: Market) -> Curves:
        scheduling = next(setup.scheduling for setup in self.setups if setup.node.id == node)
        curve = scheduling.default(neighbor.id, market) or neighbor.default
        intervals = len(market.intervals)
        if curve is None:
            return Curves.inelastic(np.zeros((1, intervals)))
        return curve if curve.intervals == intervals else curve[:, np.zeros(intervals, dtype=np.int64)]


@dataclass(frozen=True, slots=True, eq=False)
class ClearedTree:
    """All markets of one series as one.

    Parameters
    ----------
    market : Market
        One market with all their intervals.
    member_of : array of int, shape (n,)
        Node of each asset.
    clearing : NestedClearing
        Prices and powers.
    """

    market: Market
    member_of: NDArray[np.int64]
    clearing: NestedClearing


@dataclass(frozen=True, slots=True, eq=False)
class NetworkRun:
    """What a network settled on over a stretch of time.

    Parameters
    ----------
    network : WholeNetwork
        The network.
    series : tuple of ClearedTree
        Its series, the dominant one first.
    """

    network: WholeNetwork
    series: tuple[ClearedTree, ...]

    def prices(self, node: str) -> Mapping[str, Floats]:
        """Return the prices of a node by series [currency/kWh], each of shape (T,)."""
        at = self._index(node)
        return {one.market.rules.series: one.clearing.price[at] for one in self.series}

    def markets(self, node: str) -> tuple[ClearedMarket, ...]:
        """Return what each series changed at a node: its assets, then its lines in the order of its neighbors."""
        at, cleared = self._index(node), list[ClearedMarket]()
        for one in self.series:
            powers = np.vstack([one.clearing.powers_kw[one.member_of == at], self._lines_kw(one.clearing, at)])
            cleared.append(cleared_in_all(one.market, powers, one.clearing.price[at], cleared))
        return tuple(cleared)

    def settled(self, node: str) -> ChainSettlement:
        """Return energy and money of all that is joined to a node, if everybody delivers what was cleared last."""
        markets = self.markets(node)
        last = markets[-1]
        delivered = committed_w(markets[:-1], last.intervals, len(last.changes_w)) + last.changes_w
        return settle_chain(markets, delivered, last.intervals)

    def _lines_kw(self, clearing: NestedClearing, node: int) -> list[Floats]:
        """Return the power into a node over each of its lines [kW]."""
        tree, imported, exported = self.network.tree, clearing.imported_kw(), clearing.exported_kw()
        if node >= len(self.network.setups):
            return [imported[node]]
        others = [tree.ids.index(neighbor.id) for neighbor in self.network.setups[node].node.neighbors]
        return [imported[node] if tree.parent[node] == other else exported[other] for other in others]

    def _index(self, node: str) -> int:
        if node not in self.network.tree.ids:
            raise UnknownParty(f"no node {node!r}; there are {list(self.network.tree.ids)}")
        return self.network.tree.ids.index(node)


def _from_the_top(by_name: Mapping[str, NodeSetup]) -> Iterator[NodeSetup]:
    """Yield each node after the one above it."""
    waiting = dict(by_name)
    above = {name: _parent(setup) for name, setup in waiting.items()}
    ready = [name for name, parent in above.items() if parent is None]
    if len(ready) != 1:
        raise BrokenTree(f"expected one node without a transactive neighbor upstream; found {ready}")
    while ready:
        name = ready.pop(0)
        yield waiting.pop(name)
        ready += [one for one in waiting if above[one] == name]
    if waiting:
        raise BrokenTree(f"nodes that hang together with no other: {sorted(waiting)}")


def _parent(setup: NodeSetup) -> str | None:
    above = [one.id for one in setup.node.directed(Direction.UPSTREAM) if one.transactive]
    if len(above) > 1:
        raise BrokenTree(f"{setup.node.id!r} has several transactive neighbors upstream: {above}")
    return above[0] if above else None


def _upstream(setup: NodeSetup) -> Neighbor:
    return setup.node.neighbor(str(_parent(setup)))


def _market(plan: SeriesPlan, start: datetime, end: datetime) -> Market:
    """Return one market in place of all that deliver between two times."""
    intervals, rest = divmod(end - start, plan.rules.timing.interval_duration)
    if rest or intervals < 1:
        raise InvalidValue(f"from {start} to {end} are no whole intervals of {plan.rules.series}")
    return plan.together(start, intervals)
