"""The block auction: time of the best set of blocks, of the greedy one, and how far greedy may be from the best.

A day of 24 hours. In each, 50 simple limit orders up to 50 steps, half buyers, half sellers, prices 0 to 400. Blocks
buy or sell 20 to 120 steps in 1 to 8 hours in a row at one limit between 120 and 280. The gap is what the linear
relaxation leaves open; where the best set is known, the last column is what greedy really loses.
"""

from __future__ import annotations

from random import Random

from micromarket.markets.auctions.block_auction import clear_blocks
from micromarket.markets.auctions.block_book import BlockBook, Leg
from timing import duration, median_of, table

HOURS = 24
EXACT = (4, 8, 16)
GREEDY = (300, 1_000)


def book(blocks: int) -> BlockBook:
    random = Random(blocks)
    orders = [
        [(random.randint(0, 400), random.choice((-1, 1)) * random.randint(1, 50)) for _ in range(50)]
        for _ in range(HOURS)
    ]
    return BlockBook.of(orders, [block(random) for _ in range(blocks)])


def block(random: Random) -> list[Leg]:
    start, price, power = random.randrange(HOURS), random.randint(120, 280), random.randint(20, 120)
    side = random.choice((-1, 1))
    return [Leg(hour, price, side * power) for hour in range(start, min(HOURS, start + random.randint(1, 8)))]


def row(count: int) -> dict[str, object]:
    day = book(count)
    good = clear_blocks(day, 0)
    found: dict[str, object] = {"blocks": count, "greedy": duration(median_of(lambda: clear_blocks(day, 0), 3))}
    found |= {"accepted": len(good.accepted), "gap": f"{good.gap / good.gain:.2%}", "exact": "-", "loses": "-"}
    if count in EXACT:
        best = clear_blocks(day, count)
        found["exact"] = duration(median_of(lambda: clear_blocks(day, count), 1))
        found["loses"] = f"{1 - good.gain / best.gain:.2%}"
    return found


if __name__ == "__main__":
    table([row(count) for count in (*EXACT, *GREEDY)], "Block auction of a day")
