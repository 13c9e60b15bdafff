"""Outcomes as the brute-force book tells them: tuples of what happened, to whom, how much."""

from micromarket.markets.mechanism import (
    Awarded,
    Cleared,
    Matched,
    OrderAccepted,
    OrderRefused,
    OrderRemoved,
    Reduced,
    Rested,
)

WORDS = {
    Rested: "rested",
    Reduced: "reduced",
    Matched: "matched",
    OrderRemoved: "removed",
    Cleared: "cleared",
    Awarded: "awarded",
}


def told(outcomes):
    """Return outcomes of an order book as tuples."""
    lines = []
    for each in outcomes:
        if isinstance(each, OrderAccepted):
            lines.append(("accepted", each.order_id))
        elif isinstance(each, OrderRefused):
            lines.append(("refused", each.order_id, each.reason.__name__))
        else:
            lines.append((WORDS[type(each)], *(getattr(each, name) for name in each.__slots__)))
    return lines
