"""A run's news for everybody who watches it: read once, written as JSON once, kept for viewers that lag a little.

The database is the truth: the bus only says when to look, so a lost message costs a second, never an event.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from app.accounts.principal import Role
from app.infra.bus import BusClosed, Subscription
from app.infra.services import Services
from app.runs import repository, service
from app.runs.schemas import RunFrame

log = logging.getLogger(__name__)

FRAME_SECONDS: Final = 0.1
"""The shortest time between two frames to a viewer: ten frames a second."""

LOOK_SECONDS: Final = 1.0
"""How often the database is looked at when the bus says nothing."""

ACCESS_SECONDS: Final = 2.0
"""How often it is asked whether somebody's access to the design may have changed."""

FRAMES_KEPT: Final = 30
"""Frames that a lagging viewer can still take from memory; one that lags more reads the database."""

MAX_FRAME_EVENTS: Final = 2_000


@dataclass(frozen=True)
class Frame:
    """Events `first` to `last` of a run: their JSON, joined by commas, and the whole message."""

    first: int
    last: int
    events: str

    @property
    def text(self) -> str:
        return f'{{"type":"events","events":[{self.events}],"last_seq":{self.last}}}'


def frame_of(after: int, lines: list[str]) -> Frame:
    """Return the frame of the events that follow number `after`."""
    return Frame(after + 1, after + len(lines), ",".join(lines))


class Feed:
    """The news of one run since somebody began to watch.

    `last_seq` is the last event in a frame, `version` counts the changes of the run's state and `access` the changes
    of access to its design. `wait` returns when any of them moved.
    """

    def __init__(self, services: Services, run_id: str) -> None:
        self.services = services
        self.run_id = run_id
        self.last_seq = 0
        self.version = 0
        self.access = 0
        self.gone = False
        self.frames: deque[tuple[Frame, str]] = deque(maxlen=FRAMES_KEPT)
        self.viewers = 0
        self.begun = asyncio.Event()
        self._state: Any = None
        self._fingerprint: Any = None
        self._run_frames: dict[Role, tuple[int, str]] = {}
        self._news = asyncio.Event()

    async def begin(self) -> None:
        """Start at the run's last stored event."""
        async with self.services.database.session() as session:
            present = await repository.find_state(session, self.run_id)
            if present is not None:
                self._state, self.last_seq = present.state, present.last_seq
                self._fingerprint = await repository.access_fingerprint(
                    session, present.workspace_id, present.design_id
                )

    async def wait(self) -> None:
        """Return at the next news."""
        await self._news.wait()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Turn news into frames, at most ten a second, until cancelled."""
        async with self.services.bus.subscribe(service.topic(self.run_id)) as subscription:
            loop = asyncio.get_running_loop()
            access_due = loop.time() + ACCESS_SECONDS
            while True:
                begun = loop.time()
                try:
                    look_at_access = begun >= access_due
                    if look_at_access:
                        access_due = begun + ACCESS_SECONDS
                    behind = await self._look(look_at_access)
                except Exception:
                    log.exception("could not read the news of a run")
                    behind = False
                await asyncio.sleep(max(0.0, begun + FRAME_SECONDS - loop.time()))
                if not behind:
                    await _next_message(subscription)

    async def _look(self, look_at_access: bool) -> bool:
        """Read the news; return whether there are more than one frame may hold."""
        moved = False
        async with self.services.database.session() as session:
            present = await repository.find_state(session, self.run_id)
            if present is None:
                self.gone = True
                self._tell()
                return False
            if present.last_seq > self.last_seq:
                lines = await repository.read_events(session, self.run_id, self.last_seq, MAX_FRAME_EVENTS)
                frame = frame_of(self.last_seq, lines)
                self.frames.append((frame, frame.text))
                self.last_seq = frame.last
                moved = True
            if present.state != self._state:
                self._state = present.state
                self.version += 1
                moved = True
            if look_at_access:
                moved |= self._compare(
                    await repository.access_fingerprint(session, present.workspace_id, present.design_id)
                )
        if moved:
            self._tell()
        return bool(present.last_seq > self.last_seq)

    def _compare(self, fingerprint: Any) -> bool:
        changed = bool(fingerprint != self._fingerprint)
        self._fingerprint = fingerprint
        self.access += changed
        return changed

    def after(self, seq: int) -> tuple[int, str] | None:
        """Return the last event's number and the message with every kept event after `seq`; None when too far back.

        A viewer that keeps up gets the very same text as the others; for one that lags, frames are put together.
        """
        kept = [(frame, text) for frame, text in self.frames if frame.last > seq]
        if not kept or kept[0][0].first != seq + 1:
            return None
        if len(kept) == 1:
            return kept[0][0].last, kept[0][1]
        whole = Frame(kept[0][0].first, kept[-1][0].last, ",".join(frame.events for frame, _ in kept))
        return whole.last, whole.text

    async def run_frame(self, role: Role) -> str:
        """Return the message that tells of the run's present state, written once for each role."""
        known = self._run_frames.get(role)
        if known is None or known[0] != self.version:
            version = self.version
            async with self.services.database.session() as session:
                run = await repository.get_watched_run(session, self.run_id)
                text = RunFrame(run=await service.detail(session, run, role)).model_dump_json()
            known = self._run_frames[role] = (version, text)
        return known[1]


async def _next_message(subscription: Subscription) -> None:
    with contextlib.suppress(TimeoutError, BusClosed):
        async with asyncio.timeout(LOOK_SECONDS):
            await subscription.get()


class Feeds:
    """The feeds of the runs that are being watched; one begins with its first viewer and ends with its last."""

    def __init__(self) -> None:
        self._feeds: dict[str, tuple[Feed, asyncio.Task[None]]] = {}

    @asynccontextmanager
    async def watch(self, services: Services, run_id: str) -> AsyncIterator[Feed]:
        """Be a viewer of a run while the context is entered."""
        if run_id not in self._feeds:
            feed = Feed(services, run_id)
            self._feeds[run_id] = feed, asyncio.create_task(_begin_and_run(feed), name=f"feed of run {run_id}")
        feed, task = self._feeds[run_id]
        feed.viewers += 1
        try:
            await feed.begun.wait()
            if task.done():
                task.result()
            yield feed
        finally:
            feed.viewers -= 1
            if not feed.viewers and self._feeds.get(run_id) == (feed, task):
                del self._feeds[run_id]
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)


async def _begin_and_run(feed: Feed) -> None:
    try:
        await feed.begin()
    finally:
        feed.begun.set()
    await feed.run()
