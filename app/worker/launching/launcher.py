"""A run's outer process: it starts the trainer, numbers and keeps its events, and speaks with the server.

The launcher alone holds the run's token and never runs a Keras operation; the trainer knows one socket. A trainer
that dies, hangs after a stop, or is killed by the system leaves a truthful last state behind.
"""

import contextlib
import json
import selectors
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any, Final

import psutil
from pydantic import ValidationError

from app.messages.events import ENDED, ArtifactEvent, LogEvent, RunEvent, RunState, StateEvent, run_event
from app.messages.jobs import Command, JobSpec, StopCommand
from app.worker.launching.sender import Sender
from app.worker.launching.spool import Spool
from app.worker.launching.trainers import Trainer, start
from app.worker.sandbox.guard import Excess
from app.worker.sandbox.seccomp import NoFilter

PID_FILE: Final = "launcher.pid"
SPOOL_FILE: Final = "events.spool"

STOP_SECONDS: Final = 8.0
"""How long after a stop the present batch may take; then the trainer is killed."""

SAVE_SECONDS: Final = 60.0
"""How long after a stop the model may take to be saved."""

SYNC_SECONDS: Final = 1.0

LAST_WORDS_SECONDS: Final = 5.0
"""How long a launcher that is told to end goes on sending."""

_RECEIVED: Final = 262_144
_MAX_LINE: Final = 24 * 2**20
"""Bytes of one event; the server takes 32 MiB at once."""


def command(_name: str, arguments: list[str]) -> int:
    """`run JOB`: become the launcher of the job in the file JOB."""
    if len(arguments) != 1:
        print("usage: python -m app.worker run JOB", file=sys.stderr)
        return 2
    return main(Path(arguments[0]))


def main(job_path: Path) -> int:
    """Run the job at `job_path` to its end and deliver all of its events; return 0 unless the run failed.

    Called in a fork of the zygote, or in a process of its own. A folder whose spool already holds events is not
    trained again: what is left is delivered.
    """
    job = JobSpec.model_validate_json(job_path.read_bytes())
    folder = Path(job.folder)
    folder.mkdir(parents=True, exist_ok=True)
    _write_pid(folder)
    return Launcher(job, Spool(folder / SPOOL_FILE)).run()


def _write_pid(folder: Path) -> None:
    """Process id and start time: the two together are never used again."""
    process = psutil.Process()
    temporary = folder / f"{PID_FILE}.part"
    temporary.write_text(json.dumps({"pid": process.pid, "started": process.create_time()}))
    temporary.rename(folder / PID_FILE)


class Launcher:
    """One run. `run` returns when the trainer has ended and the server has everything, or nobody wants it any more."""

    def __init__(self, job: JobSpec, spool: Spool) -> None:
        self.job = job
        self.spool = spool
        self.state: RunState | None = None
        self.trainer: Trainer | None = None
        self.sender: Sender | None = None
        self.kill_at: float | None = None
        self.excess = Excess("", "")
        self.told = 0
        self.closing = False
        self.terminated = False
        self._oom_kills = _oom_kills()

    def run(self) -> int:
        """Start the trainer unless the spool shows that it has run before; see it through."""
        fresh = self.spool.last == 0
        if fresh:
            self._state(RunState.STARTING)
            self._start()
        signal.signal(signal.SIGTERM, self._on_terminate)
        self._start_sender()
        if self.trainer is not None:
            self._follow(self.trainer)
        elif not fresh and not _ended(self.spool):
            self._state(RunState.FAILED, code="launcher_ended", reason="The process of the run was ended.")
        self.spool.sync()
        if self.sender is not None:
            self._deliver(self.sender)
        self.spool.close()
        return 1 if self.state is RunState.FAILED else 0

    def _deliver(self, sender: Sender) -> None:
        """Wait until the server has everything; not for long any more when this process is told to end."""
        sender.finish()
        while sender.is_alive() and not self.terminated:
            sender.join(SYNC_SECONDS)
        sender.join(LAST_WORDS_SECONDS)

    def _start(self) -> None:
        try:
            self.trainer = start(self.job)
        except (OSError, NoFilter) as error:
            self._state(RunState.FAILED, code="not_started", reason=f"The trainer could not be started: {error}")

    def _start_sender(self) -> None:
        if self.job.address_file is not None:
            self.sender = Sender(self.job, self.spool, self._carry)
            self.sender.start()

    def _follow(self, trainer: Trainer) -> None:
        """Keep the trainer's events until it closes its end, then say how it ended where it could not."""
        rest, synced = b"", time.monotonic()
        with selectors.DefaultSelector() as selector:
            selector.register(trainer.channel, selectors.EVENT_READ)
            while True:
                if selector.select(0.2):
                    received = _receive(trainer.channel)
                    if not received:
                        break
                    *lines, rest = (rest + received).split(b"\n")
                    self._keep(trainer, lines)
                    if len(rest) > _MAX_LINE:
                        self._kill("The trainer sent a line without end.")
                    self._count(len(received))
                if time.monotonic() - synced > SYNC_SECONDS:
                    self.spool.sync()
                    synced = time.monotonic()
                self._enforce(trainer)
        self._bury(trainer)

    def _keep(self, trainer: Trainer, lines: list[bytes]) -> None:
        events: list[RunEvent] = []
        for line in lines:
            if line == b'{"event": "closing"}':
                self.closing = True
            elif self.state not in ENDED:
                event: RunEvent | None = _parsed(line)
                if isinstance(event, ArtifactEvent):
                    event = trainer.adopt(event)
                if event is not None:
                    events.append(event)
                if isinstance(event, StateEvent):
                    self.state = event.state
        if events:
            self._append(events)

    def _count(self, received: int) -> None:
        """End a sandboxed trainer that tells without end: its events are kept, and disks are not."""
        self.told += received
        if self.job.sandbox is not None and self.told > self.job.sandbox.told_bytes:
            megabytes = self.job.sandbox.told_bytes // 2**20
            self._kill(f"It told of more than the sandbox allows: {megabytes:,} MiB of events.", code="told_too_much")

    def _append(self, events: list[RunEvent]) -> None:
        try:
            self.spool.append(events)
        except OSError as error:
            print(f"The spool cannot be written: {error}", file=sys.stderr)
            self._kill("The run's folder cannot be written: " + str(error))
        if self.sender is not None:
            self.sender.notify()

    def _state(self, state: RunState, *, code: str = "", reason: str = "", hint: str = "") -> None:
        self.state = state
        self._append([StateEvent(time=time.time(), state=state, code=code, reason=reason, hint=hint)])

    def _carry(self, command: Command) -> None:
        """Hand a command to the trainer; called by the sender's thread."""
        if isinstance(command, StopCommand) and self.kill_at is None:
            self.kill_at = time.monotonic() + STOP_SECONDS
        if self.trainer is not None:
            self.trainer.send(command.model_dump_json().encode() + b"\n")

    def _enforce(self, trainer: Trainer) -> None:
        """Kill a trainer that does not stop in time, that uses too much, or whose run is no longer ours."""
        excess = trainer.watch()
        if excess is not None:
            self._kill(excess.reason, code=excess.code, hint=excess.hint)
        if self.sender is not None and self.sender.fenced.is_set():
            self._kill("Another attempt of the run has taken over.")
        if self.kill_at is not None and not self.excess.reason:
            late = time.monotonic() - self.kill_at - (SAVE_SECONDS if self.closing else 0.0)
            if late > 0:
                self._kill("Stopped. The batch did not end in time, so the model could not be saved.")

    def _kill(self, reason: str, *, code: str = "killed", hint: str = "") -> None:
        if self.trainer is not None and not self.excess.reason:
            self.excess = Excess(code, reason, hint)
            self.trainer.kill()

    def _on_terminate(self, *_: Any) -> None:
        self.terminated = True
        self._kill("Ended by the server.")

    def _bury(self, trainer: Trainer) -> None:
        """Take the trainer's exit status and, when it left no last state, tell what became of it."""
        status = trainer.exit_status()
        if self.state in ENDED:
            return
        excess = self.excess
        if excess.reason:
            stopped = self.terminated or self.kill_at is not None
            if stopped:
                self._state(RunState.STOPPED, reason=excess.reason)
            else:
                self._state(RunState.FAILED, code=excess.code, reason=excess.reason, hint=excess.hint)
            return
        code, reason, hint = _post_mortem(status, _oom_kills() > self._oom_kills)
        self._state(RunState.FAILED, code=code, reason=reason, hint=hint)


def _receive(channel: socket.socket) -> bytes:
    try:
        return channel.recv(_RECEIVED)
    except ConnectionResetError:
        return b""


def _parsed(line: bytes) -> RunEvent:
    try:
        return run_event.validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        text = f"The trainer sent something that is no event: {first['msg']} at {first['loc']}."
        return LogEvent(time=time.time(), level="error", text=text)


def _ended(spool: Spool) -> bool:
    lines = spool.read(max(0, spool.last - 1))
    event = _parsed(lines[-1]) if lines else None
    return isinstance(event, StateEvent) and event.state in ENDED


def _post_mortem(status: int, out_of_memory: bool) -> tuple[str, str, str]:
    """Return code, reason and hint for a trainer that ended with `status` (negative: the signal) and said nothing."""
    if out_of_memory and status == -signal.SIGKILL:
        hint = "Choose a smaller batch size, fewer units, or a machine with more memory."
        return "out_of_memory", "The system ended the training because memory ran out.", hint
    if status < 0:
        name = signal.Signals(-status).name
        code = "killed" if status in (-signal.SIGKILL, -signal.SIGTERM) else "crashed"
        hint = "If nobody ended it, the machine may have run out of memory." if code == "killed" else ""
        return code, f"The training process was ended by the signal {name}.", hint
    return "crashed", f"The training process ended with status {status} before the run was over.", ""


def _oom_kills() -> int:
    """Return how many processes of this control group the system has killed for memory; 0 where that is unknown."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        group = Path("/proc/self/cgroup").read_text().strip().splitlines()[-1].split(":", 2)[2]
        for folder in (Path("/sys/fs/cgroup") / group.lstrip("/"), Path("/sys/fs/cgroup")):
            events = folder / "memory.events"
            if events.exists():
                pairs = dict(line.split() for line in events.read_text().splitlines())
                return int(pairs.get("oom_kill", 0))
    return 0
