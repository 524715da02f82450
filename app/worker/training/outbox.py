"""Events on their way out of a training: a thread writes them, so that neither a slow disk nor a dead server holds
up a batch."""

import json
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

FLUSH_SECONDS: Final = 0.1
"""How long events are gathered before they are written together."""


class Outbox:
    """Takes events at once and writes them in the background as JSON lines, in order, through `write`."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._events: deque[dict[str, Any]] = deque()
        self._filled = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    def put(self, event: dict[str, Any]) -> None:
        """Take an event; what it holds must not change afterwards."""
        self._events.append(event)
        if not self._filled.is_set():
            self._filled.set()

    def close(self, timeout: float = 30.0) -> None:
        """Write what is left, then end."""
        self._closed = True
        self._filled.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        while True:
            self._filled.wait()
            self._filled.clear()
            closed = self._closed
            lines = []
            while self._events:
                lines.append(json.dumps(self._events.popleft(), default=_plain) + "\n")
            try:
                self._write("".join(lines).encode())
            except OSError:
                return
            if closed:
                return
            time.sleep(FLUSH_SECONDS)


def _plain(value: Any) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError):
        return str(value)
