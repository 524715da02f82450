"""The server's side of the sandbox: whether there is one, and processes in it that answer requests.

What executes a person's Python, or reads a file with a native parser, is asked here and nowhere else.
"""

import asyncio
import contextlib
import json
import logging
import shutil
import socket
import sys
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Any, Final, Literal
from weakref import WeakValueDictionary

from pydantic import ValidationError

from app.infra.analysis import read_answer
from app.infra.zygote import MAX_ANSWER
from app.messages.analysis import AnalysisRequest, AnalyzeRequest, Refusal
from app.messages.sandbox import SandboxLimits, SandboxStatus
from app.shared.errors import Unavailable
from app.shared.ids import new_id

log = logging.getLogger(__name__)

PROBE_SECONDS: Final = 60.0
START_SECONDS: Final = 90.0
"""How long a fresh process may take to confine itself and import Keras."""

KEPT_SECONDS: Final = 300.0
"""How long a process waits for the next request about the same code."""

Task = Literal["analyse", "convert"]


class SandboxOff(Unavailable):
    """There is no sandbox on this machine, so what needs one is not done."""

    code = "sandbox_off"


class Sandboxes:
    """Sandboxed processes with folders of their own under `folder`.

    At most `at_once` work at one time, and who asks for more waits; at most `kept` stay warm for their code.
    """

    def __init__(self, folder: Path, limits: SandboxLimits, *, at_once: int = 4, kept: int = 2) -> None:
        self.folder = folder
        self.limits = limits
        self.kept = kept
        self._slots = asyncio.Semaphore(at_once)
        self._status: asyncio.Task[SandboxStatus] | None = None
        self._warm: OrderedDict[str, _Process] = OrderedDict()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """Whose turn it is to ask about a code; forgotten when nobody waits for it."""
        self._tidier: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to find out which sandbox works here; returns at once."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._probe()

    async def close(self) -> None:
        """End every process."""
        for task in (self._status, self._tidier):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        self._status = self._tidier = None
        while self._warm:
            await self._warm.popitem()[1].close()

    async def status(self) -> SandboxStatus:
        """Return which sandbox works here, as the probe found once."""
        return await asyncio.shield(self._probe())

    async def require(self) -> SandboxStatus:
        """Return the status; raise `SandboxOff` with the reason where nothing confines what people write."""
        status = await self.status()
        if status.tier == "none":
            raise SandboxOff(
                "This server has no sandbox, so it executes no Python that people wrote and reads no weights files.",
                expected="bubblewrap, or a kernel with Landlock",
                received=status.reason,
                hint="Ask whoever runs the server to install bubblewrap, and start it again.",
            )
        return status

    async def ask(self, request: AnalyzeRequest, *, key: str, timeout: float) -> Any:
        """Return the answer to `request` or a `Refusal`, from a process that only ever sees the code `key`."""
        turn = self._turns.setdefault(key, asyncio.Lock())
        async with turn, self._slots:
            process = self._warm.pop(key, None) or await self._open("analyse", ())
            try:
                answer = await process.ask(request, timeout)
            except BaseException:
                await process.close()
                raise
            if process.ended:
                await process.close()
            else:
                self._warm[key] = process
            self._schedule_tidying()
            while len(self._warm) > self.kept:
                await self._warm.popitem(last=False)[1].close()
        return answer

    async def work(
        self, request: AnalysisRequest, *, timeout: float, folder: Path, readable: Sequence[Path] = (), task: Task
    ) -> Any:
        """Return the answer of a process for this request alone, which may write to `folder` and read `readable`."""
        async with self._slots:
            process = await self._open(task, readable, folder)
            try:
                return await process.ask(request, timeout)
            finally:
                await process.close()

    def _probe(self) -> "asyncio.Task[SandboxStatus]":
        if self._status is None:
            self._status = asyncio.create_task(_probe(), name="sandbox probe")
        return self._status

    async def _open(self, task: Task, readable: Sequence[Path], folder: Path | None = None) -> "_Process":
        status = await self.require()
        process = _Process(folder or self.folder / new_id(), own=folder is None)
        try:
            await process.start(status.tier, task, readable, self.limits.analysis_memory_bytes)
        except BaseException:
            await process.close()
            raise
        return process

    def _schedule_tidying(self) -> None:
        if self._tidier is None or self._tidier.done():
            self._tidier = asyncio.create_task(self._tidy(), name="sandboxes that nobody needs")

    async def _tidy(self) -> None:
        while self._warm:
            key, oldest = next(iter(self._warm.items()))
            wait = oldest.last_used + KEPT_SECONDS - monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            elif self._warm.pop(key, None) is oldest:
                await oldest.close()


class _Process:
    """One sandboxed process with its attendant; `ended` when it can answer no more."""

    def __init__(self, folder: Path, *, own: bool) -> None:
        self.folder = folder
        self.own = own
        self.ended = False
        self.last_used = monotonic()
        self._attendant: asyncio.subprocess.Process | None = None
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def start(self, tier: str, task: Task, readable: Sequence[Path], memory_bytes: int) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._attendant = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "app.worker", "attend", task, "--tier", tier),
                    *("--channel", str(theirs.fileno()), "--folder", str(self.folder)),
                    *("--memory-bytes", str(memory_bytes)),
                    *(word for path in readable for word in ("--readable", str(path))),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    pass_fds=(theirs.fileno(),),
                )
            self._reader, self._writer = await asyncio.open_connection(sock=ours, limit=MAX_ANSWER)
        except BaseException:
            ours.close()
            raise
        try:
            async with asyncio.timeout(START_SECONDS):
                ready = await self._reader.readline()
        except (TimeoutError, ConnectionError):
            ready = b""
        if not ready:
            reason = await self._last_words()
            await self.close()
            raise Unavailable(
                "The sandbox did not start.",
                expected=f"a process that is ready within {START_SECONDS:.0f} s",
                received=reason.received or reason.message,
                hint="Look at the server's log, and try again.",
            )

    async def ask(self, request: AnalysisRequest, timeout: float) -> Any:
        assert self._reader is not None
        assert self._writer is not None
        self.last_used = monotonic()
        try:
            async with asyncio.timeout(timeout):
                self._writer.write(request.model_dump_json(by_alias=True).encode() + b"\n")
                await self._writer.drain()
                line = await self._reader.readline()
            if line.endswith(b"\n"):
                return read_answer(request.request, line)
        except TimeoutError:
            self.ended = True
            return Refusal(
                code="own_code_timeout",
                message="The code did not come to an end.",
                expected=f"an answer within {timeout:g} s",
                received="none; its process was ended",
                hint="Look for a loop without end in the own code.",
            )
        except (OSError, ValueError, ValidationError) as error:
            self.ended = True
            log.info("a sandboxed process gave no answer: %s", error)
        self.ended = True
        return await self._last_words()

    async def _last_words(self) -> Refusal:
        """Say what became of a process that gave no answer."""
        assert self._attendant is not None
        assert self._attendant.stdout is not None
        try:
            async with asyncio.timeout(10):
                words = await self._attendant.stdout.read()
                status = await self._attendant.wait()
        except TimeoutError:
            words, status = b"", None
        with contextlib.suppress(ValueError):
            excess = json.loads(words)
            return Refusal(code=excess["code"], message=excess["reason"], hint=excess["hint"])
        return Refusal(
            code="own_code_died",
            message="The process in the sandbox ended before it had answered.",
            expected="an answer",
            received=_ending(status),
            hint="Look for what ends a process in the own code, such as os._exit or a crash of native code.",
        )

    async def close(self) -> None:
        """Have the process end, and wait for that; whoever waits no longer has had it end all the same."""
        self.ended = True
        if self._attendant is not None:
            assert self._attendant.stdin is not None
            self._attendant.stdin.close()
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()
        if self._attendant is not None:
            await self._attendant.wait()
        if self.own:
            await asyncio.to_thread(shutil.rmtree, self.folder, ignore_errors=True)


def _ending(status: int | None) -> str:
    if status is None:
        return "nothing"
    return (
        f"the signal {256 - status if status > 128 else -status}" if status < 0 or status > 128 else f"status {status}"
    )


async def _probe() -> SandboxStatus:
    """Ask the worker, which has the profile, what holds here."""
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            status = SandboxStatus.model_validate_json(await _probed())
    except (TimeoutError, OSError, ValidationError) as error:
        status = SandboxStatus(tier="none", reason=f"The probe gave no answer: {type(error).__name__}.")
    log.log(logging.INFO if status.tier == "bubblewrap" else logging.WARNING, "sandbox: %s", describe(status))
    return status


async def _probed() -> bytes:
    """Return what the probe prints; it ends with whoever waits for it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.worker", "sandbox"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        printed, _ = await process.communicate()
        return printed
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise


def describe(status: SandboxStatus) -> str:
    """Return the status as one line for a log or a terminal."""
    if status.tier == "none":
        return f"none, so own Python is off. {status.reason}"
    extra = ", Landlock" if status.tier == "bubblewrap" and status.landlock else ""
    return f"{status.tier}{extra}, seccomp" + (f". {status.reason}" if status.reason else "")
