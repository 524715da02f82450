"""A browser's side of the editing socket, written against the protocol: a document that follows the server."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import httpx
from pycrdt import Doc, Map, TransactionEvent
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from app.collab import protocol
from app.messages.lib0 import Reader

DEADLINE = 30.0


def cookie_of(client: httpx.Client) -> str:
    return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


def socket_url(url: str, design_id: str, path: str) -> str:
    return f"{url.replace('http', 'ws', 1)}/api/designs/{design_id}/{path}"


class Replica:
    """An open design. Edits are made with `edit` and leave as update messages; `acknowledged` counts them."""

    def __init__(self, url: str, design_id: str, cookie: str, *, origin: str = "") -> None:
        self.address = socket_url(url, design_id, "sync?ack=1")
        self.headers = {"cookie": cookie}
        self.origin = origin or url
        self.doc: Doc[Any] = Doc()
        self.doc.observe(self._on_change)
        self.epoch = ""
        self.sent = self.acknowledged = 0
        self.closed: tuple[int, str] | None = None
        self.socket: ClientConnection
        self.connected = asyncio.Event()
        self._changes: list[bytes] = []
        self._applying = False
        self._synced = False

    def _on_change(self, event: TransactionEvent) -> None:
        if not self._applying:
            self._changes.append(event.update)

    async def __aenter__(self) -> Self:
        self.socket = await connect(self.address, additional_headers=self.headers, origin=self.origin)  # type: ignore[arg-type]
        self.connected.set()
        self._reader = asyncio.create_task(self._read())
        await self.socket.send(protocol.step_1(self.doc.get_state()))
        await self.until(lambda: self._synced or self.closed is not None)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.socket.close()
        await self._reader

    async def _read(self) -> None:
        try:
            async for frame in self.socket:
                assert isinstance(frame, bytes)
                self._take(frame)
        except ConnectionClosed:
            pass
        self.closed = (self.socket.close_code or 0, self.socket.close_reason or "")

    def _take(self, frame: bytes) -> None:
        reader = Reader(frame)
        match reader.varuint():
            case protocol.ACKNOWLEDGED:
                self.acknowledged = reader.varuint()
            case protocol.EPOCH:
                self.epoch = reader.string()
            case protocol.SYNC:
                kind, payload = reader.varuint(), reader.bytes()
                if kind != protocol.STEP_1:
                    self._applying = True
                    self.doc.apply_update(payload)
                    self._applying = False
                self._synced |= kind == protocol.STEP_2

    def root(self, name: str = "layers") -> Map[Any]:
        return self.doc.get(name, type=Map)

    @property
    def content(self) -> dict[str, Any]:
        return self.root().to_py() or {}

    async def edit(self, change: Callable[[Doc[Any]], None]) -> None:
        """Make an edit and send it; it is not acknowledged yet."""
        with self.doc.transaction():
            change(self.doc)
        for update in self._changes:
            self.sent += 1
            await self.socket.send(protocol.update(update))
        self._changes.clear()

    async def set(self, key: str, value: Any, root: str = "layers") -> None:
        await self.edit(lambda doc: doc.get(root, type=Map).__setitem__(key, value))

    async def saved(self) -> None:
        """Wait until everything that was sent is acknowledged."""
        await self.until(lambda: self.acknowledged >= self.sent)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE):
            while not condition():
                await asyncio.sleep(0.005)
