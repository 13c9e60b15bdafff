from datetime import UTC, datetime, timedelta

import pytest

from micromarket.node.living.dialog import (
    Dialog,
    Reason,
    SignalRules,
    Wanted,
    reason_to_send,
    speak,
    take,
    take_in_turn,
)
from micromarket.node.living.signals import IntervalRecords, TransactiveRecord, TransactiveSignal

NOON = datetime(2026, 7, 6, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
RULES = SignalRules(threshold=0.05, repeat_after=5 * SECOND)
FRESH = Dialog(TransactiveSignal.nothing("spot", "home", "feeder", NOON))


def said(power):
    return (IntervalRecords(NOON, (TransactiveRecord(0, 0.2, power),)),)


def wanted(power):
    return Wanted(said(power))


def from_feeder(number, power=-3.0, **more):
    content = said(power) if number else ()
    return TransactiveSignal("spot", "feeder", "home", number, NOON, content, **more)


def spoken(dialog, power, now=NOON):
    """The dialog after sending what the rules demand, or unchanged if they demand nothing."""
    reason = reason_to_send(dialog, wanted(power), now, RULES)
    return dialog if reason is None else speak(dialog, wanted(power), reason, now)


def test_who_has_nothing_to_say_says_nothing():
    assert reason_to_send(FRESH, Wanted(), NOON, RULES) is None


def test_the_first_signal_is_number_one_and_wants_an_answer():
    sent = spoken(FRESH, 3.0).sent

    assert (1, True, 0) == (sent.number, sent.answer, sent.heard)


@pytest.mark.parametrize(
    ("power", "reason"), [(3.0, None), (3.1, None), (3.2, Reason.CHANGED), (-3.0, Reason.CHANGED)]
)
def test_a_change_beyond_the_threshold_is_sent_anew(power, reason):
    """5 % of 3 kW are 0.15 kW; a change of sign is never small."""
    assert reason is reason_to_send(spoken(FRESH, 3.0), wanted(power), NOON, RULES)


def test_many_small_changes_are_one_large_one():
    """Compared is what was sent, not what was prepared last."""
    powers = [spoken(spoken(FRESH, 3.0), power).sent.number for power in (3.05, 3.1, 3.2)]

    assert [1, 1, 2] == powers


def test_what_was_not_heard_is_repeated_after_a_while():
    """The same number, until the neighbor says that it has it."""
    waiting = spoken(FRESH, 3.0)
    early, late = (reason_to_send(waiting, wanted(3.0), NOON + wait * SECOND, RULES) for wait in (4, 5))
    calm = take(waiting, from_feeder(0, heard=1), counts=True)

    assert (None, Reason.UNHEARD, None) == (early, late, reason_to_send(calm, wanted(3.0), NOON + 9 * SECOND, RULES))
    assert 1 == speak(waiting, wanted(3.0), Reason.UNHEARD, NOON + 5 * SECOND).sent.number


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
    answered = speak(asked, Wanted(), reason_to_send(asked, Wanted(), NOON, RULES), NOON)

    assert (0, 1, False) == (answered.sent.number, answered.sent.heard, answered.sent.answer)
    assert reason_to_send(answered, Wanted(), NOON, RULES) is None


def test_what_comes_too_late_is_answered_but_not_taken():
    late = take(FRESH, from_feeder(1, answer=True), counts=False)

    assert ((), 1, Reason.ANSWER) == (late.received, late.number, reason_to_send(late, Wanted(), NOON, RULES))


def test_who_forgot_its_numbers_learns_them_from_its_neighbor():
    """Restarted from nothing, the home says 1 again; the feeder has heard 7; what the home says next is 8."""
    restarted = spoken(FRESH, 3.0)
    told = take(restarted, from_feeder(4, heard=7), counts=True)
    again = speak(told, wanted(3.0), reason_to_send(told, wanted(3.0), NOON + 5 * SECOND, RULES), NOON + 5 * SECOND)

    assert (8, said(3.0)) == (again.sent.number, again.sent.content)


def test_numbers_go_on_where_the_neighbor_heard_them_end():
    assert 8 == spoken(take(FRESH, from_feeder(0, heard=7), counts=True), 3.0).sent.number


def in_round(number):
    """A dialog where rounds are counted, with rounds of ours and theirs up to a number."""
    mine = TransactiveSignal("spot", "home", "feeder", number, NOON, said(3.0))
    return Dialog(mine, said(-3.0), number, heard=number, since=NOON)


def test_a_round_that_is_owed_is_asked_for():
    """All was heard, so nothing is to be repeated; but the neighbor may be dead, or wait for somebody itself."""
    owed, later = Wanted(said(3.0), 3, awaited=True), NOON + 5 * SECOND
    asked = speak(in_round(3), owed, Reason.AWAITED, later)

    assert (None, Reason.AWAITED) == tuple(reason_to_send(in_round(3), owed, now, RULES) for now in (NOON, later))
    assert (3, True) == (asked.sent.number, asked.sent.answer)


@pytest.mark.parametrize(("number", "taken"), [(2, 3), (3, 3), (4, 4), (5, 3)])
def test_rounds_are_taken_in_their_turn(number, taken):
    """One that is known is no news, one that is early comes again."""
    assert taken == take_in_turn(in_round(3), from_feeder(number), counts=True, now=NOON).number


@pytest.mark.parametrize(("number", "lives"), [(1, False), (3, True), (4, True), (5, True), (6, False)])
def test_only_who_knows_the_rounds_lives(number, lives):
    """An older round may be an echo or the word of somebody who forgot; one too far ahead is of another dialog."""
    later = NOON + SECOND

    assert lives == (later == take_in_turn(in_round(3), from_feeder(number), counts=True, now=later).since)
