from datetime import UTC, datetime, timedelta

import pytest

from micromarket.runtime.bus import InProcessBus
from micromarket.runtime.clocks import VirtualClock
from micromarket.runtime.faults import Faults, FaultyBus

NOON = datetime(2026, 7, 6, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def delivered(faults, count=1000):
    """Numbers that arrive when 0, 1, 2 ... are sent, in the order of their arrival."""
    clock, heard = VirtualClock(NOON), []
    bus = FaultyBus(InProcessBus(clock), clock, faults)
    bus.subscribe("a", lambda payload: heard.append(int(payload)))
    for number in range(count):
        bus.publish("a", str(number).encode())
    clock.run_until(NOON + MINUTE)
    return heard


def test_without_faults_everything_arrives_in_order():
    assert list(range(1000)) == delivered(Faults())


@pytest.mark.parametrize(("faults", "count"), [(Faults(drop=0.3), 700), (Faults(double=0.3), 1300)])
def test_about_as_many_are_lost_or_doubled_as_asked_for(faults, count):
    assert count == pytest.approx(len(delivered(faults)), abs=60)


def test_delayed_ones_are_overtaken():
    """Nothing is missing, but the order is another."""
    heard = delivered(Faults(delay=0.5))

    assert heard != sorted(heard)
    assert list(range(1000)) == sorted(heard)


def test_chance_is_seeded():
    assert delivered(Faults(drop=0.5, seed=3)) == delivered(Faults(drop=0.5, seed=3)) != delivered(Faults(drop=0.5))
