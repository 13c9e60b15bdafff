"""An order book by brute force, for tests: a list of orders, searched anew before every single match."""

from copy import copy

from micromarket.domain.orders import Execution


class Standing:
    """An order and what is left of it."""

    def __init__(self, order, left, arrival):
        self.order, self.left, self.arrival = order, left, arrival
        self.price = order.vertices[0].price
        self.group = (order.party_id, order.terms.one_of) if order.terms.one_of else None


class PlainBook:
    """One instrument. Outcomes are tuples: what happened, to whom, how much."""

    def __init__(self, priority, policy, owners):
        self.priority, self.policy, self.owners = priority, policy, owners
        self.standing, self.waiting, self.arrivals, self.told = [], [], 0, []

    def submit(self, order):
        """Return the outcomes of a submission."""
        self.told = [("accepted", order.order_id)]
        terms = order.terms
        if terms.post_only and self.others(order):
            return [("refused", order.order_id, "WouldMatch")]
        self.arrivals += 1
        new = Standing(order, order.quantity, self.arrivals)
        if terms.execution is Execution.ALL_OR_NONE:
            self.waiting.append(new)
        elif self.could(new) < (order.quantity if terms.execution is Execution.ALL_AT_ONCE else terms.minimum):
            self.tell("removed", order.order_id, "not matched at once")
        else:
            prevented = self.match(new)
            if prevented or not new.left:
                self.tell("removed", order.order_id, "self-trade" if prevented else "matched")
            elif terms.execution is Execution.STANDING and len(order.vertices) == 2:
                self.standing.append(new)
                self.tell("rested", order.order_id, new.left)
            else:
                self.tell("removed", order.order_id, "not matched at once")
        return self.settled()

    def cancel(self, order_id):
        """Return the outcomes of a cancellation."""
        self.told = []
        for each in [each for each in self.standing + self.waiting if each.order.order_id == order_id]:
            self.drop(each, "cancelled")
        return self.settled()

    def tell(self, *outcome):
        """Note an outcome."""
        self.told.append(outcome)

    def drop(self, each, reason):
        """Let go of an order."""
        (self.standing if each in self.standing else self.waiting).remove(each)
        self.tell("removed", each.order.order_id, reason)

    def others(self, order):
        """Return what the order crosses, in priority."""
        turn = order.side.value
        fits = [
            each
            for each in self.standing
            if each.order.side is not order.side
            and (len(order.vertices) == 1 or turn * each.price >= turn * order.vertices[0].price)
        ]
        size = -1 if self.priority == "volume" else 0
        return sorted(fits, key=lambda each: (-turn * each.price, size * each.left, each.arrival))

    def own(self, one, other):
        """Return whether two orders have one owner."""
        return self.owners.get(one.party_id, one.party_id) == self.owners.get(other.party_id, other.party_id)

    def could(self, new):
        """Return how much would be matched, by trying it on a copy."""
        trial = copy(self)
        trial.standing, trial.told = [copy(each) for each in self.standing], []
        trial.waiting = [copy(each) for each in self.waiting]
        trial.match(copy(new))
        return sum(each[4] for each in trial.told if each[0] == "matched")

    def match(self, new):
        """Match until nothing more can be; return whether the order must go for meeting its owner's."""
        while new.left and (others := self.others(new.order)):
            level = [each for each in others if each.price == others[0].price]
            mine = [each for each in level if self.policy != "allow" and self.own(new.order, each.order)]
            first = mine[0] if mine and self.priority == "pro_rata" else others[0]
            if new.group and new.group == first.group:
                self.drop(first, "self-trade")
            elif first in mine:
                if self.prevent(new, first):
                    return True
            else:
                self.trade(new, first, level)
        return False

    def prevent(self, new, stood):
        """Keep two orders of one owner apart; return whether the new one must go."""
        name, less = stood.order.order_id, min(new.left, stood.left)
        if self.policy == "cancel newest":
            return True
        if self.policy == "decrement" and stood.left > new.left:
            stood.left -= less
            self.tell("reduced", name, less, stood.left)
            return True
        self.drop(stood, "self-trade")
        if self.policy == "decrement":
            new.left -= less
            if new.left:
                self.tell("reduced", new.order.order_id, less, new.left)
        return self.policy == "cancel both" or not new.left

    def trade(self, new, first, level):
        """Match with the first, or with all of its price in proportion."""
        shares = [(first, min(first.left, new.left))]
        if self.priority == "pro_rata":
            total = sum(each.left for each in level)
            taken = min(total, new.left)
            shares = [[each, taken * each.left // total] for each in level]
            for share in shares[: taken - sum(share for _, share in shares)]:
                share[1] += 1
        for each, quantity in shares:
            if quantity:
                new.left -= quantity
                each.left -= quantity
                self.tell("matched", each.order.order_id, new.order.order_id, each.price, quantity)
                if not each.left:
                    self.drop(each, "matched")
                self.drop_group(each)
                self.drop_group(new)

    def drop_group(self, matched):
        """Let go of the others of a set."""
        for each in sorted(self.standing + self.waiting, key=lambda each: each.arrival):
            if matched.group and each.group == matched.group and each.order.order_id != matched.order.order_id:
                self.drop(each, "another of its set was matched")

    def settled(self):
        """Match what waits, oldest first, until nothing more can be; return what was told."""
        while any(self.match_waiting(each) for each in list(self.waiting)):
            pass
        return self.told

    def match_waiting(self, each):
        """Match an all-or-none order with the book, or with an equal one that waits."""
        if self.could(each) == each.left:
            self.waiting.remove(each)
            self.match(each)
            self.tell("removed", each.order.order_id, "matched")
            return True
        for other in self.waiting:
            buyer, seller = sorted((each, other), key=lambda one: one.order.side.value)
            apart = self.policy != "allow" and self.own(each.order, other.order)
            grouped = each.group and each.group == other.group
            crossing = other.order.side is not each.order.side and buyer.price >= seller.price
            if crossing and each.left == other.left and not apart and not grouped:
                older, newer = sorted((each, other), key=lambda one: one.arrival)
                self.waiting.remove(older), self.waiting.remove(newer)
                self.tell("matched", older.order.order_id, newer.order.order_id, older.price, each.left)
                for one in (older, newer):
                    self.tell("removed", one.order.order_id, "matched")
                    self.drop_group(one)
                return True
        return False
