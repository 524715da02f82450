"""`python -m app.worker.inside TASK`: the first thing that runs in a sandbox, and what shuts it behind itself.

Limits, Landlock and, without bubblewrap, the seccomp filter are set before Keras or anybody's Python is loaded. The
only way out is the inherited socket.
"""

import argparse
import ctypes
import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Final, NoReturn

from app.worker import sandbox
from app.worker.sandbox import landlock, seccomp
from app.worker.sandbox.profile import DRAWING, GRAPHVIZ, Profile, Tier, landlock_places, limit_resources

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_CAPBSET_DROP: Final = 24
_LAST_CAPABILITY: Final = 40
_CAPABILITY_VERSION: Final = 0x20080522


def main(arguments: list[str]) -> int:
    """Confine this process, then do the task on the socket; return the exit status.

    `train` takes one job, `analyse` and `convert` answer analysis requests (with Keras loaded before the first one,
    and without), `draw_png` and `draw_svg` become Graphviz, `probe` says what holds.
    """
    parser = argparse.ArgumentParser(prog="python -m app.worker.inside")
    parser.add_argument("task", choices=("train", "analyse", "convert", "draw_png", "draw_svg", "probe"))
    parser.add_argument("--tier", choices=("bubblewrap", "landlock"), required=True)
    parser.add_argument("--channel", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--readable", type=Path, action="append", default=[])
    parser.add_argument("--memory-bytes", type=int, required=True)
    parser.add_argument("--file-bytes", type=int, required=True)
    options = parser.parse_args(arguments)
    channel = socket.socket(fileno=options.channel)
    profile = Profile(options.folder, tuple(options.readable))
    confine(options.tier, profile, options.memory_bytes, options.file_bytes)
    match options.task:
        case "train":
            return _train(channel)
        case "analyse" | "convert":
            return _answer(channel, keras=options.task == "analyse")
        case "draw_png" | "draw_svg":
            return _draw(options.task.removeprefix("draw_"))
        case _:
            return _probe(channel, profile)


def confine(tier: Tier, profile: Profile, memory_bytes: int, file_bytes: int) -> None:
    """Shut this process in; raise `NoLandlock` or `NoFilter` where the tier rests on what the kernel lacks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limit_resources(memory_bytes, file_bytes)
    library = ctypes.CDLL(None, use_errno=True)
    if tier == "landlock":
        library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        _drop_capabilities(library)
        library.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    if tier == "landlock" or landlock.version():
        landlock.confine(*landlock_places(tier, profile))
    if tier == "landlock":
        seccomp.apply(seccomp.assemble(pid=os.getpid()))
    sandbox.mark_entered()


def _drop_capabilities(library: ctypes.CDLL) -> None:
    """A process of root's is left with nothing that another could not do; for others this changes nothing."""
    for capability in range(_LAST_CAPABILITY + 1):
        library.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    head = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    library.capset(head, (ctypes.c_uint32 * 6)())


def _train(channel: socket.socket) -> int:
    """Train the job on the first line of the channel; events out and commands in afterwards."""
    line = _first_line(channel)
    from app.messages.jobs import JobSpec
    from app.worker.quiet import import_keras

    import_keras()
    from app.messages.events import RunState
    from app.worker.launching.channel import train_over

    return 1 if train_over(JobSpec.model_validate_json(line), channel) is RunState.FAILED else 0


def _first_line(channel: socket.socket) -> bytes:
    """Read up to the first line break, byte by byte near the end: what follows is for somebody else."""
    received = bytearray()
    while not received.endswith(b"\n"):
        peeked = channel.recv(65_536, socket.MSG_PEEK)
        if not peeked:
            raise ConnectionResetError("There was no job.")
        end = peeked.find(b"\n")
        received += channel.recv(len(peeked) if end < 0 else end + 1)
    return bytes(received)


def _answer(channel: socket.socket, *, keras: bool) -> int:
    """Answer request lines; a line `{"ready": true}` says that the first one may come."""
    if keras:
        from app.worker.quiet import import_keras

        import_keras()
    from app.worker.analysis_service import serve

    channel.sendall(b'{"ready": true}\n')
    serve(channel)
    return 0


def _draw(kind: str) -> NoReturn:
    """Become Graphviz, which draws the text in the present folder."""
    os.execv(GRAPHVIZ, ("dot", f"-T{kind}", "-O", DRAWING))  # noqa: S606


def _probe(channel: socket.socket, profile: Profile) -> int:
    """Try what must not work, and what must; answer which of the promises hold."""
    answer = {
        "writes in its folder": _writes(profile.folder / "probe"),
        "writes nowhere else": not any(_writes(Path(place) / "probe") for place in ("/", "/usr", "/etc", sys.prefix)),
        "reads no other files": not _reads(Path("/etc/passwd")) and not _reads(profile.folder.parent / "outside"),
        "starts no processes": not _forks(),
        "reaches no network": not _connects(),
        "has no environment of the server": "LAYERLOOM_PROBE" not in os.environ,
    }
    channel.sendall(json.dumps(answer).encode() + b"\n")
    return 0


def _writes(path: Path) -> bool:
    try:
        path.write_bytes(b"x")
        path.unlink()
    except OSError:
        return False
    return True


def _reads(path: Path) -> bool:
    try:
        path.read_bytes()
    except OSError:
        return False
    return True


def _forks() -> bool:
    try:
        pid = os.fork()
    except OSError:
        return False
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return True


def _connects() -> bool:
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("192.0.2.1", 9))
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
