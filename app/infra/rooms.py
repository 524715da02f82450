"""The web process's side of the room process: starts it, asks it, watches it, starts it again.

A request on which the room process crashes, or works for longer than `HANG_SECONDS`, is refused with `RoomCrashed`;
every other request that was under way is sent again to the next process, in the old order. An update that was stored
and comes again changes nothing, so nothing is lost and nothing is doubled.
"""

import asyncio
import contextlib
import json
import logging
import signal
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, Final, NamedTuple

from app.document.edits import Edit
from app.infra.room_process import HANG_SECONDS, RoomProcess, launch
from app.messages.rooms import Answer, Fault, Frames, Op, Request, frame
from app.shared.errors import AppError, Conflict, Invalid, NotFound, TooLarge, Unavailable

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 0.2
ANSWER_SECONDS: Final = 30.0
CRASHES: Final = 3
"""So many crashes on one design, and it rests for `REST_SECONDS`: the other designs are not to suffer."""
REST_SECONDS: Final = 60.0


class RoomCrashed(Invalid):
    """The room process died of this request, or hung on it."""

    code = "room_crashed"


class RoomReplaced(Conflict):
    """The design has a new epoch; whoever has the old one open must load it again."""

    code = "room_replaced"


class UpdateGap(Conflict):
    """The update builds on something that has not arrived."""

    code = "update_gap"


class UpdateMalformed(Invalid):
    """The bytes are no update of a design."""

    code = "update_malformed"


class _Told(NamedTuple):
    """How a fault of the room process is told: as which error, with what is expected and what to do."""

    error: type[AppError]
    expected: str
    hint: str


_FAULTS: Final[dict[Fault, _Told]] = {
    "missing": _Told(NotFound, "a design that exists", "Look at the list of designs."),
    "replaced": _Told(RoomReplaced, "an edit of the design as it is now", "Open the design again."),
    "malformed": _Told(UpdateMalformed, "an update of a design", "Load the page again."),
    "too_large": _Told(TooLarge, "a smaller edit", "Edit less at once, or divide the design."),
    "gap": _Told(UpdateGap, "what the edit builds on first", "Load the page again."),
    "unavailable": _Told(
        Unavailable, "a database that answers", "Try again in a moment; your browser keeps what was not saved."
    ),
}


@dataclass(frozen=True)
class Snapshot:
    """A design as its room holds it, fitting the schema; `dropped` names what did not fit."""

    epoch: str
    seq: int
    document: dict[str, Any]
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True)
class Opened:
    """A room's epoch and its state vector."""

    epoch: str
    state_vector: bytes


@dataclass(frozen=True)
class Applied:
    """A durable update; `change` is what other replicas need, empty when it changed nothing."""

    seq: int
    change: bytes


@dataclass
class _Asked:
    request: Request
    body: bytes
    answer: "asyncio.Future[tuple[Answer, bytes]]"
    sent_again: bool = False


@dataclass
class Listener:
    """Who wants to know what the server itself did to a room; called with the design's id."""

    on_change: Callable[[str, str, bytes], None] = field(default=lambda design, epoch, change: None)
    on_replaced: Callable[[str, str], None] = field(default=lambda design, epoch: None)


class RoomClient:
    """One supervised room process over the Unix socket at `path`, storing in the database `url`.

    `restarts` counts how often it was started anew.
    """

    def __init__(self, path: Path, url: str) -> None:
        self.path = path
        self.url = url
        self.restarts = 0
        self.listeners: list[Listener] = []
        self._numbers = 0
        self._asked: dict[int, _Asked] = {}
        self._process: RoomProcess | None = None
        self._next: asyncio.Task[RoomProcess] | None = None
        self._launched = 0
        self._supervisor: asyncio.Task[None] | None = None
        self._started: asyncio.Future[None] | None = None
        self._crashes: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=CRASHES))

    @property
    def working_on(self) -> int:
        """The number of the request that the process works on; 0 while it waits."""
        return self._process.working_on() if self._process is not None else 0

    @property
    def pid(self) -> int | None:
        """The process id of the present room process."""
        return self._process.process.pid if self._process is not None else None

    async def start(self) -> None:
        """Start the process and its supervision; returns at once, and requests wait until the process answers."""
        if self._supervisor is None:
            self._started = asyncio.get_running_loop().create_future()
            self._supervisor = asyncio.create_task(self._supervise(), name="room supervisor")

    async def ready(self) -> None:
        """Return when the process that `start` started answers."""
        assert self._started is not None
        await asyncio.shield(self._started)

    async def close(self) -> None:
        """End the process when it has stored what it holds."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._supervisor
            self._supervisor = None
        processes = [self._process] if self._process is not None else []
        self._process = None
        if self._next is not None:
            self._next.cancel()
            (reserve,) = await asyncio.gather(self._next, return_exceptions=True)
            processes += [reserve] if isinstance(reserve, RoomProcess) else []
            self._next = None
        for process in processes:
            await process.release()
        for asked in self._asked.values():
            asked.answer.cancel()
        self._asked.clear()

    async def create(self, design: str, document: dict[str, Any], user: str = "") -> Snapshot:
        """Begin the room of a new design."""
        answer, body = await self._ask("create", design, json.dumps(document).encode(), user=user)
        return _snapshot(answer, body)

    async def rebuild(self, design: str, document: dict[str, Any], user: str = "") -> Snapshot:
        """Begin a new epoch of a design; whoever has it open must load it again."""
        answer, body = await self._ask("rebuild", design, json.dumps(document).encode(), user=user)
        for listener in self.listeners:
            listener.on_replaced(design, answer.epoch)
        return _snapshot(answer, body)

    async def open(self, design: str) -> Opened:
        """Return the epoch and the state vector of a room; raise `NotFound` when there is none."""
        answer, body = await self._ask("open", design)
        return Opened(answer.epoch, body)

    async def sync(self, design: str, epoch: str, state_vector: bytes) -> bytes:
        """Return the update with everything that a replica of this state lacks; all of it is durable."""
        _, body = await self._ask("sync", design, state_vector, epoch=epoch)
        return body

    async def apply(self, design: str, epoch: str, update: bytes, user: str) -> Applied:
        """Apply an update of a browser; return when it is durable.

        Raises `UpdateMalformed`, `UpdateGap`, `TooLarge`, `RoomReplaced`, or `RoomCrashed` when it killed the room.
        """
        asked = self._begin("apply", design, update, epoch=epoch, user=user)
        answer, change = await self._wait(asked)
        return Applied(answer.seq, change or (update if asked.sent_again else b""))

    async def apply_edits(self, design: str, edits: Sequence[Edit], user: str) -> Applied:
        """Make edits of the server's own; return when they are durable and on their way to every editor."""
        body = json.dumps([edit.model_dump(mode="json") for edit in edits]).encode()
        answer, change = await self._ask("edit", design, body, user=user)
        if change:
            for listener in self.listeners:
                listener.on_change(design, answer.epoch, change)
        return Applied(answer.seq, change)

    async def snapshot(self, design: str) -> Snapshot:
        """Return the design as it is now, with every acknowledged edit."""
        answer, body = await self._ask("snapshot", design)
        return _snapshot(answer, body)

    async def _ask(
        self, op: Op, design: str, body: bytes = b"", *, epoch: str = "", user: str = ""
    ) -> tuple[Answer, bytes]:
        return await self._wait(self._begin(op, design, body, epoch=epoch, user=user))

    def _begin(self, op: Op, design: str, body: bytes, *, epoch: str, user: str) -> _Asked:
        """Send a request at once, so that requests leave in the order in which they were made."""
        self._refuse_resting(design)
        self._numbers += 1
        request = Request(id=self._numbers, op=op, design=design, epoch=epoch, user=user)
        asked = _Asked(request, body, asyncio.get_running_loop().create_future())
        self._asked[request.id] = asked
        if self._process is not None:
            self._process.writer.write(frame(request, body))
        return asked

    async def _wait(self, asked: _Asked) -> tuple[Answer, bytes]:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer, body = await asked.answer
        except TimeoutError as error:
            raise Unavailable(
                "The process that holds the open designs does not answer.",
                expected=f"an answer within {ANSWER_SECONDS:.0f} s",
                received="none",
                hint="Try again in a moment; your browser keeps what was not saved.",
            ) from error
        finally:
            self._asked.pop(asked.request.id, None)
        if answer.fault is not None:
            told = _FAULTS[answer.fault]
            message = answer.message or "The design cannot take this edit now."
            raise told.error(message, expected=told.expected, received=answer.fault, hint=told.hint)
        return answer, body

    def _refuse_resting(self, design: str) -> None:
        crashes = self._crashes.get(design)
        if crashes is not None and len(crashes) == CRASHES and monotonic() - crashes[0] < REST_SECONDS:
            raise Unavailable(
                "This design has crashed the process that holds it several times.",
                expected=f"a design that can be held; it rests for {REST_SECONDS:.0f} s",
                received=f"{CRASHES} crashes",
                hint="Try again in a minute; nothing that was saved is lost.",
            )

    async def _supervise(self) -> None:
        """Start the process again and again, and find out each time whose fault it was."""
        while True:
            try:
                process = await (self._next or self._prepare())
            except (TimeoutError, OSError) as error:
                log.error("The room process did not start: %s", error)
                await asyncio.sleep(1)
                continue
            finally:
                self._next = None
            if process.process.returncode is not None:
                await process.release()
                continue
            self._process = process
            for asked in list(self._asked.values()):
                process.writer.write(frame(asked.request, asked.body))
            self._next = self._prepare()
            if self._started is not None and not self._started.done():
                self._started.set_result(None)
            culprit = await self._watch(process)
            self._process = None
            process.writer.close()
            process.busy.close()
            self.restarts += 1
            self._blame(culprit)
            for asked in self._asked.values():
                asked.sent_again = True

    def _blame(self, culprit: int) -> None:
        asked = self._asked.pop(culprit, None)
        if asked is None:
            log.warning("The room process ended; it is started again.")
            return
        log.warning("The room process ended on a request of design %s; it is started again.", asked.request.design)
        self._crashes[asked.request.design].append(monotonic())
        if not asked.answer.done():
            asked.answer.set_exception(
                RoomCrashed("This edit could not be read.", expected="an update of a design", received="a crash")
            )

    def _prepare(self) -> "asyncio.Task[RoomProcess]":
        """Start a process that waits for work: with one in reserve, a crash costs a moment and no start."""
        self._launched += 1
        path = self.path.with_name(f"{self.path.name}.{self._launched}")
        return asyncio.create_task(launch(path, self.url), name="room process")

    async def _watch(self, process: RoomProcess) -> int:
        """Hand out answers until the process has ended; return the number of the request that ended it, or 0.

        A process that somebody else killed did not die of its work; but a request on which that happens twice did.
        """
        receiver = asyncio.create_task(self._receive(process))
        watchdog = asyncio.create_task(self._find_hang(process))
        try:
            await asyncio.wait({receiver, watchdog}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (receiver, watchdog):
                task.cancel()
            endings = await asyncio.gather(receiver, watchdog, return_exceptions=True)
        for ending in endings:
            if isinstance(ending, Exception):
                log.error("the room process answered what is no answer", exc_info=ending)
        hung = watchdog.done() and not watchdog.cancelled()
        await (process.end() if hung else process.until_ended())
        number = process.working_on()
        asked = self._asked.get(number)
        innocent = process.process.returncode == -signal.SIGKILL and not hung
        return 0 if innocent and asked is not None and not asked.sent_again else number

    async def _receive(self, process: RoomProcess) -> None:
        frames = Frames()
        with contextlib.suppress(ConnectionError):
            while data := await process.reader.read(2**18):
                for header, body in frames.feed(data):
                    answer = Answer.model_validate(header)
                    asked = self._asked.get(answer.id)
                    if asked is not None and not asked.answer.done():
                        asked.answer.set_result((answer, body))

    async def _find_hang(self, process: RoomProcess) -> None:
        """Return when the process has worked on one request for too long."""
        seen, since = 0, monotonic()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            number = process.working_on()
            if number != seen:
                seen, since = number, monotonic()
            elif number and monotonic() - since > HANG_SECONDS:
                return


def _snapshot(answer: Answer, body: bytes) -> Snapshot:
    content = json.loads(body)
    return Snapshot(answer.epoch, answer.seq, content["document"], tuple(content["dropped"]))
