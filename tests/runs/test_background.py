"""States stay truthful while a worker is silent, and a worker that is heard again is believed."""

import json
from datetime import timedelta
from pathlib import Path

import httpx
import psutil
import pytest
from fastapi import FastAPI
from sqlalchemy import update

from app.document.model import GraphDocument
from app.infra.database import Database
from app.messages.events import RunState
from app.runs.background import LOST_SECONDS, STALLED_SECONDS, STOP_SECONDS, Watcher, judge
from app.runs.repository import find_live_runs
from app.runs.tables import Run, RunCommand
from app.shared.clock import now
from tests.runs.conftest import Worker, add_design, add_run, batch, state


@pytest.mark.parametrize(
    ("silence", "alive", "said"),
    [
        (0.0, True, None),
        (STALLED_SECONDS - 1, True, None),
        (STALLED_SECONDS, True, RunState.STALLED),
        (LOST_SECONDS, True, RunState.LOST),
        (0.0, False, RunState.LOST),
    ],
)
def test_what_silence_means(silence: float, alive: bool, said: RunState | None) -> None:
    assert judge(silence, alive=alive) is said


@pytest.fixture
def watcher(application: FastAPI) -> Watcher:
    """A watcher of a server that has been up for an hour."""
    watcher = Watcher(application.state.services)
    watcher.since -= timedelta(hours=1)
    return watcher


async def silence(database: Database, seconds: float) -> None:
    async with database.session() as session:
        await session.execute(update(Run).values(last_heard=now() - timedelta(seconds=seconds)))


async def told(owner: httpx.AsyncClient, worker: Worker) -> dict[str, str]:
    run = (await owner.get(f"/api/runs/{worker.run_id}")).json()
    return {key: run[key] for key in ("state", "code")}


def pretend_to_live(application: FastAPI, worker: Worker) -> Path:
    """Write what the job engine takes for a living launcher: this very process."""
    folder = Path(application.state.services.folder) / "runs" / worker.run_id
    folder.mkdir(parents=True)
    (folder / "job.json").write_text("{}")
    process = psutil.Process()
    (folder / "launcher.pid").write_text(json.dumps({"pid": process.pid, "started": process.create_time()}))
    return folder


async def test_stalled_then_lost_then_running_again_when_heard(
    application: FastAPI, database: Database, owner: httpx.AsyncClient, worker: Worker, watcher: Watcher
) -> None:
    pretend_to_live(application, worker)
    await worker.send([state(1, RunState.RUNNING)])
    await watcher.look()
    assert await told(owner, worker) == {"state": "running", "code": ""}

    await silence(database, STALLED_SECONDS + 1)
    await watcher.look()
    assert await told(owner, worker) == {"state": "stalled", "code": "not_heard"}

    await silence(database, LOST_SECONDS + 1)
    await watcher.look()
    assert await told(owner, worker) == {"state": "lost", "code": "not_heard"}

    await worker.send([batch(2, loss=1.0)])
    await watcher.look()
    assert await told(owner, worker) == {"state": "running", "code": ""}


async def test_a_server_that_was_away_counts_silence_from_its_own_start(
    application: FastAPI, database: Database, owner: httpx.AsyncClient, worker: Worker
) -> None:
    pretend_to_live(application, worker)
    await worker.send([state(1, RunState.RUNNING)])
    await silence(database, 3_600)
    await Watcher(application.state.services).look()
    assert await told(owner, worker) == {"state": "running", "code": ""}


async def test_a_process_that_is_gone_leaves_what_it_wrote_and_is_lost(
    application: FastAPI, owner: httpx.AsyncClient, worker: Worker, watcher: Watcher
) -> None:
    folder = pretend_to_live(application, worker)
    await worker.send([state(1, RunState.RUNNING), batch(2, loss=1.0)])
    unsent = [state(1, RunState.RUNNING), batch(2, loss=1.0), batch(3, loss=2.0), batch(4, loss=3.0)]
    lines = "".join(event.model_dump_json() + "\n" for event in unsent)
    (folder / "events.spool").write_text(lines + '{"event": "cut o')
    (folder / "launcher.pid").unlink()

    await watcher.look()
    events = (await owner.get(f"/api/runs/{worker.run_id}/events")).json()
    assert [event["seq"] for event in events["events"]] == [1, 2, 3, 4]
    await watcher.look()
    assert await told(owner, worker) == {"state": "lost", "code": "process_gone"}


async def test_what_is_wrong_with_one_run_keeps_nobody_from_looking_after_the_next(
    application: FastAPI, database: Database, owner: httpx.AsyncClient, document: GraphDocument, watcher: Watcher
) -> None:
    principal, design_id = await add_design(database, document)
    for _ in range(2):
        await add_run(database, principal, design_id, document)
    async with database.session() as session:
        first, second = [run.id for run in await find_live_runs(session)]
    (Path(application.state.services.folder) / "runs" / first / "events.spool").mkdir(parents=True)

    await watcher.look()
    states = {run["id"]: run["state"] for run in (await owner.get(f"/api/designs/{design_id}/runs")).json()}
    assert states == {first: "queued", second: "lost"}


async def test_a_long_spool_is_stored_in_parts(
    application: FastAPI, owner: httpx.AsyncClient, worker: Worker, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.runs.launch.RECOVERED_EVENTS", 3)
    folder = pretend_to_live(application, worker)
    await worker.send([state(1, RunState.RUNNING)])
    unsent = [state(1, RunState.RUNNING), *(batch(seq, loss=float(seq)) for seq in range(2, 9))]
    (folder / "events.spool").write_text("".join(event.model_dump_json() + "\n" for event in unsent))
    (folder / "launcher.pid").unlink()

    await watcher.look()
    events = (await owner.get(f"/api/runs/{worker.run_id}/events")).json()
    assert [event["seq"] for event in events["events"]] == [1, 2, 3, 4, 5, 6, 7, 8]


async def test_a_stop_that_nobody_fetches_ends_the_run_from_outside(
    application: FastAPI, database: Database, owner: httpx.AsyncClient, worker: Worker, watcher: Watcher
) -> None:
    await worker.send([state(1, RunState.RUNNING)])
    await owner.post(f"/api/runs/{worker.run_id}/commands", json={"command": "stop"})
    async with database.session() as session:
        await session.execute(update(RunCommand).values(created_at=now() - timedelta(seconds=STOP_SECONDS + 1)))
    await watcher.look()
    assert await told(owner, worker) == {"state": "stopped", "code": "not_answering"}
