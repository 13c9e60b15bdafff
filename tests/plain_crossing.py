"""What crosses at one price, by trying every price: the twin of opening and closing auctions, for tests."""


def one_price(wishes, reference):
    """Return the one price of limit orders, supply less demand at it, and the part of each.

    Wishes are prices and signed powers, oldest first. Of all prices, the most volume counts, then the least surplus,
    then how near the reference is; without one, the middle of the best.
    """
    prices = [price for price, _ in wishes]
    tried = range(min(prices) - 1, max(prices) + 2)
    good = {price: volume_and_surplus(wishes, price) for price in tried}
    best = [price for price in tried if good[price] == max(good.values())]
    middle = (best[0] + best[-1]) // 2
    price = middle if reference is None else min(max(reference, best[0]), best[-1])
    supply, demand = both_sides(wishes, price)
    return price, supply - demand, parts(wishes, min(supply, demand))


def both_sides(wishes, price):
    """Return what would be sold and bought at a price."""
    sold = sum(power for limit, power in wishes if power > 0 and limit <= price)
    return sold, sum(-power for limit, power in wishes if power < 0 and limit >= price)


def volume_and_surplus(wishes, price):
    """Return how much would be matched at a price, and how little left over, negative."""
    sold, bought = both_sides(wishes, price)
    return min(sold, bought), -abs(sold - bought)


def parts(wishes, volume):
    """Return the signed part of each, better prices first, of equal ones the older, until the volume is served."""
    served = [0] * len(wishes)
    for side in (1, -1):
        left = volume
        for place in sorted(range(len(wishes)), key=lambda place: side * wishes[place][0]):
            if side * wishes[place][1] > 0:
                served[place] = side * min(left, abs(wishes[place][1]))
                left -= abs(served[place])
    return served


def oldest_of_sets(everyone):
    """Return those that take part: of every set of which at most one shall be matched, the oldest."""
    groups = [each.group for each in everyone]
    return [each for place, each in enumerate(everyone) if each.group is None or each.group not in groups[:place]]
