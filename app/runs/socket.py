"""The run socket: what happened after `after`, then what happens, to whoever may see the design.

Origin, session and role are checked before `accept` (by the middleware and the policy) and again whenever access to
the design may have changed. A viewer sends nothing: the socket has no message of theirs.
"""

import asyncio
import contextlib
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.accounts.principal import Role
from app.infra.services import Services, services_of
from app.runs import repository
from app.runs.access import RunAccess, RunPolicy
from app.runs.feed import FRAME_SECONDS, Feed, Feeds, frame_of
from app.shared.errors import AppError

router = APIRouter()

REPLAY_EVENTS: Final = 1_000
"""Events of one frame of a replay."""

SEND_SECONDS: Final = 30.0
"""How long one frame may take to leave; a viewer that takes longer is let go and comes back where it was."""

RECHECK_SECONDS: Final = 60.0
"""How often access is checked although nothing seems to have changed: sessions and links expire."""

REVOKED: Final = 4401
NOT_SPOKEN_TO: Final = 4400
GONE: Final = 4404
TOO_SLOW: Final = 4408

policy = RunPolicy(Role.VIEWER)


def feeds_of(socket: WebSocket) -> Feeds:
    """Return the application's feeds, made with its first viewer."""
    state = socket.app.state
    if not hasattr(state, "run_feeds"):
        state.run_feeds = Feeds()
    feeds: Feeds = state.run_feeds
    return feeds


@router.websocket("/runs/{run_id}/events")
async def watch_run(
    socket: WebSocket,
    access: Annotated[RunAccess, Depends(policy)],
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
) -> None:
    """Send stored events after number `after`, then new ones as they come, and the run whenever its state changes."""
    await socket.accept()
    services = services_of(socket)
    async with feeds_of(socket).watch(services, access.run.id) as feed:
        viewer = Viewer(socket, services, feed, access, after)
        code = await viewer.serve()
    if code is not None:
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await socket.close(code)


class Viewer:
    """One open socket. Its position in the run is all that is queued for it."""

    def __init__(self, socket: WebSocket, services: Services, feed: Feed, access: RunAccess, after: int) -> None:
        self.socket = socket
        self.services = services
        self.feed = feed
        self.role = access.role
        self.seq = after
        self.version = -1
        self.checked = feed.access

    async def serve(self) -> int | None:
        """Serve until one side ends it; return the code to close with, or None when the viewer left."""
        tasks = [asyncio.create_task(part()) for part in (self._send, self._listen, self._guard)]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return next(iter(done)).result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self) -> int | None:
        try:
            message = await self.socket.receive()
        except RuntimeError:
            return None
        return None if message["type"] == "websocket.disconnect" else NOT_SPOKEN_TO

    async def _guard(self) -> int | None:
        """Return when the viewer may no longer watch."""
        while not self.feed.gone:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RECHECK_SECONDS):
                    while self.checked == self.feed.access and not self.feed.gone:
                        await self.feed.wait()
            self.checked = self.feed.access
            try:
                async with self.services.database.session() as session:
                    self.role = (await policy.authorize(self.socket, session)).role
            except AppError as error:
                return GONE if error.status == 404 and self.feed.gone else REVOKED
        return GONE

    async def _send(self) -> int | None:
        loop = asyncio.get_running_loop()
        while True:
            begun = loop.time()
            text = await self._next_frame()
            if text is None:
                await self.feed.wait()
                continue
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    await self.socket.send_text(text)
            except TimeoutError:
                return TOO_SLOW
            except (WebSocketDisconnect, RuntimeError):
                return None
            await asyncio.sleep(max(0.0, begun + FRAME_SECONDS - loop.time()))

    async def _next_frame(self) -> str | None:
        """Return the next message for this viewer; None when there is no news."""
        if self.seq < self.feed.last_seq:
            return await self._events()
        if self.version != self.feed.version:
            self.version = self.feed.version
            return await self.feed.run_frame(self.role)
        return None

    async def _events(self) -> str:
        kept = self.feed.after(self.seq)
        if kept is None:
            async with self.services.database.session() as session:
                lines = await repository.read_events(session, self.feed.run_id, self.seq, REPLAY_EVENTS)
            frame = frame_of(self.seq, lines)
            kept = frame.last, frame.text
        self.seq, text = kept
        return text
