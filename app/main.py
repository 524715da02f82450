"""The composition root: settings in, a running server out. The only room that knows every name."""

import asyncio
import contextlib
import errno
import fcntl
import json
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import IO

import uvicorn
from fastapi import APIRouter, FastAPI
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import routes as accounts_routes
from app.accounts import service as accounts
from app.accounts import tables as accounts_tables
from app.collab import background as collab_background
from app.collab import routes as collab_routes
from app.collab import tables as collab_tables
from app.datasets import routes as datasets_routes
from app.datasets import tables as datasets_tables
from app.designs import files
from app.designs import routes as designs_routes
from app.designs import tables as designs_tables
from app.infra.analysis import AnalysisClient
from app.infra.artifacts import FileArtifacts
from app.infra.bus import LocalBus
from app.infra.database import Database, find_revision
from app.infra.jobs import LocalJobs
from app.infra.rooms import RoomClient
from app.infra.sandbox import Sandboxes, describe
from app.infra.services import Services
from app.infra.zygote import Zygote
from app.runs import background as runs_background
from app.runs import reuse as reuse_routes
from app.runs import routes as runs_routes
from app.runs import tables as runs_tables
from app.settings import Settings
from app.shared.errors import Conflict, Unavailable
from app.web.application import create_application
from app.weights import routes as weights_routes
from app.weights import tables as weights_tables

PORTS_TRIED = 50
MIGRATIONS = Path(__file__).resolve().parents[1] / "migrations"


TABLES = (accounts_tables, designs_tables, collab_tables, datasets_tables, weights_tables, runs_tables)
"""Every module that declares tables; migrations read them."""


def routers() -> list[APIRouter]:
    """Return the router of every slice."""
    return [
        accounts_routes.router,
        designs_routes.router,
        designs_routes.entrance,
        collab_routes.router,
        datasets_routes.router,
        weights_routes.router,
        runs_routes.router,
        reuse_routes.router,
    ]


def migrate(settings: Settings) -> None:
    """Bring the database up to the present tables; does nothing, and quickly, when it is there already.

    Raises `Unavailable` when the database does not answer.
    """
    newest = max(path.name for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
    try:
        present = find_revision(settings.database)
    except DBAPIError as error:
        raise Unavailable(
            "The database cannot be used.",
            expected="a database that answers",
            received=str(error.orig)[:300],
            hint="Check LAYERLOOM_DATABASE_URL, or the disk and the rights of the data folder.",
        ) from error
    if present == newest.split("_")[0]:
        return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("sqlalchemy.url", settings.database.replace("%", "%%"))
    command.upgrade(config, "head")


def compose(settings: Settings, url: str) -> Services:
    """Choose the shipped sides of every seam for these settings; nothing is started yet."""
    folder = settings.folder
    zygote = Zygote(folder / "zygote.sock")
    return Services(
        url=url,
        folder=folder,
        address_file=settings.address_file,
        upload_limit_bytes=settings.upload_limit_bytes,
        analysis_seconds=settings.analysis_seconds,
        egress_hosts=settings.allowed_hosts,
        keras_home=settings.keras_home.expanduser(),
        secure=settings.secure,
        database=Database(settings.database),
        zygote=zygote,
        rooms=RoomClient(folder / "rooms.sock", settings.database),
        analysis=AnalysisClient(zygote, settings.analysis_processes),
        jobs=LocalJobs(zygote, folder / "runs"),
        bus=LocalBus(),
        artifacts=FileArtifacts(folder / "files"),
        sandbox=Sandboxes(folder / "sandbox", settings.sandbox_limits),
    )


@asynccontextmanager
async def running(services: Services) -> AsyncIterator[None]:
    """Start what runs beside the requests, and end it in the opposite order; training runs go on.

    Child processes start while requests are answered already; a request that needs one waits for it.
    """
    await asyncio.to_thread(files.forget_unfinished, services)
    await services.artifacts.forget_unfinished()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(services.database.close)
        stack.push_async_callback(services.bus.close)
        for part in (services.rooms, services.zygote, services.analysis, services.sandbox):
            stack.push_async_callback(part.close)
        starting = asyncio.create_task(_start_children(services), name="start of the child processes")
        stack.push_async_callback(_cancelled, starting)
        stack.push_async_callback(services.jobs.close)
        await stack.enter_async_context(collab_background.running(services))
        await stack.enter_async_context(runs_background.running(services))
        yield


async def _start_children(services: Services) -> None:
    for part in (services.rooms, services.zygote, services.analysis, services.sandbox):
        await part.start()


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def create_app(
    settings: Settings,
    url: str,
    on_ready: Callable[[], None] = lambda: None,
    on_sandbox: Callable[[str], None] = lambda words: None,
) -> FastAPI:
    """Return the application for `url`; its lifespan starts and ends everything beside it.

    `on_sandbox` is told, in words, how Python that people write is confined, as soon as that is known.
    """
    services = compose(settings, url)

    async def tell_sandbox() -> None:
        on_sandbox(describe(await services.sandbox.status()))

    @asynccontextmanager
    async def lifespan(application: FastAPI) -> AsyncIterator[None]:
        async with running(services):
            on_ready()
            telling = asyncio.create_task(tell_sandbox(), name="words about the sandbox")
            try:
                yield
            finally:
                await _cancelled(telling)

    application = create_application(routers(), url=url, lifespan=lifespan)
    application.state.services = services
    return application


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens on `port`, or on the next free one; port 0 takes any.

    Raises `Unavailable` when there is none, or when `host` is no address of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in range(port, port + PORTS_TRIED) if port else [0]:
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
        except OSError as error:
            listener.close()
            if error.errno == errno.EADDRINUSE:
                continue
            raise Unavailable(
                f"Nothing can listen on port {candidate} of {host}.",
                expected="an address of this machine, and a port that this user may take",
                received=str(error),
                hint="Choose another host or port: layerloom serve --host 127.0.0.1 --port 9000",
            ) from error
        listener.listen(1024)
        return listener
    raise Unavailable(
        f"No port from {port} to {port + PORTS_TRIED - 1} is free on {host}.",
        expected="a free port",
        hint="Stop what uses them, or choose another: layerloom serve --port 9000",
    )


def claim_folder(settings: Settings) -> IO[str]:
    """Return a lock on the data folder, held while it is open; raise `Conflict` when another server holds it.

    Two servers on one folder would take each other's child processes away.
    """
    claim = (settings.folder / "serve.lock").open("w")
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        claim.close()
        raise Conflict(
            f"Layerloom already serves this data folder, at {present_url(settings)}.",
            expected="one server for a data folder",
            received=str(settings.folder),
            hint="Open that address (layerloom link prints a sign-in link), or set LAYERLOOM_DATA to another folder.",
        ) from error
    return claim


def serve(
    host: str | None = None,
    port: int | None = None,
    announce: Callable[[str, str, str], None] | None = None,
    on_sandbox: Callable[[str], None] = lambda words: None,
) -> None:
    """Migrate, bind, start and serve until a signal ends it. `announce(url, sign_in_link, note)` tells the person."""
    settings = Settings()
    settings = settings.model_copy(
        update={key: value for key, value in {"host": host, "port": port}.items() if value is not None}
    )
    if not settings.loopback and not settings.public_url:
        raise Conflict(
            f"{settings.host} is reachable from other machines, so Layerloom needs to know its address there.",
            expected="LAYERLOOM_PUBLIC_URL, for example https://layerloom.example.org",
            hint="Set it, or serve on 127.0.0.1.",
        )
    claim = claim_folder(settings)
    migrate(settings)
    listener = bind(settings.host, settings.port)
    taken_port = listener.getsockname()[1]
    url = settings.url(taken_port)
    note = (
        f"Port {settings.port} is taken, so this is port {taken_port}." if settings.port not in {0, taken_port} else ""
    )
    link = asyncio.run(sign_in_link(settings, url))

    def on_ready() -> None:
        settings.address_file.write_text(url)
        if announce is not None:
            announce(url, link, note)

    application = create_app(settings, url, on_ready, on_sandbox)
    config = uvicorn.Config(
        application,
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_max_size=2 * 2**20,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=5,
        server_header=False,
    )
    with claim:
        uvicorn.Server(config).run(sockets=[listener])


@asynccontextmanager
async def transaction(settings: Settings) -> AsyncIterator[AsyncSession]:
    """Open one transaction for a command, and a database for it."""
    database = Database(settings.database)
    try:
        async with database.session() as session:
            yield session
    finally:
        await database.close()


async def sign_in_link(settings: Settings, url: str, name: str | None = None) -> str:
    """Return a new one-time sign-in link for `name`, or for the local owner."""
    async with transaction(settings) as session:
        user = await (accounts.get_user_named(session, name) if name else accounts.ensure_local_owner(session))
        token = await accounts.create_sign_in_token(session, user)
    return f"{url}/sign-in?token={token}"


def present_url(settings: Settings) -> str:
    """Return where the server answers, or answered last; where it would by its settings when it never ran."""
    with contextlib.suppress(FileNotFoundError):
        return settings.address_file.read_text().strip()
    return settings.url(settings.port)


def link(name: str | None = None) -> str:
    """Return a new one-time sign-in link; for the local owner when `name` is None."""
    settings = Settings()
    migrate(settings)
    return asyncio.run(sign_in_link(settings, present_url(settings), name))


def add_user(name: str) -> str:
    """Add a teammate and return their one-time sign-in link; raise `Conflict` when the name is taken."""
    settings = Settings()
    migrate(settings)

    async def add() -> str:
        async with transaction(settings) as session:
            user = await accounts.add_user(session, name)
            return await accounts.create_sign_in_token(session, user)

    return f"{present_url(settings)}/sign-in?token={asyncio.run(add())}"


def allow_code(name: str, allowed: bool) -> None:
    """Let a teammate run Python that was written for designs, or no longer; raise `NotFound` or `Conflict`."""
    settings = Settings()
    migrate(settings)

    async def allow() -> None:
        async with transaction(settings) as session:
            user = await accounts.get_user_named(session, name)
            await accounts.set_may_run_code(session, user.id, allowed)

    asyncio.run(allow())


def openapi() -> str:
    """Return the OpenAPI description of the application, the source of the front end's types."""
    application = create_application(routers(), url="http://127.0.0.1:8000")
    return json.dumps(application.openapi(), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    if sys.argv[1:] == ["openapi"]:
        sys.stdout.write(openapi())
    else:
        sys.exit("usage: python -m app.main openapi")
