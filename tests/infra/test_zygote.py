import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from app.infra.zygote import Zygote
from app.messages.data import BundledSource
from app.messages.jobs import JobSpec
from app.shared.errors import Unavailable
from tests.graph.designs import classifier

pytestmark = pytest.mark.asyncio(loop_scope="module")

DEADLINE = 60.0


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def zygote() -> AsyncIterator[Zygote]:
    with tempfile.TemporaryDirectory(prefix="ll-") as folder:
        zygote = Zygote(Path(folder) / "z.sock")
        await zygote.start()
        yield zygote
        await zygote.close()


async def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, "the condition did not come true in time"
        await asyncio.sleep(0.02)


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


async def test_a_child_is_a_session_of_its_own_without_the_zygotes_sockets(zygote: Zygote) -> None:
    child = await zygote.open_analysis()
    other = await zygote.open_analysis()

    assert os.getsid(child.pid) == child.pid
    sockets = [entry for entry in Path(f"/proc/{other.pid}/fd").iterdir() if "socket" in os.readlink(entry)]
    assert len(sockets) == 1

    child.close()
    other.close()
    await until(lambda: is_gone(child.pid) and is_gone(other.pid))


async def test_a_forked_child_trains(zygote: Zygote, folder: Path) -> None:
    document = classifier(("flatten", "Flatten", {}), shape=[8, 8, 1])
    document.training.fit.epochs = 1
    job = JobSpec(
        run_id="r1", document=document, data=BundledSource(name="digits"), folder=str(folder), address_file=None
    )
    path = folder / "job.json"
    path.write_text(job.model_dump_json())

    pid = await zygote.spawn_run(path)

    assert os.getsid(pid) == pid
    await until(lambda: (folder / "model.keras").exists() or is_gone(pid))
    assert (folder / "model.keras").stat().st_size > 0
    await until(lambda: is_gone(pid))


async def test_a_request_that_is_none_is_refused_and_hurts_nobody(zygote: Zygote) -> None:
    for line in (b"nonsense\n", b'{"spawn": "shell"}\n', b'{"kill": 1}\n', b'{"spawn": "run"}\n'):
        reader, writer = await asyncio.open_unix_connection(str(zygote.path))
        writer.write(line)
        assert "error" in json.loads(await reader.readline())
        writer.close()

    child = await zygote.open_analysis()
    child.close()


async def test_a_hanging_child_can_be_killed(zygote: Zygote) -> None:
    child = await zygote.open_analysis()
    os.kill(child.pid, signal.SIGSTOP)

    await zygote.kill_analysis(child.pid)

    await until(lambda: is_gone(child.pid))
    child.close()


async def test_a_zygote_that_dies_takes_its_analysis_along_and_is_started_again(zygote: Zygote) -> None:
    child = await zygote.open_analysis()
    assert zygote.process is not None
    first = zygote.process.pid

    os.kill(first, signal.SIGKILL)
    await until(lambda: is_gone(child.pid))
    again = await zygote.open_analysis()

    assert zygote.process.pid != first
    child.close()
    again.close()


async def test_the_zygote_ends_when_its_parent_is_killed(folder: Path) -> None:
    program = (
        "import asyncio, sys; from pathlib import Path; from app.infra.zygote import Zygote\n"
        "async def main():\n"
        "    zygote = Zygote(Path(sys.argv[1])); await zygote.start(); child = await zygote.open_analysis()\n"
        "    print(zygote.process.pid, child.pid, flush=True); await asyncio.sleep(600)\n"
        "asyncio.run(main())"
    )
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program, str(folder / "z.sock")), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    pids = [int(pid) for pid in (await parent.stdout.readline()).split()]

    parent.kill()
    await parent.wait()

    await until(lambda: all(is_gone(pid) for pid in pids))
    await until(lambda: not (folder / "z.sock").exists())


async def test_a_zygote_that_cannot_start_is_said_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.infra.zygote.START_SECONDS", 0.1)

    with pytest.raises(Unavailable, match="did not start"):
        await Zygote(folder / "nobody.sock").open_analysis()


async def test_a_machine_that_starts_no_process_for_a_while_is_asked_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("app.infra.zygote.AGAIN_SECONDS", 0.05)
    zygote = Zygote(folder / "z.sock")
    with monkeypatch.context() as without_python:
        without_python.setattr(sys, "executable", str(folder / "nothing"))
        await zygote.start()
        await until(lambda: "cannot be started" in caplog.text)

    await until(lambda: zygote.process is not None)
    await zygote.close()
