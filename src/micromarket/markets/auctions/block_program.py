"""The integer programs of the block auction, solved by HiGHS (extra `opt`).

With its blocks fixed, an auction is a linear program whose dual variables are prices. That accepted blocks lose
nothing at the prices is stated in the same program by demanding that primal and dual values be equal (strong
duality): what an accepted block gains is then what its dual variable says, and that is not negative.

Source: M. Madani, M. Van Vyve, "Computationally efficient MIP formulation and algorithms for European day-ahead
electricity market auctions", European Journal of Operational Research 242 (2015), section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from micromarket.errors import MissingExtra
from micromarket.markets.auctions.block_book import Block, BlockBook, block_gain

highspy: Any
try:
    import highspy
except ImportError:  # the extra is not installed; blocks are then refused by that name
    highspy = None

MISSING = "blocks need highspy: pip install 'micromarket[opt]'"


def solver() -> Any:
    """Return a silent, exact, deterministic solver.

    Raises
    ------
    MissingExtra
        If highspy is not installed.
    """
    if highspy is None:
        raise MissingExtra(MISSING)
    options = {"output_flag": False, "threads": 1, "presolve": "off", "mip_heuristic_effort": 0.0}
    tolerances = {"mip_rel_gap": 0.0, "mip_abs_gap": 0.5, "mip_feasibility_tolerance": 1e-9}
    highs = highspy.Highs()
    for option, value in (options | tolerances).items():
        highs.setOptionValue(option, value)
    return highs


class Relaxation:
    """The most that could be gained if blocks could be taken in part and none needed to gain anything.

    Parameters
    ----------
    book : BlockBook
        Orders and blocks.
    """

    def __init__(self, book: BlockBook) -> None:
        self._worth = sum(ladder.worth for ladder in book.ladders)
        self._highs = solver()
        self._accept = [self._highs.addVariable(0, 1) for _ in book.blocks]
        self._cost, self._rows = _primal(self._highs, book, self._accept)
        self._highs.minimize(self._cost)

    def gain(self) -> float:
        """Return a gain that no set of blocks exceeds."""
        return float(self._worth - self._highs.getObjectiveValue())

    def prices(self) -> list[float]:
        """Return prices that prove it."""
        return [self._highs.getSolution().row_dual[row.index] for row in self._rows]

    def could_gain(self, number: int, gain: float) -> bool:
        """Return whether as much could be gained with one of the blocks, in so far as this program can tell."""
        column = self._accept[number].index
        self._highs.changeColBounds(column, 1, 1)
        self._highs.run()
        solved = self._highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
        found = solved and self.gain() >= gain - 1e-9 * abs(gain) - 1e-6
        self._highs.changeColBounds(column, 0, 1)
        return found


def _primal(highs: Any, book: BlockBook, accept: Sequence[Any]) -> tuple[Any, list[Any]]:
    """Add what simple orders give; return the cost (what buyers are worth in all, less the gain) and the balances."""
    places = [highs.expr() for _ in book.ladders]
    cost, rows = highs.expr(), []
    for taken, block in zip(accept, book.blocks, strict=True):
        for leg in block:
            places[leg.interval] += leg.power * taken
            cost += leg.power * leg.price * taken
    for place, ladder in zip(places, book.ladders, strict=True):
        parts = [highs.addVariable(0, width) for width in ladder.widths]
        rows.append(highs.addConstr(place + sum(parts, highs.expr()) == ladder.wanted))
        cost += sum((limit * part for limit, part in zip(ladder.limits, parts, strict=True)), highs.expr())
    return cost, rows


class BlockProgram:
    """Which blocks to accept, so that the gain is greatest and, once asked, none of them loses.

    Parameters
    ----------
    book : BlockBook
        Orders and blocks.
    """

    def __init__(self, book: BlockBook) -> None:
        self._book, self._highs = book, solver()
        self._accept = [self._highs.addBinary() for _ in book.blocks]
        self._cost, _ = _primal(self._highs, book, self._accept)
        self._has_prices = False

    def ask_for_prices(self) -> None:
        """Ask for prices at which no accepted block loses; before, the program finds the greatest gain alone.

        The program becomes much larger, so it pays to try first whether a few of the best sets happen to have prices.
        """
        if not self._has_prices:
            self._highs.addConstr(self._cost + self._dual() <= 0)
        self._has_prices = True

    def _dual(self) -> Any:
        """Add prices and what each block and each step gains at them; return the dual value."""
        prices = [self._highs.addVariable(ladder.low, ladder.high) for ladder in self._book.ladders]
        value = self._highs.expr()
        for price, ladder in zip(prices, self._book.ladders, strict=True):
            value += -ladder.wanted * price
            for limit, width in zip(ladder.limits, ladder.widths, strict=True):
                rent = self._highs.addVariable(0)
                self._highs.addConstr(rent - price >= -limit)
                value += width * rent
        for taken, block in zip(self._accept, self._book.blocks, strict=True):
            rent, most = self._highs.addVariable(0), self._most(block)
            gain = sum(leg.power * prices[leg.interval] for leg in block)
            self._highs.addConstr(rent - gain - most * taken >= -most - sum(leg.power * leg.price for leg in block))
            value += rent
        return value

    def _most(self, block: Block) -> int:
        """Return the most that a block can gain at any prices."""
        return sum(max(leg.power * (end - leg.price) for end in self._ends(leg.interval)) for leg in block)

    def _ends(self, interval: int) -> tuple[int, int]:
        return self._book.ladders[interval].low, self._book.ladders[interval].high

    def best(self) -> list[int] | None:
        """Return the blocks of the greatest gain under all that was asked so far; None if none will do."""
        self._highs.minimize(self._cost)
        if self._highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        return [number for number, taken in enumerate(self._accept) if self._highs.val(taken) > 0.5]

    def forbid(self, accepted: Sequence[int]) -> None:
        """Ask for any other set of blocks than this one."""
        chosen = set(accepted)
        others = [each if i not in chosen else -each for i, each in enumerate(self._accept)]
        self._highs.addConstr(sum(others, self._highs.expr()) >= 1 - len(chosen))

    def demand(self, gain: int) -> None:
        """Ask for no less gain than that."""
        worth = sum(ladder.worth for ladder in self._book.ladders)
        self._highs.addConstr(self._cost <= worth - gain + 0.25)

    def fix(self, number: int, low: int, high: int) -> None:
        """Ask that a block be in (1, 1), out (0, 0) or either (0, 1)."""
        self._highs.changeColBounds(self._accept[number].index, low, high)


class PriceProgram:
    """Whole prices, each within its stretch, at which no accepted block loses.

    Parameters
    ----------
    stretches : sequence of (int, int)
        Lowest and highest price of every interval [price steps].
    blocks : sequence of Block
        Those that are accepted.
    """

    def __init__(self, stretches: Sequence[tuple[int, int]], blocks: Sequence[Block]) -> None:
        self._highs = solver()
        self._stretches, self._blocks = list(stretches), blocks
        self._prices = [self._highs.addIntegral(low, high) for low, high in stretches]
        for block in blocks:
            gain = sum(leg.power * self._prices[leg.interval] for leg in block)
            self._highs.addConstr(gain >= sum(leg.power * leg.price for leg in block))

    def nearest(self, middles: Sequence[int]) -> list[int] | None:
        """Return the prices nearest to the middles, the first interval first, the lower of two; None if none."""
        if self._any() is None:
            return None
        for interval, middle in enumerate(middles):
            low, high = self._stretches[interval]
            below, above = self._end(interval, low, middle, -1), self._end(interval, middle, high, 1)
            nearer = [each for each in (below, above) if each is not None]
            chosen = min((abs(each - middle), each) for each in nearer)[1]
            self._bound(interval, chosen, chosen)
        return self._any()

    def _end(self, interval: int, low: int, high: int, sign: int) -> int | None:
        """Return the lowest price (sign 1) or the highest (-1) between two that will do."""
        self._bound(interval, low, high)
        self._highs.changeColCost(self._prices[interval].index, float(sign))
        found = self._any()
        self._highs.changeColCost(self._prices[interval].index, 0.0)
        return None if found is None else found[interval]

    def _bound(self, interval: int, low: int, high: int) -> None:
        self._highs.changeColBounds(self._prices[interval].index, low, high)

    def _any(self) -> list[int] | None:
        self._highs.run()
        if self._highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        prices = [round(self._highs.val(price)) for price in self._prices]
        return prices if all(block_gain(block, prices) >= 0 for block in self._blocks) else None
