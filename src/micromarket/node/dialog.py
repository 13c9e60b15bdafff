"""What one node and one neighbor have told each other in one market, and when something has to be said (again).

The rules, in this order; each message is safe to lose, delay, double and reorder:

1. Who prepared something and sent nothing yet sends it.
2. Who prepared something that differs from what was sent by more than a threshold sends it under the next number.
3. Who was asked for an answer repeats what was sent last, or says nothing but what was heard.
4. Who does not know that the neighbor heard it repeats what was sent last, after a while.

Of what comes, the highest number holds; the rest was known. What the neighbor says to have heard ends the repeating.
A node that restarts and has forgotten its numbers learns from the same field how far it had counted.

Source: Transactive Network Template v4 (PNNL, 2024), section 2.2.3 (prepared, sent and received signals). There a
satisfied neighbor looks like one that hears nothing; `TransactiveSignal.heard` and `answer` tell them apart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from micromarket.node.signals import Content, TransactiveSignal, change


class Reason(StrEnum):
    """Why a signal was sent."""

    FIRST = "first"
    CHANGED = "changed"
    ANSWER = "answer"
    UNHEARD = "unheard"


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
        Share of a market state after which a neighbor that said nothing is stood in for.
    trust : timedelta, default 2 h
        Over which time the last curve of a silent neighbor fades to its default.
    """

    threshold: float = 0.0
    repeat_after: timedelta = timedelta(seconds=5)
    patience: float = 0.5
    trust: timedelta = timedelta(hours=2)


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
    """

    sent: TransactiveSignal
    received: Content = ()
    number: int = 0
    heard: int = 0
    asked: bool = False
    before: TransactiveSignal | None = None

    @property
    def unheard(self) -> tuple[TransactiveSignal, ...]:
        """What we said that still matters and that the neighbor may not know."""
        said = (self.sent,) if self.before is None else (self.before, self.sent)
        return tuple(signal for signal in said if signal.number > self.heard)

    def repeats_at(self, rules: SignalRules) -> datetime | None:
        """Return when to repeat what was sent last, or None if it was heard."""
        return self.sent.sent_at + rules.repeat_after if self.unheard else None


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
    return replace(dialog, sent=sent, received=signal.content, number=signal.number, heard=heard, asked=asked)


def reason_to_send(
    dialog: Dialog, prepared: Content, now: datetime, rules: SignalRules, number: int | None = None
) -> Reason | None:
    """Return why something has to be said, or None; a given `number` is new if it is higher than what was sent."""
    if prepared and not dialog.sent.content:
        return Reason.FIRST
    if prepared and (
        number > dialog.sent.number if number else change(dialog.sent.content, prepared) > rules.threshold
    ):
        return Reason.CHANGED
    if dialog.asked:
        return Reason.ANSWER
    repeats_at = dialog.repeats_at(rules)
    return Reason.UNHEARD if repeats_at is not None and repeats_at <= now else None


def speak(dialog: Dialog, prepared: Content, reason: Reason, now: datetime, number: int | None = None) -> Dialog:
    """Return the dialog after saying what `reason` demands; `spoken` gives the messages.

    Where rounds are counted (`number`), the neighbor's next round says that it has heard this one: only repeats ask
    for an answer, and the signal before is kept until it was heard.
    """
    asks = number is None and dialog.sent.number > dialog.heard
    again = replace(dialog.sent, sent_at=now, heard=dialog.number, answer=asks)
    if reason not in {Reason.FIRST, Reason.CHANGED}:
        return replace(dialog, sent=again, asked=False)
    following = number or max(dialog.sent.number, dialog.heard) + 1
    sent = replace(again, number=following, content=prepared, answer=number is None)
    return replace(dialog, sent=sent, asked=False, before=dialog.sent if number and dialog.sent.content else None)


def spoken(dialog: Dialog, reason: Reason) -> tuple[TransactiveSignal, ...]:
    """Return the messages that were said for a reason: what is new, or all that matters and may be unknown."""
    if reason is Reason.UNHEARD:
        return tuple(replace(signal, heard=dialog.number, answer=True) for signal in dialog.unheard)
    return (dialog.sent,)
