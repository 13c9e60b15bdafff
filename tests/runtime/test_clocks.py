import asyncio
from datetime import UTC, datetime, timedelta

from micromarket.runtime.clocks import VirtualClock, WallClock

NOON = datetime(2026, 7, 6, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_a_virtual_clock_jumps_from_action_to_action():
    """In the order of their moments, those of one moment in the order in which they were asked for."""
    clock, seen = VirtualClock(NOON), []
    for name, wait in (("late", 9), ("first", 1), ("second", 1), ("never", 99)):
        clock.call_at(NOON + wait * SECOND, lambda name=name: seen.append((name, clock.now() - NOON)))
    clock.run_until(NOON + 10 * SECOND)

    assert [("first", SECOND), ("second", SECOND), ("late", 9 * SECOND)] == seen
    assert NOON + 10 * SECOND == clock.now()


def test_what_has_passed_is_done_now():
    """An action may ask for another at the same moment, or before."""
    clock, seen = VirtualClock(NOON), []
    clock.call_at(NOON, lambda: clock.call_at(NOON - SECOND, lambda: seen.append(clock.now())))
    clock.run_until(NOON)

    assert [NOON] == seen


def test_the_clock_on_the_wall_calls_back():
    async def story():
        clock, called = WallClock(), asyncio.Event()
        clock.call_at(clock.now(), called.set)
        await asyncio.wait_for(called.wait(), 20)
        return clock.now()

    assert asyncio.run(story()).utcoffset() == timedelta(0)
