"""The event bus: tells whoever listens that something happened. It may lose messages and is never the truth.

Whoever needs the truth reads the database and uses the bus only to know when to look.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final, Protocol

QUEUE_LENGTH: Final = 256
"""Messages that wait for one listener; when it is slower than that, the oldest are dropped."""

MAX_MESSAGE: Final = 7_900
"""Characters of one message: what PostgreSQL's NOTIFY carries. More belongs in a table."""


class Subscription(Protocol):
    """The messages of one topic, from the moment of subscribing."""

    async def get(self) -> str:
        """Return the next message, waiting for it."""
        ...


class EventBus(Protocol):
    """Publish and subscribe by topic. A topic and a message are short texts."""

    async def publish(self, topic: str, message: str) -> None:
        """Hand `message` to the present subscribers of `topic`; never waits for them."""
        ...

    def subscribe(self, topic: str) -> AbstractAsyncContextManager[Subscription]:
        """Subscribe to `topic` while the returned context is entered."""
        ...

    async def close(self) -> None:
        """End every subscription."""
        ...


class BusClosed(Exception):
    """The bus was closed while somebody listened."""


class _Mailbox:
    def __init__(self) -> None:
        self.queue: asyncio.Queue[str | None] = asyncio.Queue(QUEUE_LENGTH)

    def put(self, message: str | None) -> None:
        if self.queue.full():
            self.queue.get_nowait()
        self.queue.put_nowait(message)

    async def get(self) -> str:
        message = await self.queue.get()
        if message is None:
            self.put(None)
            raise BusClosed
        return message


class LocalBus:
    """The bus within one process: a bounded queue for each subscriber, the oldest message dropped first."""

    def __init__(self) -> None:
        self._mailboxes: defaultdict[str, set[_Mailbox]] = defaultdict(set)

    async def publish(self, topic: str, message: str) -> None:
        """Hand `message` to the present subscribers; raise `ValueError` when it is longer than `MAX_MESSAGE`."""
        if len(message) > MAX_MESSAGE:
            raise ValueError(f"A message has at most {MAX_MESSAGE} characters; received {len(message)}.")
        for mailbox in self._mailboxes.get(topic, ()):
            mailbox.put(message)

    @asynccontextmanager
    async def subscribe(self, topic: str) -> AsyncIterator[Subscription]:
        """Subscribe to `topic` while the returned context is entered."""
        mailbox = _Mailbox()
        self._mailboxes[topic].add(mailbox)
        try:
            yield mailbox
        finally:
            listeners = self._mailboxes[topic]
            listeners.discard(mailbox)
            if not listeners:
                del self._mailboxes[topic]

    async def close(self) -> None:
        """Wake every subscriber with `BusClosed`."""
        for listeners in self._mailboxes.values():
            for mailbox in listeners:
                mailbox.put(None)
