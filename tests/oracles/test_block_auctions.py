"""The block auction against brute force: every subset of blocks at all whole prices, in very many small books."""

from itertools import combinations, product
from random import Random

import pytest

from micromarket.markets.auctions import block_auction
from micromarket.markets.auctions.block_auction import clear_blocks
from micromarket.markets.auctions.block_book import BlockBook, Leg, powers_at


def in_balance(orders, price, given):
    """Return whether simple orders balance what blocks give: better limits wholly, worse not at all."""
    sure = sum(power for each, power in orders if (each < price if power > 0 else each > price))
    perhaps = [power for each, power in orders if each == price]
    least = sure + sum(power for power in perhaps if power < 0)
    most = sure + sum(power for power in perhaps if power > 0)
    return least <= -given <= most


def brute_force(orders, blocks):
    """Return gain and set of the best subset of blocks, by trying all of them at all whole prices."""
    limits = [price for each in orders for price, _ in each] + [leg.price for each in blocks for leg in each]
    every_price = range(min(limits) - 1, max(limits) + 2)
    best = None
    for size in range(len(blocks) + 1):
        for chosen in combinations(range(len(blocks)), size):
            for prices in product(every_price, repeat=len(orders)):
                legs = [leg for number in chosen for leg in blocks[number]]
                given = [sum(leg.power for leg in legs if leg.interval == t) for t in range(len(orders))]
                lose = any(
                    sum(leg.power * (prices[leg.interval] - leg.price) for leg in blocks[i]) < 0 for i in chosen
                )
                if lose or not all(map(in_balance, orders, prices, given)):
                    continue
                gain = sum(
                    power * (prices[t] - price)
                    for t, each in enumerate(orders)
                    for price, power in each
                    if power * (prices[t] - price) > 0
                ) + sum(leg.power * (prices[leg.interval] - leg.price) for leg in legs)
                rank = gain, [-(number not in chosen) for number in range(len(blocks))]
                best = rank if best is None or rank > best else best
    return best[0], [number for number, out in enumerate(best[1]) if not out]


def random_book(random, intervals, blocks):
    """Return simple orders of each interval, and blocks."""
    orders = [
        [(random.randint(-3, 3), random.choice((-1, 1)) * random.randint(1, 5)) for _ in range(random.randint(0, 4))]
        for _ in range(intervals)
    ]
    linked = []
    for _ in range(blocks):
        where = sorted(random.sample(range(intervals), random.randint(1, intervals)))
        sign = random.choice((-1, 1))
        turn = random.random() < 0.2
        linked.append(
            [
                Leg(t, random.randint(-3, 3), (-sign if turn and t == where[0] else sign) * random.randint(1, 6))
                for t in where
            ]
        )
    return orders, linked


def holds(orders, blocks, found):
    """Return whether simple orders are in balance and no accepted block loses."""
    legs = [leg for number in found.accepted for leg in blocks[number]]
    given = [sum(leg.power for leg in legs if leg.interval == t) for t in range(len(orders))]
    gains = [sum(leg.power * (found.prices[leg.interval] - leg.price) for leg in blocks[i]) for i in found.accepted]
    parts = [sum(each) for each in map(powers_at, orders, found.prices, given)]
    return (
        all(map(in_balance, orders, found.prices, given))
        and min(gains, default=0) >= 0
        and parts == [-each for each in given]
    )


@pytest.mark.parametrize("patience", [1, 100])
def test_every_subset_and_every_price(patience, oracle_events, monkeypatch):
    """The programs find the gain and the very blocks that trying everything finds; the greedy bound is one."""
    monkeypatch.setattr(block_auction, "PATIENCE", patience)
    for case in range(-(-oracle_events // 200)):
        orders, blocks = random_book(Random(f"{patience} {case}"), 1 + case % 3, 1 + case % 4)
        best, good = (clear_blocks(BlockBook.of(orders, blocks), most) for most in (4, 0))

        assert (best.gain, list(best.accepted)) == brute_force(orders, blocks), case
        assert good.gain <= best.gain <= good.bound
        assert holds(orders, blocks, best)
        assert holds(orders, blocks, good)
