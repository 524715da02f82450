"""One room process: started, connected, and ended."""

import asyncio
import contextlib
import mmap
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.messages.rooms import BUSY

HANG_SECONDS: Final = 2.0
"""How long a process may work on one request, or take to store what it holds when it is to end."""

START_SECONDS: Final = 20.0


@dataclass
class RoomProcess:
    """A running room process: its connection, and the file in which it names the request it works on."""

    process: asyncio.subprocess.Process
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    busy: mmap.mmap

    def working_on(self) -> int:
        (number,) = BUSY.unpack(self.busy[: BUSY.size])
        return int(number)

    async def release(self) -> None:
        """Let the process store what it holds and end."""
        self.writer.close()
        await self.until_ended()
        self.busy.close()

    async def until_ended(self) -> None:
        """Wait for a process that is about to end; kill it when it does not."""
        try:
            async with asyncio.timeout(HANG_SECONDS):
                await self.process.wait()
        except TimeoutError:
            await self.end()

    async def end(self) -> None:
        """Kill the process, which may have ended already, and wait for it."""
        await _kill(self.process)


async def launch(path: Path, url: str) -> RoomProcess:
    """Start a process that listens at `path` and stores in the database `url`.

    Raises `OSError` or `TimeoutError` when it does not come to listen.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "app.rooms", "--socket", str(path), "--database", "-"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        assert process.stdin is not None
        process.stdin.write(f"{url}\n".encode())
        reader, writer = await _connect(process, path)
        try:
            return RoomProcess(process, reader, writer, _take_map(Path(f"{path}.busy")))
        except BaseException:
            writer.close()
            raise
    except BaseException:
        await _kill(process)
        raise


async def _connect(
    process: asyncio.subprocess.Process, path: Path
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    async with asyncio.timeout(START_SECONDS):
        while process.returncode is None:
            with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
                return await asyncio.open_unix_connection(str(path))
            await asyncio.sleep(0.02)
    raise OSError(f"it ended at once with status {process.returncode}")


async def _kill(process: asyncio.subprocess.Process) -> None:
    """Not by `process.kill()`, which reaps a dead child before the event loop can."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    await process.wait()


def _take_map(path: Path) -> mmap.mmap:
    """Map a file that the process made, and remove its name: it is theirs and ours, and ends with us."""
    with path.open("r+b") as file:
        path.unlink()
        return mmap.mmap(file.fileno(), BUSY.size)
