"""The job engine on real processes; `contract_*` is what every side of the seam has to fulfil."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from app.infra.jobs import JobEngine, JobStatus, LocalJobs, find_launcher
from app.infra.zygote import Zygote
from app.messages.jobs import JobSpec
from app.shared.errors import Conflict
from tests.worker.designs import job

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def zygote(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Zygote]:
    process = Zygote(tmp_path_factory.mktemp("zygote") / "z.sock")
    await process.start()
    yield process
    await process.close()


@pytest.fixture
def jobs(zygote: Zygote, tmp_path: Path) -> LocalJobs:
    return LocalJobs(zygote, tmp_path)


def spec(folder: Path, run_id: str, **fit: int) -> JobSpec:
    return job(folder / run_id, **fit).model_copy(update={"run_id": run_id})


async def wait_for(engine: JobEngine, run_id: str, status: JobStatus) -> None:
    async with asyncio.timeout(60):
        while await engine.status(run_id) is not status:
            await asyncio.sleep(0.05)


async def wait_for_text(path: Path, text: str) -> None:
    async with asyncio.timeout(60):
        while not path.exists() or text not in path.read_text():
            await asyncio.sleep(0.05)


async def test_a_job_runs_and_ends(jobs: LocalJobs, tmp_path: Path) -> None:
    assert await jobs.status("first") is JobStatus.UNKNOWN
    await jobs.submit(spec(tmp_path, "first", epochs=1))
    assert await jobs.status("first") is JobStatus.ALIVE
    await wait_for(jobs, "first", JobStatus.ENDED)
    last = json.loads((tmp_path / "first" / "events.spool").read_text().splitlines()[-1])
    assert last["state"] == "finished"
    assert (tmp_path / "first" / "job.json").stat().st_mode & 0o077 == 0


async def test_cancel_leaves_no_process(jobs: LocalJobs, tmp_path: Path) -> None:
    await jobs.submit(spec(tmp_path, "long", epochs=100_000))
    await wait_for_text(tmp_path / "long" / "events.spool", '"batch"')
    launcher = find_launcher(tmp_path / "long")
    assert launcher is not None
    processes = [launcher, *launcher.children()]
    assert len(processes) == 2
    with pytest.raises(Conflict):
        await jobs.submit(spec(tmp_path, "long"))
    await jobs.cancel("long")
    await wait_for(jobs, "long", JobStatus.ENDED)
    _, alive = await asyncio.to_thread(psutil.wait_procs, processes, 10)
    assert alive == []
    await jobs.cancel("long")
    await jobs.cancel("never-heard-of")


async def test_close_leaves_runs_alive(jobs: LocalJobs, tmp_path: Path) -> None:
    await jobs.submit(spec(tmp_path, "survivor", epochs=100_000))
    await jobs.close()
    other = LocalJobs(jobs.zygote, tmp_path)
    await wait_for_text(tmp_path / "survivor" / "events.spool", '"epoch"')
    assert await other.status("survivor") is JobStatus.ALIVE
    await other.cancel("survivor")
    await wait_for(other, "survivor", JobStatus.ENDED)


async def test_a_process_id_that_was_given_out_again_is_not_believed(jobs: LocalJobs, tmp_path: Path) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "job.json").write_text("{}")
    me = psutil.Process(os.getpid())
    (folder / "launcher.pid").write_text(json.dumps({"pid": me.pid, "started": me.create_time() - 3600}))
    assert await jobs.status("old") is JobStatus.ENDED
    (folder / "launcher.pid").write_text("not json")
    assert await jobs.status("old") is JobStatus.ENDED
