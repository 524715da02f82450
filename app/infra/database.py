"""The database: one engine, one declarative base, one transaction a request.

SQLite (WAL, foreign keys, `synchronous=FULL`) by default; PostgreSQL by URL.
"""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, Engine, MetaData, String, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from app.shared.clock import now
from app.shared.errors import Conflict
from app.shared.ids import new_id

log = logging.getLogger(__name__)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment with its zone, also on SQLite, which forgets zones. Refuses a naive one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"A moment needs a time zone; received {value!r}.")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


class Base(DeclarativeBase):
    """The base of every table. Names of constraints are fixed, so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime()}  # noqa: RUF012


class Identified:
    """A primary key that cannot be guessed, made by the server."""

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)


class Dated:
    created_at: Mapped[datetime] = mapped_column(UtcDateTime(), default=now)


def asynchronous_url(url: str) -> str:
    """Return `url` with the driver for asyncio: `sqlite:///x.db` becomes `sqlite+aiosqlite:///x.db`."""
    parsed = make_url(url)
    driver = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}[parsed.get_backend_name()]
    return parsed.set(drivername=driver).render_as_string(hide_password=False)


def synchronous_url(url: str) -> str:
    """Return `url` with the blocking driver, for migrations and the room process."""
    parsed = make_url(url)
    driver = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}[parsed.get_backend_name()]
    return parsed.set(drivername=driver).render_as_string(hide_password=False)


def _durable(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _without_zeros(
    _connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
) -> tuple[str, Any]:
    """Put U+FFFD in the place of the character zero, which PostgreSQL holds in no text and looks for in none."""
    return statement, _replaced(parameters)


def _replaced(value: Any) -> Any:
    match value:
        case str():
            return value.replace("\0", "\ufffd")
        case dict():
            return {key: _replaced(item) for key, item in value.items()}
        case list():
            return [_replaced(item) for item in value]
        case tuple():
            return tuple(_replaced(item) for item in value)
    return value


def _prepare(engine: Engine) -> None:
    """Have an engine keep the promises that both databases make."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _durable)
    else:
        event.listen(engine, "before_cursor_execute", _without_zeros, retval=True)


def create_blocking_engine(url: str) -> Engine:
    """Return an engine for code outside asyncio: migrations and the room process."""
    engine = create_engine(synchronous_url(url), pool_pre_ping=not url.startswith("sqlite"))
    _prepare(engine)
    return engine


def find_revision(url: str) -> str | None:
    """Return the number of the newest migration that the database has seen; None when it has seen none."""
    engine = create_blocking_engine(url)
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
            return revision
    finally:
        engine.dispose()


def _was_there(error: BaseException | None) -> bool:
    """Return whether a driver refused a row for one that is there already."""
    told = {getattr(error, "sqlstate", ""), getattr(error, "sqlite_errorname", "")}
    return bool(told & {"23505", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"})


class Database:
    """The asynchronous engine and its sessions."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine: AsyncEngine = create_async_engine(asynchronous_url(url))
        _prepare(self.engine.sync_engine)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """Open one transaction: committed at the end, rolled back on any error. Services never commit.

        Raises `Conflict` where somebody else has written what may be there once only, such as a number, since it was
        looked for.
        """
        try:
            async with self._sessions() as session, session.begin():
                yield session
        except IntegrityError as error:
            if not _was_there(error.orig):
                raise
            log.warning("a transaction met another one: %s", error.orig)
            raise Conflict(
                "Somebody did the same at the same moment.",
                expected="one of the two at a time",
                received="both at once",
                hint="Look at what is there now, and try again if it is still needed.",
            ) from error

    async def close(self) -> None:
        await self.engine.dispose()
