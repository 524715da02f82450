"""Both shipped databases keep the same promises."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError, StatementError

from app.accounts.tables import Membership, SignInLink, User
from app.infra.database import Database, asynchronous_url, create_blocking_engine, synchronous_url
from app.settings import Settings
from app.shared.clock import now
from app.shared.errors import Conflict


async def test_a_transaction_is_whole_or_not_at_all(both_databases: Database) -> None:
    async with both_databases.session() as session:
        session.add(User(name="Ada"))
    with pytest.raises(ZeroDivisionError):
        async with both_databases.session() as session:
            session.add(User(name="Bob"))
            await session.flush()
            raise ZeroDivisionError
    async with both_databases.session() as session:
        assert (await session.scalars(select(User.name))).all() == ["Ada"]


async def test_a_row_needs_what_it_refers_to(both_databases: Database) -> None:
    with pytest.raises(IntegrityError):
        async with both_databases.session() as session:
            session.add(Membership(workspace_id="none", user_id="none", role="owner"))


async def test_what_may_be_there_once_is_refused_in_words(both_databases: Database) -> None:
    async with both_databases.session() as session:
        session.add(User(id="ada", name="Ada"))
        await session.flush()
        session.add(SignInLink(id="one", user_id="ada", token_hash="0" * 64, expires_at=now()))
    for row in (
        User(id="ada", name="Bob"),
        SignInLink(id="two", user_id="ada", token_hash="0" * 64, expires_at=now()),
    ):
        with pytest.raises(Conflict, match="at the same moment"):
            async with both_databases.session() as session:
                session.add(row)


async def test_the_character_zero_is_no_fault(both_databases: Database) -> None:
    """SQLite keeps it in a text, PostgreSQL something in its place; it is found in neither where it is not."""
    async with both_databases.session() as session:
        session.add_all([User(id="ada", name="A\0da"), User(id="bob", name="Bob")])
    async with both_databases.session() as session:
        names = (await session.scalars(select(User.name).order_by(User.id))).all()
        assert await session.get(User, "ada\0") is None
    assert names in (["A\0da", "Bob"], ["A\ufffdda", "Bob"])


async def test_a_moment_keeps_its_instant_and_comes_back_in_utc(both_databases: Database) -> None:
    moment = datetime(2026, 3, 1, 12, 30, 0, 123456, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    async with both_databases.session() as session:
        user = User(name="Ada")
        session.add(user)
        await session.flush()
        session.add(SignInLink(user_id=user.id, token_hash="0" * 64, expires_at=moment))
    async with both_databases.session() as session:
        stored = (await session.scalars(select(SignInLink.expires_at))).one()
    assert stored == moment
    assert stored.tzinfo == UTC


async def test_a_moment_without_zone_is_refused(both_databases: Database) -> None:
    with pytest.raises(StatementError, match="needs a time zone"):
        async with both_databases.session() as session:
            session.add(User(name="Ada", created_at=datetime(2026, 3, 1)))  # noqa: DTZ001


def test_the_blocking_engine_sees_the_same_tables(both_settings: Settings) -> None:
    engine = create_blocking_engine(both_settings.database)
    with engine.begin() as connection:
        connection.execute(User.__table__.insert().values(name="Ada"))
    with engine.connect() as connection:
        assert connection.scalars(select(User.name)).all() == ["Ada"]
    engine.dispose()


async def test_sqlite_is_durable(database: Database) -> None:
    async with database.session() as session:
        pragmas = {
            name: await session.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


@pytest.mark.parametrize(
    ("url", "waiting", "blocking"),
    [
        ("sqlite:///a/b.db", "sqlite+aiosqlite:///a/b.db", "sqlite:///a/b.db"),
        ("postgresql://u:p@h/d", "postgresql+asyncpg://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
    ],
)
def test_urls_name_their_driver(url: str, waiting: str, blocking: str) -> None:
    assert (asynchronous_url(url), synchronous_url(url)) == (waiting, blocking)
