"""One browser at one open design: its edits go to the room, are stored, and only then acknowledged and sent on."""

import asyncio
import contextlib
import logging
from typing import Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from app.accounts.principal import Role
from app.collab import protocol
from app.collab.desk import Desk
from app.collab.outbox import MALFORMED, READ_ONLY, REFUSED, REPLACED, RESTARTED, TOO_BIG, Outbox
from app.collab.protocol import Awareness, Message, Presence, QueryAwareness, Step1, Update
from app.collab.rate import Allowance
from app.designs.access import DesignAccess
from app.infra.rooms import RoomReplaced, UpdateGap
from app.messages.lib0 import Malformed
from app.messages.rooms import MAX_UPDATE
from app.shared.errors import AppError, NotFound, TooLarge, Unavailable

log = logging.getLogger(__name__)

MAX_FRAME: Final = MAX_UPDATE + 64
MAX_HELD: Final = 64
FRAMES_PER_SECOND, BURST_FRAMES = 200.0, 2_000.0
BYTES_PER_SECOND, BURST_BYTES = 2.0 * 2**20, 16.0 * 2**20


class Editor:
    """A socket that speaks y-protocols with one room. With `ack`, also our acknowledgements.

    An update that builds on something not yet here is held back, and the browser asked for what is missing: stock
    clients may send an edit before their answer to our step 1.
    """

    def __init__(self, socket: WebSocket, desk: Desk, access: DesignAccess, *, ack: bool) -> None:
        self.outbox = Outbox(socket)
        self.socket = socket
        self.desk = desk
        self.access = access
        self.ack = ack
        self.epoch = ""
        self.presences: dict[int, Presence] = {}
        self._frames = Allowance(FRAMES_PER_SECOND, BURST_FRAMES)
        self._bytes = Allowance(BYTES_PER_SECOND, BURST_BYTES)
        self._received = 0
        self._acknowledged = 0
        self._durable: set[int] = set()
        self._held: list[tuple[int, bytes]] = []

    async def serve(self) -> None:
        """Serve the accepted socket until it is closed, by either side."""
        try:
            await self._greet()
        except AppError as error:
            await self._close(_code(error), error.message)
            return
        self.desk.join(self)
        listening = asyncio.create_task(self._listen())
        delivering = asyncio.create_task(self.outbox.deliver())
        closing = asyncio.create_task(self.outbox.closed())
        try:
            await asyncio.wait({listening, delivering, closing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.desk.leave(self)
            self._say_goodbye()
            for task in (listening, delivering, closing):
                task.cancel()
            for ending in await asyncio.gather(listening, delivering, closing, return_exceptions=True):
                if isinstance(ending, Exception):
                    log.error("an editing socket ended on a fault", exc_info=ending)
            if self.outbox.closing:
                await self._close(*await self.outbox.closed())

    async def _close(self, code: int, reason: str) -> None:
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await self.socket.close(code, reason[:120])

    async def _greet(self) -> None:
        room = await self.desk.services.rooms.open(self.desk.design_id)
        self.epoch = room.epoch
        if self.ack:
            self.outbox.send(protocol.epoch(room.epoch))
        if self.ack or self.access.role >= Role.EDITOR:
            self.outbox.send(protocol.step_1(room.state_vector))
        self._introduce()

    def _introduce(self) -> None:
        present = [
            presence for other in self.desk.editors for presence in other.presences.values() if other is not self
        ]
        if present:
            self.outbox.send(protocol.awareness(present[: protocol.MAX_PRESENCES]))

    async def _listen(self) -> None:
        try:
            while not self.outbox.closing:
                event = await self.socket.receive()
                if event["type"] == "websocket.disconnect":
                    return
                await self._take(event.get("bytes"))
        except Malformed as error:
            self.outbox.close(MALFORMED, str(error))
        except AppError as error:
            self.outbox.close(_code(error), error.message)

    async def _take(self, frame: bytes | None) -> None:
        if frame is None:
            raise Malformed("The messages of this socket are binary.")
        if len(frame) > MAX_FRAME:
            raise TooLarge(f"A message has at most {MAX_FRAME} bytes; received {len(frame)}.")
        delay = max(self._frames.spend(1), self._bytes.spend(len(frame)))
        if delay > 0:
            await asyncio.sleep(delay)
        await self._handle(protocol.read_message(frame))

    async def _handle(self, message: Message) -> None:
        if self.access.role < protocol.least_role(message):
            self.outbox.close(READ_ONLY, "You may look at this design, not change it.")
            return
        match message:
            case Step1(state_vector):
                rooms = self.desk.services.rooms
                self.outbox.send(protocol.step_2(await rooms.sync(self.desk.design_id, self.epoch, state_vector)))
            case Update():
                await self._receive_update(message)
            case Awareness(presences):
                self._meet(presences)
            case QueryAwareness():
                self._introduce()

    async def _receive_update(self, message: Update) -> None:
        if self.access.role < Role.EDITOR:
            return
        number = 0
        if not message.answer:
            self._received += 1
            number = self._received
        elif message.update == b"\0\0":
            return
        if await self._try(number, message.update):
            await self._retry_held()
        self._acknowledge()

    async def _try(self, number: int, update: bytes) -> bool:
        """Have an update stored and sent on; hold it back, and return False, while something before it is missing."""
        desk = self.desk
        try:
            applied = await desk.services.rooms.apply(desk.design_id, self.epoch, update, self.access.user_id)
        except UpdateGap:
            await self._hold(number, update)
            return False
        self._durable.add(number)
        if applied.change:
            desk.broadcast(protocol.update(applied.change), but=self)
            desk.touch(self.access.user_id)
        return True

    async def _hold(self, number: int, update: bytes) -> None:
        if any(held == (number, update) for held in self._held):
            return
        if len(self._held) >= MAX_HELD:
            self.outbox.close(REFUSED, "Too many edits build on one that never came.")
            return
        self._held.append((number, update))
        if len(self._held) == 1:
            room = await self.desk.services.rooms.open(self.desk.design_id)
            self.outbox.send(protocol.step_1(room.state_vector))

    async def _retry_held(self) -> None:
        """Try held updates again, in order, as long as that helps."""
        for number, update in list(self._held):
            if not await self._try(number, update):
                return
            self._held.remove((number, update))

    def _acknowledge(self) -> None:
        before = self._acknowledged
        while self._acknowledged + 1 in self._durable:
            self._acknowledged += 1
            self._durable.discard(self._acknowledged)
        if self.ack and self._acknowledged > before:
            self.outbox.send(protocol.acknowledged(self._acknowledged))

    def _meet(self, presences: tuple[Presence, ...]) -> None:
        """Pass on what this browser says of itself; what it repeats of others they have said themselves."""
        others = {client for other in self.desk.editors if other is not self for client in other.presences}
        news = []
        for presence in presences:
            known = self.presences.get(presence.client)
            if presence.client in others or (known is not None and presence.clock <= known.clock):
                continue
            if known is None and len(self.presences) >= 4:
                continue
            self.presences[presence.client] = presence
            news.append(presence)
        if news:
            self.desk.broadcast(protocol.awareness(news), but=self)

    def _say_goodbye(self) -> None:
        gone = [
            Presence(presence.client, presence.clock + 1, "null")
            for presence in self.presences.values()
            if presence.state != "null"
        ]
        if gone:
            self.desk.broadcast(protocol.awareness(gone), but=self)


def _code(error: AppError) -> int:
    match error:
        case RoomReplaced():
            return REPLACED
        case TooLarge():
            return TOO_BIG
        case Unavailable():
            return RESTARTED
        case NotFound():
            return REFUSED
        case _:
            return MALFORMED
