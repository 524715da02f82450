"""Fixtures that every room shares: a data folder, a database, the application in process, a server outside."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from app.accounts import service as accounts
from app.infra.database import Database
from app.main import create_app, migrate
from app.settings import Settings
from app.shared.ids import new_id
from tests import postgres
from tests.server import Server

URL = "http://127.0.0.1:8000"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path, since the path of a Unix socket holds at most 107 bytes."""
    path = Path(tempfile.mkdtemp(prefix="ll-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def settings(folder: Path) -> Settings:
    settings = Settings(data=folder, database_url="", host="127.0.0.1", port=0, public_url="")
    migrate(settings)
    return settings


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL server for this process of the tests; skipped only where PostgreSQL is not installed."""
    with postgres.running() as server:
        if server is None:
            pytest.skip("PostgreSQL is not installed (Debian, Ubuntu: apt install postgresql)")
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def both_settings(request: pytest.FixtureRequest, folder: Path) -> Settings:
    """Settings on each shipped database in turn, migrated; contract tests use it."""
    url = ""
    if request.param == "postgresql":
        url = postgres.create_database(request.getfixturevalue("postgres_server"), new_id())
    settings = Settings(data=folder, database_url=url, host="127.0.0.1", port=0, public_url="")
    migrate(settings)
    return settings


@pytest.fixture
async def both_databases(both_settings: Settings) -> AsyncIterator[Database]:
    """A database of each shipped kind in turn."""
    database = Database(both_settings.database)
    yield database
    await database.close()


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    database = Database(settings.database)
    yield database
    await database.close()


@pytest.fixture
async def application(settings: Settings) -> AsyncIterator[FastAPI]:
    """The application in this process and event loop, with everything beside it started."""
    application = create_app(settings, URL)
    async with application.router.lifespan_context(application):
        yield application


@pytest.fixture
async def anonymous(application: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=application)
    async with httpx.AsyncClient(transport=transport, base_url=URL, headers={"origin": URL}) as client:
        yield client


@pytest.fixture
async def owner(application: FastAPI, database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """A client signed in as the local owner."""
    async with signed_in(application, database) as client:
        yield client


def signed_in(application: FastAPI, database: Database, name: str | None = None) -> "SignedIn":
    """Return a client, to be entered, of the owner or of the teammate `name`, who is added when new."""
    return SignedIn(application, database, name)


class SignedIn:
    def __init__(self, application: FastAPI, database: Database, name: str | None) -> None:
        self.application, self.database, self.name = application, database, name

    async def __aenter__(self) -> httpx.AsyncClient:
        async with self.database.session() as session:
            user = await (accounts.add_user(session, self.name) if self.name else accounts.ensure_local_owner(session))
            token = await accounts.open_session(session, user.id)
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.application),
            base_url=URL,
            headers={"origin": URL},
            cookies={"layerloom": token},
        )
        return self.client

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server that the tests of one module share."""
    path = Path(tempfile.mkdtemp(prefix="ll-"))
    with Server(path) as server:
        yield server
    shutil.rmtree(path, ignore_errors=True)
