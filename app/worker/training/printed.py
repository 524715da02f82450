"""What is printed while training: each line an event of the run's log."""

import contextlib
import io
import sys
from collections.abc import Iterator
from typing import Any, Final

from app.worker.training.session import Session

MAX_LOG_LINES: Final = 2_000
"""Printed lines that become events; further ones are only in the run's `log.txt`."""


_MAX_REST: Final = 10_000


class _Printed(io.TextIOBase):
    """What is printed while training: each line an event, and all of it still where it went before."""

    def __init__(self, session: Session, level: str, behind: Any) -> None:
        self.session, self.level, self.behind = session, level, behind
        self._rest = ""
        self._lines = 0

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):
            self.behind.write(text)
        *lines, rest = (self._rest + text).split("\n")
        self._rest = rest[-_MAX_REST:]
        for line in filter(str.strip, lines):
            self._tell(line)
        return len(text)

    def end(self) -> None:
        """Tell what no end of a line came after."""
        if self._rest.strip():
            self._tell(self._rest)
        self._rest = ""

    def _tell(self, line: str) -> None:
        self._lines += 1
        if self._lines <= MAX_LOG_LINES:
            self.session.say("log", level=self.level, text=line[:2_000])

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self.behind.flush()


@contextlib.contextmanager
def printed_to(session: Session) -> Iterator[None]:
    """Make what is printed to events. The originals' place is the error stream, for output may be the event stream."""
    out = _Printed(session, "info", sys.__stderr__)
    errors = _Printed(session, "warning", sys.__stderr__)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
            yield
    finally:
        out.end()
        errors.end()
