"""Random calls to an order book: every kind of order and every other call, right and wrong, from one seed."""

from datetime import UTC, datetime, timedelta

from micromarket.domain.orders import PLAIN, Deal, Execution, Order, OrderTerms, Side, Vertex, limit, market

START = datetime(2026, 7, 6, tzinfo=UTC)
INSTRUMENTS = ("noon", "one", "two")
PARTIES = tuple(f"p{number}" for number in range(6))
WRONG_VERTICES = (
    (Vertex(0, 0),),
    (Vertex(1, -3), Vertex(1, 3)),
    (Vertex(0, 0), Vertex(2, 5)),
    (Vertex(1.5, 0), Vertex(1.5, 4)),
    (Vertex(1, -2.5), Vertex(1, 0)),
    (Vertex(1, 0), Vertex(1, float("nan"))),
    (Vertex(float("inf"), 0), Vertex(float("inf"), 3)),
    (Vertex(0, 0), Vertex(0, 2**31)),
    (Vertex(1, 0), Vertex(1, 1, divisible=False)),
    (Vertex(1, -1, divisible=False), Vertex(1, 0)),
    (Vertex(1, -2, divisible=False),),
)
CALLS = ("submit", "submit_block", "cancel", "amend", "expire", "set_state", "cancel_all", "wrong", "again")
WEIGHTS = (54, 6, 20, 8, 4, 3, 1, 3, 2)


def at(minutes):
    """Return a time of the day."""
    return START + timedelta(minutes=minutes)


class OrderEvents:
    """Calls as tuples of a name and arguments.

    Parameters
    ----------
    random : random.Random
        Where all chance comes from.
    """

    def __init__(self, random):
        self.random, self.made, self.clock = random, [], 0

    def calls(self, count):
        """Yield `count` calls."""
        for kind in self.random.choices(CALLS, WEIGHTS, k=count):
            yield (getattr(self, kind)() if self.made else self.submit())

    def submit(self):
        """Return a submission of a limit or market order with any terms."""
        quantity, side = self.random.randint(1, 9), self.random.choice(list(Side))
        if self.random.random() < 0.1:
            return "submit", self.order(market(side, quantity), self.terms(quantity, market=True))
        return "submit", self.order(limit(side, self.price(), quantity), self.terms(quantity))

    def submit_block(self):
        """Return a submission of linked legs; one in ten has a leg that cannot be."""
        legs = []
        for instrument in self.random.sample(INSTRUMENTS, self.random.randint(1, 3)):
            vertices = limit(self.random.choice(list(Side)), self.price(), self.random.randint(1, 6))
            terms = self.terms(1) if self.random.random() < 0.05 else OrderTerms(good_till=self.end())
            legs.append(self.order(vertices, terms, instrument))
        if self.random.random() < 0.03:
            legs.append(legs[0])
        return "submit_block", legs

    def cancel(self):
        """Return a cancellation, sometimes of what never was."""
        return "cancel", self.recent().order_id if self.random.random() < 0.95 else "never heard of"

    def amend(self):
        """Return an amendment: smaller, larger, another price, another side, or nonsense."""
        order, chance = self.recent(), self.random.random()
        if chance < 0.1:
            return "amend", order.order_id, self.random.choice(WRONG_VERTICES)
        side, price = order.side, order.vertices[0].price
        if chance < 0.3 or side is None:
            side, price = self.random.choice(list(Side)), self.price()
        return "amend", order.order_id, limit(side, price, self.random.randint(1, 9))

    def expire(self):
        """Return a step of the clock, now and then back."""
        self.clock += self.random.randint(0, 9)
        return "expire", at(self.clock - (5 if self.random.random() < 0.1 else 0))

    def set_state(self):
        """Return a change of what an instrument takes; resuming is the most likely."""
        state = self.random.choice(["halted", "reducing", "collecting", *["active"] * 5])
        return "set_state", state, self.random.choice(INSTRUMENTS)

    def cancel_all(self):
        """Return a cancellation of all of a party."""
        return "cancel_all", self.recent().party_id

    def wrong(self):
        """Return a submission that must be refused, or has terms that may contradict each other."""
        chance = self.random.random()
        if chance < 0.2:
            return "submit", self.order(limit(Side.BUY, 0, 3), OrderTerms(), "midnight")
        if chance < 0.4:
            execution = self.random.choice(list(Execution))
            terms = OrderTerms(execution, self.random.randint(-1, 6), self.random.random() < 0.5)
            vertices = self.random.choice([market(Side.SELL, 4), limit(Side.BUY, self.price(), 4)])
            return "submit", self.order(vertices, terms)
        if chance < 0.5:
            return "submit", self.order(limit(Side.BUY, 0, 3), OrderTerms(deal=Deal()))
        return "submit", self.order(self.random.choice(WRONG_VERTICES), OrderTerms())

    def again(self):
        """Return a name that was used before, with the same or other content."""
        order = self.recent()
        if self.random.random() < 0.5:
            return "submit", order
        return "submit", Order(
            order.order_id, self.random.choice(PARTIES), order.instrument_id, order.vertices, order.terms
        )

    def order(self, vertices, terms, instrument=None):
        """Return a new order and remember it."""
        where = instrument or self.random.choice(INSTRUMENTS)
        order = Order(f"o{len(self.made)}", self.random.choice(PARTIES), where, vertices, terms)
        self.made.append(order)
        return order

    def terms(self, quantity, *, market=False):
        """Return terms that fit."""
        execution = self.random.choice([*Execution, *[Execution.STANDING] * 5])
        if market and execution is Execution.ALL_OR_NONE:
            execution = Execution.IMMEDIATE
        post = execution is Execution.STANDING and not market and self.random.random() < 0.1
        minimum = quantity // 2 if not post and self.random.random() < 0.2 else 0
        one_of = self.random.choice(["x", "y"]) if self.random.random() < 0.15 else None
        terms = OrderTerms(execution, minimum, post, self.end(), one_of)
        return PLAIN if terms == PLAIN else terms

    def end(self):
        """Return an end for some orders, also one that is past."""
        return at(self.clock + self.random.randint(-1, 30)) if self.random.random() < 0.15 else None

    def price(self):
        """Return a price of a narrow range, so that much is matched."""
        return self.random.randint(-3, 3)

    def recent(self):
        """Return one of the last orders."""
        return self.random.choice(self.made[-40:])
