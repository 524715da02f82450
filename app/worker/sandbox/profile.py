"""What a sandboxed process sees and may use, and the command that starts it so."""

import os
import resource
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import app

Tier = Literal["bubblewrap", "landlock"]

TEMPORARY_BYTES: Final = 256 * 2**20
"""Size of the sandbox's own /tmp, which is memory."""

OPEN_FILES: Final = 4_096

_CODE: Final = Path(next(iter(app.__path__))).resolve()
_SYSTEM: Final = ("usr", "lib", "lib64", "lib32", "bin", "sbin")
_PIECES: Final = (
    "/etc/ld.so.cache",
    "/etc/alternatives",
    "/etc/localtime",
    "/etc/fonts",
    "/sys/devices/system/cpu",
)
"""Further places that the loader, libraries and TensorFlow read; nothing of people is there."""

_PROCESS: Final = ("/proc/meminfo", "/proc/cpuinfo", "/proc/stat", "/proc/self", "/proc/sys/vm/overcommit_memory")
"""What is left of /proc without a namespace."""

_DEVICES: Final = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


@dataclass(frozen=True)
class Limits:
    """How much a sandboxed process may use before it is ended, in bytes, threads and seconds of the clock.

    `disk_bytes` is the size of its folder, `file_bytes` that of a single file and `told_bytes` what it may send.
    """

    memory_bytes: int
    disk_bytes: int = 4 * 2**30
    file_bytes: int = 2 * 2**30
    told_bytes: int = 2**30
    threads: int = 2_000
    seconds: float = 24 * 3600.0


@dataclass(frozen=True)
class Profile:
    """`folder` is the only place to write to; of the rest, programs and `readable` can be read."""

    folder: Path
    readable: tuple[Path, ...] = ()
    limits: Limits = Limits(memory_bytes=4 * 2**30)

    def resolved(self) -> "Profile":
        """Return the profile with its paths freed of links."""
        return replace(self, folder=self.folder.resolve(), readable=tuple(path.resolve() for path in self.readable))


def programs() -> list[Path]:
    """Return where the interpreter, the packages and our own code lie."""
    places = {Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve(), _CODE}
    return sorted(place for place in places if place.exists())


def environment(tier: Tier, profile: Profile) -> dict[str, str]:
    """Return all of the environment: nothing of the server's is in it."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(profile.folder),
        "TMPDIR": "/tmp" if tier == "bubblewrap" else str(profile.folder),  # noqa: S108, a tmpfs of its own
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(_CODE.parent),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
        "KERAS_BACKEND": "tensorflow",
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }


INSIDE: Final = ("-m", "app.worker.inside")
"""What the interpreter starts with in a sandbox."""

GRAPHVIZ: Final = "/usr/bin/dot"
DRAWING: Final = "drawing.gv"
"""The program that draws, and the file in the sandbox's folder that it draws from."""


def command(
    tier: Tier, profile: Profile, *, channel: int, filter_file: int, task: str, program: Sequence[str] = INSIDE
) -> list[str]:
    """Return the command that runs `task` of `program` confined by `tier`.

    `channel` is the inherited socket that it speaks on, `filter_file` a file with the seccomp filter for bubblewrap.
    """
    inside = [
        *(sys.executable, *program, task),
        *("--tier", tier, "--channel", str(channel), "--folder", str(profile.folder)),
        *("--memory-bytes", str(profile.limits.memory_bytes), "--file-bytes", str(profile.limits.file_bytes)),
    ]
    for path in profile.readable:
        inside += ["--readable", str(path)]
    if tier == "landlock":
        return inside
    confined = [*_namespaces(), *_places(profile), "--seccomp", str(filter_file)]
    return [shutil.which("bwrap") or "bwrap", *confined, "--", *inside]


def _namespaces() -> list[str]:
    return [
        *("--unshare-all", "--unshare-user", "--uid", "65534", "--gid", "65534", "--cap-drop", "ALL"),
        *("--hostname", "sandbox", "--new-session", "--die-with-parent"),
    ]


def _places(profile: Profile) -> Iterator[str]:
    for name in _SYSTEM:
        place = Path("/", name)
        if place.is_symlink():
            yield from ("--symlink", os.readlink(place), str(place))
        elif place.exists():
            yield from ("--ro-bind", str(place), str(place))
    yield from ("--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev")
    yield from ("--size", str(TEMPORARY_BYTES), "--tmpfs", "/tmp")  # noqa: S108
    for place in (*map(Path, _PIECES), *programs(), *profile.readable):
        yield from ("--ro-bind-try", str(place), str(place))
    yield from ("--bind", str(profile.folder), str(profile.folder))
    yield from ("--remount-ro", "/", "--chdir", str(profile.folder))


def landlock_places(tier: Tier, profile: Profile) -> tuple[list[Path], list[Path]]:
    """Return what Landlock leaves to read and what to write; behind bubblewrap, all that is left is to read."""
    devices = [Path(place) for place in _DEVICES]
    if tier == "bubblewrap":
        return [Path("/")], [profile.folder, Path("/tmp"), *devices]  # noqa: S108, a tmpfs of its own
    system = [Path("/", name) for name in _SYSTEM]
    pieces = [Path(place) for place in (*_PIECES, *_PROCESS)]
    return [*system, *pieces, *programs(), *profile.readable], [profile.folder, *devices]


def limit_resources(memory_bytes: int, file_bytes: int) -> None:
    """Set the limits that the kernel itself holds for this process."""
    for which, amount in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_DATA, memory_bytes),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
    ):
        _, hard = resource.getrlimit(which)
        bound = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
        resource.setrlimit(which, (bound, bound))
