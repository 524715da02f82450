"""The server's side of the zygote: starts it, keeps it alive, asks it for children."""

import asyncio
import contextlib
import json
import logging
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.shared.errors import Unavailable

log = logging.getLogger(__name__)

START_SECONDS: Final = 90.0
"""How long a request waits for a zygote that is still importing Keras."""

AGAIN_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 15.0
MAX_ANSWER: Final = 64 * 1024 * 1024
"""Bytes of one answer line of an analysis child."""


@dataclass
class AnalysisChild:
    """An open connection to one analysis process; closing it ends the process."""

    pid: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, line: bytes) -> bytes:
        """Send one request line, return one answer line; raise `ConnectionError` when the child has died."""
        self.writer.write(line + b"\n")
        await self.writer.drain()
        answer = await self.reader.readline()
        if not answer.endswith(b"\n"):
            raise ConnectionResetError("The analysis process ended.")
        return answer

    def close(self) -> None:
        self.writer.close()


class Zygote:
    """One supervised zygote process listening at `path`.

    `start` returns at once; requests wait until it listens. A zygote that ends is started again, at most once a
    second. `close` ends it and with it every analysis process; runs go on.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.process: asyncio.subprocess.Process | None = None
        self._supervisor: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the supervision, and with it the process."""
        if self._supervisor is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.unlink(missing_ok=True)
            self._supervisor = asyncio.create_task(self._supervise(), name="zygote supervisor")

    async def close(self) -> None:
        """End the zygote; runs that it started go on."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._supervisor
            self._supervisor = None
        if self.process is not None:
            if self.process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    self.process.kill()
            await self.process.wait()
            self.process = None
        self.path.unlink(missing_ok=True)

    async def open_analysis(self) -> AnalysisChild:
        """Return a fresh analysis process; raise `Unavailable` when none could be had in time."""
        reader, writer = await self._connect()
        try:
            pid = _pid(await _exchange(reader, writer, {"spawn": "analysis"}))
        except BaseException:
            writer.close()
            raise
        return AnalysisChild(pid, reader, writer)

    async def spawn_run(self, job_path: Path) -> int:
        """Start the run described at `job_path`; return the process id of its launcher."""
        async with self._connection() as (reader, writer):
            return _pid(await _exchange(reader, writer, {"spawn": "run", "job": str(job_path)}))

    async def kill_analysis(self, pid: int) -> None:
        """Kill an analysis process of this zygote; other process ids are left alone."""
        with contextlib.suppress(Unavailable):
            async with self._connection() as (reader, writer):
                await _exchange(reader, writer, {"kill": pid})

    async def _launch(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "app.worker", "zygote", "--socket", str(self.path), "--parent", str(os.getpid())),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
        )

    async def _supervise(self) -> None:
        while True:
            try:
                self.process = await self._launch()
                status = await self.process.wait()
                log.warning("The process that runs Keras ended with status %s; it is started again.", status)
            except OSError as error:
                log.error("The process that runs Keras cannot be started: %s", error)
            await asyncio.sleep(AGAIN_SECONDS)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await self._connect()
        try:
            yield reader, writer
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            async with asyncio.timeout(START_SECONDS):
                while True:
                    try:
                        return await asyncio.open_unix_connection(str(self.path), limit=MAX_ANSWER)
                    except (FileNotFoundError, ConnectionRefusedError):
                        await asyncio.sleep(0.05)
        except TimeoutError as error:
            raise Unavailable(
                "The process that runs Keras did not start.",
                expected=f"ready within {START_SECONDS:.0f} s",
                received="no answer",
                hint="Look at the server's log, and try again.",
            ) from error


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: dict[str, Any]
) -> dict[str, Any]:
    """Send a request line, return the answer; raise `Unavailable` when none comes in time."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            writer.write(json.dumps(request).encode() + b"\n")
            await writer.drain()
            line = await reader.readline()
        answer: dict[str, Any] = json.loads(line)
    except (OSError, ValueError) as error:
        raise Unavailable(
            "The process that runs Keras did not answer.",
            expected="an answer line",
            received=str(error) or type(error).__name__,
            hint="Try again; it is started anew when it has ended.",
        ) from error
    return answer


def _pid(answer: dict[str, Any]) -> int:
    pid = answer.get("pid")
    if not isinstance(pid, int):
        raise Unavailable("The process that runs Keras refused to start a child.", received=str(answer))
    return pid
