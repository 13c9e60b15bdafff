"""What happened at a node, as lines: JSON for programs, a sentence for people."""

from __future__ import annotations

import json
from typing import Any

from micromarket.domain.curves import Floats
from micromarket.markets.auctions.auction import Outcome
from micromarket.node.facts import (
    Cleared,
    Fact,
    NeighborSilent,
    NoAgreement,
    SignalReceived,
    SignalSent,
    Source,
    StateEntered,
)
from micromarket.node.signals import TransactiveSignal, scheduled_of
from micromarket.runtime.program import MessageRefused

TOLD = {Source.SIGNAL, Source.PRICE_LIST}
MOST_SHOWN = 6
"""Values of a market with many intervals that a sentence shows."""


def json_line(node: str, fact: Fact | MessageRefused) -> str:
    """Return a fact as one line of JSON without its end."""
    content = {"at": fact.at.isoformat(), "node": node, "fact": type(fact).__name__, **_content(fact)}
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False)


def sentence(node: str, fact: Fact | MessageRefused) -> str | None:
    """Return a fact for people, or None if it is none of their business."""
    what = _words(fact)
    return None if what is None else f"{fact.at:%Y-%m-%dT%H:%M:%SZ} {node}: {what}"


def _content(fact: Fact | MessageRefused) -> dict[str, Any]:
    match fact:
        case StateEntered():
            return {"market": fact.market.name, "state": fact.state.name}
        case SignalSent():
            return {"reason": fact.reason.value, **_signal(fact.signal)}
        case SignalReceived():
            return {"fate": fact.fate.value, **_signal(fact.signal)}
        case NeighborSilent() | NoAgreement():
            stand_in = {"stand_in": fact.stand_in.value} if isinstance(fact, NeighborSilent) else {}
            return {"market": fact.market, "neighbor": fact.neighbor, **stand_in}
        case Cleared():
            return _clearing(fact)
    return {"reason": fact.reason}


def _signal(signal: TransactiveSignal) -> dict[str, Any]:
    ends = {"market": signal.market, "sender": signal.sender, "receiver": signal.receiver}
    counts = {"number": signal.number, "heard": signal.heard, "answer": signal.answer}
    if not signal.content:
        return {**ends, **counts}
    price, power = scheduled_of(signal.content)
    return {**ends, **counts, "price": price.tolist(), "power_kw": power.tolist()}


def _clearing(fact: Cleared) -> dict[str, Any]:
    balance = fact.balance
    return {
        "market": fact.market.name,
        "price": balance.price.tolist(),
        "local_kw": balance.local_kw.tolist(),
        "neighbor_kw": {name: power.tolist() for name, power in balance.neighbor_kw.items()},
        "outcome": [Outcome(one).name.lower() for one in balance.outcome.tolist()],
        "sources": {name: source.value for name, source in fact.sources},
    }


def _words(fact: Fact | MessageRefused) -> str | None:
    match fact:
        case Cleared():
            flows = [f"{_numbers(power, '.3f')} kW from {name}" for name, power in fact.balance.neighbor_kw.items()]
            poor = [f"{name} by its {source}" for name, source in fact.sources if source not in TOLD]
            parts = [f"price {_numbers(fact.balance.price, '.5f')}", *flows]
            return f"{fact.market.name} cleared: {', '.join(parts)}" + (f" ({', '.join(poor)})" if poor else "")
        case NeighborSilent():
            return f"{fact.market}: {fact.neighbor} said nothing; its {fact.stand_in.value} stands in"
        case NoAgreement():
            return f"{fact.market}: time was over before we agreed with {fact.neighbor}"
        case MessageRefused():
            return f"a message was refused: {fact.reason}"
        case _:
            return None


def _numbers(values: Floats, form: str) -> str:
    shown = " ".join(format(value, form) for value in values[:MOST_SHOWN].tolist())
    return shown if len(values) <= MOST_SHOWN else f"{shown} ..."
