"""Simple orders and blocks in whole numbers: prices at which simple orders balance given blocks, and what is gained.

Every simple order adds its quantity at its limit: a seller gives it from there on, a buyer takes it until there. So
what all of them give together, counted from where every buyer takes all, is one rising staircase (`Ladder`), and what
blocks give or take is a point on it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple


class Leg(NamedTuple):
    """The part of a block in one interval.

    Parameters
    ----------
    interval : int
        Which, counted from 0.
    price : int
        Limit [price steps].
    power : int
        Quantity [quantity steps], positive sells, negative buys.
    """

    interval: int
    price: int
    power: int


Block = Sequence[Leg]


def block_gain(block: Block, prices: Sequence[int]) -> int:
    """Return what a block gains when it is matched wholly at prices, all its legs together."""
    return sum(leg.power * (prices[leg.interval] - leg.price) for leg in block)


@dataclass(frozen=True, slots=True)
class Ladder:
    """The simple orders of one interval as a staircase.

    Parameters
    ----------
    limits : tuple of int
        Limits by rising price [price steps], each once.
    widths : tuple of int
        Quantity of all orders of each limit, unsigned [quantity steps].
    wanted : int
        Quantity of all buyers [quantity steps].
    worth : int
        What all buyers would pay at their limits [price steps times quantity steps].
    low, high : int
        Where prices end [price steps].
    """

    limits: tuple[int, ...]
    widths: tuple[int, ...]
    wanted: int
    worth: int
    low: int
    high: int

    @classmethod
    def of(cls, orders: Iterable[tuple[int, int]], low: int, high: int) -> Ladder:
        """Return the ladder of orders, each a limit and a signed power."""
        widths: Counter[int] = Counter()
        wanted = worth = 0
        for price, power in orders:
            widths[price] += abs(power)
            wanted += max(0, -power)
            worth += price * max(0, -power)
        limits = tuple(sorted(widths))
        return cls(limits, tuple(widths[each] for each in limits), wanted, worth, low, high)

    def stretch(self, given: int) -> tuple[int, int] | None:
        """Return lowest and highest price that balance when blocks give so much; None if no price does."""
        reached, place = list(accumulate(self.widths)), self.wanted - given
        if not 0 <= place <= sum(self.widths):
            return None
        first, last = bisect_left(reached, place), bisect_right(reached, place)
        low = self.low if place == 0 else self.limits[first]
        return low, self.high if last == len(self.limits) else self.limits[last]

    def gain(self, given: int) -> int:
        """Return what simple orders gain before they pay, when blocks give so much."""
        left, gain = self.wanted - given, self.worth
        for limit, width in zip(self.limits, self.widths, strict=True):
            gain -= limit * min(left, width)
            left -= min(left, width)
        return gain


@dataclass(frozen=True, slots=True)
class BlockBook:
    """Simple orders of every interval, and blocks.

    Parameters
    ----------
    ladders : tuple of Ladder
        The simple orders of each interval.
    blocks : sequence of Block
        Blocks, by arrival; a block has one leg an interval at most.
    """

    ladders: tuple[Ladder, ...]
    blocks: Sequence[Block]

    @classmethod
    def of(cls, orders: Sequence[Sequence[tuple[int, int]]], blocks: Sequence[Block]) -> BlockBook:
        """Return a book of simple orders, each a limit and a signed power, by interval, and of blocks.

        Prices end one step beyond the lowest and the highest limit of all; where nobody trades the price is 0.
        """
        limits = [price for each in orders for price, _ in each] + [leg.price for each in blocks for leg in each]
        low, high = (min(limits) - 1, max(limits) + 1) if limits else (0, 0)
        used = {leg.interval for block in blocks for leg in block}
        ends = [(low, high) if each or t in used else (0, 0) for t, each in enumerate(orders)]
        return cls(tuple(Ladder.of(each, *end) for each, end in zip(orders, ends, strict=True)), blocks)

    def given(self, accepted: Iterable[int]) -> list[int]:
        """Return what accepted blocks give in every interval [quantity steps]; negative is taken."""
        sums = [0] * len(self.ladders)
        for number in accepted:
            for leg in self.blocks[number]:
                sums[leg.interval] += leg.power
        return sums

    def _with(self, accepted: Iterable[int]) -> Iterable[tuple[Ladder, int]]:
        return zip(self.ladders, self.given(accepted), strict=True)

    def stretches(self, accepted: Iterable[int]) -> list[tuple[int, int]] | None:
        """Return the prices that balance every interval with those blocks; None if some interval cannot."""
        found = [ladder.stretch(given) for ladder, given in self._with(accepted)]
        whole = [each for each in found if each is not None]
        return whole if len(whole) == len(found) else None

    def gain(self, accepted: Sequence[int]) -> int:
        """Return what all gain together with those blocks [price steps times quantity steps]."""
        simple = sum(ladder.gain(given) for ladder, given in self._with(accepted))
        return simple - sum(leg.power * leg.price for number in accepted for leg in self.blocks[number])


def powers_at(orders: Sequence[tuple[int, int]], price: int, given: int) -> list[int]:
    """Return what each simple order gives at a price that balances, the better limit first, then the older.

    Parameters
    ----------
    orders : sequence of (int, int)
        Limit and signed power of the simple orders of one interval, by arrival.
    price : int
        A price of the stretch that balances.
    given : int
        What accepted blocks give [quantity steps].
    """
    offered = sum(power for limit, power in orders if power > 0 and limit <= price)
    wanted = sum(-power for limit, power in orders if power < 0 and limit >= price)
    bought = min(wanted, offered + given)
    left = {1: bought - given, -1: bought}
    powers = [0] * len(orders)
    for sign in (1, -1):
        for _, i in sorted((sign * limit, i) for i, (limit, power) in enumerate(orders) if sign * power > 0):
            part = min(left[sign], abs(orders[i][1]))
            powers[i] = sign * part
            left[sign] -= part
    return powers
