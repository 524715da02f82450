"""A process that has imported Keras and forks children which need not import it again.

It runs no TensorFlow operation itself: a fork after one would copy a runtime whose threads are gone. One connection
to its socket asks for one child, in one JSON line; ADR 0020 says why forking, and why like this.
"""

import argparse
import contextlib
import ctypes
import gc
import importlib
import json
import os
import resource
import selectors
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NoReturn

from app.worker.quiet import import_keras

MAX_LINE: Final = 65_536
"""Bytes of a request; longer ones are cut off."""

TICK_SECONDS: Final = 0.5
"""How often dead children are reaped and the parent is looked for."""

_PR_SET_PDEATHSIG: Final = 1


class Zygote:
    """Listens at `path` and forks; `serve` returns when `parent` is no longer the parent process."""

    def __init__(self, path: Path, parent: int) -> None:
        self.path = path
        self.parent = parent
        self.selector = selectors.DefaultSelector()
        self.waiting: dict[socket.socket, bytes] = {}
        self.analysis: set[int] = set()
        self.listener = _listen(path)
        self.selector.register(self.listener, selectors.EVENT_READ)

    def serve(self) -> None:
        """Answer requests until the parent is gone, then end the analysis children; runs go on."""
        while os.getppid() == self.parent:
            for key, _ in self.selector.select(TICK_SECONDS):
                place = key.fileobj
                if place is self.listener:
                    self._accept()
                elif isinstance(place, socket.socket):
                    self._read(place)
            self._reap()
        for pid in self.analysis:
            _kill(pid)
        self.path.unlink(missing_ok=True)

    def _accept(self) -> None:
        connection, _ = self.listener.accept()
        connection.setblocking(False)
        self.waiting[connection] = b""
        self.selector.register(connection, selectors.EVENT_READ)

    def _read(self, connection: socket.socket) -> None:
        try:
            received = connection.recv(MAX_LINE)
        except OSError:
            received = b""
        line = self.waiting[connection] + received
        self.waiting[connection] = line
        if not received or len(line) > MAX_LINE:
            self._drop(connection)
        elif b"\n" in line:
            self._obey(connection, line.partition(b"\n")[0])

    def _obey(self, connection: socket.socket, line: bytes) -> None:
        self.selector.unregister(connection)
        del self.waiting[connection]
        with connection:
            match _parse(line):
                case {"spawn": "analysis"}:
                    self.analysis.add(self._fork(_become_analysis, connection))
                case {"spawn": "run", "job": str(job)}:
                    self._fork(_become_run, connection, Path(job))
                case {"kill": int(pid)} if pid in self.analysis:
                    _kill(pid)
                    _answer(connection, {"killed": pid})
                case _:
                    _answer(connection, {"error": "Expected spawn analysis, spawn run with a job, or kill."})

    def _drop(self, connection: socket.socket) -> None:
        self.selector.unregister(connection)
        del self.waiting[connection]
        connection.close()

    def _fork(self, become: Callable[..., int], *arguments: Any) -> int:
        pid = os.fork()
        if pid == 0:
            _leave(self._live(become, *arguments))
        return pid

    def _live(self, become: Callable[..., int], *arguments: Any) -> int:
        """Be the child: own session, no socket of the zygote's but the one it answers on; return the exit status."""
        try:
            os.setsid()
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self.selector.close()
            self.listener.close()
            for other in self.waiting:
                other.close()
            return become(*arguments)
        except SystemExit as end:
            return end.code if isinstance(end.code, int) else 1
        except BaseException:
            traceback.print_exc()
            return 1

    def _reap(self) -> None:
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self.analysis.discard(pid)


def _listen(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(mask)
    listener.listen(64)
    return listener


def _parse(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _answer(connection: socket.socket, answer: dict[str, Any]) -> None:
    connection.setblocking(True)
    connection.settimeout(5)
    with contextlib.suppress(OSError):
        connection.sendall(json.dumps(answer).encode() + b"\n")


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _leave(status: int) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _become_analysis(connection: socket.socket) -> int:
    """Answer analysis requests on `connection`, without a GPU; die with the zygote, even when it is killed."""
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    from app.worker.analysis_service import serve

    connection.setblocking(True)
    _answer(connection, {"pid": os.getpid()})
    connection.settimeout(None)
    with contextlib.suppress(ConnectionError):
        serve(connection)
    return 0


def _become_run(connection: socket.socket, job: Path) -> int:
    """Become the launcher of the run described at `job`; what it prints goes to `log.txt` in the run's folder.

    The child answers its process id itself: whoever reads it finds a session of its own.
    """
    with connection:
        _answer(connection, {"pid": os.getpid()})
    with (job.parent / "log.txt").open("ab") as log, Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    launcher: Any = importlib.import_module("app.worker.launching.launcher")
    status = launcher.main(job)
    return status if isinstance(status, int) else 0


_WARM: Final = (
    "app.worker.analysis_service",
    "app.worker.launching.launcher",
    "app.worker.launching.channel",
    "app.worker.data.sources",
)


def warm() -> None:
    """Import what every child needs. Nothing here may run a TensorFlow operation."""
    import_keras()
    for module in _WARM:
        importlib.import_module(module)


def command(_name: str, arguments: list[str]) -> int:
    """`zygote --socket PATH [--parent PID]`: serve until the parent process ends."""
    parser = argparse.ArgumentParser(prog="python -m app.worker zygote")
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--parent", type=int, default=os.getppid())
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warm()
    gc.collect()
    gc.freeze()
    Zygote(options.socket, options.parent).serve()
    return 0
