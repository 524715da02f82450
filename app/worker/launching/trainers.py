"""The launcher's side of a trainer: one that it forks, or one that it starts in the sandbox."""

import contextlib
import ctypes
import hashlib
import os
import signal
import socket
import stat
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Final, NoReturn, Protocol

from app.messages.data import CsvSource, KerasSource
from app.messages.events import ArtifactEvent, RunState
from app.messages.jobs import JobSpec, SandboxOrder
from app.worker.sandbox.guard import Excess, Guard
from app.worker.sandbox.profile import Limits, Profile

EXIT_SECONDS: Final = 5.0
FOLDER: Final = "sandbox"
"""Where a sandboxed trainer writes, inside the folder of its run, which itself it cannot see."""

_COPIED: Final = 2**20
_PR_SET_PDEATHSIG: Final = 1


class Trainer(Protocol):
    """A process that trains. `channel` is our end of its socket; `pid` is what ends it when it is killed."""

    pid: int
    channel: socket.socket

    def send(self, line: bytes) -> None:
        """Hand over a command; nothing happens when the trainer is gone."""

    def watch(self) -> Excess | None:
        """Return what it uses too much of."""

    def kill(self) -> None:
        """End it and all that it has started; nothing happens once its exit status was taken."""

    def exit_status(self) -> int:
        """Return its exit status, negative for a signal; what does not end soon is killed."""

    def adopt(self, event: ArtifactEvent) -> ArtifactEvent | None:
        """Return the event about a file that it has left, or None where there is no such file."""


def start(job: JobSpec) -> Trainer:
    """Start the trainer that the job asks for."""
    return ForkedTrainer(job) if job.sandbox is None else ConfinedTrainer(job, job.sandbox)


class ForkedTrainer:
    """A fork of this process, which has imported Keras already. Nothing that a person wrote runs in it."""

    def __init__(self, job: JobSpec) -> None:
        self.channel, theirs = socket.socketpair()
        parent = os.getpid()
        self._status: int | None = None
        with theirs:
            try:
                self.pid = os.fork()
            except OSError:
                self.channel.close()
                raise
            if self.pid == 0:
                self.channel.close()
                _become_trainer(job, theirs, parent)

    def send(self, line: bytes) -> None:
        with contextlib.suppress(OSError):
            self.channel.sendall(line)

    def watch(self) -> Excess | None:
        return None

    def kill(self) -> None:
        if self._status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def exit_status(self) -> int:
        deadline = time.monotonic() + EXIT_SECONDS
        while self._status is None:
            if time.monotonic() > deadline:
                self.kill()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._status = os.waitstatus_to_exitcode(status)
            else:
                time.sleep(0.02)
        return self._status

    def adopt(self, event: ArtifactEvent) -> ArtifactEvent | None:
        return event


class ConfinedTrainer:
    """A fresh interpreter in the sandbox: it never sees the token, the folder of the run or another file than it needs.

    What it leaves in its folder is copied out when it tells of it, so that what is offered for download cannot be
    changed afterwards.
    """

    def __init__(self, job: JobSpec, order: SandboxOrder) -> None:
        self.run_folder = Path(job.folder)
        folder = self.run_folder / FOLDER
        folder.mkdir(mode=0o700, exist_ok=True)
        profile = Profile(folder, _readable(job, order, folder), _limits(order))
        self.channel, theirs = socket.socketpair()
        try:
            self.guard = Guard(order.tier, profile, "train", theirs, self.run_folder / "log.txt")
        except BaseException:
            self.channel.close()
            raise
        self.pid = self.guard.pid
        self._limits = profile.limits
        self._adopted = 0
        inside = job.model_copy(update={"folder": str(folder), "address_file": None, "token": "", "sandbox": None})
        self._first = threading.Thread(target=self._send, args=(inside.model_dump_json().encode() + b"\n",))
        self._first.start()

    def send(self, line: bytes) -> None:
        self._first.join()
        self._send(line)

    def _send(self, line: bytes) -> None:
        with contextlib.suppress(OSError):
            self.channel.sendall(line)

    def watch(self) -> Excess | None:
        return self.guard.watch()

    def kill(self) -> None:
        self.guard.kill()

    def exit_status(self) -> int:
        return self.guard.wait(EXIT_SECONDS)

    def adopt(self, event: ArtifactEvent) -> ArtifactEvent | None:
        """Copy the file out. It is a plain file in the sandbox's folder, however it is called, or it is no artifact.

        What cannot be copied, as for a name that is too long or is a folder's of the run, is no artifact either.
        """
        with contextlib.suppress(OSError, ValueError):
            return self._copied_out(event)
        return None

    def _copied_out(self, event: ArtifactEvent) -> ArtifactEvent | None:
        name = event.name
        if name in ("", ".", "..") or "/" in name or "\0" in name or len(name) > 200 or name in _OURS:
            return None
        source = os.open(self.guard.profile.folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(source, "rb") as file:
            status = os.fstat(file.fileno())
            self._adopted += status.st_size
            if not stat.S_ISREG(status.st_mode) or self._adopted > self._limits.disk_bytes:
                return None
            digest, size = hashlib.sha256(), 0
            temporary = self.run_folder / "artifact.part"
            try:
                with temporary.open("wb") as target:
                    while size < status.st_size and (piece := file.read(min(_COPIED, status.st_size - size))):
                        digest.update(piece)
                        target.write(piece)
                        size += len(piece)
                    target.flush()
                    os.fsync(target.fileno())
                temporary.rename(self.run_folder / name)
            finally:
                temporary.unlink(missing_ok=True)
        return event.model_copy(update={"path": name, "bytes": size, "sha256": digest.hexdigest()})


_OURS: Final = frozenset({"job.json", "launcher.pid", "events.spool", "log.txt", "artifact.part", FOLDER})
"""Names in the folder of a run that the trainer cannot take."""


def _limits(order: SandboxOrder) -> Limits:
    return Limits(
        memory_bytes=order.memory_bytes,
        disk_bytes=order.disk_bytes,
        file_bytes=order.disk_bytes,
        told_bytes=order.told_bytes,
        seconds=order.seconds,
    )


def _readable(job: JobSpec, order: SandboxOrder, folder: Path) -> tuple[Path, ...]:
    """Return the files of the job: its data and the weights to start from. Keras' sets appear in its own folder."""
    paths = [Path(path) for path in job.weights.values()]
    if isinstance(job.data, CsvSource):
        paths.append(Path(job.data.path))
    if isinstance(job.data, KerasSource) and order.keras_home:
        sets = Path(order.keras_home) / "datasets"
        paths.append(sets)
        keras_folder = folder / ".keras"
        keras_folder.mkdir(exist_ok=True)
        with contextlib.suppress(FileExistsError):
            (keras_folder / "datasets").symlink_to(sets.resolve())
    return tuple(paths)


def _become_trainer(job: JobSpec, channel: socket.socket, parent: int) -> NoReturn:
    """Train in this fork, events out and commands in over `channel`; end with the launcher."""
    status = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        from app.worker.launching.channel import train_over

        status = 1 if train_over(job, channel) is RunState.FAILED else 0
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)
