"""An order book by brute force, for tests: lists of orders, searched anew before every single match."""

from collections import Counter
from copy import copy
from dataclasses import replace

from micromarket.domain.orders import Execution
from plain_crossing import oldest_of_sets, one_price
from plain_rules import OPEN, Times, leg_refusal, not_counted, refusal


class Standing:
    """An order, what is left of it, and the legs it is linked with; one that waits alone is its own only leg."""

    def __init__(self, order, arrival, legs=()):
        self.order, self.left, self.arrival, self.legs = order, order.quantity, arrival, legs
        self.price, self.name = order.vertices[0].price, order.order_id
        self.group = (order.party_id, order.terms.one_of) if order.terms.one_of else None


class PlainBook:
    """Instruments with their `Times`. Outcomes are tuples: what happened, to whom, how much."""

    def __init__(self, priority, policy, owners, times=(("noon", Times()),), limits=OPEN):
        self.priority, self.policy, self.owners, self.limits = priority, policy, owners, limits
        self.times, self.states, self.now, self.seen = dict(times), {}, None, {}
        self.standing, self.waiting, self.collected = [], [], []
        self.positions, self.last_prices, self.arrivals, self.told = Counter(), {}, 0, []

    def submit(self, order):
        """Return the outcomes of a submission."""
        if (before := self.seen.get(order.order_id)) is not None:
            return [("accepted", order.order_id) if before == order else self.refused(order, "DuplicateOrder")]
        if reason := refusal(self, order):
            return [self.refused(order, reason)]
        self.told, self.seen[order.order_id] = [("accepted", order.order_id)], order
        self.enter(order)
        return self.settled()

    def submit_block(self, orders):
        """Return the outcomes of submitting linked legs."""
        if all(self.seen.get(each.order_id) == each for each in orders):
            return [("accepted", each.order_id) for each in orders]
        wrong = [
            reason
            for each in orders
            if (reason := "DuplicateOrder" if each.order_id in self.seen else leg_refusal(self, each))
        ]
        if len({each.order_id for each in orders}) < len(orders) > len({each.instrument_id for each in orders}):
            wrong.append("NotSupported")
        if wrong:
            return [self.refused(each, wrong[0]) for each in orders]
        self.told = [("accepted", each.order_id) for each in orders]
        self.seen |= {each.order_id: each for each in orders}
        self.wait(orders)
        return self.settled()

    def amend(self, name, vertices):
        """Return the outcomes of giving an order other vertices."""
        each = self.held(name)
        if each is None:
            return []
        if len(each.legs) > 1:
            return [self.refused(each.order, "NotSupported")]
        amended = replace(each.order, vertices=vertices)
        if reason := not_counted(amended):
            return [self.refused(amended, reason)]
        self.told = []
        stays = not each.legs and len(vertices) == 2 and vertices[0].price == vertices[1].price == each.price
        if stays and amended.side is each.order.side and amended.is_divisible and amended.quantity <= each.left:
            self.tell("reduced", name, each.left - amended.quantity, amended.quantity)
            each.left = amended.quantity
            return self.settled()
        if reason := refusal(self, amended):
            return [self.refused(amended, reason)]
        self.drop(each, "replaced")
        self.tell("accepted", name)
        self.enter(amended)
        return self.settled()

    def cancel(self, name):
        """Return the outcomes of a cancellation."""
        return self.cancelled([each for each in self.all() if each.name == name])

    def cancel_all(self, party):
        """Return the outcomes of cancelling all of a party."""
        return self.cancelled([each for each in self.all() if each.order.party_id == party])

    def expire(self, now):
        """Return the outcomes of letting time pass, moment by moment."""
        before, now = self.now, now if self.now is None else max(self.now, now)
        ends = [each.order.terms.good_till for each in self.all()] + [
            end for each in self.times.values() for end in each
        ]
        moments = {now, *(end for end in ends if end and end < now and (before is None or end > before))}
        return [outcome for moment in sorted(moments) for outcome in self.arrive(moment)]

    def arrive(self, now):
        """Return the outcomes of what is due at a moment."""
        self.now, self.told = now, []
        dated = [each for each in self.all() if each.order.terms.good_till and each.order.terms.good_till <= now]
        self.let_go(sorted(dated, key=lambda each: each.order.terms.good_till), "expired")
        for where, times in self.times.items():
            if times.gate == now and self.state(where) == "collecting":
                del self.states[where]
            if now in times:
                self.go_on(where)
            if times.gate == now:
                self.let_go([each for each in self.all() if each.order.instrument_id == where], "gate closed")
        return self.settled()

    def state(self, where):
        """Return what an instrument takes."""
        return self.states.get(where) or ("collecting" if self.times[where].collect(self.now) else "active")

    def set_state(self, state, where):
        """Return the outcomes of halting, collecting, reducing or resuming."""
        self.told, self.states[where] = [], None if state == "active" else state
        self.go_on(where)
        return self.settled()

    def go_on(self, where):
        """Let what was collected cross at one price, if orders are matched again; then it trades on, by arrival."""
        collected = [each for each in self.collected if each.order.instrument_id == where]
        if not collected or self.state(where) in ("halted", "collecting"):
            return
        price, imbalance, awards = self.crossing(where)
        self.tell("cleared", where, price, imbalance)
        for each, power in awards:
            self.tell("awarded", each.name, price, power)
            self.positions[each.order.party_id, where] -= power
            self.last_prices[where] = price
            each.left -= abs(power)
        for each in [each for each, _ in awards if not each.left]:
            self.drop(each, "matched")
        for each, _ in awards:
            self.drop_group(each)
        for each in collected:
            if each in self.collected:
                self.collected.remove(each)
                self.trade(each)

    def crossing(self, where):
        """Return the one price of all that stands or was collected, what is left over there, and who gets a part."""
        everyone = [each for each in self.all() if not each.legs and each.order.instrument_id == where]
        taking = oldest_of_sets(everyone)
        wishes = [(each.price, each.order.side.value * each.left) for each in taking]
        price, imbalance, powers = one_price(wishes, self.last_prices.get(where))
        return price, imbalance, [(each, power) for each, power in zip(taking, powers, strict=True) if power]

    def refused(self, order, reason):
        """Return a refusal."""
        return ("refused", order.order_id, reason)

    def tell(self, *outcome):
        """Note an outcome."""
        self.told.append(outcome)

    def all(self):
        """Return what stands, waits or was collected, by arrival."""
        return sorted(self.standing + self.waiting + self.collected, key=lambda each: each.arrival)

    def held(self, name):
        """Return what is held under a name."""
        return next((each for each in self.all() if each.name == name), None)

    def cancelled(self, gone):
        """Return the outcomes of cancelling some."""
        self.told = []
        self.let_go(gone, "cancelled")
        return self.settled()

    def let_go(self, gone, reason):
        """Drop those that are still held."""
        for each in gone:
            if self.held(each.name) is each:
                self.drop(each, reason)

    def drop(self, each, reason):
        """Let go of an order, and of those it is linked with."""
        next(held for held in (self.standing, self.waiting, self.collected) if each in held).remove(each)
        self.tell("removed", each.name, reason)
        for name in each.legs:
            if (leg := self.held(name)) is not None:
                self.drop(leg, reason)

    def wait(self, orders):
        """Let orders wait beside the book."""
        for order in orders:
            self.arrivals += 1
            self.waiting.append(Standing(order, self.arrivals, [each.order_id for each in orders]))

    def enter(self, order):
        """Let an order wait, collect it, or match it as its terms ask."""
        execution = order.terms.execution
        if execution is Execution.ALL_OR_NONE:
            self.wait([order])
            return
        self.arrivals += 1
        new = Standing(order, self.arrivals)
        needed = order.quantity if execution is Execution.ALL_AT_ONCE else order.terms.minimum
        if self.state(order.instrument_id) == "collecting":
            self.collected.append(new)
        elif needed and order.quantity - self.unmatched([new])[0] < needed:
            self.tell("removed", new.name, "not matched at once")
        else:
            self.trade(new)

    def trade(self, new):
        """Match an order; let the rest stand if it may."""
        if self.match(new):
            self.tell("removed", new.name, "self-trade")
        elif not new.left:
            self.tell("removed", new.name, "matched")
        elif new.order.terms.execution is Execution.STANDING and len(new.order.vertices) == 2:
            self.standing.append(new)
            self.tell("rested", new.name, new.left)
        else:
            self.tell("removed", new.name, "not matched at once")

    def others(self, order):
        """Return what the order crosses, in priority."""
        turn = order.side.value
        fits = [
            each
            for each in self.standing
            if each.order.instrument_id == order.instrument_id
            and each.order.side is not order.side
            and (len(order.vertices) == 1 or turn * each.price >= turn * order.vertices[0].price)
        ]
        size = -1 if self.priority == "volume" else 0
        return sorted(fits, key=lambda each: (-turn * each.price, size * each.left, each.arrival))

    def own(self, one, other):
        """Return whether two orders have one owner."""
        return self.owners.get(one.party_id, one.party_id) == self.owners.get(other.party_id, other.party_id)

    def unmatched(self, legs):
        """Return how much of each leg would not be matched, by trying it on a copy."""
        trial = copy(self)
        every = (self.standing, self.waiting, self.collected)
        trial.standing, trial.waiting, trial.collected = ([copy(each) for each in held] for held in every)
        trial.told, trial.positions, trial.last_prices = [], self.positions.copy(), {}
        for leg in legs:
            trial.match(copy(leg))
        matched = Counter()
        for outcome in trial.told:
            if outcome[0] == "matched":
                matched[outcome[2]] += outcome[4]
        return [leg.left - matched[leg.name] for leg in legs]

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
                self.share(new, first, level)
        return False

    def prevent(self, new, stood):
        """Keep two orders of one owner apart; return whether the new one must go."""
        less = min(new.left, stood.left)
        if self.policy == "cancel newest":
            return True
        if self.policy == "decrement" and stood.left > new.left:
            stood.left -= less
            self.tell("reduced", stood.name, less, stood.left)
            return True
        self.drop(stood, "self-trade")
        if self.policy == "decrement":
            new.left -= less
            if new.left:
                self.tell("reduced", new.name, less, new.left)
        return self.policy == "cancel both" or not new.left

    def share(self, new, first, level):
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
                self.meet(each, new, quantity)
                if not each.left:
                    self.drop(each, "matched")
                self.drop_group(each)
                self.drop_group(new)

    def meet(self, stood, new, quantity):
        """Match two orders at the price of the first."""
        self.tell("matched", stood.name, new.name, stood.price, quantity)
        self.last_prices[stood.order.instrument_id] = stood.price
        for each in (stood, new):
            each.left -= quantity
            self.positions[each.order.party_id, each.order.instrument_id] -= each.order.side.value * quantity

    def drop_group(self, matched):
        """Let go of the others of a set."""
        for each in self.all():
            if matched.group and each.group == matched.group and each.name != matched.name:
                self.drop(each, "another of its set was matched")

    def settled(self):
        """Match what waits, oldest first, until nothing more can be; return what was told."""
        while any(self.match_waiting(each) for each in list(self.waiting)):
            pass
        return self.told

    def match_waiting(self, each):
        """Match what waits with the books, all legs wholly, or a lone order with an equal one that waits."""
        legs = [self.held(name) for name in each.legs]
        if any(self.state(leg.order.instrument_id) in ("halted", "collecting") for leg in legs):
            return False
        if any(self.unmatched(legs)):
            return len(legs) == 1 and self.match_equals(each)
        for leg in legs:
            self.waiting.remove(leg)
        for leg in legs:
            self.match(leg)
            self.tell("removed", leg.name, "matched")
        return True

    def match_equals(self, each):
        """Match two that wait for the same quantity of one instrument."""
        for other in self.waiting:
            buyer, seller = sorted((each, other), key=lambda one: one.order.side.value)
            alike = (each.order.instrument_id, each.left, 1) == (
                other.order.instrument_id,
                other.left,
                len(other.legs),
            )
            apart = self.policy != "allow" and self.own(each.order, other.order)
            grouped = each.group and each.group == other.group
            crossing = other.order.side is not each.order.side and buyer.price >= seller.price
            if alike and crossing and not apart and not grouped:
                older, newer = sorted((each, other), key=lambda one: one.arrival)
                self.waiting.remove(older), self.waiting.remove(newer)
                self.meet(older, newer, each.left)
                for one in (older, newer):
                    self.tell("removed", one.name, "matched")
                    self.drop_group(one)
                return True
        return False
