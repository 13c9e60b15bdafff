"""The block auction: simple orders and all-or-none blocks over several intervals clear together, one price each.

Rules, in this order:

1. Simple orders are in balance at the prices: a better limit is served wholly, a worse one not at all.
2. An accepted block is matched wholly in all its intervals, and at the prices its legs together do not lose. No block
   is accepted paradoxically.
3. All gain as much as possible together: what buyers would pay less what sellers ask.
4. Of sets of blocks that gain as much, the one that has the oldest block in which they differ.
5. Prices are whole steps, nearest to the middle of the stretch that balances, rounded down; where that would let a
   block lose, the nearest that do not, the first interval first, the lower of two. They end a step beyond all limits.

A block may stay out that would gain at the prices, for with it there were other prices: it is rejected
paradoxically, and named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import floor
from typing import ClassVar

from micromarket.domain.ids import InstrumentId, OrderId
from micromarket.domain.orders import Execution, Order, Vertex
from micromarket.domain.products import Steps
from micromarket.errors import MissingExtra, NotSupported
from micromarket.markets import snapshots
from micromarket.markets.admission import EVERYWHERE, Objection, Register, RegisterRule, crosses, one_side
from micromarket.markets.auctions import block_program
from micromarket.markets.auctions.block_book import Block, BlockBook, Leg, block_gain, powers_at
from micromarket.markets.auctions.block_program import BlockProgram, PriceProgram, Relaxation
from micromarket.markets.auctions.call_auction import limit_alone, steps_of
from micromarket.markets.mechanism import (
    Awarded,
    Cleared,
    OrderAccepted,
    OrderKind,
    OrderRefused,
    OrderRemoved,
    Outcome,
)
from micromarket.markets.standing import CallMechanism, block_refusal

EXACT_UP_TO = 16
"""Blocks up to which the best set is searched for; beyond, a good one and how far it may be from the best."""

PATIENCE = 100
"""Sets of greatest gain that are tried before the program is told what prices are."""
PARADOXICAL = "paradoxically rejected"
"""Why a block was removed that would gain at the prices."""


@dataclass(frozen=True, slots=True)
class BlockClearing:
    """Prices of a block auction, and which blocks are accepted.

    Parameters
    ----------
    prices : tuple of int, shape (T,)
        One price an interval [price steps].
    accepted : tuple of int
        Blocks that are matched.
    paradoxical : tuple of int
        Blocks that are not, though they would gain at the prices.
    gain : int
        What all gain together [price steps times quantity steps].
    bound : int
        What no set of blocks exceeds; the gain itself if it is known to be the best.
    """

    prices: tuple[int, ...]
    accepted: tuple[int, ...]
    paradoxical: tuple[int, ...]
    gain: int
    bound: int

    @property
    def gap(self) -> int:
        """Gain that the best set of blocks may have beyond this one; 0 if this is the best."""
        return self.bound - self.gain


def clear_blocks(book: BlockBook, exact_up_to: int = EXACT_UP_TO) -> BlockClearing:
    """Return the clearing of a book: the best one, or beyond so many blocks a good one with its gap.

    Raises
    ------
    MissingExtra
        If there are blocks and highspy is not installed.

    Notes
    -----
    The best set comes from an integer program. It works in floating point, so each of its answers is checked in whole
    numbers, and one that fails is excluded by name; what it overlooks for want of precision stays overlooked.

    The good set takes blocks one by one, those first that gain most for their quantity at the prices of the linear
    relaxation, and keeps each with which all gain more and no block loses. The relaxation is the bound.
    """
    if not book.blocks:
        return _settled(book, [])
    if len(book.blocks) <= exact_up_to:
        return _settled(book, _best(book))
    relaxation = Relaxation(book)
    bound = relaxation.gain()
    return _settled(book, _good(book, relaxation.prices()), floor(bound + 1e-9 * abs(bound) + 1e-6))


def _settled(book: BlockBook, accepted: Sequence[int], bound: int | None = None) -> BlockClearing:
    prices = _prices(book, accepted)
    gain = book.gain(accepted)
    out = [number for number in range(len(book.blocks)) if number not in set(accepted)]
    lost = tuple(number for number in out if block_gain(book.blocks[number], prices or ()) > 0)
    return BlockClearing(tuple(prices or ()), tuple(accepted), lost, gain, max(gain, bound or gain))


def _prices(book: BlockBook, accepted: Sequence[int]) -> list[int] | None:
    """Return prices by rule 5; None if with those blocks some interval does not balance, or some block loses."""
    if (stretches := book.stretches(accepted)) is None:
        return None
    middles = [(low + high) // 2 for low, high in stretches]
    blocks = [book.blocks[number] for number in accepted]
    if all(block_gain(block, middles) >= 0 for block in blocks):
        return middles
    if any(_most(block, stretches) < 0 for block in blocks):
        return None
    return PriceProgram(stretches, blocks).nearest(middles)


def _most(block: Block, stretches: Sequence[tuple[int, int]]) -> int:
    """Return the most that a block can gain within stretches of prices."""
    return block_gain(block, [0] * len(stretches)) + sum(
        max(leg.power * end for end in stretches[leg.interval]) for leg in block
    )


def _best(book: BlockBook) -> list[int]:
    """Return the best set of blocks: by gain, then the oldest in."""
    program, relaxation = BlockProgram(book), Relaxation(book)
    best = _checked(book, program)
    program.demand(book.gain(best))
    for number in range(len(book.blocks)):
        if number not in best and relaxation.could_gain(number, book.gain(best)):
            program.fix(number, 1, 1)
            other = _checked(book, program)
            best = other if other and book.gain(other) >= book.gain(best) else best
        held = int(number in best)
        program.fix(number, held, held)
    return best


def _checked(book: BlockBook, program: BlockProgram) -> list[int]:
    """Return the program's best set that stands up to whole numbers; empty if none does."""
    tries = 0
    while (found := program.best()) is not None:
        if _prices(book, found) is not None:
            return found
        program.forbid(found)
        tries += 1
        if tries == PATIENCE:
            program.ask_for_prices()
    return []


def _good(book: BlockBook, prices: Sequence[float]) -> list[int]:
    """Return a set of blocks that was put together one by one."""

    def rate(number: int) -> float:
        block = book.blocks[number]
        gain = sum(leg.power * (prices[leg.interval] - leg.price) for leg in block)
        return round(gain / sum(abs(leg.power) for leg in block), 6)

    accepted: list[int] = []
    gain = book.gain(accepted)
    for number in sorted(range(len(book.blocks)), key=lambda number: (-rate(number), number)):
        tried = sorted([*accepted, number])
        if book.stretches(tried) is not None and book.gain(tried) > gain and _prices(book, tried) is not None:
            accepted, gain = tried, book.gain(tried)
    return accepted


def limit_or_block(order: Order, register: Register) -> Objection | None:
    """Refuse what is not a limit order, every term but an expiry and all-or-none, and that where no solver is."""
    whole = order.terms.execution is Execution.ALL_OR_NONE
    if whole and block_program.highspy is None:
        return Objection(MissingExtra, block_program.MISSING)
    plain = replace(order.terms, execution=Execution.STANDING) if whole else order.terms
    return limit_alone(replace(order, terms=plain), register)


class BlockAuction(CallMechanism):
    """The block auction as a mechanism: all intervals clear together when it is told to, then all orders are let go.

    An all-or-none order is a block of one interval; `submit_block` links several. An order's place in time is its
    arrival, a block's that of its first leg.

    Parameters
    ----------
    instrument_ids : sequence of InstrumentId
        What it trades: the intervals.
    exact_up_to : int, optional
        Blocks up to which the best set is searched for.
    """

    name: ClassVar[str] = "block_auction"
    version: ClassVar[int] = 2
    takes: ClassVar[frozenset[OrderKind]] = frozenset({OrderKind.LIMIT})
    rules: ClassVar[tuple[RegisterRule, ...]] = (*EVERYWHERE, one_side, limit_or_block)

    def __init__(self, instrument_ids: Sequence[InstrumentId], exact_up_to: int = EXACT_UP_TO) -> None:
        super().__init__(instrument_ids)
        self._exact_up_to = exact_up_to
        self._links: dict[OrderId, tuple[OrderId, ...]] = {}
        self.clearing: BlockClearing | None = None
        """The last clearing, for its gain, gap and paradoxically rejected blocks; no part of the state."""

    def submit_block(self, orders: Sequence[Order]) -> list[Outcome]:
        """Hold limit orders for several instruments that are matched all together and wholly, or not at all.

        Their limits count together: at the prices the block as a whole must not lose, a single leg may. If one leg is
        refused, all are; if one is cancelled or over, all go.
        """
        if orders and all(self._memory.seen.get(order.order_id) == order for order in orders):
            return [OrderAccepted(order.order_id) for order in orders]
        if (refusal := block_refusal(orders, self._memory.seen, self._judged_leg)) is not None:
            return [replace(refusal, order_id=order.order_id) for order in orders]
        legs = tuple(order.order_id for order in orders)
        for order in orders:
            self._memory.seen[order.order_id] = order
            self.hold(order)
        self._links.update(dict.fromkeys(legs, legs))
        return [OrderAccepted(order_id) for order_id in legs]

    def _judged_leg(self, order: Order) -> OrderRefused | None:
        """Return why an order cannot be a leg: that of a block is taken whole, whatever its own terms say."""
        return self.judged(replace(order, terms=replace(order.terms, execution=Execution.ALL_OR_NONE)))

    def amend(self, order_id: OrderId, vertices: Sequence[Vertex]) -> list[Outcome]:
        """Give a held order other vertices; a leg of a block is refused with `NotSupported`."""
        if len(self._links.get(order_id, ())) > 1:
            return [OrderRefused(order_id, NotSupported, "a leg of a block cannot be amended")]
        return super().amend(order_id, vertices)

    def hold(self, order: Order) -> None:
        """Hold an order, behind all that are held already."""
        super().hold(order)
        if order.terms.execution is Execution.ALL_OR_NONE:
            self._links.setdefault(order.order_id, (order.order_id,))

    def uncross(self, books: dict[InstrumentId, list[Order]]) -> Iterator[Outcome]:
        """Clear all instruments together by `clear_blocks`."""
        blocks, self._links = list(dict.fromkeys(self._links.values())), {}
        self.clearing = clear_blocks(_book_of(books, blocks), self._exact_up_to)
        whole = {leg for number in self.clearing.accepted for leg in blocks[number]}
        lost = {leg for number in self.clearing.paradoxical for leg in blocks[number]}
        legs = {leg for block in blocks for leg in block}
        for price, (instrument_id, orders) in zip(self.clearing.prices, books.items(), strict=True):
            simple = [order for order in orders if order.order_id not in legs]
            powers = {order.order_id: _power(order) for order in orders if order.order_id in whole}
            given = sum(powers.values())
            imbalance = sum(_power(order) for order in simple if crosses(order, Steps(price))) + given
            found = powers_at(_pairs(simple), price, given)
            powers |= {order.order_id: power for order, power in zip(simple, found, strict=True)}
            yield Cleared(instrument_id, float(price), float(imbalance))
            for order in orders:
                if power := powers.get(order.order_id):
                    yield Awarded(order.order_id, Steps(price), Steps(power))
            for order in orders:
                yield OrderRemoved(order.order_id, PARADOXICAL if order.order_id in lost else "cleared")

    def snapshot(self) -> bytes:
        """Return the whole state."""
        links = [list(each) for each in dict.fromkeys(self._links.values())]
        return snapshots.to_bytes(self.name, self.version, {"links": links, "orders": super().snapshot().decode()})

    def restore(self, snapshot: bytes) -> None:
        """Take over the state of a snapshot."""
        state = snapshots.from_bytes(self.name, self.version, snapshot)
        super().restore(state["orders"].encode())
        self._links = {leg: tuple(legs) for legs in state["links"] for leg in legs}

    def _remove(self, order_ids: Iterable[OrderId], reason: str) -> list[Outcome]:
        """Let go of orders and of those they are linked with."""
        legs = [leg for order_id in order_ids for leg in self._links.get(order_id, (order_id,))]
        return super()._remove(list(dict.fromkeys(legs)), reason)

    def _release(self, order_id: OrderId) -> None:
        self._links.pop(order_id, None)
        super()._release(order_id)


def _book_of(books: dict[InstrumentId, list[Order]], blocks: Sequence[Sequence[OrderId]]) -> BlockBook:
    places = {instrument_id: interval for interval, instrument_id in enumerate(books)}
    legs = {leg for block in blocks for leg in block}
    simple = [[order for order in orders if order.order_id not in legs] for orders in books.values()]
    named = {order.order_id: order for orders in books.values() for order in orders if order.order_id in legs}
    linked = [[named[leg] for leg in block] for block in blocks]
    return BlockBook.of(
        [_pairs(orders) for orders in simple],
        [[Leg(places[each.instrument_id], int(each.vertices[0].price), _power(each)) for each in b] for b in linked],
    )


def _pairs(orders: Sequence[Order]) -> list[tuple[int, int]]:
    return list(zip(*steps_of(orders), strict=True))


def _power(order: Order) -> int:
    return int(order.vertices[0].power + order.vertices[-1].power)
