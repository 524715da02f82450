"""Carries a run's events from its spool to the server, and the server's commands back, however long that takes."""

import http.client
import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pydantic import ValidationError

from app.messages.jobs import BatchAnswer, Command, JobSpec
from app.worker.launching.spool import BATCH_EVENTS, Spool

PACE_SECONDS: Final = 0.1
"""At least this long between two batches."""

HEARTBEAT_SECONDS: Final = 1.0
FIRST_BACKOFF_SECONDS: Final = 0.1
LAST_BACKOFF_SECONDS: Final = 5.0
REQUEST_SECONDS: Final = 15.0

GIVE_UP_SECONDS: Final = 7 * 24 * 3600.0
"""How long an ended run waits for a server; its spool stays in its folder."""

REFUSED_SECONDS: Final = 600.0
"""How long an ended run bears being told that nobody knows it (it was deleted)."""


class Fenced(Exception):
    """The server has given this run to another attempt: 409."""


class _NotSent(Exception):
    """A batch did not arrive, or was not stored. `status` is the server's answer, if it gave one."""

    def __init__(self, reason: str, status: int = 0) -> None:
        super().__init__(reason)
        self.status = status


class Sender(threading.Thread):
    """Posts what is in `spool` until `finish` was called and all is acknowledged.

    `carry` is called with each command of the server, in order, once. `fenced` is set, and sending ends, when the
    server answers 409. The server's own count of what it stored is the cursor, so nothing is sent twice for long
    and nothing is left out, across restarts of either side.
    """

    def __init__(self, job: JobSpec, spool: Spool, carry: Callable[[Command], None]) -> None:
        super().__init__(name="sender", daemon=True)
        assert job.address_file is not None
        self.job = job
        self.spool = spool
        self.carry = carry
        self.fenced = threading.Event()
        self.acknowledged = 0
        self._address_file = Path(job.address_file)
        self._carried = 0
        self._more = threading.Event()
        self._ended_at: float | None = None
        self._connection: http.client.HTTPConnection | None = None
        self._prefix = ""
        self._limit = BATCH_EVENTS

    def notify(self) -> None:
        """Tell that the spool has more."""
        self._more.set()

    def finish(self) -> None:
        """Tell that the spool gets no more; the thread ends once all is acknowledged, or nobody wants it."""
        self._ended_at = time.monotonic()
        self._more.set()

    def run(self) -> None:
        backoff, refused_since = FIRST_BACKOFF_SECONDS, None
        while True:
            try:
                self._send()
            except Fenced:
                self.fenced.set()
                break
            except _NotSent as failure:
                self._disconnect()
                refused_since = (refused_since or time.monotonic()) if _refused(failure.status) else None
                if self._hopeless(refused_since):
                    print(f"Giving up on sending events: {failure}", file=sys.stderr)
                    break
                time.sleep(backoff)
                backoff = min(backoff * 2, LAST_BACKOFF_SECONDS)
                continue
            backoff, refused_since = FIRST_BACKOFF_SECONDS, None
            if self._ended_at is not None and self.acknowledged >= self.spool.last:
                break
            time.sleep(PACE_SECONDS)
            if self.acknowledged >= self.spool.last:
                self._more.wait(HEARTBEAT_SECONDS - PACE_SECONDS)
                self._more.clear()
        self._disconnect()

    def _hopeless(self, refused_since: float | None) -> bool:
        if self._ended_at is None:
            return False
        if not self._address_file.parent.exists():
            return True
        moment = time.monotonic()
        if refused_since is not None and moment - refused_since > REFUSED_SECONDS:
            return True
        return moment - self._ended_at > GIVE_UP_SECONDS

    def _send(self) -> None:
        lines = self.spool.read(self.acknowledged, self._limit)
        head = f'{{"attempt":{self.job.attempt},"carried":{self._carried},"events":['.encode()
        try:
            answer = self._post(head + b",".join(lines) + b"]}")
        except _NotSent as failure:
            if failure.status in (413, 422):
                self._limit = max(1, self._limit // 2)
            raise
        self._limit = BATCH_EVENTS
        self.acknowledged = min(answer.acknowledged, self.spool.last)
        for numbered in answer.commands:
            if numbered.number > self._carried:
                self.carry(numbered.command)
                self._carried = numbered.number
                self._more.set()

    def _post(self, body: bytes) -> BatchAnswer:
        headers = {"Authorization": f"Bearer {self.job.token}", "Content-Type": "application/json"}
        try:
            connection = self._connected()
            connection.request("POST", f"{self._prefix}/api/worker/runs/{self.job.run_id}/events", body, headers)
            response = connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _NotSent(f"{type(error).__name__}: {error}") from error
        if response.status == http.HTTPStatus.CONFLICT:
            raise Fenced
        if response.status != http.HTTPStatus.OK:
            text = answer[:500].decode(errors="replace")
            raise _NotSent(f"{response.status}: {text}", response.status if _ours(answer) else 0)
        try:
            return BatchAnswer.model_validate_json(answer)
        except ValidationError as error:
            raise _NotSent(f"The answer is none of Layerloom: {error}") from error

    def _connected(self) -> http.client.HTTPConnection:
        """Return the open connection, or a new one to the address that the file names now."""
        if self._connection is None:
            address = urlsplit(self._address_file.read_text().strip())
            secure = address.scheme == "https"
            opened = http.client.HTTPSConnection if secure else http.client.HTTPConnection
            if not address.hostname:
                raise ValueError(f"{self._address_file} names no address.")
            self._connection = opened(address.hostname, address.port, timeout=REQUEST_SECONDS)
            self._prefix = address.path.rstrip("/")
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _refused(status: int) -> bool:
    return status in (401, 403, 404, 410)


def _ours(answer: bytes) -> bool:
    """Another program may listen at an old address; only an error in our words counts as the server's."""
    try:
        body = json.loads(answer)
    except ValueError:
        return False
    return isinstance(body, dict) and "code" in body
