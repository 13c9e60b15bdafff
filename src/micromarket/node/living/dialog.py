"""What one node and one neighbor have told each other in one market, and when something has to be said (again).

The rules, in this order; each message is safe to lose, delay, double and reorder:

1. Who prepared something and sent nothing yet sends it.
2. Who prepared something that differs from what was sent by more than a threshold sends it under the next number.
3. Who was asked for an answer repeats what was sent last, or says nothing but what was heard.
4. Who does not know that the neighbor heard it repeats what was sent last, after a while. Where rounds are counted,
   who waits for the neighbor's next one asks for it as often: an answer without it says that the neighbor waits too.

Of what comes, the highest number holds; the rest was known. What the neighbor says to have heard ends the repeating.
A node that restarts and has forgotten its numbers learns from the same field how far it had counted.

Source: Transactive Network Template v4 (PNNL, 2024), section 2.2.3 (prepared, sent and received signals). There a
satisfied neighbor looks like one that hears nothing; `TransactiveSignal.heard` and `answer` tell them apart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from micromarket.node.living.signals import Content, Statement, TransactiveSignal, change

MOST_AHEAD = 2
"""A neighbor may take one round before us, and the message with the one before that may be under way."""


class Reason(StrEnum):
    """Why a signal was sent."""

    FIRST = "first"
    CHANGED = "changed"
    ANSWER = "answer"
    UNHEARD = "unheard"
    AWAITED = "awaited"


@dataclass(frozen=True, slots=True)
class SignalRules:
    """When a node sends, and how long it waits.

    Parameters
    ----------
    threshold : float, default 0
        Change of a prepared signal, as `change` gives it, above which it is sent anew.
    repeat_after : timedelta, default 5 s
        How long to wait for the neighbor to have heard before repeating.
    patience : float, default 0.5
        Share of a market state after which a neighbor that says nothing is stood in for.
    trust : timedelta, default 2 h
        Over which time the last curve of a silent neighbor fades to its default.
    """

    threshold: float = 0.0
    repeat_after: timedelta = timedelta(seconds=5)
    patience: float = 0.5
    trust: timedelta = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a coordination wants of one neighbor.

    Parameters
    ----------
    content : Content
        What the neighbor shall know; empty if nothing new.
    number : int, optional
        Number of that where rounds are counted; by default each change counts.
    awaited : bool
        Whether the neighbor's own next round is needed now.
    shared : tuple of Statement
        What it shall know of the whole network.
    """

    content: Content = ()
    number: int | None = None
    awaited: bool = False
    shared: tuple[Statement, ...] = ()


@dataclass(frozen=True, slots=True)
class Dialog:
    """What was said between us and one neighbor in one market.

    Parameters
    ----------
    sent : TransactiveSignal
        What we said last; number 0 if nothing.
    received : Content
        What the neighbor said last; empty if nothing.
    number : int
        Number of that.
    heard : int
        Highest number the neighbor has from us.
    asked : bool
        Whether the neighbor waits for an answer.
    before : TransactiveSignal, optional
        What we said before that, where each signal matters.
    since : datetime, optional
        Where rounds are counted: when the neighbor last gave a sign of life, or we something new to answer to.
    shared : tuple of Statement
        What the neighbor said last of the whole network.
    """

    sent: TransactiveSignal
    received: Content = ()
    number: int = 0
    heard: int = 0
    asked: bool = False
    before: TransactiveSignal | None = None
    since: datetime | None = None
    shared: tuple[Statement, ...] = ()

    @property
    def unheard(self) -> tuple[TransactiveSignal, ...]:
        """What we said that still matters and that the neighbor may not know."""
        said = (self.sent,) if self.before is None else (self.before, self.sent)
        return tuple(signal for signal in said if signal.number > self.heard)

    def repeats_at(self, rules: SignalRules, awaited: bool = False) -> datetime | None:
        """Return when to repeat what was sent last, or None if it was heard and nothing is awaited."""
        return self.sent.sent_at + rules.repeat_after if self.unheard or awaited else None


def take(dialog: Dialog, signal: TransactiveSignal, counts: bool) -> Dialog:
    """Return the dialog after a message came; `counts` says whether what it says still matters.

    A message that does not matter is answered all the same, so that its sender stops repeating.
    """
    heard = max(dialog.heard, signal.heard)
    asked = dialog.asked or signal.answer
    forgotten = heard > dialog.sent.number
    sent = replace(dialog.sent, number=heard + 1) if forgotten and dialog.sent.content else dialog.sent
    if not counts or signal.number <= dialog.number:
        return replace(dialog, sent=sent, heard=heard, asked=asked, number=max(dialog.number, signal.number))
    known = replace(dialog, sent=sent, heard=heard, asked=asked, number=signal.number)
    return replace(known, received=signal.content, shared=signal.shared)


def take_in_turn(dialog: Dialog, signal: TransactiveSignal, counts: bool, now: datetime) -> Dialog:
    """Return the dialog after a message came where rounds are counted: each round is taken in its turn.

    Who names a round that this dialog cannot have led to has forgotten it: that is no sign of life, so that it is
    stood in for like the dead.
    """
    ahead = signal.number - dialog.number
    known = replace(dialog, since=now) if 0 <= ahead <= MOST_AHEAD else dialog
    if ahead > 1:
        return known
    return take(known, replace(signal, heard=min(signal.heard, dialog.sent.number)), counts)


def reason_to_send(dialog: Dialog, wanted: Wanted, now: datetime, rules: SignalRules) -> Reason | None:
    """Return why something has to be said, or None."""
    if wanted.content and not dialog.sent.content:
        return Reason.FIRST
    if wanted.content and _is_new(dialog.sent, wanted, rules):
        return Reason.CHANGED
    if dialog.asked:
        return Reason.ANSWER
    repeats_at = dialog.repeats_at(rules, wanted.awaited)
    if repeats_at is None or repeats_at > now:
        return None
    return Reason.UNHEARD if dialog.unheard else Reason.AWAITED


def _is_new(sent: TransactiveSignal, wanted: Wanted, rules: SignalRules) -> bool:
    if wanted.number is not None:
        return wanted.number > sent.number
    return wanted.shared != sent.shared or change(sent.content, wanted.content) > rules.threshold


def speak(dialog: Dialog, wanted: Wanted, reason: Reason, now: datetime) -> Dialog:
    """Return the dialog after saying what `reason` demands; `spoken` gives the messages.

    Where rounds are counted, the neighbor's next round says that it has heard this one: only repeats ask for an
    answer, and the signal before is kept until it was heard.
    """
    counted = wanted.number is not None
    asks = reason is Reason.AWAITED or (not counted and dialog.sent.number > dialog.heard)
    again = replace(dialog.sent, sent_at=now, heard=dialog.number, answer=asks)
    if reason not in {Reason.FIRST, Reason.CHANGED}:
        return replace(dialog, sent=again, asked=False)
    following = wanted.number or max(dialog.sent.number, dialog.heard) + 1
    news = replace(again, number=following, content=wanted.content, shared=wanted.shared)
    sent = replace(news, answer=not counted)
    before = dialog.sent if counted and dialog.sent.content else None
    return replace(dialog, sent=sent, asked=False, before=before, since=now)


def spoken(dialog: Dialog, reason: Reason) -> tuple[TransactiveSignal, ...]:
    """Return the messages that were said for a reason: what is new, or all that matters and may be unknown."""
    if reason is Reason.UNHEARD:
        return tuple(replace(signal, heard=dialog.number, answer=True) for signal in dialog.unheard)
    return (dialog.sent,)
