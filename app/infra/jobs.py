"""The job engine: what starts runs, says whether their processes live, and ends them.

A seam with two sides: processes on this machine (here), and a cluster (to come). Runs outlive the engine.
"""

import asyncio
import contextlib
import json
import os
import signal
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

import psutil

from app.infra.zygote import Zygote
from app.messages.jobs import JobSpec
from app.shared.errors import Conflict

JOB_FILE: Final = "job.json"
PID_FILE: Final = "launcher.pid"

TERM_SECONDS: Final = 5.0
"""How long the processes of a cancelled run get to say goodbye before they are killed."""


class JobStatus(StrEnum):
    """What an engine knows of a job: `unknown` was never submitted here, `ended` has no process any more."""

    UNKNOWN = "unknown"
    ALIVE = "alive"
    ENDED = "ended"


class JobEngine(Protocol):
    """Starts jobs and ends them. `status` is about processes; what became of a run, its events say."""

    async def submit(self, job: JobSpec) -> None:
        """Start `job` in `job.folder`; raise `Conflict` when it was submitted before, `Unavailable` when it cannot."""

    async def status(self, run_id: str) -> JobStatus:
        """Say whether processes of the run live."""

    async def cancel(self, run_id: str) -> None:
        """End the run's processes, all of them; does nothing when there are none."""

    async def close(self) -> None:
        """Let go of the engine; runs go on."""


class LocalJobs:
    """Runs as processes of this machine, forked by `zygote`; the folder of a run is `folder/<run_id>`."""

    def __init__(self, zygote: Zygote, folder: Path) -> None:
        self.zygote = zygote
        self.folder = folder

    async def submit(self, job: JobSpec) -> None:
        folder = Path(job.folder)
        path = folder / JOB_FILE
        if path.exists() and await self.status(job.run_id) is JobStatus.ALIVE:
            raise Conflict(
                "The run has been started already.",
                expected="a new run",
                received=job.run_id,
                hint="Look at the list of runs.",
            )
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(path, job.model_dump_json())
        pid = await self.zygote.spawn_run(path)
        _note(folder, pid)

    async def status(self, run_id: str) -> JobStatus:
        folder = self._folder_of(run_id)
        if not (folder / JOB_FILE).exists():
            return JobStatus.UNKNOWN
        return JobStatus.ENDED if find_launcher(folder) is None else JobStatus.ALIVE

    async def cancel(self, run_id: str) -> None:
        folder = self._folder_of(run_id)
        launcher = find_launcher(folder)
        if launcher is None:
            return
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            launcher.terminate()
        deadline = asyncio.get_running_loop().time() + TERM_SECONDS
        while find_launcher(folder) is not None:
            if asyncio.get_running_loop().time() > deadline:
                _kill_group(launcher.pid)
                return
            await asyncio.sleep(0.05)

    async def close(self) -> None:
        return None

    def _folder_of(self, run_id: str) -> Path:
        """Return the run's folder; an id is one path part, made by the server."""
        return self.folder / Path(run_id).name


def find_launcher(folder: Path) -> psutil.Process | None:
    """Return the living launcher of the run in `folder`; a process id that was given out again is not believed."""
    try:
        written = json.loads((folder / PID_FILE).read_text())
        process = psutil.Process(int(written["pid"]))
        if abs(process.create_time() - float(written["started"])) > 1.0:
            return None
        return None if process.status() == psutil.STATUS_ZOMBIE else process
    except (OSError, ValueError, KeyError, TypeError, psutil.NoSuchProcess):
        return None


def _note(folder: Path, pid: int) -> None:
    """Write who the launcher is, as it does itself a moment later; it may have ended already."""
    with contextlib.suppress(psutil.NoSuchProcess):
        started = psutil.Process(pid).create_time()
        _write(folder / PID_FILE, json.dumps({"pid": pid, "started": started}))


def _kill_group(pid: int) -> None:
    """Kill every process of the run: its launcher leads their group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.getpgid(pid) == pid:
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGKILL)


def _write(path: Path, text: str) -> None:
    """Write a file that only its owner reads, whole or not at all: a job holds the run's token.

    The launcher writes who it is at the same moment; each has a temporary file of its own.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    temporary.rename(path)
