"""While somebody waits for Keras, no connection to the database waits with them."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from app.datasets.tables import Upload
from app.infra.database import Database
from app.main import create_app
from app.messages.data import CsvOptions
from app.settings import Settings
from app.shared.ids import new_id
from tests.conftest import URL, signed_in
from tests.runs.conftest import add_design
from tests.worker.designs import MLP, chain

ASKED = 20
"""More than the pool of a database has connections."""

DEADLINE = 60.0


@pytest.fixture
async def application(settings: Settings) -> AsyncIterator[FastAPI]:
    """An application that runs its rooms and nothing else: who asks Keras waits."""
    application = create_app(settings, URL)
    services = application.state.services
    await services.rooms.start()
    await services.rooms.ready()
    yield application
    await services.rooms.close()
    await services.analysis.close()
    await services.database.close()


async def add_upload(database: Database, workspace_id: str, user_id: str) -> str:
    async with database.session() as session:
        upload = Upload(
            id=new_id(),
            workspace_id=workspace_id,
            created_by=user_id,
            filename="table.csv",
            artifact=new_id(),
            sha256="",
            bytes=1,
            inspected={"columns": []},
            options=CsvOptions().model_dump(mode="json"),
        )
        session.add(upload)
    return f"upload:{upload.id}"


@pytest.mark.parametrize(
    "path", ["/datasets/{table}/description", "/designs/{design}/preflight", "/designs/{design}/weights"]
)
async def test_no_connection_is_held_while_keras_is_asked(application: FastAPI, database: Database, path: str) -> None:
    services = application.state.services
    principal, _ = await add_design(database, chain(MLP))
    assert principal.user_id is not None
    table = await add_upload(database, principal.workspace_id, principal.user_id)
    async with signed_in(application, database) as client:
        document = chain(MLP, {"dataset": table}).model_dump(mode="json")
        created = await client.post("/api/designs", json={"document": document})
        asked = f"/api{path.format(table=table, design=created.json()['id'])}"
        waiting = [asyncio.create_task(client.get(asked, timeout=None)) for _ in range(ASKED)]
        try:
            pool = services.database.engine.pool
            async with asyncio.timeout(DEADLINE):
                while not services.analysis._slots.locked() or pool.checkedout():
                    assert not any(task.done() for task in waiting)
                    await asyncio.sleep(0.02)
            answer = await client.get("/api/session")
            assert answer.status_code == 200
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
