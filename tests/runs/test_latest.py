"""The newest run of each design, for the list of designs: of one's own and of what is shared, of nothing else."""

from typing import Any

import httpx
from fastapi import FastAPI

from app.accounts import service as accounts
from app.accounts.principal import Role
from app.document.model import GraphDocument
from app.infra.database import Database
from app.messages.events import RunState
from tests.conftest import URL, signed_in
from tests.runs.conftest import Worker, add_design, add_run, state


async def latest(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    answer = await client.get("/api/runs/latest")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


async def test_the_newest_run_of_each_design_with_its_state(
    owner: httpx.AsyncClient, database: Database, worker: Worker, document: GraphDocument
) -> None:
    principal, other = await add_design(database, document)
    _, untrained = await add_design(database, document)
    first, _ = await add_run(database, principal, other, document)
    second, _ = await add_run(database, principal, other, document)
    await worker.send([state(1, RunState.STARTING), state(2, RunState.RUNNING)])
    expected = [
        {"design_id": worker.design_id, "id": worker.run_id, "number": 1, "state": "running"},
        {"design_id": other, "id": second, "number": 2, "state": "queued"},
    ]
    assert await latest(owner) == sorted(expected, key=lambda run: str(run["design_id"]))
    assert first != second
    assert untrained not in {run["design_id"] for run in await latest(owner)}


async def test_runs_of_designs_that_are_not_shared_do_not_appear(
    application: FastAPI, database: Database, worker: Worker, document: GraphDocument
) -> None:
    principal, private = await add_design(database, document)
    await add_run(database, principal, private, document)
    async with signed_in(application, database, "Bob") as bob:
        assert await latest(bob) == []
        me = (await bob.get("/api/session")).json()["user"]["id"]
        async with database.session() as session:
            await accounts.set_grant(session, principal, design_id=worker.design_id, user_id=me, role=Role.VIEWER)
        assert [run["design_id"] for run in await latest(bob)] == [worker.design_id]


async def test_a_link_shows_the_run_of_its_design_only(
    application: FastAPI, database: Database, worker: Worker, document: GraphDocument
) -> None:
    principal, private = await add_design(database, document)
    await add_run(database, principal, private, document)
    async with database.session() as session:
        _, token = await accounts.create_share_link(session, principal, design_id=worker.design_id)
    transport = httpx.ASGITransport(app=application)
    async with httpx.AsyncClient(transport=transport, base_url=URL) as visitor:
        assert (await visitor.get("/api/runs/latest")).status_code == 401
        await visitor.get(f"/share/{token}")
        assert [run["design_id"] for run in await latest(visitor)] == [worker.design_id]


async def test_a_deleted_design_has_no_card(owner: httpx.AsyncClient, worker: Worker) -> None:
    assert (await owner.delete(f"/api/designs/{worker.design_id}")).status_code == 200
    assert await latest(owner) == []
