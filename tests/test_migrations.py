"""The migrations make exactly the tables that the code declares, on both databases, and can be undone."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from app.infra.database import Base, create_blocking_engine
from app.main import TABLES, migrate
from app.settings import Settings

MIGRATIONS = Path(__file__).resolve().parents[1] / "migrations"


def test_migrations_and_tables_agree(both_settings: Settings) -> None:
    assert len(TABLES) == 6
    engine = create_blocking_engine(both_settings.database)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    engine.dispose()


def test_migrating_twice_changes_nothing_and_all_can_be_undone(both_settings: Settings) -> None:
    migrate(both_settings)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("sqlalchemy.url", both_settings.database.replace("%", "%%"))
    command.downgrade(config, "base")
    engine = create_blocking_engine(both_settings.database)
    assert inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()
