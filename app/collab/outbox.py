"""What waits to be sent to one browser: bounded, so that a slow one costs nobody else anything."""

import asyncio
from collections import deque
from typing import Final

from starlette.websockets import WebSocket, WebSocketDisconnect

MAX_FRAMES: Final = 2_000
MAX_BYTES: Final = 32 * 2**20

REVOKED, READ_ONLY, REPLACED = 4401, 4403, 4409
MALFORMED, REFUSED, TOO_BIG, RESTARTED, TOO_SLOW = 1007, 1008, 1009, 1012, 1013


class Outbox:
    """An accepted socket with its own queue. `close` may be called from anywhere; the first reason counts."""

    def __init__(self, socket: WebSocket) -> None:
        self.socket = socket
        self._frames: deque[bytes | str] = deque()
        self._bytes = 0
        self._news = asyncio.Event()
        self._closing: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()

    def send(self, frame: bytes | str) -> None:
        """Queue a frame; a browser that has fallen too far behind is disconnected instead, and will come again."""
        self._frames.append(frame)
        self._bytes += len(frame)
        if len(self._frames) > MAX_FRAMES or self._bytes > MAX_BYTES:
            self.close(TOO_SLOW, "This browser cannot keep up.")
        self._news.set()

    def close(self, code: int, reason: str) -> None:
        """Have the socket closed with `code`."""
        if not self._closing.done():
            self._closing.set_result((code, reason[:120]))

    @property
    def closing(self) -> bool:
        return self._closing.done()

    async def closed(self) -> tuple[int, str]:
        """Return the code and the reason once somebody has asked for the socket to be closed."""
        return await asyncio.shield(self._closing)

    async def deliver(self) -> None:
        """Send what is queued, for ever; end when the browser is gone."""
        try:
            while True:
                while self._frames:
                    frame = self._frames.popleft()
                    self._bytes -= len(frame)
                    if isinstance(frame, str):
                        await self.socket.send_text(frame)
                    else:
                        await self.socket.send_bytes(frame)
                self._news.clear()
                await self._news.wait()
        except (WebSocketDisconnect, RuntimeError):
            return
