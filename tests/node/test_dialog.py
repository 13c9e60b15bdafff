from datetime import UTC, datetime, timedelta

import pytest

from micromarket.node.dialog import Dialog, Reason, SignalRules, reason_to_send, speak, take
from micromarket.node.signals import IntervalRecords, TransactiveRecord, TransactiveSignal

NOON = datetime(2026, 7, 6, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
RULES = SignalRules(threshold=0.05, repeat_after=5 * SECOND)
FRESH = Dialog(TransactiveSignal.nothing("spot", "home", "feeder", NOON))


def said(power):
    return (IntervalRecords(NOON, (TransactiveRecord(0, 0.2, power),)),)


def from_feeder(number, power=-3.0, **more):
    content = said(power) if number else ()
    return TransactiveSignal("spot", "feeder", "home", number, NOON, content, **more)


def spoken(dialog, power, now=NOON):
    """The dialog after sending what the rules demand, or unchanged if they demand nothing."""
    reason = reason_to_send(dialog, said(power), now, RULES)
    return dialog if reason is None else speak(dialog, said(power), reason, now)


def test_who_has_nothing_to_say_says_nothing():
    assert reason_to_send(FRESH, (), NOON, RULES) is None


def test_the_first_signal_is_number_one_and_wants_an_answer():
    sent = spoken(FRESH, 3.0).sent

    assert (1, True, 0) == (sent.number, sent.answer, sent.heard)


@pytest.mark.parametrize(
    ("power", "reason"), [(3.0, None), (3.1, None), (3.2, Reason.CHANGED), (-3.0, Reason.CHANGED)]
)
def test_a_change_beyond_the_threshold_is_sent_anew(power, reason):
    """5 % of 3 kW are 0.15 kW; a change of sign is never small."""
    assert reason is reason_to_send(spoken(FRESH, 3.0), said(power), NOON, RULES)


def test_many_small_changes_are_one_large_one():
    """Compared is what was sent, not what was prepared last."""
    powers = [spoken(spoken(FRESH, 3.0), power).sent.number for power in (3.05, 3.1, 3.2)]

    assert [1, 1, 2] == powers


def test_what_was_not_heard_is_repeated_after_a_while():
    """The same number, until the neighbor says that it has it."""
    waiting = spoken(FRESH, 3.0)
    early, late = (reason_to_send(waiting, said(3.0), NOON + wait * SECOND, RULES) for wait in (4, 5))
    calm = take(waiting, from_feeder(0, heard=1), counts=True)

    assert (None, Reason.UNHEARD, None) == (early, late, reason_to_send(calm, said(3.0), NOON + 9 * SECOND, RULES))
    assert 1 == speak(waiting, said(3.0), Reason.UNHEARD, NOON + 5 * SECOND).sent.number


def test_the_newest_number_wins():
    """Signal 2 overtakes signal 1: whoever comes late is known already."""
    later = take(take(FRESH, from_feeder(2, -2.0), counts=True), from_feeder(1, -1.0), counts=True)

    assert (2, said(-2.0)) == (later.number, later.received)


def test_doubled_signals_change_nothing():
    once = take(FRESH, from_feeder(1), counts=True)

    assert once == take(once, from_feeder(1), counts=True)


def test_who_asks_is_answered_once():
    """Even by a node that has nothing to say; the answer does not ask in turn."""
    asked = take(FRESH, from_feeder(1, answer=True), counts=True)
    answered = speak(asked, (), reason_to_send(asked, (), NOON, RULES), NOON)

    assert (0, 1, False) == (answered.sent.number, answered.sent.heard, answered.sent.answer)
    assert reason_to_send(answered, (), NOON, RULES) is None


def test_what_comes_too_late_is_answered_but_not_taken():
    late = take(FRESH, from_feeder(1, answer=True), counts=False)

    assert ((), 1, Reason.ANSWER) == (late.received, late.number, reason_to_send(late, (), NOON, RULES))


def test_who_forgot_its_numbers_learns_them_from_its_neighbor():
    """Restarted from nothing, the home says 1 again; the feeder has heard 7; what the home says next is 8."""
    restarted = spoken(FRESH, 3.0)
    told = take(restarted, from_feeder(4, heard=7), counts=True)
    again = speak(told, said(3.0), reason_to_send(told, said(3.0), NOON + 5 * SECOND, RULES), NOON + 5 * SECOND)

    assert (8, said(3.0)) == (again.sent.number, again.sent.content)


def test_numbers_go_on_where_the_neighbor_heard_them_end():
    assert 8 == spoken(take(FRESH, from_feeder(0, heard=7), counts=True), 3.0).sent.number
