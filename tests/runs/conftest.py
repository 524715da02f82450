"""Runs in the database without a worker: the tests speak as the worker, over the worker's own door."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from websockets.asyncio.client import connect

from app.accounts import service as accounts
from app.accounts.principal import Principal, Role
from app.designs.access import DesignAccess
from app.designs.projection import project
from app.designs.tables import Design
from app.document.model import GraphDocument
from app.infra.database import Database
from app.main import bind, create_app
from app.messages.events import BatchEvent, RunEvent, RunState, StateEvent
from app.messages.jobs import BatchAnswer, EventBatch
from app.runs import service
from app.runs.schemas import VersionReference
from app.settings import Settings
from app.shared.clock import now
from app.shared.ids import new_id
from tests.conftest import URL


@dataclass
class Worker:
    """Speaks for a run's launcher."""

    client: httpx.AsyncClient
    run_id: str
    design_id: str
    token: str

    async def post(self, events: list[RunEvent], *, attempt: int = 1, carried: int = 0) -> httpx.Response:
        batch = EventBatch(attempt=attempt, events=events, carried=carried)
        return await self.client.post(
            f"/api/worker/runs/{self.run_id}/events",
            content=batch.model_dump_json(),
            headers={"authorization": f"Bearer {self.token}", "content-type": "application/json"},
        )

    async def send(self, events: list[RunEvent], *, carried: int = 0) -> BatchAnswer:
        response = await self.post(events, carried=carried)
        assert response.status_code == 200, response.text
        return BatchAnswer.model_validate_json(response.content)


def state(seq: int, name: RunState) -> StateEvent:
    return StateEvent(seq=seq, time=time.time(), state=name)


def batch(seq: int, *, step: int | None = None, **logs: float) -> BatchEvent:
    return BatchEvent(seq=seq, time=time.time(), epoch=1, batch=step or seq, step=step or seq, logs=logs)


async def add_design(database: Database, document: GraphDocument) -> tuple[Principal, str]:
    """Add a design of the local owner."""
    async with database.session() as session:
        user = await accounts.ensure_local_owner(session)
        token = await accounts.open_session(session, user.id)
    async with database.session() as session:
        principal = await accounts.find_principal(session, token)
        assert principal is not None
        design = Design(
            id=new_id(),
            workspace_id=principal.workspace_id,
            owner_id=user.id,
            epoch=new_id(),
            created_at=now(),
            **project(document),
        )
        session.add(design)
    return principal, design.id


async def add_run(database: Database, principal: Principal, design_id: str, document: GraphDocument) -> tuple[str, str]:
    """Add a queued run; return its id and its worker's token."""
    access = DesignAccess(principal, design_id, Role.OWNER)
    async with database.session() as session:
        version = VersionReference(id=new_id(), number=1)
        run, token = await service.create(session, access, version=version, document=document)
    return run.id, token


@pytest.fixture
async def application(settings: Settings) -> AsyncIterator[FastAPI]:
    """The application without the processes beside it: nothing here needs Keras or a room."""
    application = create_app(settings, URL)
    yield application
    await application.state.services.database.close()


@pytest.fixture
def document() -> GraphDocument:
    return GraphDocument.model_validate({"training": {"dataset": "digits"}})


@pytest.fixture
async def worker(application: FastAPI, database: Database, document: GraphDocument) -> AsyncIterator[Worker]:
    """A run that has just been queued, and its worker."""
    principal, design_id = await add_design(database, document)
    run_id, token = await add_run(database, principal, design_id, document)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=application), base_url=URL) as client:
        yield Worker(client, run_id, design_id, token)


@dataclass
class Live:
    """The application behind a real port, in this process; `token` is a session of the owner."""

    application: FastAPI
    url: str
    token: str

    def socket(self, path: str, token: str | None = None, **headers: str) -> connect:
        """Return a client of the socket at `path`, to be entered."""
        cookie = f"layerloom={token or self.token}"
        address = self.url.replace("http", "ws", 1) + path
        return connect(address, additional_headers={"cookie": cookie, "origin": self.url, **headers}, compression=None)


@pytest.fixture
async def live(settings: Settings, database: Database) -> AsyncIterator[Live]:
    listener = bind("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    application = create_app(settings, url)
    config = uvicorn.Config(
        application, lifespan="off", ws="websockets-sansio", ws_per_message_deflate=False, log_level="warning"
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    async with database.session() as session:
        user = await accounts.ensure_local_owner(session)
        token = await accounts.open_session(session, user.id)
    yield Live(application, url, token)
    server.should_exit = True
    await serving
    await application.state.services.database.close()


@pytest.fixture
async def live_worker(live: Live, database: Database, document: GraphDocument) -> AsyncIterator[Worker]:
    """A queued run on the live server, and its worker."""
    principal, design_id = await add_design(database, document)
    run_id, token = await add_run(database, principal, design_id, document)
    async with httpx.AsyncClient(base_url=live.url) as client:
        yield Worker(client, run_id, design_id, token)
