"""What every bus does: in one process by a virtual clock, and over a real NATS server."""

import asyncio
from datetime import UTC, datetime

import pytest

from micromarket.runtime.bus import InProcessBus
from micromarket.runtime.clocks import VirtualClock
from nats_server import nats_server

START = datetime(2026, 7, 6, 12, tzinfo=UTC)
LIMIT_SECONDS = 20


class InProcess:
    """Runs a story over the bus in memory; nothing waits."""

    def tell(self, story):
        clock = VirtualClock(START)

        async def settle(_):
            clock.run_until(clock.now())

        asyncio.run(story(InProcessBus(clock), settle))


class OverNats:
    """Runs a story over a NATS server; waits until something is true."""

    def __init__(self, url):
        self.url = url

    def tell(self, story):
        from micromarket.runtime.nats_bus import NatsBus

        async def wait_for(bus, condition):
            await bus.settled()
            async with asyncio.timeout(LIMIT_SECONDS):
                while not condition():
                    await asyncio.sleep(0.005)

        async def run():
            async with NatsBus(self.url) as bus:
                await story(bus, lambda condition: wait_for(bus, condition))

        asyncio.run(run())


@pytest.fixture(scope="module")
def server():
    pytest.importorskip("nats", reason="nats-py is not installed")
    with nats_server() as url:
        yield url


@pytest.fixture(params=["in process", "nats"])
def stage(request):
    return InProcess() if request.param == "in process" else OverNats(request.getfixturevalue("server"))


def test_a_message_arrives(stage):
    heard = []

    async def story(bus, until):
        bus.subscribe("a.b", heard.append)
        bus.publish("a.b", b"hello")
        await until(lambda: heard)

    stage.tell(story)

    assert [b"hello"] == heard


def test_messages_of_one_sender_keep_their_order(stage):
    heard = []

    async def story(bus, until):
        bus.subscribe("a", heard.append)
        for number in range(500):
            bus.publish("a", str(number).encode())
        await until(lambda: len(heard) == 500)

    stage.tell(story)

    assert [str(number).encode() for number in range(500)] == heard


def test_only_subscribers_of_the_subject_hear(stage):
    """Everyone who subscribed hears, in whatever way the subject is written; nobody else does."""
    first, second, other = [], [], []

    async def story(bus, until):
        for subject, heard in (("a.b", first), ("a.b", second), ("a", other)):
            bus.subscribe(subject, heard.append)
        bus.publish("a.b", b"x")
        bus.publish("a", b"y")
        await until(lambda: first and second and other)

    stage.tell(story)

    assert ([b"x"], [b"x"], [b"y"]) == (first, second, other)


def test_a_handler_may_publish(stage):
    """An answer is delivered after its asker is done, never in the middle of it."""
    heard = []

    async def story(bus, until):
        bus.subscribe("ask", lambda payload: (bus.publish("answer", payload + b"!"), heard.append(payload)))
        bus.subscribe("answer", heard.append)
        bus.publish("ask", b"well")
        await until(lambda: len(heard) == 2)

    stage.tell(story)

    assert [b"well", b"well!"] == heard


def test_nobody_needs_to_listen(stage):
    """What nobody subscribed to is gone; what is published after it arrives."""
    heard = []

    async def story(bus, until):
        bus.subscribe("somebody", heard.append)
        bus.publish("nobody", b"here")
        bus.publish("somebody", b"there")
        await until(lambda: heard)

    stage.tell(story)

    assert [b"there"] == heard
