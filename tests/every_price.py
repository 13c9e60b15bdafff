"""The rule for curve orders as it is written, on a page, for tests: every price step, one by one."""

LOWEST, HIGHEST = -12, 12


class EveryPrice:
    """Goes through every level, at each by priority, unit by unit; shares no code with the matcher."""

    def __init__(self, volume_first):
        self.volume_first, self.count, self.book = volume_first, 0, []

    def add(self, sign, corners, persistent):
        """Return (order, price, quantity, what is left of it) of every trade."""
        number, self.count = self.count, self.count + 1
        trades = self.carry_out(self.best(sign, corners))
        used = sum(quantity for _, _, quantity, _ in trades)
        if persistent and used < corners[-1][1]:
            self.book.append([number, sign, corners, used])
        return trades

    def best(self, sign, corners):
        """Return the units taken of each order with as many of the aggressive order's segments as can be."""
        for most in sorted({quantity for _, quantity, _ in corners}, reverse=True):
            units = self.units(sign, corners, most)
            if len(units) in allowed(corners):
                return units
        return []

    def units(self, sign, corners, most):
        """Return (level, order) of every unit taken, at every level by priority."""
        rivals = [order for order in self.book if order[1] != sign]
        rivals.sort(key=lambda order: (order[3] - order[2][-1][1] if self.volume_first else 0, order[0]))
        taken, at, stopped = [], {order[0]: order[3] for order in rivals}, set()
        for level in range(LOWEST, HIGHEST + 1):
            room = min(most, offer(corners, -level)) - len(taken)
            for order in rivals:
                while room > 0 and order[0] not in stopped and at[order[0]] < offer(order[2], level):
                    need = block(order[2], at[order[0]])
                    if need > room:
                        stopped.add(order[0])
                        break
                    taken.extend([(level, order, at[order[0]] + unit) for unit in range(need)])
                    at[order[0]] += need
                    room -= need
        return taken

    def carry_out(self, units):
        """Turn units into trades: one for each segment of an order, at the level of its last unit."""
        segments = {}
        for level, order, unit in units:
            key = (order[0], next(k for k, corner in enumerate(order[2]) if corner[1] > unit))
            known = segments.get(key, (0, 0, order))
            segments[key] = (level, known[1] + 1, order)
        rank = {id(order): (order[3] - order[2][-1][1] if self.volume_first else 0, order[0]) for order in self.book}
        rows = sorted((level, rank[id(order)], key, order, n) for key, (level, n, order) in segments.items())
        trades = []
        for level, _, _, order, quantity in rows:
            order[3] += quantity
            trades.append((order[0], order[1] * level, quantity, order[2][-1][1] - order[3]))
        self.book = [order for order in self.book if order[3] < order[2][-1][1]]
        return trades

    def cancel(self, number):
        left = self.left(number)
        self.book = [order for order in self.book if order[0] != number]
        return left

    def left(self, number):
        return sum(order[2][-1][1] - order[3] for order in self.book if order[0] == number)


def offer(corners, level):
    """Return the largest whole number of units on or below the curve at a level."""
    units, from_level, from_quantity = 0, None, 0
    for to_level, to_quantity, whole in corners:
        if to_level <= level:
            units = to_quantity
        elif from_level is not None and from_level <= level and not whole:
            while (units + 1 - from_quantity) * (to_level - from_level) <= (level - from_level) * (
                to_quantity - from_quantity
            ):
                units += 1
        if to_level > level:
            break
        from_level, from_quantity = to_level, to_quantity
    return units


def block(corners, used):
    """Return the least that can be taken after `used` units."""
    _, quantity, whole = next(corner for corner in corners if corner[1] > used)
    return quantity - used if whole else 1


def allowed(corners):
    """Return every number of units at which a curve may end."""
    ends, before = {0}, 0
    for _, quantity, whole in corners:
        ends |= {quantity} if whole else set(range(before, quantity + 1))
        before = quantity
    return ends
