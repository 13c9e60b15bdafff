"""A bus between programs, over a NATS server; needs the extra ``nats``.

NATS carries each message at most once and keeps nothing: what is lost, the rules of the signals repeat. The client
reconnects by itself when the server comes back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from types import TracebackType
from typing import Self

from micromarket.errors import BusError, MissingExtra
from micromarket.runtime.bus import Handler

try:
    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.errors import Error as NatsError
except ImportError as missing:
    raise MissingExtra("NATS needs an optional dependency: pip install 'micromarket[nats]'") from missing

CONNECT_SECONDS = 5.0
FOR_EVER = -1


class NatsBus:
    """A bus that a NATS server carries; an asynchronous context, inside which it is connected.

    Parameters
    ----------
    url : str
        Address of the server, such as ``nats://127.0.0.1:4222``.

    Raises
    ------
    BusError
        On entering, if no server answers there.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = Client()
        self._waiting: asyncio.Queue[Callable[[], Awaitable[object]]] = asyncio.Queue()
        self._sender: asyncio.Task[None] | None = None
        self._last_error: Exception | None = None

    def publish(self, subject: str, payload: bytes) -> None:
        """Send a message to whoever subscribed to its subject, in the order of the calls."""
        self._waiting.put_nowait(partial(self._client.publish, subject, payload))

    def subscribe(self, subject: str, handler: Handler) -> None:
        """Have `handler` called with each message of a subject."""

        async def deliver(message: Msg) -> None:
            asyncio.get_running_loop().call_soon(handler, message.data)

        self._waiting.put_nowait(partial(self._client.subscribe, subject, cb=deliver))

    async def settled(self) -> None:
        """Wait until the server has taken all that was asked of this bus."""
        await self._waiting.join()
        await self._client.flush()

    async def __aenter__(self) -> Self:
        """Connect."""
        try:
            connecting = self._client.connect(self._url, error_cb=self._note, max_reconnect_attempts=FOR_EVER)
            await asyncio.wait_for(connecting, CONNECT_SECONDS)
        except (OSError, TimeoutError, NatsError) as error:
            await self._client.close()
            said = self._last_error or error or type(error).__name__
            raise BusError(f"no NATS server answers at {self._url}: {said}") from None
        self._sender = asyncio.create_task(self._send())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Send what is waiting, unless something went wrong, and disconnect."""
        if kind is None:
            await self.settled()
        if self._sender is not None:
            self._sender.cancel()
        await self._client.close()

    async def _note(self, error: Exception) -> None:
        self._last_error = error

    async def _send(self) -> None:
        while True:
            call = await self._waiting.get()
            try:
                await call()
            except NatsError as error:  # the connection is away: a bus may lose messages
                self._last_error = error
            finally:
                self._waiting.task_done()
