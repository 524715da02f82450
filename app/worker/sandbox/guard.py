"""The side of a sandbox that is outside of it: starts it, watches what it uses, ends it, and can say why."""

import contextlib
import os
import signal
import socket
import stat
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import psutil

from app.worker.sandbox import seccomp
from app.worker.sandbox.profile import INSIDE, Profile, Tier, command, environment

LOG_BYTES: Final = 10 * 2**20
"""What is kept of that which a sandboxed process prints; the rest is counted and dropped."""

WATCH_SECONDS: Final = 0.2
"""How often memory is looked at; the folder is measured less often, for that takes longer."""

DISK_SECONDS: Final = 1.0

_BLOCK: Final = 4_096

_SHARED_MEMORY: Final = ("/dev/zero", "/memfd:", "/SYSV")
"""What memory that is shared is called among mapped files; it is counted as memory."""


@dataclass(frozen=True)
class Excess:
    """What a sandboxed process used too much of: a code for the run, what happened and what to do."""

    code: str
    reason: str
    hint: str = ""


class Guard:
    """One sandboxed process doing `task`; `theirs` is the only socket that it has, closed on this side.

    `log` receives what it prints, up to `LOG_BYTES`. `watch` is called again and again by whoever waits for it.
    """

    def __init__(
        self,
        tier: Tier,
        profile: Profile,
        task: str,
        theirs: socket.socket,
        log: Path | None = None,
        program: Sequence[str] = INSIDE,
    ) -> None:
        self.profile = profile.resolved()
        self.started = time.monotonic()
        with theirs, _filter_file() as rules:
            self.profile.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.process = subprocess.Popen(
                command(
                    tier,
                    self.profile,
                    channel=theirs.fileno(),
                    filter_file=rules.fileno(),
                    task=task,
                    program=program,
                ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=environment(tier, self.profile),
                cwd=self.profile.folder,
                pass_fds=(theirs.fileno(), rules.fileno()),
                start_new_session=True,
            )
        assert self.process.stdout is not None
        self.printer = threading.Thread(target=_keep, args=(self.process.stdout, log), name="prints", daemon=True)
        self.printer.start()
        self._looked = self._measured = 0.0

    @property
    def pid(self) -> int:
        return self.process.pid

    def watch(self) -> Excess | None:
        """Return what the process uses too much of, at most every `WATCH_SECONDS`; None while all is well."""
        now = time.monotonic()
        if now - self._looked < WATCH_SECONDS:
            return None
        self._looked = now
        limits = self.profile.limits
        if now - self.started > limits.seconds:
            return Excess("time_limit", f"The time limit of {limits.seconds / 3600:.3g} hours was reached.")
        memory, threads = _usage(self.pid)
        if memory > limits.memory_bytes:
            return Excess(
                "out_of_memory",
                f"It used more memory than the sandbox allows: {memory / 2**20:,.0f} MiB of "
                f"{limits.memory_bytes / 2**20:,.0f} MiB.",
                "Choose a smaller batch size, or look for what the own code keeps.",
            )
        if threads > limits.threads:
            return Excess("too_many_threads", f"It started more than {limits.threads:,} threads.")
        if now - self._measured > DISK_SECONDS:
            self._measured = now
            size = folder_bytes(self.profile.folder) + unlinked_bytes(self.pid)
            if size > limits.disk_bytes:
                return Excess(
                    "disk_full",
                    f"It wrote more than the sandbox allows: {size / 2**20:,.0f} MiB of "
                    f"{limits.disk_bytes / 2**20:,.0f} MiB.",
                    "Keep fewer checkpoints, or write less from the own code.",
                )
        return None

    def kill(self) -> None:
        """End every process of the sandbox, while its first one lives; with that one, all have ended."""
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def wait(self, seconds: float) -> int:
        """Return the exit status (negative: the signal), killing what has not ended after `seconds`."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            status = self.process.wait()
        self.printer.join(5)
        return 128 - status if status > 128 else status


@contextlib.contextmanager
def _filter_file() -> Iterator[IO[bytes]]:
    handle = os.memfd_create("filter")
    with os.fdopen(handle, "r+b") as file:
        file.write(seccomp.assemble())
        file.seek(0)
        yield file


def _keep(printed: IO[bytes], log: Path | None) -> None:
    """Read to the end what the process prints; a file takes the first `LOG_BYTES` of it.

    What no file takes, for the disk is full, is read all the same: else the process would wait to be read, or die.
    """
    left, dropped = LOG_BYTES, 0
    with printed, contextlib.ExitStack() as stack:
        file = None
        with contextlib.suppress(OSError):
            file = stack.enter_context(log.open("ab", buffering=0)) if log is not None else None
        while piece := os.read(printed.fileno(), 65_536):
            _try_to_write(file, piece[:left])
            dropped += max(0, len(piece) - left)
            left = max(0, left - len(piece))
        if dropped:
            _try_to_write(file, f"\n({dropped:,} further bytes were dropped.)\n".encode())


def _try_to_write(file: IO[bytes] | None, content: bytes) -> None:
    if file is not None:
        with contextlib.suppress(OSError):
            file.write(content)


def _usage(pid: int) -> tuple[int, int]:
    """Return the memory in bytes and the threads of a process and all below it."""
    memory = threads = 0
    with contextlib.suppress(psutil.Error):
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                memory += process.memory_info().rss
                threads += process.num_threads()
    return memory, threads


def unlinked_bytes(pid: int) -> int:
    """Return how much the files take that a process and all below it hold, and that no folder names any more.

    They are open or mapped. Of a process that hides its files from us, nothing is counted.
    """
    found: dict[tuple[int, int], int] = {}
    with contextlib.suppress(psutil.Error):
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            with contextlib.suppress(OSError):
                found |= _mapped(process.pid) | _opened(process.pid)
    return sum(found.values())


def _opened(pid: int) -> dict[tuple[int, int], int]:
    found = {}
    with os.scandir(f"/proc/{pid}/fd") as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                status = entry.stat()
                if stat.S_ISREG(status.st_mode) and status.st_nlink == 0:
                    found[status.st_dev, status.st_ino] = status.st_blocks * 512
    return found


def _mapped(pid: int) -> dict[tuple[int, int], int]:
    found: dict[tuple[int, int], int] = {}
    for line in Path(f"/proc/{pid}/maps").read_text(errors="replace").splitlines():
        addresses, _, _, device, inode, *named = line.split(maxsplit=5)
        if named and named[0].endswith(" (deleted)") and not named[0].startswith(_SHARED_MEMORY):
            first, last = (int(end, 16) for end in addresses.split("-"))
            major, minor = (int(part, 16) for part in device.split(":"))
            file = os.makedev(major, minor), int(inode)
            found[file] = found.get(file, 0) + last - first
    return found


def folder_bytes(folder: Path) -> int:
    """Return how much disk the files below `folder` take, at least a block each; links are not followed."""
    total = 0
    places = [folder]
    while places:
        with contextlib.suppress(OSError), os.scandir(places.pop()) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        places.append(Path(entry.path))
                    else:
                        total += max(_BLOCK, entry.stat(follow_symlinks=False).st_blocks * 512)
    return total
