"""The loop of the room process: one connection, requests in order, updates stored in groups.

Updates that arrive while the socket stays readable, for at most `GROUP_SECONDS`, are stored in one transaction; each
is answered when that transaction is durable. Whatever reads a room first stores what is pending, so no answer ever
holds anything that a power cut could take back.
"""

import json
import logging
import select
import socket
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from mmap import mmap
from typing import Final

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app.document.edits import Edit
from app.messages.lib0 import Malformed
from app.messages.rooms import BUSY, MAX_UPDATE, Answer, Fault, Frames, Request, frame
from app.rooms import repository
from app.rooms.repository import Entry
from app.rooms.room import Pending, Room
from app.rooms.structure import Gap
from app.shared.ids import new_id

log = logging.getLogger(__name__)

UNREACHED: Final = "The design could not be read or stored."
"""What a person is told of a database that does not answer; what it said is in the log."""

GROUP_SECONDS: Final = 0.005
GROUP_UPDATES: Final = 500
COMPACT_ROWS: Final = 500
IDLE_SECONDS: Final = 0.5
MAX_ROOMS: Final = 64
MAX_ROOM_BYTES: Final = 64 * 2**20

edits_adapter: TypeAdapter[list[Edit]] = TypeAdapter(list[Edit])


class Refused(Exception):
    """The request is answered with a fault."""

    def __init__(self, fault: Fault, message: str = "") -> None:
        super().__init__(message)
        self.fault: Fault = fault


@dataclass(frozen=True)
class _Waiting:
    """An update that is applied but not stored, and the answer that waits for it."""

    entry: Entry
    answer: Answer


class RoomServer:
    """Answers the requests of one web process until it goes away."""

    def __init__(self, connection: socket.socket, engine: Engine, busy: mmap) -> None:
        self.connection = connection
        self.engine = engine
        self.busy = busy
        self.rooms: OrderedDict[str, Room] = OrderedDict()
        self.group: list[_Waiting] = []
        self.deadline = 0.0
        self.handlers: dict[str, Callable[[Request, bytes], tuple[Answer, bytes] | None]] = {
            "create": self.create,
            "rebuild": self.rebuild,
            "open": self.open,
            "sync": self.sync,
            "apply": self.apply,
            "edit": self.edit,
            "snapshot": self.snapshot,
        }

    def serve(self) -> None:
        """Return when the other side has closed the connection and everything is stored."""
        frames = Frames()
        while True:
            if not self._readable(0.0 if self.group else IDLE_SECONDS):
                self.store() if self.group else self.compact_one()
                continue
            data = self.connection.recv(2**18)
            if not data:
                self.store()
                return
            for header, body in frames.feed(data):
                self.handle(Request.model_validate(header), body)
            if self.group and (time.monotonic() > self.deadline or len(self.group) >= GROUP_UPDATES):
                self.store()

    def _readable(self, seconds: float) -> bool:
        return bool(select.select([self.connection], [], [], seconds)[0])

    def handle(self, request: Request, body: bytes) -> None:
        """Answer a request, now or when it is stored. The file `busy` names it meanwhile, and ever after a fault."""
        self.busy[: BUSY.size] = BUSY.pack(request.id)
        try:
            answered = self.handlers[request.op](request, body)
        except Refused as refusal:
            answered = Answer(id=request.id, fault=refusal.fault, message=str(refusal)), b""
        except SQLAlchemyError:
            log.exception("a request about design %s did not reach the database", request.design)
            self.rooms.pop(request.design, None)
            answered = Answer(id=request.id, fault="unavailable", message=UNREACHED), b""
        self.busy[: BUSY.size] = BUSY.pack(0)
        if answered is not None:
            self.connection.sendall(frame(*answered))

    def create(self, request: Request, body: bytes) -> tuple[Answer, bytes]:
        """Begin a room with a document."""
        return self._begin(request, body)

    def rebuild(self, request: Request, body: bytes) -> tuple[Answer, bytes]:
        """Begin a new epoch of a room with a document."""
        self.store()
        self._room(request)
        return self._begin(request, body)

    def _begin(self, request: Request, body: bytes) -> tuple[Answer, bytes]:
        room = Room(request.design, new_id(), seq=1, rows=1)
        update = room.write(json.loads(body))
        room.size = len(update)
        repository.begin_epoch(self.engine, Entry(room.design, room.epoch, room.seq, request.user, update))
        self._keep(room)
        return self._answer(request, room), room.snapshot()

    def open(self, request: Request, body: bytes) -> tuple[Answer, bytes]:
        """Say where a room is: its epoch and its state vector."""
        self.store()
        room = self._room(request)
        return self._answer(request, room), room.doc.get_state()

    def sync(self, request: Request, body: bytes) -> tuple[Answer, bytes]:
        """Return what a browser with this state vector lacks, all of it durable."""
        self.store()
        room = self._room(request)
        try:
            return self._answer(request, room), room.missing_from(body)
        except Malformed as error:
            raise Refused("malformed", str(error)) from error

    def snapshot(self, request: Request, body: bytes) -> tuple[Answer, bytes]:
        """Return the design as JSON that fits the schema."""
        self.store()
        room = self._room(request)
        return self._answer(request, room), room.snapshot()

    def apply(self, request: Request, body: bytes) -> tuple[Answer, bytes] | None:
        """Apply an update; answered when it is stored."""
        if len(body) > MAX_UPDATE:
            raise Refused("too_large", f"An update has at most {MAX_UPDATE} bytes; received {len(body)}.")
        room = self._room(request)
        if room.size + len(body) > MAX_ROOM_BYTES:
            raise Refused("too_large", "This design has grown too large to edit.")
        try:
            return self._commit(request, room, room.apply(body))
        except Gap as error:
            raise Refused("gap") from error
        except Malformed as error:
            raise Refused("malformed", str(error)) from error
        except Pending as error:
            self.store()
            self.rooms.pop(room.design, None)
            raise Refused("malformed", str(error)) from error

    def edit(self, request: Request, body: bytes) -> tuple[Answer, bytes] | None:
        """Apply edits that the server makes on behalf of a user; answered when they are stored."""
        try:
            edits = edits_adapter.validate_json(body)
        except ValidationError as error:
            raise Refused("malformed", str(error)[:500]) from error
        room = self._room(request)
        return self._commit(request, room, room.edit(edits))

    def _commit(self, request: Request, room: Room, change: bytes) -> tuple[Answer, bytes] | None:
        if not change:
            self.store()
            return self._answer(request, room), b""
        room.seq += 1
        room.size += len(change)
        entry = Entry(room.design, room.epoch, room.seq, request.user, change)
        if not self.group:
            self.deadline = time.monotonic() + GROUP_SECONDS
        self.group.append(_Waiting(entry, self._answer(request, room)))
        return None

    def store(self) -> None:
        """Store what is pending in one transaction, then answer. What cannot be stored is forgotten again."""
        if not self.group:
            return
        group, self.group = self.group, []
        try:
            repository.append(self.engine, [waiting.entry for waiting in group])
        except SQLAlchemyError:
            log.exception("%d updates could not be stored", len(group))
            for waiting in group:
                self.rooms.pop(waiting.entry.design, None)
            fault = Answer(id=0, fault="unavailable", message=UNREACHED)
            answers = [frame(fault.model_copy(update={"id": waiting.answer.id})) for waiting in group]
        else:
            for waiting in group:
                self.rooms[waiting.entry.design].rows += 1
            answers = [frame(waiting.answer, waiting.entry.payload) for waiting in group]
        self.connection.sendall(b"".join(answers))

    def compact_one(self) -> None:
        """Merge the log of one room that has grown long, in a quiet moment."""
        room = next((room for room in self.rooms.values() if room.rows >= COMPACT_ROWS), None)
        if room is None:
            return
        try:
            merged = room.merged()
            repository.compact(self.engine, Entry(room.design, room.epoch, room.seq, "", merged))
        except (Malformed, SQLAlchemyError):
            log.exception("the log of design %s stays long", room.design)
            room.rows = 0  # Not before as many rows again: it would fail again.
            return
        room.rows, room.size = 1, len(merged)

    def _room(self, request: Request) -> Room:
        """Return the room of a request, from memory or from its log; refuse another epoch than the present one."""
        room = self.rooms.get(request.design) or self._load(request.design)
        self.rooms.move_to_end(request.design)
        if request.epoch and request.epoch != room.epoch:
            raise Refused("replaced", "The design was restored; open it again.")
        return room

    def _load(self, design: str) -> Room:
        epoch = repository.find_epoch(self.engine, design)
        if epoch is None:
            raise Refused("missing", "There is no such design.")
        log = repository.read_log(self.engine, design, epoch)
        room = Room(design, epoch, seq=log[-1][0], rows=len(log), size=sum(len(payload) for _, payload in log))
        room.replay(payload for _, payload in log)
        self._keep(room)
        return room

    def _keep(self, room: Room) -> None:
        self.rooms[room.design] = room
        self.rooms.move_to_end(room.design)
        if len(self.rooms) > MAX_ROOMS:
            self.store()
            self.rooms.popitem(last=False)

    def _answer(self, request: Request, room: Room) -> Answer:
        return Answer(id=request.id, epoch=room.epoch, seq=room.seq)
