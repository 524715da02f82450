"""The run's own record of its events: numbered JSON lines in a file, from which the launcher sends to the server."""

import contextlib
import os
import threading
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from app.messages.events import RunEvent

BATCH_EVENTS: Final = 2_000
BATCH_BYTES: Final = 1_000_000


class Spool:
    """An append-only file of events, numbered from 1 in the order in which they are appended.

    Opening an existing file goes on where it ends; a last line that was cut off is removed. One thread appends, any
    thread reads.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("a+b", buffering=0)
        self._lock = threading.Lock()
        self._ends = array("Q")
        self._dirty = False
        self._recover()

    @property
    def last(self) -> int:
        """The number of the last event; 0 when there is none."""
        return len(self._ends)

    def append(self, events: Sequence[RunEvent]) -> None:
        """Number `events` and write them out to the operating system; `sync` makes them last.

        Raises `OSError` where they cannot be written whole; the file then holds what it held before.
        """
        with self._lock:
            end, lines = self._ends[-1] if self._ends else 0, []
            ends = []
            for seq, event in enumerate(events, start=len(self._ends) + 1):
                event.seq = seq
                line = event.model_dump_json().encode() + b"\n"
                end += len(line)
                lines.append(line)
                ends.append(end)
            self._write(b"".join(lines))
            self._ends.extend(ends)
            self._dirty = True

    def _write(self, content: bytes) -> None:
        left = memoryview(content)
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError:
            with contextlib.suppress(OSError):
                self._file.truncate(self._ends[-1] if self._ends else 0)
            raise

    def read(self, after: int, events: int = BATCH_EVENTS, size: int = BATCH_BYTES) -> list[bytes]:
        """Return the lines after number `after`: at most `events`, and not many more than `size` bytes, but one."""
        with self._lock:
            if after >= len(self._ends):
                return []
            start = self._ends[after - 1] if after else 0
            upto = after + 1
            while upto < min(len(self._ends), after + events) and self._ends[upto] - start <= size:
                upto += 1
            chunk = os.pread(self._file.fileno(), self._ends[upto - 1] - start, start)
        return chunk.splitlines()

    def sync(self) -> None:
        """Have the disk keep what was appended."""
        with self._lock:
            dirty, self._dirty = self._dirty, False
        if dirty:
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Have the disk keep all, and close the file."""
        self.sync()
        self._file.close()

    def _recover(self) -> None:
        end = 0
        with open(self._file.fileno(), "rb", closefd=False) as lines:
            lines.seek(0)
            for line in lines:
                if not line.endswith(b"\n"):
                    self._file.truncate(end)
                    break
                end += len(line)
                self._ends.append(end)
