"""What happened at a node, in sentences for people."""

from __future__ import annotations

from micromarket.domain.curves import Floats
from micromarket.node.living.facts import (
    Cleared,
    Delivered,
    Fact,
    MessageRefused,
    NeighborSilent,
    NoAgreement,
    Source,
)

TOLD = {Source.SIGNAL, Source.PRICE_LIST}
MOST_SHOWN = 6
"""Values of a market with many intervals that a sentence shows."""


def sentence(node: str, fact: Fact) -> str | None:
    """Return a fact for people, or None if it is none of their business."""
    what = _words(fact)
    return None if what is None else f"{fact.at:%Y-%m-%dT%H:%M:%SZ} {node}: {what}"


def _known_by(source: Source) -> str:
    return "left out" if source is Source.NOTHING else f"by its {source}"


def _in_its_place(source: Source) -> str:
    return "nothing is exchanged with it" if source is Source.NOTHING else f"its {source} stands in"


def _words(fact: Fact) -> str | None:
    match fact:
        case Cleared():
            flows = [f"{_numbers(power, '.3f')} kW from {name}" for name, power in fact.balance.neighbor_kw.items()]
            poor = [f"{name} {_known_by(source)}" for name, source in fact.sources if source not in TOLD]
            parts = [f"price {_numbers(fact.balance.price, '.5f')}", *flows]
            return f"{fact.market.name} cleared: {', '.join(parts)}" + (f" ({', '.join(poor)})" if poor else "")
        case NeighborSilent():
            return f"{fact.market}: {fact.neighbor} said nothing; {_in_its_place(fact.stand_in)}"
        case NoAgreement():
            return f"{fact.market}: time was over before we agreed with {fact.neighbor}"
        case MessageRefused():
            return f"a message was refused: {fact.reason}"
        case Delivered() if fact.power_kw:
            powers = ", ".join(f"{power:z.3f} kW from {name}" for name, power in fact.power_kw)
            return f"delivered from {fact.start:%H:%M}: {powers}"
        case _:
            return None


def _numbers(values: Floats, form: str) -> str:
    shown = " ".join(format(value, f"z{form}") for value in values[:MOST_SHOWN].tolist())
    return shown if len(values) <= MOST_SHOWN else f"{shown} ..."
