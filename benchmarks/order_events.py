"""Seeded files of order events in the shapes that the matching benchmark measures.

Raw words of PCG64 and integer arithmetic only, so a seed gives the same bytes on every machine. A book runs along, so
that cancels aim at orders that stand; two in a hundred aim at any, gone or not.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from micromarket.kernels.matching import EVENT, Book, Kind
from micromarket.kernels.order_records import Records

MOST_AT_A_TIME = 1 << 16


@dataclass(frozen=True, slots=True)
class Shape:
    """What a file of events looks like.

    Parameters
    ----------
    instruments : int
        Number of instruments.
    passive, cancel, immediate, all_or_none, replace : int
        Share of each kind [%]; what is missing to 100 crosses.
    depth : int
        Mean distance of a passive order from the middle [ticks].
    drift : int
        The middle moves by a tick in one of `drift` events of its instrument.
    middle : int
        Where the middle starts [ticks].
    largest : int
        Largest quantity of a crossing order; of others 10 [lots].
    """

    instruments: int
    passive: int = 55
    cancel: int = 35
    immediate: int = 0
    all_or_none: int = 0
    replace: int = 0
    depth: int = 8
    drift: int = 64
    middle: int = 10_000
    largest: int = 24


SHAPES = {
    "base": Shape(96),
    "single": Shape(1),
    "deep": Shape(1, 62, 35, depth=400),
    "wide": Shape(35_040),
    "sweep": Shape(96, 70, 20, drift=4, largest=80),
    "ext": Shape(96, 45, 25, 6, 4, 14),
    "negative": Shape(96, 45, 25, 6, 4, 14, middle=0),
}


class _Words:
    """Raw 64-bit words, and whole numbers made of them."""

    def __init__(self, seed: int) -> None:
        self._bits = np.random.PCG64(seed)
        self._words: list[int] = []

    def below(self, bound: int) -> int:
        """Return a whole number from 0 to `bound` - 1."""
        if not self._words:
            self._words = self._bits.random_raw(MOST_AT_A_TIME).tolist()
        return (self._words.pop() >> 32) * bound >> 32

    def distance(self, mean: int) -> int:
        """Return a distance of at least 1, about `mean` more on average, small ones most often."""
        return 1 + self.below(1 + self.below(4 * mean))


def generate(shape: Shape, count: int, seed: int = 1) -> Records:
    """Return `count` events of a shape.

    Parameters
    ----------
    shape : Shape
        What they look like.
    count, seed : int
        How many, and which.
    """
    writer = _Writer(shape, seed)
    return np.array([writer.event() for _ in range(count)], dtype=EVENT)


class _Writer:
    """Writes one event after another, each fitting the book that the ones before it left."""

    def __init__(self, shape: Shape, seed: int) -> None:
        self._shape, self._words, self._book = shape, _Words(seed), Book()
        self._middles = [shape.middle] * shape.instruments
        self._entered: list[int] = []
        self._next_id = 1
        kinds = (Kind.CANCEL, Kind.REPLACE, None, Kind.IOC, Kind.AON, Kind.NEW)
        shares = (shape.cancel, shape.replace, shape.passive, shape.immediate, shape.all_or_none)
        self._kinds = [
            kind for kind, share in zip(kinds, (*shares, 100 - sum(shares)), strict=True) for _ in range(share)
        ]

    def event(self) -> tuple[int, int, int, int, int, int, int]:
        """Return the fields of the next event."""
        shape, words = self._shape, self._words
        kind, instrument, side = self._kinds[words.below(100)], words.below(shape.instruments), words.below(2)
        if words.below(shape.drift) == 0:
            self._middles[instrument] += 2 * words.below(2) - 1
        if kind in (Kind.CANCEL, Kind.REPLACE) and self._entered:
            return self._change(kind)
        if kind in (Kind.CANCEL, Kind.REPLACE, None):
            return self._enter(Kind.NEW, instrument, side, -words.distance(shape.depth), 10)
        return self._enter(kind, instrument, side, 2 + words.below(4), shape.largest)

    def _enter(self, kind: Kind, instrument: int, side: int, beyond: int, largest: int) -> tuple[int, ...]:
        price = self._middles[instrument] + (beyond if side == 0 else -beyond)
        quantity, order_id = 1 + self._words.below(largest), self._next_id
        self._book.add(instrument, side, price, quantity, order_id, int(kind))
        if kind == Kind.NEW:
            self._entered.append(order_id)
        self._next_id += 1
        return int(kind), side, 0, instrument, price, quantity, order_id

    def _change(self, kind: Kind) -> tuple[int, ...]:
        order_id = self._pick(late=self._words.below(50) == 0)
        instrument, side, price, quantity = self._book.order(order_id) or (0, 0, self._middles[0], 1)
        if kind == Kind.CANCEL:
            self._book.cancel(order_id)
            return int(kind), side, 0, instrument, price, quantity, order_id
        price += self._words.below(5) - 2
        quantity = 1 + self._words.below(12)
        self._book.replace(order_id, price, quantity)
        return int(kind), side, 0, instrument, price, quantity, order_id

    def _pick(self, late: bool) -> int:
        entered = self._entered
        while True:
            place = self._words.below(len(entered))
            order_id = entered[place]
            if late or self._book.remaining(order_id) or len(entered) == 1:
                return order_id
            entered[place] = entered[-1]
            entered.pop()


if __name__ == "__main__":
    for name, shape in SHAPES.items():
        generate(shape, 1_000_000).tofile(Path(f"{name}.events"))
